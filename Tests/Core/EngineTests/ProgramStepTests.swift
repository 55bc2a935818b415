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

    /// A program that gives its rows, and the announcement after it.
    private func counting(_ announce: ExecWork, when: [Condition] = []) async -> SimulatedRun {
        var run = run(announce)
        let count = Step(
            id: "preflight/count", phase: .preflight, title: "count",
            action: .exec(ExecWork(command: ["count"], outputs: ["rows": StepOutput(.integer)])),
            deadline: .seconds(30))
        run.plan.steps.insert(count, at: 1)
        for index in run.plan.steps.indices where run.plan.steps[index].id == "announce" {
            run.plan.steps[index].when = when
        }
        await run.world.fail { $0.outputs = ["rows": "7"] }
        return run
    }

    private let announceRows = ExecWork(
        command: ["announce", "{{ preflight/count.rows }}"], affects: .new, undo: ["announce", "none"])

    @Test("learns what an earlier one gave, also from the rz that resumes the run")
    func given() async throws {
        let run = await counting(announceRows)
        let state = try await run.engine().perform(opening: SimulatedRun.start, until: .preflight)
        #expect(state.outputs == ["preflight/count": ["rows": "7"]])
        await run.world.fail { $0.outputs = [:] }
        _ = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"), until: .standUp)
        #expect(await run.world.log.contains("ran announce 7"))
    }

    @Test("that gives something else than it said fails, and the run halts")
    func wrong() async throws {
        let run = await counting(announceRows)
        await run.world.fail { $0.outputs = ["rows": "many"] }
        let state = try await run.engine().perform(opening: SimulatedRun.start, until: .standUp)
        guard case .halted(let failure) = state.status else { return #expect(Bool(false), "\(state.status)") }
        #expect(failure.summary == "preflight/count did not give what the runbook says")
    }

    @Test("is not done where its conditions don't hold, and nothing is taken back then", arguments: [6, 7])
    func conditions(limit: Int) async throws {
        let run = await counting(announceRows, when: [Condition("preflight/count.rows", above: limit)])
        let state = try await run.engine().perform(opening: SimulatedRun.start, until: .standUp)
        let isDone = limit == 6
        #expect(
            state.steps["announce"]?.message
                == (isDone
                    ? "done"
                    : "not done: preflight/count.rows is 7, and the step is for when preflight/count.rows is above 7"))
        _ = try await run.journal.append(
            [.rollbackRequested(by: "test")], run: "r-1", epoch: nil, at: WallClock().now)
        let end = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"))
        #expect(end.status == .rolledBack)
        #expect(await run.world.log.contains("ran announce 7") == isDone)
        #expect(await run.world.log.contains("ran announce none") == isDone)
    }

    @Test("that needs what was skipped halts the run before it begins")
    func missing() async throws {
        let run = await counting(announceRows)
        _ = try await run.journal.append(
            [
                .skipRequested(step: "preflight/count", reason: "no database", by: "ada"),
                .approvalGiven(step: "preflight/count", by: "ada"),
                .approvalGiven(step: "preflight/count", by: "grace"),
            ], run: "r-1", epoch: nil, at: WallClock().now)
        let state = try await run.engine().perform(opening: SimulatedRun.start, until: .standUp)
        guard case .halted(let failure) = state.status else { return #expect(Bool(false), "\(state.status)") }
        #expect(failure.summary == "No step gave what announce needs")
        #expect(failure.details == ["preflight/count.rows"])
        #expect(await !run.world.log.contains { $0.hasPrefix("ran ") })
    }

    @Test("that says how it is taken back can be undone; one that changes a color and does not say so can't")
    func reversibility() {
        #expect(work.reversibility == .costly)
        #expect(ExecWork(command: ["x"], affects: .new).reversibility == .none)
        #expect(ExecWork(command: ["x"]).reversibility == .free)
    }
}
