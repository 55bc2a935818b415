import Migration
import Operations
import Testing

@testable import Engine

@Suite("A program that a runbook adds")
struct ProgramStepTests {
    private let work = ExecWork(
        command: ["announce", "{{ run }}"], affects: .new, undo: ["announce", "{{ run }}", "off"])

    /// With the program after the servers are built.
    private func run(_ work: ExecWork) -> SimulatedRun {
        var run = SimulatedRun()
        let step = Step(
            id: "announce", phase: .standUp, title: "announce", action: .exec(work), color: .green, needs: ["servers"],
            undo: work.reversibility, estimate: .seconds(1), deadline: .seconds(30))
        run.plan.steps.insert(step, at: 2)
        return run
    }

    @Test("runs with the words of the run, and is taken back on a rollback before the servers are")
    func undone() async throws {
        let run = run(work)
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .replicate)
        #expect(await run.world.log.contains("ran announce r-1"))
        _ = try await run.journal.append(
            [.rollbackRequested(by: "test")], run: "r-1", epoch: nil, at: WallClock().now)
        let state = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"))
        #expect(state.status == .rolledBack)
        let log = await run.world.log
        let undone = try #require(log.firstIndex(of: "ran announce r-1 off"))
        let destroyed = try #require(log.lastIndex { $0.contains("destroy green") })
        #expect(undone < destroyed)
    }

    @Test("is skipped once two people have approved that, and runs as long as one has", arguments: [true, false])
    func skipped(isApproved: Bool) async throws {
        let run = run(work)
        func say(_ kinds: Event.Kind...) async throws {
            _ = try await run.journal.append(kinds, run: "r-1", epoch: nil, at: WallClock().now)
        }
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .preflight)
        try await say(
            .skipRequested(step: "announce", reason: "the chat is down", by: "ada"),
            .approvalGiven(step: "announce", by: "ada"), .approvalGiven(step: "announce", by: "ada"))
        if isApproved { try await say(.approvalGiven(step: "announce", by: "grace")) }
        let state = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"), until: .standUp)
        let words = isApproved ? "skipped: the chat is down (approved by ada, grace)" : "done"
        #expect(state.steps["announce"]?.message == words)
        #expect(await run.world.log.contains("ran announce r-1") == !isApproved)
    }

    @Test("that says how it is taken back can be undone; one that changes a color and does not say so can't")
    func reversibility() {
        #expect(work.reversibility == .costly)
        #expect(ExecWork(command: ["x"], affects: .new).reversibility == .none)
        #expect(ExecWork(command: ["x"]).reversibility == .free)
    }
}
