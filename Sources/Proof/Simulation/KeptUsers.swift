import Migration
import Operations

/// Users who are remembered and keep coming: the drain moves each between two requests, ends no session, and comes to its
/// end, although a load balancer is reloaded in the middle of it and lets them in again.
public struct KeptUsers {
    public private(set) var runs = 0
    /// Each with the load balancer and the moment.
    public private(set) var broken: [BrokenPromise] = []

    /// - Parameter scenario: whose users are to move in the drain.
    public init(_ scenario: Scenario) {
        for name in scenario.world.loadBalancers.map(\.name) {
            var number = 1
            while perform(ScriptedRun(scenario), name, number) { number += KeptUsers.stride }
        }
    }

    private static let stride = 3

    /// - Returns: whether the drain has so many moments.
    private mutating func perform(_ run: ScriptedRun, _ name: LoadBalancerID, _ number: Int) -> Bool {
        let simulation = run.simulation
        defer { simulation.close() }
        let faults = StrikeAtMoment(number) { _ in
            simulation.state.phase == .drain && simulation.state.traffic.quietSince == nil
        } strike: { _ in
            simulation.happens("\(name) is reloaded") { $0.reset(name) }
            // What users notice until the watch comes round is not what rz did.
            simulation.checker.isExcusedUntil = simulation.timeline.elapsed + 10_000
        }
        simulation.faults = faults
        run.perform(opening: run.start)
        guard faults.hasStruck else {
            // The drain is shorter than that.
            if number == 1 {
                let text = "no drain begins: \(simulation.state.status) in \(simulation.state.phase)"
                broken.append(BrokenPromise(promise: "I5", explanation: text))
            }
            return false
        }
        runs += 1
        if simulation.trace.contains(where: { $0.contains("shutdown sessions") }) {
            simulation.checker.breaks("users", "sessions are ended, which were to end by themselves")
        }
        // A step that finds its weights gone halts, and is resumed.
        for _ in 0..<2 where !simulation.state.status.isEnded { run.perform(opening: .runResumed(by: "ada")) }
        broken += run.verdict(on: "\(name) reloaded at moment \(number) of the drain")
        return true
    }
}
