import Engine
import Migration
import Planning

/// Everything that would spoil the building of a color, looked for before it begins.
package struct BuildChecksStep: BuiltInStep {
    static let name: StepKind = "checkTarget"
    package let use = BuiltIn.checks
    package let kind = BuildChecksStep.name
    package let phase = PhaseID.preflight
    package let changesSomething = false

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let new = scope.direction.new
        return [
            line.step("checks of tools, and that no user is on \(new)", .checkTarget, on: new, estimate: .seconds(2))
        ]
    }

    package func work(_ step: Step) -> (any StepWork)? { BuildChecks() }

    package func line(_ plan: Plan) -> PlanLine? {
        PlanLine("checks of tools, and that no user is on \(plan.direction.new)")
    }
}

extension Action {
    package static let checkTarget = Action.builtIn(BuildChecksStep.name, [:])
}

/// Looks for everything that would spoil the building. Changes nothing.
struct BuildChecks: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        let version = try await context.drivers.provisioner.observeVersion()
        var found: [String] = []
        if let configurator = context.drivers.configurator {
            _ = try await configurator.observeVersion()
            found += try await configurator.observeObstacles().filter(\.isBlocking).map(\.text)
        }
        try await RightTarget(context).refuseShared("built")
        if try await !context.observeInventory(of: context.color).isEmpty { try await NoUsers(context).demand() }
        guard found.isEmpty else {
            throw Failure(
                "\(Wording.count(found.count, "preflight check")) failed", details: found,
                advice: "Fix \(found.count == 1 ? "it" : "them"), then: rz resume.")
        }
        return version
    }
}
