import Engine
import Migration
import Planning

/// The gate before the first weight: services healthy, probes answered.
package struct HealthStep: BuiltInStep {
    static let name: StepKind = "awaitServices"
    package let use = BuiltIn.health
    package let kind = HealthStep.name
    package let phase = PhaseID.serviceGate
    package let changesSomething = false
    package let follows: (step: BuiltIn, reason: String)? = (
        .register, "probes ask the servers that load balancers list"
    )

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let held = scope.environment.gates.service.healthyFor
        return [
            line.step(
                "all services healthy for \(held)", .awaitServices, on: scope.direction.new,
                estimate: held + .seconds(2))
        ]
    }

    package func work(_ step: Step) -> (any StepWork)? { AwaitServices() }

    package func line(_ plan: Plan) -> PlanLine? {
        let gate = plan.environment.gates.service
        return PlanLine(
            "\(plan.services.count) healthy for \(Wording.length(gate.healthyFor)), "
                + Wording.count(gate.probes.count, "probe"), details: waived(plan) + compared(plan))
    }

    private func compared(_ plan: Plan) -> [PlanLine.Detail] {
        guard plan.environment.platform?.mesosMaster != nil, plan.unreachable == nil else { return [] }
        return [PlanLine.Detail("·", "what Mesos reports of running tasks is as in \(plan.direction.old)")]
    }

    /// What probes let pass, each with the reason.
    private func waived(_ plan: Plan) -> [PlanLine.Detail] {
        let probes = (plan.environment.gates.platform?.probes ?? []) + plan.environment.gates.service.probes
        let reasons = probes.flatMap { probe -> [String] in
            switch probe.kind {
            case .redis(let redis):
                redis.withoutPersistence.map { ["Redis \(redis.address) may lose its data: \($0)"] } ?? []
            case .mesosDNS(let dns): dns.anyAddress.map { ["\(dns.name) may lead to any address: \($0)"] } ?? []
            case .traefik(let traefik): traefik.ignore.map { "the router \($0.router) may be missing: \($0.reason)" }
            default: []
            }
        }
        return reasons.map { PlanLine.Detail("·", $0) }
    }
}

extension BuiltIn {
    package static var health: BuiltIn { "health" }
}

extension Action {
    package static let awaitServices = Action.builtIn(HealthStep.name, [:])
}

/// Waits until every service of the new color has been healthy for a while and answers its probes.
struct AwaitServices: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        let gate = context.environment.gates.service
        let services = try await CatchUp(context).perform()
        let ids = services.pairs.map(\.found.id)
        let new = try await context.cluster(of: context.color)
        if gate.probes.contains(where: \.isRelative) {
            try await context.intend("let the load balancers check the servers of \(context.color)")
            try await context.traffic.wakeNewColor()
        }
        var healthySince: Period?
        let declared = context.environment.services.declared ?? []
        var probes = ProbeRounds(gate, declared)
        while true {
            let unready = try await unready(ids, in: new)
            healthySince = unready == nil ? healthySince ?? context.clock.uptime : nil
            let missing = try await probes.ask(context)
            let failing = unready ?? missing
            let held = healthySince.map { context.clock.uptime - $0 } ?? .zero
            if failing == nil, held >= gate.healthyFor { break }
            await context.wait(for: failing ?? "all services healthy for \(gate.healthyFor)")
            try await context.pause(Period(milliseconds: 250))
        }
        let compared = try await TaskParity(context).prove(services)
        try await context.record(.gatePassed(gate: "service"))
        let moved = declared.map { "; \($0.title) answers" }.joined()
        return "\(Wording.count(ids.count, "service")) healthy for \(gate.healthyFor), "
            + "\(Wording.count(gate.probes.count, "probe"))\(moved)"
            + (compared == 0 ? "" : "; tasks of \(Wording.count(compared, "service")) as in \(context.direction.old)")
    }

    private func unready(_ ids: [ServiceID], in cluster: any Cluster) async throws(Failure) -> String? {
        let health = try await cluster.observeHealth(ids)
        for id in ids {
            guard let known = health[id] else { return "\(id): missing" }
            if !known.isReady { return "\(id): \(known.description)" }
        }
        return nil
    }
}
