import Engine
import Migration
import Operations
import Testing
import Waiting

@Suite("A change window")
struct WindowTests {
    private func frozen(_ days: ClosedRange<Int64>) throws -> ChangeWindows {
        func day(_ offset: Int64) throws -> Day {
            try #require(Day(String((WallClock().now + .hours(24 * offset)).description.prefix(10))))
        }
        return ChangeWindows(
            zone: "UTC",
            freezes: [.init(from: try day(days.lowerBound), until: try day(days.upperBound), reason: "Christmas trade")]
        )
    }

    private func run(_ windows: ChangeWindows) -> SimulatedRun {
        var run = SimulatedRun { $0.limits.windows = windows }
        let window = Plan.windowStep(before: .configure)
        for index in run.plan.steps.indices where run.plan.steps[index].phase == .configure {
            run.plan.steps[index].needs.append(window)
        }
        run.plan.steps.append(
            Step(
                id: window, phase: .configure, title: "the change window", action: .window, undo: .free,
                estimate: .zero,
                deadline: .hours(24)))
        return run
    }

    @Test("is waited for before its phase begins, saying until when; once it is open the run goes on")
    func closed() async throws {
        var run = run(try frozen(-1...2))
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await eventually("the run to wait") { [journal = run.journal] in
            await journal.events.contains { event in
                guard case .stepWaiting("configure/window", let reason) = event.kind else { return false }
                return reason.hasPrefix("the change window: ")
                    && reason.hasSuffix(" 00:00 UTC (frozen: Christmas trade)")
            }
        }
        #expect(await run.world.log.contains("build green"))
        #expect(await run.world.configurations == 0)
        await engine.interrupt(.cancelled)
        #expect(try await task.value.status == .halted(.cancelled))
        run.plan.environment.limits.windows = try frozen(3...5)
        let state = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"))
        #expect(state.status == .done)
        #expect(await run.world.configurations > 0)
    }

    @Test("that never comes halts the run, and says what to do")
    func never() async throws {
        let run = run(try frozen(-1...90))
        let failure = try await run.engine().perform(opening: SimulatedRun.start).halt()
        #expect(failure.summary == "No change window of the next 60 days is as long as configure takes")
        #expect(failure.kind == .refused)
        #expect(await run.world.configurations == 0)
    }
}
