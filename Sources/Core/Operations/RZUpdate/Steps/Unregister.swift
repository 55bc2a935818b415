import Engine
import Migration
import Planning

/// The old color's servers taken off the load balancers, where runs had put them there.
package struct UnregisterStep: BuiltInStep {
    static let name: StepKind = "unregisterServers"
    package let use = BuiltIn.unregister
    package let kind = UnregisterStep.name
    package let phase = PhaseID.tearDown
    package let isRequired = false
    package let follows: (step: BuiltIn, reason: String)? = (
        .stop, "servers stay listed as long as their services may be given users"
    )

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let old = scope.direction.old
        let backends = scope.environment.traffic.count { $0.registration?[old] != nil }
        guard backends > 0 else { return [] }
        return [
            line.step(
                "servers of \(old) taken off \(Wording.count(backends, "backend"))", .unregisterServers, on: old,
                estimate: .seconds(2))
        ]
    }

    package func work(_ step: Step) -> (any StepWork)? { UnregisterServers() }

    package func line(_ plan: Plan) -> PlanLine? {
        guard let step = plan.steps.first(where: { $0.action == .unregisterServers }) else { return nil }
        return PlanLine(step.title, mark: "-")
    }
}

extension BuiltIn {
    package static var unregister: BuiltIn { "unregister" }
}

extension Action {
    package static let unregisterServers = Action.builtIn(UnregisterStep.name, [:])
}

/// Takes the old color's servers off the load balancers.
struct UnregisterServers: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        try await context.traffic.demandAllCarried()
        try await context.intend("take the servers of \(context.color) off the load balancers")
        try await context.traffic.unregister(context.color)
        try await context.awaitCarried()
        return "servers of \(context.color) taken off"
    }
}
