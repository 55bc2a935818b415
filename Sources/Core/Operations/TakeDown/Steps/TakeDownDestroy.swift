import Engine
import Migration
import Planning

/// The servers of a color without users destroyed.
package struct TakeDownDestroyStep: BuiltInStep {
    static let name: StepKind = "destroyIdleServers"
    package let use = BuiltIn.destroy
    package let kind = TakeDownDestroyStep.name
    package let phase = PhaseID.tearDown

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let color = scope.direction.new
        return [
            line.step(
                "servers of \(color) destroyed", .destroyIdleServers, on: color, undo: .none, estimate: .seconds(10))
        ]
    }

    package func work(_ step: Step) -> (any StepWork)? { TakeDownDestroy() }

    package func line(_ plan: Plan) -> PlanLine? {
        let color = plan.direction.new
        return PlanLine(
            "\(Wording.count(plan.world.servers[color]?.count ?? 0, "server")) of \(color) destroyed", mark: "!", .bad,
            details: DestroyStep.destruction(plan))
    }
}

extension Action {
    package static let destroyIdleServers = Action.builtIn(TakeDownDestroyStep.name, [:])
}

/// Destroys the servers of a color that no user is on. The disks stay.
struct TakeDownDestroy: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        let color = context.color
        let count = try await context.observeInventory(of: color).hosts.count
        if count == 0 { return "no servers are left" }
        return try await RightTarget(context).destroy(count, of: color) { () async throws(Failure) in
            try await NoUsers(context).demand("destroyed")
        }
    }
}
