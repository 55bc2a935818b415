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
        let provisioner = context.drivers.provisioner
        let count = try await context.observeInventory(of: color).hosts.count
        if count == 0 { return "no servers are left" }
        try await RightTarget(context).refuseUnplannedDestruction(of: color)
        // Last, as planning the destruction may take minutes.
        try await NoUsers(context).demand("destroyed")
        try await context.intend("destroy the servers of \(color)")
        try await RightTarget(context).act(on: color, "destroyed") { () async throws(Failure) in
            try await provisioner.destroy(color, report: context.report)
        }
        guard try await context.observeInventory(of: color).isEmpty else {
            throw Failure("The provisioner destroyed \(color) but still reports servers", kind: .transient)
        }
        return "\(count) servers destroyed"
    }
}
