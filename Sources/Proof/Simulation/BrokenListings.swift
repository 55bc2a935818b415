import Migration
import Operations

/// A load balancer is reloaded while the new color carries all, and loses the servers that the run had added; then the
/// connection breaks over which they are listed again, after so many of the changes. rz dies there, or goes on.
public struct BrokenListings {
    public private(set) var runs = 0
    /// Each with the load balancer and what broke.
    public private(set) var broken: [BrokenPromise] = []

    /// - Parameter scenario: whose new color a run adds to the load balancers.
    public init(_ scenario: Scenario) {
        for name in scenario.world.loadBalancers.map(\.name) {
            for phase in [PhaseID.drain, .soak] {
                for changes in 0...2 {
                    for isKilled in [false, true] {
                        perform(ScriptedRun(scenario), name, phase, changes, isKilled)
                    }
                }
            }
        }
    }

    private mutating func perform(
        _ run: ScriptedRun, _ name: LoadBalancerID, _ phase: PhaseID, _ changes: Int, _ isKilled: Bool
    ) {
        let simulation = run.simulation
        defer { simulation.close() }
        let faults = BrokenListing(simulation, name, in: phase, after: changes, isKilled)
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
    private let phase: PhaseID
    private let changes: Int
    private let isKilled: Bool
    private var isReloaded = false
    private var hasKilled = false

    init(_ simulation: Simulation, _ name: LoadBalancerID, in phase: PhaseID, after changes: Int, _ isKilled: Bool) {
        self.simulation = simulation
        self.name = name
        self.phase = phase
        self.changes = changes
        self.isKilled = isKilled
    }

    var description: String {
        "\(name) reloaded in \(phase), and listing again broken off after \(changes) changes"
            + (isKilled ? ", rz killed" : "")
    }

    func passes(_ point: KillPoint, _ process: SimulatedProcess) {
        if hasBroken, isKilled, !hasKilled {
            hasKilled = true
            simulation.kill(process)
        }
        guard !isReloaded, simulation.state.phase == phase else { return }
        isReloaded = true
        simulation.happens("\(name) is reloaded") { [name] in $0.reset(name) }
        // What users notice until the watch comes round is not what rz did.
        simulation.checker.isExcusedUntil = simulation.timeline.elapsed + 10_000
    }

    func fate(of call: Call) -> Fate {
        guard isReloaded, !hasBroken, call.target == .loadBalancer(name), call.name.contains(" add at ") else {
            return .answered(effectAfter: 2, replyAfter: 2)
        }
        hasBroken = true
        return .brokenOff(changes: changes, after: 2)
    }
}
