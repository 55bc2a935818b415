import Migration

/// A reload of each load balancer at every moment of a run, each in a run of its own: it forgets all weights
/// (invariant I1).
public struct Reloads {
    public private(set) var runs = 0
    /// Each with the load balancer and the moment.
    public private(set) var broken: [BrokenPromise] = []

    public init(_ scenario: Scenario) {
        for name in scenario.world.loadBalancers.map(\.name) {
            var number = 1
            while perform(ScriptedRun(scenario), name, number) { number += 1 }
        }
    }

    /// - Returns: whether the run has so many moments.
    private mutating func perform(_ run: ScriptedRun, _ name: LoadBalancerID, _ number: Int) -> Bool {
        let simulation = run.simulation
        defer { simulation.close() }
        let faults = StrikeAtMoment(number) { _ in
            simulation.happens("\(name) is reloaded") { $0.reset(name) }
            // What users notice until the watch comes round is not what rz did.
            simulation.checker.isExcusedUntil = simulation.timeline.elapsed + 10_000
        }
        simulation.faults = faults
        // As much as rz itself gives a color that carries all: more than its part while the traffic is shared.
        for index in simulation.world.loadBalancers.indices {
            for server in simulation.world.loadBalancers[index].servers.indices
            where !simulation.world.loadBalancers[index].isSwitch(
                simulation.world.loadBalancers[index].servers[server].backend)
            {
                simulation.world.loadBalancers[index].servers[server].configuredWeight *= 2
            }
        }
        run.perform(opening: run.start)
        guard faults.hasStruck else { return false }
        runs += 1
        // A step that finds its weights gone halts, and is resumed.
        for _ in 0..<3 where !simulation.state.status.isEnded { run.perform(opening: .runResumed(by: "ada")) }
        broken += run.verdict(on: "\(name) reloaded at moment \(number)")
        return true
    }
}
