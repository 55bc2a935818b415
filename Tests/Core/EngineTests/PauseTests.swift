import Migration
import Testing
import Waiting

@testable import Engine

@Suite("A cutover that pauses")
struct PauseTests {
    private let pauses = [
        CutOverGate.Step(
            share: Percent(10), bake: Period(milliseconds: 50), pause: .init(ApprovalDemand(2), reason: "Is it fine?")),
        CutOverGate.Step(share: .all, bake: Period(milliseconds: 50)),
    ]

    @Test("holds at the share until as many people as it asks said yes, then goes on")
    func holds() async throws {
        let run = SimulatedRun { $0.gates.cutOver.steps = pauses }
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await asked(run, times: 1)
        try await approve(run, by: "ada")
        try await approve(run, by: "ada")
        try await waits(run, for: "approval 2 of 2 (by ada)")
        #expect(try await share(run) == Percent(10))
        try await approve(run, by: "grace")
        #expect(try await task.value.status == .done)
    }

    @Test("asks again after the traffic was given back, whoever said yes to what was before")
    func asksAgain() async throws {
        let run = SimulatedRun(
            analysis: [.loadBalancers(.init(errorRate: Percent(1), minRequests: 10))]
        ) { $0.gates.cutOver.steps = pauses }
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await asked(run, times: 1)
        try await approve(run, by: "ada")
        await run.world.fail { $0.errorRate[.green] = 0.5 }
        guard case .halted = try await task.value.status else {
            Issue.record("errors during the pause halt the run")
            return
        }
        #expect(try await share(run) == Percent.none)
        await run.world.fail { $0.errorRate = [:] }
        let again = run.engine(epoch: 2)
        let second = Task { try await again.perform(opening: .runResumed(by: "test")) }
        try await asked(run, times: 2)
        try await approve(run, by: "grace")
        try await waits(run, for: "approval 2 of 2 (by grace)")
        #expect(try await share(run) == Percent(10))
        try await approve(run, by: "ada")
        #expect(try await second.value.status == .done)
    }

    @Test("goes on by signatures that are what they say, whatever the journal says of others")
    func signatures() async throws {
        let run = SimulatedRun {
            $0.approvers = Approvers(signers: "keys", mustSign: true)
            $0.gates.cutOver.steps = pauses
        }
        var drivers = run.drivers
        drivers.signer = { statement, signature in
            signature == "of ada, for \(statement.step)" ? "ada" : signature == "of grace" ? "grace" : nil
        }
        let engine = run.engine(drivers)
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await asked(run, times: 1)
        try await approve(run, by: "ada", signature: "of ada, for shift-10%-pause")
        try await approve(run, by: "bo")
        try await approve(run, by: "carla", signature: "of no one")
        try await approve(run, by: "dan", signature: "of grace")
        try await waits(run, for: "approval 2 of 2 (by ada)")
        #expect(try await share(run) == Percent(10))
        try await approve(run, by: "grace", signature: "of grace")
        #expect(try await task.value.status == .done)
    }

    private func share(_ run: SimulatedRun) async throws -> Percent? {
        let events = try await run.journal.events(of: "r-1", after: 0)
        return RunState(run: "r-1", phases: run.plan.phases, events: events).traffic.verified
    }

    private func asked(_ run: SimulatedRun, times: Int) async throws {
        try await eventually("the pause asks for approvals") {
            try await run.journal.events(of: "r-1", after: 0).filter {
                if case .approvalRequested("shift-10%-pause", 2, "Is it fine?") = $0.kind { true } else { false }
            }.count == times
        }
    }

    private func waits(_ run: SimulatedRun, for text: String) async throws {
        try await eventually("the run waits for \(text)") {
            try await run.journal.events(of: "r-1", after: 0).contains {
                if case .stepWaiting(_, let reason) = $0.kind { reason.hasPrefix(text) } else { false }
            }
        }
    }

    private func approve(_ run: SimulatedRun, by person: String, signature: String? = nil) async throws {
        let signature = signature.map { ApprovalSignature(signer: person, text: $0) }
        _ = try await run.journal.append(
            [.approvalGiven(step: "shift-10%-pause", by: person, signature: signature)], run: "r-1", epoch: nil,
            at: Instant(milliseconds: 0))
    }
}
