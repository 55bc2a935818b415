import Engine
import Migration
import Planning

/// The end of a drill: the run goes the way back that an operator would go.
package struct GoBackStep: BuiltInStep {
    static let name: StepKind = "goBack"
    package let use = BuiltIn.goBack
    package let kind = GoBackStep.name
    package let phase = PhaseID.soak
    package let changesSomething = false

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let (old, new) = (scope.direction.old, scope.direction.new)
        return [
            line.step("all traffic back to \(old), and \(new) down again", .goBack, on: new, estimate: .seconds(30))
        ]
    }

    package func work(_ step: Step) -> (any StepWork)? { GoBack() }

    package func line(_ plan: Plan) -> PlanLine? {
        PlanLine("then all traffic back to \(plan.direction.old), and \(plan.direction.new) down again")
    }
}

extension BuiltIn {
    package static var goBack: BuiltIn { "goBack" }
}

extension Action {
    package static let goBack = Action.builtIn(GoBackStep.name, [:])
}

/// Asks for the rollback, which ends this step.
struct GoBack: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        let old = context.direction.old
        try await context.intend("go back to \(old): the drill has come to its end")
        try await context.record(.rollbackRequested(by: "rz drill"))
        try await context.pause(context.step.deadline)
        throw Failure("The drill did not go back to \(old)")
    }
}
