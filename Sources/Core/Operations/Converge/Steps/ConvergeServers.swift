import Engine
import Migration
import Planning

/// The live color's servers as they are described.
package struct ConvergeServersStep: BuiltInStep {
    static let name: StepKind = "convergeServers"
    package let use = BuiltIn.servers
    package let kind = ConvergeServersStep.name
    package let phase = PhaseID.standUp

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let live = scope.direction.new
        return [line.step("servers of \(live) as described", .convergeServers, on: live, estimate: .seconds(20))]
    }

    package func work(_ step: Step) -> (any StepWork)? { ConvergeServers() }

    package func line(_ plan: Plan) -> PlanLine? {
        PlanLine(
            "servers of \(plan.direction.new)" + (plan.provisioning.provisioner.map { " by \($0)" } ?? "")
                + "; data disks stay", mark: "~", .careful, undo: "stays",
            details: PlanLine.Detail.drifts(of: .servers, in: plan))
    }
}

extension Action {
    package static let convergeServers = Action.builtIn(ConvergeServersStep.name, [:])
}

/// Adds what is missing and changes what differs; takes away only what no user can be on.
struct ConvergeServers: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        let provisioner = context.drivers.provisioner
        let changes = try await provisioner.observeChanges(context.color)
        if changes.isEmpty { return "as described" }
        let allowed = try await allowed(changes, context)
        try await context.intend("bring the servers of \(context.color) to what describes them")
        _ = try await RightTarget(context).act(on: context.color, "brought to what describes them") {
            () async throws(Failure) in
            try await provisioner.build(context.color, allowing: allowed, report: context.report)
        }
        let left = try await provisioner.observeChanges(context.color)
        guard left.isEmpty else {
            throw Failure(
                "The servers of \(context.color) still differ from what describes them",
                details: left.add + left.change + left.lost,
                advice: "Apply changes something that the next plan wants to change again: see the module.")
        }
        let count = changes.add.count + changes.change.count + changes.lost.count
        return "\(Wording.count(count, "resource")) as described"
    }

    /// What may be lost, by what load balancers report at this moment.
    private func allowed(
        _ changes: ProvisioningChanges, _ context: StepContext
    ) async throws(Failure) -> ProvisioningChanges {
        guard !changes.lost.isEmpty else { return ProvisioningChanges() }
        let states = try await context.traffic.observe().states
        let refused = refusedLosses(changes, try await context.observeInventory(of: context.color), states)
        guard refused.isEmpty else {
            throw Failure(
                "Servers of \(context.color) would be replaced or removed that may have users", details: refused,
                advice:
                    "Move to servers as they are described with `rz update \(context.environment.name)`, or take these "
                    + "out of service by hand; then: rz resume \(context.environment.name)", kind: .refused)
        }
        return changes
    }
}
