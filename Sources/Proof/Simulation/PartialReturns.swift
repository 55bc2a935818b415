import Migration
import Operations

/// The new color falls sick while something keeps a part of the traffic from returning: every other part returns all the
/// same, and soon (invariant I13). Each moment at which the run owns the traffic, with each obstacle, is a run of its own.
public struct PartialReturns {
    public private(set) var runs = 0
    /// Each with the moment and the obstacle.
    public private(set) var broken: [BrokenPromise] = []

    /// - Parameter scenario: with two backends and two load balancers at least.
    public init(_ scenario: Scenario) {
        for moment in Moment.allCases {
            for obstacle in Obstacle.allCases { perform(PartialReturn(scenario, moment, obstacle)) }
        }
    }

    enum Moment: String, CaseIterable { case first, whole, drain, soak }
    enum Obstacle: String, CaseIterable { case none, oldColorDead, frozen }

    private mutating func perform(_ run: PartialReturn) {
        run.perform()
        guard run.hasStruck else { return }
        runs += 1
        broken += run.broken
    }
}

private final class PartialReturn {
    private let run: ScriptedRun
    private let moment: PartialReturns.Moment
    private let obstacle: PartialReturns.Obstacle
    private(set) var hasStruck = false
    private var hasJudged = false
    private(set) var broken: [BrokenPromise] = []

    private var simulation: Simulation { run.simulation }
    private var old: Color { simulation.scenario.plan.direction.old }
    private var new: Color { simulation.scenario.plan.direction.new }

    init(_ scenario: Scenario, _ moment: PartialReturns.Moment, _ obstacle: PartialReturns.Obstacle) {
        run = ScriptedRun(scenario)
        self.moment = moment
        self.obstacle = obstacle
    }

    func perform() {
        defer { simulation.close() }
        // Failed requests are what this is about.
        simulation.checker.isExcusedUntil = .max
        watch()
        run.perform(opening: run.start)
        _ = simulation.timeline.run(limit: .max) { hasJudged || !hasStruck }
    }

    /// Strikes once it is time, while nothing but a bake, quiet or soak is under way.
    private func watch() {
        simulation.timeline.after(20) { [self] in
            guard isTime else { return simulation.state.status == .running ? watch() : () }
            simulation.timeline.after(200) { [self] in strike() }
        }
    }

    private var isTime: Bool {
        let (phase, share) = (simulation.state.phase, simulation.state.traffic.verified)
        switch moment {
        case .first: return phase == .cutOver && share == Percent(10)
        case .whole: return phase == .cutOver && share == .all
        case .drain: return phase == .drain && simulation.state.traffic.isOldTakenOut
        case .soak: return phase == .soak
        }
    }

    private func strike() {
        hasStruck = true
        simulation.happens("\(new) answers with errors: \(moment), \(obstacle)") { [self] world in
            let end = world.time + 40_000
            world[new].errorRate = 1
            switch obstacle {
            case .none: break
            case .frozen: world.loadBalancers[1].isFrozenUntil = end
            case .oldColorDead:
                let backend = world.loadBalancers[0].backends[0].name
                for balancer in world.loadBalancers.indices {
                    for server in world.loadBalancers[balancer].servers.indices
                    where world.loadBalancers[balancer].servers[server].backend == backend
                        && world.loadBalancers[balancer].servers[server].color == old
                    {
                        world.loadBalancers[balancer].servers[server].isDeadUntil = end
                    }
                }
            }
        }
        simulation.timeline.after(PartialReturn.patience) { [self] in judge() }
    }

    /// A look of a second, a verdict, and the return; what a load balancer that is frozen was just asked for takes ten.
    private static let patience: Int64 = 4_000

    private func judge() {
        hasJudged = true
        for (index, balancer) in simulation.world.loadBalancers.enumerated() {
            for (number, backend) in balancer.backends.enumerated() {
                if obstacle == .frozen, index == 1 { continue }
                if obstacle == .oldColorDead, number == 0 { continue }
                let serving = balancer.servers.filter { $0.backend == backend.name && $0.isSetToServe }.map(\.color)
                guard Set(serving) != [old] else { continue }
                let place = "\(balancer.name)/\(backend.name)"
                let text = "\(place) is not back on \(old) after \(PartialReturn.patience) ms"
                broken.append(BrokenPromise(promise: "I13", explanation: "\(moment), \(obstacle): \(text)"))
            }
        }
    }
}
