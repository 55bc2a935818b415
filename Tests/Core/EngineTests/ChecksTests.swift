import Engine
import Migration
import Operations
import Testing

/// Who is who, before anything is built.
@Suite("Preflight")
struct ChecksTests {
    @Test("refuses load balancers whose servers stand at the other color's addresses")
    func misplaced() async throws {
        let run = SimulatedRun { environment in
            environment.traffic[0].servers = [.blue: "green-*", .green: "blue-*"]
        }
        let details = try await run.spoiled()
        #expect(details.count == 4)
        for name in ["edge-1", "edge-2"] {
            #expect(
                details.contains {
                    $0.hasPrefix("\(name): be_web/blue-1 is green's by its name, but its address 127.0.11.10:80")
                })
            #expect(
                details.contains {
                    $0.hasPrefix("\(name): be_web/green-1 has the address 127.0.12.10:80, which no server of")
                })
        }
        #expect(await run.world.log == [])
    }

    @Test("refuses a backend with servers of a color that is in no rule, unless it is ignored with a reason")
    func unlisted() async throws {
        let run = SimulatedRun { $0.traffic = [] }
        let details = try await run.spoiled()
        #expect(details.count == 2)
        #expect(details.first?.hasPrefix("edge-1: backend be_web has blue-1 at 127.0.11.10:80") == true)
        let ignoring = SimulatedRun { environment in
            environment.traffic = []
            environment.ignoreBackends = [IgnoredBackend(backend: "be_*", reason: "a test")]
        }
        let state = try await ignoring.engine().perform(opening: SimulatedRun.start, until: .preflight)
        guard case .halted(let failure) = state.status else {
            Issue.record("not halted: \(state.status)")
            return
        }
        #expect(failure.summary == "Stopped after preflight, as asked")
    }
}

extension SimulatedRun {
    /// What preflight says would spoil the run.
    fileprivate func spoiled() async throws -> [String] {
        let state = try await engine().perform(opening: SimulatedRun.start)
        guard case .halted(let failure) = state.status else {
            Issue.record("not halted: \(state.status)")
            return []
        }
        #expect(failure.summary.hasSuffix("would spoil the run"))
        return failure.details
    }
}
