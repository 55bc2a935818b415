import Migration
import Operations
import Testing

@testable import Planning

@Suite("A step's true share")
struct ShareWarningsTests {
    /// - Parameter green: how many servers of green there are beside one of blue.
    private func warnings(_ share: Percent, green: Int, minHealthy: Int = 1, isSwitch: Bool = false) throws -> [String]
    {
        var world = SmallWorld()
        world.environment.limits.minHealthy = minHealthy
        world.environment.gates.cutOver.steps.insert(.init(share: share, bake: .seconds(60)), at: 0)
        var observation = world.observation
        let servers =
            [ServerState(name: "blue-1", address: "10.1.0.2:80", weight: 100)]
            + (1...green).map {
                ServerState(name: "green-\($0)", address: "10.2.0.\($0):80", weight: 0, operation: .down)
            }
        observation.loadBalancers["edge-1"]?.backends["be"] = BackendState(
            servers: servers, scale: isSwitch ? .switch : WeightScale())
        return try Planner(
            environment: world.environment, runbook: Runbook(name: "rz-update", phases: world.phases),
            operation: Operation.rzUpdate
        ).plan(observation, at: world.time).warnings.filter { $0.contains("is another share") }
    }

    @Test("is in the plan where it is visibly another than the step's")
    func visible() throws {
        #expect(
            try warnings(Percent(thousandths: 100), green: 3) == [
                "the step of 0.1 % is another share, as weights are whole numbers: be gets 0.39 % on edge-1"
            ])
        #expect(
            try warnings(Percent(1), green: 40, minHealthy: 10) == [
                "the step of 1 % is another share, as weights are whole numbers: be gets 3.76 % on edge-1"
            ])
    }

    @Test("is not said where it is the step's, or a switch's")
    func same() throws {
        #expect(try warnings(Percent(1), green: 1) == [])
        #expect(try warnings(Percent(5), green: 7) == [])
        #expect(try warnings(Percent(thousandths: 100), green: 3, isSwitch: true) == [])
    }
}
