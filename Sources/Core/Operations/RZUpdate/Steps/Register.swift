import Engine
import Migration
import Planning

/// The new color's servers put into the load balancers' backends, where the environment says so.
package struct RegisterStep: BuiltInStep {
    static let name: StepKind = "registerServers"
    package let use = BuiltIn.register
    package let kind = RegisterStep.name
    package let phase = PhaseID.serviceGate
    package let isRequired = false

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let new = scope.direction.new
        let backends = scope.environment.traffic.count { $0.registration?[new] != nil }
        guard backends > 0 else { return [] }
        return [
            line.step(
                "servers of \(new) listed in \(Wording.count(backends, "backend"))", .registerServers, on: new,
                undo: .costly,
                estimate: .seconds(2))
        ]
    }

    package func work(_ step: Step) -> (any StepWork)? { RegisterServers() }

    package func line(_ plan: Plan) -> PlanLine? {
        let new = plan.direction.new
        let rules = plan.environment.traffic.filter { $0.registration?[new] != nil }
        guard !rules.isEmpty, plan.steps.contains(where: { $0.action == .registerServers }) else { return nil }
        return PlanLine(
            "servers of \(new) listed in \(Wording.count(rules.count, "backend"))", mark: "+", .good,
            undo: "undo: taken off",
            details: rules.map { rule in
                let registration = rule.registration?[new]
                let options = registration?.options.map { $0.joined(separator: " ") } ?? "options as the others have"
                let end = registration?.service == nil ? "" : "; followed until the run ends, and no longer"
                return PlanLine.Detail(
                    "+", rule.backend,
                    "\(registration?.name ?? "") of \(registration?.source.description ?? ""), port \(registration?.port ?? ""), \(options)\(end)",
                    .good)
            })
    }
}

extension BuiltIn {
    package static var register: BuiltIn { "register" }
}

extension Action {
    package static let registerServers = Action.builtIn(RegisterStep.name, [:])
}

/// Puts the new color's servers into backends, in maintenance.
struct RegisterServers: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        try await RightTarget(context).refuseShared("listed")
        let servers = try await context.observeRegistered(context.color)
        try await context.knowServers()
        try await context.intend("list the servers of \(context.color) on \(servers.count) load balancers")
        try await context.traffic.register(servers, of: context.color)
        let count = servers.values.flatMap(\.values).map(\.count).reduce(0, +)
        let services = context.environment.traffic.servicesRegistered(of: context.color)
        return "\(Wording.count(count, "server")) listed on \(Wording.count(servers.count, "load balancer"))"
            + (services.isEmpty
                ? "" : "; tasks of \(Wording.few(services.map(\.text))) are followed until this run ends")
    }

    func undo(_ context: StepContext) async throws(Failure) -> String {
        try await context.refuseToTakeDownWhatServes()
        try await context.traffic.takeOff(context.color)
        return "servers of \(context.color) taken off"
    }
}
