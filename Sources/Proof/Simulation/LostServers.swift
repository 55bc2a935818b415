import Migration

/// Two of three servers of the new color die, all along a run under limits: while too few serve, the new color gets no
/// share, and keeps none (`limits.minHealthy`).
public struct LostServers {
    public private(set) var runs = 0
    /// Each with the moment.
    public private(set) var broken: [BrokenPromise] = []

    /// - Parameter scenario: with three servers of each color, of which two must serve.
    public init(_ scenario: Scenario) {
        var number = 1
        while perform(ScriptedRun(scenario), number) { number += LostServers.stride }
    }

    private static let stride = 9
    /// For how long they are dead, and how soon rz has to have given the traffic back, in milliseconds.
    private static let outage: Int64 = 40_000
    private static let patience: Int64 = 10_000

    /// - Returns: whether the run has so many moments.
    private mutating func perform(_ run: ScriptedRun, _ number: Int) -> Bool {
        let simulation = run.simulation
        defer { simulation.close() }
        let new = simulation.scenario.plan.direction.new
        let faults = StrikeAtMoment(number) { _ in
            simulation.happens("two servers of \(new) die") { world in
                for balancer in world.loadBalancers.indices {
                    for server in world.loadBalancers[balancer].servers.indices
                    where world.loadBalancers[balancer].servers[server].color == new
                        && world.loadBalancers[balancer].servers[server].host > 0
                    {
                        world.loadBalancers[balancer].servers[server].isDeadUntil = world.time + LostServers.outage
                    }
                }
                world.check()
            }
            simulation.timeline.after(LostServers.patience) { LostServers.judge(simulation) }
        }
        simulation.faults = faults
        run.perform(opening: run.start)
        guard faults.hasStruck else { return false }
        runs += 1
        broken += run.broken.map {
            BrokenPromise(promise: $0.promise, explanation: "two servers dead at moment \(number): \($0.explanation)")
        }
        return true
    }

    private static func judge(_ simulation: Simulation) {
        let (plan, state) = (simulation.scenario.plan, simulation.state)
        let isClosed = plan.steps.contains { $0.closesWayBack && state.steps[$0.id]?.isIntended == true }
        guard state.status == .running, !isClosed, let share = state.traffic.verified, share > .none else { return }
        simulation.checker.breaks(
            "limits", "\(plan.direction.new) has \(share) still, \(patience) ms after too few of its servers serve")
    }
}
