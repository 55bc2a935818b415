import Migration
import Runbooks
import Testing

@testable import Commands

@Suite("What rz init asks")
struct InitQuestionsTests {
    /// A person who answers, line by line, and then leaves.
    private final class Script: Dialogue {
        var answers: [String]
        var shown = ""

        init(_ answers: [String]) { self.answers = answers }

        func show(_ text: String) { shown += text }
        func answer() -> String? { answers.isEmpty ? nil : answers.removeFirst() }
    }

    private let plain = EnvironmentTemplate(name: "shop")

    @Test("is answered by Enter with values to start from")
    func defaults() throws {
        let script = Script(Array(repeating: "", count: 5))
        #expect(try InitQuestions(script).complete(plain) == plain)
        #expect(script.answers.isEmpty)
    }

    @Test("takes several load balancers, backends and frameworks")
    func several() throws {
        let script = Script([
            " Static ", "e1=tcp:h:1", "e2=unix:/x", "", "be_a", "", "marathon=http://a", "chronos=http://b", "",
            "https://m:5050",
        ])
        let expected = EnvironmentTemplate(
            name: "shop", servers: .static,
            loadBalancers: [.init(name: "e1", socket: "tcp:h:1"), .init(name: "e2", socket: "unix:/x")],
            frameworks: [.init(.marathon, url: "http://a"), .init(.chronos, url: "http://b")], mesos: "https://m:5050",
            backends: ["be_a"])
        #expect(try InitQuestions(script).complete(plain) == expected)
    }

    @Test("is asked again after an answer that can't be meant, but not forever")
    func wrong() throws {
        let script = Script(["teraform", "terraform", "", "", "", ""])
        #expect(try InitQuestions(script).complete(plain) == plain)
        #expect(script.shown.contains("“teraform” is neither terraform nor static"))
        let endless = Script(Array(repeating: "x", count: 1000))
        let failure = #expect(throws: Failure.self) { try InitQuestions(endless).complete(plain) }
        #expect(failure?.summary == "“x” is neither terraform nor static")
        #expect(endless.answers.count > 900)
    }

    @Test("is left without an answer: then nothing is written")
    func left() {
        let failure = #expect(throws: Failure.self) { try InitQuestions(Script(["static"])).complete(plain) }
        #expect(failure?.kind == .refused)
    }
}
