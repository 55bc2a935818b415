import Testing

@testable import Commands

@Suite("What the doctor looks at")
struct CheckTests {
    @Test("is a problem when it does not answer in time, and holds up nothing else")
    func late() async throws {
        // Never opened: only the end of its task ends the wait.
        let gate = AsyncStream<Void>.makeStream()
        let checks = [
            Check("slow", within: .milliseconds(50)) {
                for await _ in gate.stream {}
                return [CheckResult(.ok, "slow", "too late to count")]
            },
            Check("fast") { [CheckResult(.ok, "fast", "here")] },
        ]
        let results = await checks.results()
        #expect(results.map(\.subject) == ["slow", "fast"])
        #expect(results.map(\.verdict) == [.problem, .ok])
        #expect(results[0].text.contains("gave no answer within"))
        gate.continuation.finish()
    }

    @Test("is given up even if it does not end")
    func endless() async throws {
        let gate = AsyncStream<Void>.makeStream()
        let check = Check("endless", within: .milliseconds(50)) {
            await Task.detached { for await _ in gate.stream {} }.value
            return []
        }
        #expect(await check.results().map(\.verdict) == [.problem])
        gate.continuation.finish()
    }

    @Test("is an HAProxy that rz knows", arguments: ["2.6.12-1+deb12u4", "2.8.25", "3.0.1", "10.0"])
    func known(_ version: String) { #expect(HAProxyVersion.remark(version, of: "e") == nil) }

    @Test("is a problem with an HAProxy that is too old, and a note with one that says nothing")
    func old() {
        #expect(HAProxyVersion.remark("2.4.22", of: "e")?.verdict == .problem)
        #expect(HAProxyVersion.remark("1.8", of: "e")?.verdict == .problem)
        #expect(HAProxyVersion.remark("unknown", of: "e")?.verdict == .note)
    }

    @Test("is one line with what to do")
    func sentence() {
        #expect(CheckResult(.problem, "a", "it is off", advice: "Turn it on.").sentence == "it is off. Turn it on.")
        #expect(CheckResult(.problem, "a", "Is it?", advice: "See.").sentence == "Is it? See.")
        #expect(CheckResult(.ok, "a", "fine").sentence == "fine")
    }
}
