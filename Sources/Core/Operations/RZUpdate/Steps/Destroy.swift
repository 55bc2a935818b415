import Engine
import Migration
import Planning

/// The old color's servers destroyed.
package struct DestroyStep: BuiltInStep {
    static let name: StepKind = "destroyServers"
    package let use = BuiltIn.destroy
    package let kind = DestroyStep.name
    package let phase = PhaseID.tearDown
    package let follows: (step: BuiltIn, reason: String)? = (
        .stop, "services are stopped in an orderly way before their servers go"
    )

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let old = scope.direction.old
        return [
            line.step(
                "\(Wording.count(scope.serverCount, "server")) of \(old) destroyed", .destroyServers, on: old,
                undo: .none, closesWayBack: true, estimate: .seconds(Int64(5 + scope.serverCount)))
        ]
    }

    package func work(_ step: Step) -> (any StepWork)? { DestroyServers() }

    package func line(_ plan: Plan) -> PlanLine? {
        let old = plan.direction.old
        let servers = "\(Wording.count(plan.world.servers[old]?.count ?? 0, "server")) of \(old)"
        let end =
            plan.environment.provision.hasFixedServers ? "\(servers) stay, as a fixed list" : "\(servers) destroyed"
        return PlanLine(
            "\(end), \(Wording.count(plan.services.count, "service")) stopped", mark: "!", .bad,
            details: Self.destruction(plan))
    }

    /// What can't come back, by name.
    static func destruction(_ plan: Plan) -> [PlanLine.Detail] {
        let all = plan.destruction ?? []
        let shown = all.prefix(20) + (all.count > 20 ? ["and \(all.count - 20) more"] : [])
        return shown.map { PlanLine.Detail("-", $0, "", .bad) }
    }
}

extension BuiltIn {
    package static var destroy: BuiltIn { "destroy" }
}

extension Action {
    package static let destroyServers = Action.builtIn(DestroyStep.name, [:])
}

/// Destroys the old color's servers. The disks stay.
struct DestroyServers: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        let summary = try await destroy(context)
        try await context.awaitCarried()
        return summary
    }

    private func destroy(_ context: StepContext) async throws(Failure) -> String {
        let old = context.color
        if context.drivers.provisioner.hasFixedServers { return "the servers of \(old) are a fixed list, and stay" }
        let count = try await context.observeInventory(of: old).hosts.count
        if count == 0 { return "no servers are left" }
        try await context.knowServers(again: true)
        return try await RightTarget(context).destroy(count, of: old) { () async throws(Failure) in
            try await Quiet(context).demandForGood()
        }
    }
}
