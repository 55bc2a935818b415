import Engine
import Migration
import Planning

/// What keeps drift from being taken back, looked for before it begins.
package struct ConvergeChecksStep: BuiltInStep {
    static let name: StepKind = "checkLive"
    package let use = BuiltIn.checks
    package let kind = ConvergeChecksStep.name
    package let phase = PhaseID.preflight
    package let changesSomething = false

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let live = scope.direction.new
        return [line.step("checks of tools, and that \(live) is live", .checkLive, on: live, estimate: .seconds(2))]
    }

    package func work(_ step: Step) -> (any StepWork)? { ConvergeChecks() }

    package func line(_ plan: Plan) -> PlanLine? {
        PlanLine("checks of tools, and that \(plan.direction.new) is live")
    }
}

extension Action {
    package static let checkLive = Action.builtIn(ConvergeChecksStep.name, [:])
}

/// Proves that the color is the one that users are on. Changes nothing.
struct ConvergeChecks: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        let version = try await context.drivers.provisioner.observeVersion()
        try await RightTarget(context).refuseShared("changed")
        let states = try await context.drivers.observeLoadBalancers()
        guard !serversInUse(of: context.color, states, context.environment.traffic).isEmpty else {
            throw Failure(
                "\(context.color) is not live: no load balancer sends users to it",
                advice: "See which color is: rz status. Then take this run back: rz rollback", kind: .refused)
        }
        return version
    }
}
