import Engine
import Migration
import Operations
import Testing

@Suite("The right target")
struct RightTargetTests {
    @Test("is proved after servers were built: shared ones are neither configured nor, on the way back, destroyed")
    func sharedServers() async throws {
        let run = SimulatedRun()
        await run.world.fail { $0.buildsWrongTarget = true }
        let shared = ["blue-control-1 and green-control-1 have the same address 127.0.11.10"]
        let state = try await run.engine().perform(opening: SimulatedRun.start)
        let halted = try #require(failure(of: state))
        #expect(halted.summary == "The colors share servers, after green was built")
        #expect(halted.details == shared)
        _ = try await run.journal.append([.rollbackRequested(by: "test")], run: "r-1", epoch: nil, at: WallClock().now)
        let end = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"))
        let refused = try #require(failure(of: end))
        #expect(refused.summary == "The colors share servers, so nothing was destroyed")
        #expect(refused.details == shared)
        #expect(await run.world.log == ["build green"])
    }

    @Test("is looked for in preflight: a destruction of more than the plan showed stops the run before it builds")
    func unplannedDestruction() async throws {
        var run = SimulatedRun()
        run.plan.destruction = ["blue-control-9"]
        let state = try await run.engine().perform(opening: SimulatedRun.start)
        let halted = try #require(failure(of: state))
        #expect(
            halted.details == [
                "Destroying blue would now take away more than the plan showed", "blue-control-1",
            ])
        #expect(await run.world.log.isEmpty)
    }

    @Test("is what the plan showed: a run that destroys just that ends")
    func plannedDestruction() async throws {
        var run = SimulatedRun()
        run.plan.destruction = ["blue-control-1"]
        let state = try await run.engine().perform(opening: SimulatedRun.start)
        #expect(state.status == .done)
        #expect(await run.world.servers[.blue]?.isEmpty == true)
    }

    private func failure(of state: RunState) -> Failure? {
        if case .halted(let failure) = state.status { failure } else { nil }
    }
}
