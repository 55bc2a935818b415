import Migration

/// A task of the new color that runs put into a backend is restarted on other ports, all along a run: the list follows,
/// and it gets its users back.
public struct MovedTasks {
    public private(set) var runs = 0
    /// Each with the moment.
    public private(set) var broken: [BrokenPromise] = []

    /// - Parameter scenario: whose servers are tasks.
    public init(_ scenario: Scenario) {
        var number = 1
        while perform(ScriptedRun(scenario), number) { number += MovedTasks.stride }
    }

    private static let stride = 7
    /// How soon the list has to have followed, in milliseconds.
    private static let patience: Int64 = 10_000

    /// - Returns: whether the run has so many moments.
    private mutating func perform(_ run: ScriptedRun, _ number: Int) -> Bool {
        let simulation = run.simulation
        defer { simulation.close() }
        let new = simulation.scenario.plan.direction.new
        let faults = StrikeAtMoment(number) { _ in
            simulation.happens("a task of \(new) is restarted") { world in world.moveTask(of: new, host: 0) }
            simulation.timeline.after(MovedTasks.patience) { MovedTasks.judge(simulation) }
        }
        simulation.faults = faults
        run.perform(opening: run.start)
        guard faults.hasStruck else { return false }
        runs += 1
        broken += run.verdict(on: "a task moved at moment \(number)")
        return true
    }

    private static func judge(_ simulation: Simulation) {
        let (plan, state) = (simulation.scenario.plan, simulation.state)
        let new = plan.direction.new
        guard state.status == .running, !state.traffic.registered.isEmpty, simulation.world[new].moves[0] != nil else {
            return
        }
        for balancer in simulation.world.loadBalancers {
            let servers = balancer.servers.filter { $0.color == new && $0.host == 0 }
            let port = simulation.world.port(of: new, host: 0)
            guard servers.map(\.port) == [port] else {
                simulation.checker.breaks(
                    "tasks",
                    "\(balancer.name) lists \(servers.map(\.name)) at \(servers.map { $0.port ?? 0 }), not \(port)")
                continue
            }
            guard let share = state.traffic.verified, share == .all, servers[0].weight == 0 else { continue }
            simulation.checker.breaks("tasks", "\(servers[0].name) on \(balancer.name) got no users back")
        }
    }
}
