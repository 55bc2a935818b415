import Engine
import Migration
import Planning

/// The old color untouched for a while, so that the way back stays short.
package struct SoakStep: BuiltInStep {
    static let name: StepKind = "soak"
    package let use = BuiltIn.soak
    package let kind = SoakStep.name
    package let phase = PhaseID.soak
    package let changesSomething = false

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let soak = scope.environment.soak
        let old = scope.direction.old
        return [line.step("\(soak), \(old) untouched", .soak(soak), on: old, estimate: soak, extra: soak)]
    }

    package func work(_ step: Step) -> (any StepWork)? {
        step.action["for"].flatMap { Period($0) }.map { Soak(period: $0) }
    }

    package func line(_ plan: Plan) -> PlanLine? {
        PlanLine("\(Wording.length(plan.environment.soak)), \(plan.direction.old) untouched")
    }
}

extension BuiltIn {
    package static var soak: BuiltIn { "soak" }
}

extension Action {
    package static func soak(_ period: Period) -> Action {
        .builtIn(SoakStep.name, ["for": period.description])
    }
}

/// Leaves the old color up for a while, so that the way back stays short. The watch over the traffic judges meanwhile.
struct Soak: StepWork {
    let period: Period

    func perform(_ context: StepContext) async throws(Failure) -> String {
        await context.wait(for: "\(period) to pass, \(context.color) untouched")
        try await context.pause(period)
        return "\(period) without a bad verdict"
    }
}
