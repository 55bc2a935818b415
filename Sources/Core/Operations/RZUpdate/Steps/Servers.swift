import Engine
import Migration
import Planning

/// The servers of the new color.
package struct ServersStep: BuiltInStep {
    package static let name: StepKind = "buildServers"
    package let use = BuiltIn.servers
    package let kind = ServersStep.name
    package let phase = PhaseID.standUp
    package let follows: (step: BuiltIn, reason: String)? = (.disks, "servers are built with the disks that are there")

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        let new = scope.direction.new
        return [
            line.step(
                "servers of \(new)", .buildServers, on: new, undo: .costly,
                estimate: .seconds(Int64(5 + scope.serverCount)))
        ]
    }

    package func work(_ step: Step) -> (any StepWork)? { BuildServers() }

    package func line(_ plan: Plan) -> PlanLine? {
        let undo = plan.provisioning.isEmpty ? "" : "undo: destroy"
        return PlanLine(summary(plan), mark: "+", .good, undo: undo)
    }

    private func summary(_ plan: Plan) -> String {
        let changes = plan.provisioning
        if changes.isEmpty { return "the servers of \(plan.direction.new) already exist" }
        let parts = [
            changes.add.isEmpty ? nil : "\(changes.add.count) to add",
            changes.change.isEmpty ? nil : "\(changes.change.count) to change",
            changes.replace.isEmpty ? nil : "\(changes.replace.count) to replace",
            changes.inDoubt.isEmpty ? nil : "\(changes.inDoubt.count) in doubt, built again",
            changes.remove.isEmpty ? nil : "\(changes.remove.count) to remove",
        ].compactMap { $0 }
        return "servers of \(plan.direction.new): " + parts.joined(separator: ", ")
            + (changes.provisioner.map { " by \($0)" } ?? "")
            + (plan.steps.contains { $0.action == .buildDisks } ? "; data disks stay" : "")
    }
}

extension BuiltIn {
    package static var servers: BuiltIn { "servers" }
}

extension Action {
    package static let buildServers = Action.builtIn(ServersStep.name, [:])
}

/// Builds the new color's servers.
struct BuildServers: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        let color = context.color
        let provisioner = context.drivers.provisioner
        let standing = try await provisioner.observeServers(color)
        if !standing.isEmpty, try await provisioner.observeChanges(color).isEmpty {
            return standing.hosts.count == 1
                ? "1 server already exists" : "\(standing.hosts.count) servers already exist"
        }
        if !standing.isEmpty { try await NoUsers(context).demand() }
        try await context.intend("build the servers of \(color)")
        if standing.isEmpty { try await context.drivers.configurator?.discardUnfinished(of: color) }
        let built = try await RightTarget(context).act(on: color, "built") { () async throws(Failure) in
            try await provisioner.build(color, report: context.report)
        }
        guard !built.isEmpty, try await provisioner.observeServers(color) == built else {
            throw Failure(
                "The provisioner built \(color) but reports no servers", advice: "Check its output `inventory`.")
        }
        return Wording.count(built.hosts.count, "server")
    }

    func undo(_ context: StepContext) async throws(Failure) -> String {
        let color = context.color
        if context.drivers.provisioner.hasFixedServers { return "the servers of \(color) are a fixed list, and stay" }
        try await context.refuseToTakeDownWhatServes()
        try await RightTarget(context).act(on: color, "destroyed") { () async throws(Failure) in
            try await context.drivers.provisioner.destroy(color, report: context.report)
        }
        return "servers of \(color) destroyed"
    }
}
