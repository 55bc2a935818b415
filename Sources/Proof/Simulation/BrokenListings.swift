import Migration

/// A load balancer is reloaded in each step after the cutover, those without a way back included, and loses the servers
/// that the run had added; then the connection breaks over which they are listed again, after so many of the changes. rz
/// dies there, or goes on.
public struct BrokenListings {
    public private(set) var runs = 0
    /// Each with the load balancer and what broke.
    public private(set) var broken: [BrokenPromise] = []

    /// - Parameter scenario: whose new color a run adds to the load balancers.
    public init(_ scenario: Scenario) {
        for name in scenario.world.loadBalancers.map(\.name) {
            for step in scenario.plan.steps.filter({ BrokenListings.follows($0, scenario.plan.phases) }) {
                for changes in 0...2 {
                    for isKilled in [false, true] {
                        perform(ScriptedRun(scenario), name, step, changes, isKilled)
                    }
                }
            }
        }
    }

    /// Whether the new color carries all in it.
    private static func follows(_ step: Step, _ phases: [Phase]) -> Bool {
        phases.has(.ownsTraffic, in: step.phase) && !phases.has(.returnsTrafficOnFailure, in: step.phase)
            && !step.action.waitsForOthers
    }

    private mutating func perform(
        _ run: ScriptedRun, _ name: LoadBalancerID, _ step: Step, _ changes: Int, _ isKilled: Bool
    ) {
        let simulation = run.simulation
        defer { simulation.close() }
        let faults = BrokenListing(simulation, name, in: step, after: changes, isKilled)
        simulation.faults = faults
        run.perform(opening: run.start)
        for _ in 0..<3 where !simulation.state.status.isEnded { run.perform(opening: .runResumed(by: "ada")) }
        guard faults.hasBroken else { return }
        runs += 1
        broken += run.verdict(on: faults.description)
    }
}

private final class BrokenListing: FaultSource, CustomStringConvertible {
    private(set) var hasBroken = false
    private unowned let simulation: Simulation
    private let name: LoadBalancerID
    private let step: Step
    private let changes: Int
    private let isKilled: Bool
    private var isReloaded = false
    private var hasKilled = false

    init(_ simulation: Simulation, _ name: LoadBalancerID, in step: Step, after changes: Int, _ isKilled: Bool) {
        self.simulation = simulation
        self.name = name
        self.step = step
        self.changes = changes
        self.isKilled = isKilled
    }

    var description: String {
        "\(name) reloaded in \(step.id), and listing again broken off after \(changes) changes"
            + (isKilled ? ", rz killed" : "")
    }

    func passes(_ point: KillPoint, _ process: SimulatedProcess) {
        if hasBroken, isKilled, !hasKilled {
            hasKilled = true
            simulation.kill(process)
        }
        guard !isReloaded, isUnderWay else { return }
        isReloaded = true
        simulation.happens("\(name) is reloaded") { [name] in $0.reset(name) }
        // What users notice until the watch comes round is not what rz did.
        simulation.checker.isExcusedUntil = simulation.timeline.elapsed + 10_000
    }

    private var isUnderWay: Bool {
        guard let known = simulation.state.steps[step.id], known.progress == .running else { return false }
        return known.isIntended || !step.closesWayBack
    }

    func fate(of call: Call) -> Fate {
        guard isReloaded, !hasBroken, call.target == .loadBalancer(name), call.name.contains(" add at ") else {
            return .answered(effectAfter: 2, replyAfter: 2)
        }
        hasBroken = true
        return .brokenOff(changes: changes, after: 2)
    }
}
