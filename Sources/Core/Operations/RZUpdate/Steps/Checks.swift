import Engine
import Migration
import Planning

/// Everything that would spoil the run, looked for before anything is built.
package struct ChecksStep: BuiltInStep {
    static let name: StepKind = "check"
    package let use = BuiltIn.checks
    package let kind = ChecksStep.name
    package let phase = PhaseID.preflight
    package let changesSomething = false

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        [line.step("checks of load balancers, platform and services", .check, estimate: .seconds(2))]
    }

    package func work(_ step: Step) -> (any StepWork)? { Checks() }

    package func line(_ plan: Plan) -> PlanLine? { PlanLine("checks of load balancers, platform, services") }
}

extension BuiltIn {
    package static var checks: BuiltIn { "checks" }
}

extension Action {
    package static let check = Action.builtIn(ChecksStep.name, [:])
}

/// Looks for everything that would spoil the run, before anything is built. Changes nothing.
struct Checks: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        var found = try await checkLoadBalancers(context)
        let version = try await context.drivers.provisioner.observeVersion()
        if let configurator = context.drivers.configurator {
            _ = try await configurator.observeVersion()
            found += try await configurator.observeObstacles().filter(\.isBlocking).map(\.text)
        }
        found += try await observeTarget(context)
        let old = try await context.cluster(of: context.direction.old)
        let platform = try await old.observePlatform()
        let agents = try await context.agents(of: context.direction.old)?.observe()
        for state in [platform, agents].compactMap({ $0 }) where !state.isReady {
            found += state.missing.map { "\(state.description): \($0)" }
        }
        _ = try await OldServices(context).observe()
        guard found.isEmpty else {
            throw Failure(
                "\(Wording.count(found.count, "thing")) would spoil the run", details: found,
                advice: "Fix them, then: rz resume.")
        }
        return "\(context.drivers.loadBalancers.count) load balancers, \(version), \(platform.description)"
    }

    /// What of the load balancers would spoil the run. A plan asks for the most of it; which backends take weights is asked
    /// here only.
    private func checkLoadBalancers(_ context: StepContext) async throws(Failure) -> [String] {
        let rules = context.environment.traffic
        var found: [String] = []
        var states: [LoadBalancerID: LoadBalancerState] = [:]
        for loadBalancer in context.drivers.loadBalancers {
            states[loadBalancer.name] = try await loadBalancer.observe()
            let obstacles = try await loadBalancer.observeObstacles(rules)
            let claim = try await loadBalancer.observeClaim(epoch: context.fence.epoch)
            let blocking = (obstacles + claim).filter(\.isBlocking)
            found += blocking.map(\.text)
            guard blocking.isEmpty else { continue }
            let weights = try await context.fence.act { () async throws(Failure) in
                try await loadBalancer.proveWeights(rules)
            }
            found += weights.filter(\.isBlocking).map(\.text)
        }
        await context.traffic.noteUsual(states)
        var inventories: [Color: Inventory] = [:]
        for color in Color.allCases { inventories[color] = try await context.observeInventory(of: color) }
        return found + misplacedServers(states, rules, inventories: inventories)
            + unlistedBackends(
                states, rules, ignored: context.environment.ignoreBackends ?? [], inventories: inventories)
    }
    /// What would keep the old color from being destroyed, found while there is a way back.
    private func observeTarget(_ context: StepContext) async throws(Failure) -> [String] {
        do throws(Failure) {
            try await RightTarget(context).refuseShared("built")
            if context.plan.steps.contains(where: { $0.action == .destroyServers }) {
                try await RightTarget(context).refuseUnplannedDestruction()
            }
            return []
        } catch  where error.kind == .refused {
            return [error.summary] + error.details
        }
    }
}
