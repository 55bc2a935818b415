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
        try await refuseUnproved(changes, context)
        try await context.intend("bring the servers of \(context.color) to what describes them")
        _ = try await RightTarget(context).act(on: context.color, "brought to what describes them") {
            () async throws(Failure) in
            // A plan takes its time: what it rests on is asked again right before it is applied.
            let permit: ProvisioningPermit = { changes throws(Failure) in try await refuseUnproved(changes, context) }
            return try await provisioner.build(context.color, permit: permit, report: context.report)
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

    /// Refuses what the plan did not show, and the loss of what someone may use at this moment.
    private func refuseUnproved(_ changes: ProvisioningChanges, _ context: StepContext) async throws(Failure) {
        let planned = context.plan.provisioning
        let shown = Set(planned.add + planned.change + planned.lost)
        let more = (changes.add + changes.change + changes.lost).filter { !shown.contains($0) && $0 != "outputs" }
        guard more.isEmpty else {
            throw Failure(
                "More of \(context.color) would be changed than the plan showed", details: more,
                advice: "Take this run back with `rz rollback \(context.environment.name)`, and look again: "
                    + "rz converge \(context.environment.name)", kind: .refused)
        }
        guard !changes.lost.isEmpty else { return }
        let inventory = try await context.observeInventory(of: context.color)
        let refused = refusedLosses(
            changes, inventory, try await context.traffic.observe().states,
            agents: try await context.agents(of: context.color)?.observeAgents() ?? [])
        guard refused.isEmpty else {
            throw Failure(
                "Servers of \(context.color) would be replaced or removed that may be in use", details: refused,
                advice: "Move to servers as they are described: take this run back with "
                    + "`rz rollback \(context.environment.name)`, then `rz update \(context.environment.name)`.",
                kind: .refused)
        }
    }
}
