import Engine
import Migration
import Planning

/// That no user is on a color that is to be destroyed.
package struct TakeDownChecksStep: BuiltInStep {
    static let name: StepKind = "checkIdle"
    package let use = BuiltIn.checks
    package let kind = TakeDownChecksStep.name
    package let phase = PhaseID.preflight
    package let changesSomething = false

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let color = scope.direction.new
        return [line.step("checks that no user is on \(color)", .checkIdle, on: color, estimate: .seconds(2))]
    }

    package func work(_ step: Step) -> (any StepWork)? { TakeDownChecks() }

    package func line(_ plan: Plan) -> PlanLine? { PlanLine("checks that no user is on \(plan.direction.new)") }
}

extension Action {
    package static let checkIdle = Action.builtIn(TakeDownChecksStep.name, [:])
}

/// Looks for everything that speaks against the destruction. Changes nothing.
struct TakeDownChecks: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        let version = try await context.drivers.provisioner.observeVersion()
        try await RightTarget(context).refuseShared("destroyed")
        try await NoUsers(context).demand("destroyed")
        return "no user is on \(context.color), \(version)"
    }
}
