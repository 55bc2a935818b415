import Engine
import Migration
import Planning

/// What Ansible makes of the new color's servers.
package struct ConfigurationStep: BuiltInStep {
    static let name: StepKind = "configure"
    package let use = BuiltIn.configuration
    package let kind = ConfigurationStep.name
    package let phase = PhaseID.configure
    /// An environment may configure nothing.
    package let isRequired = false

    package func expand(_ line: StepLine, in scope: StepScope) -> [Step] {
        guard scope.environment.configure != nil else { return [] }
        let new = scope.direction.new
        return [
            line.step(
                "servers of \(new) configured", .configure, on: new,
                estimate: .seconds(Int64(10 + scope.serverCount)))
        ]
    }

    package func work(_ step: Step) -> (any StepWork)? { ConfigureServers() }

    package func line(_ plan: Plan) -> PlanLine? {
        guard let configure = plan.environment.configure else { return PlanLine("nothing to configure") }
        let drifts = PlanLine.Detail.drifts(of: .configuration, in: plan)
        guard configure.idempotenceCheck else { return PlanLine(configure.playbook, details: drifts) }
        let exceptions = configure.exceptions?.count ?? 0
        let declared = exceptions == 0 ? "" : " but \(Wording.count(exceptions, "declared exception"))"
        return PlanLine(configure.playbook + ", second run must change nothing" + declared, details: drifts)
    }
}

extension BuiltIn {
    package static var configuration: BuiltIn { "configuration" }
}

extension Action {
    package static let configure = Action.builtIn(ConfigurationStep.name, [:])
}

/// Configures the new color's servers; a second run must change nothing but what is declared.
struct ConfigureServers: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        guard let configurator = context.drivers.configurator else { return "nothing to configure" }
        let color = context.color
        let inventory = try await context.observeInventory(of: color)
        try await RightTarget(context).refuseShared("configured")
        try await RightTarget(context).refuseReaching(inventory, by: configurator)
        try await context.intend("configure \(Wording.count(inventory.hosts.count, "server")) of \(color)")
        let first = try await context.fence.actUntilStopped { () async throws(Failure) in
            try await configurator.configure(color, inventory, report: context.report)
        }
        guard let rule = context.environment.configure, rule.idempotenceCheck else { return summary(of: first) }
        let exceptions = rule.exceptions ?? []
        await context.wait(
            for: "the second run, which must change nothing" + (exceptions.isEmpty ? "" : " but what is declared"))
        let second = try await context.fence.actUntilStopped { () async throws(Failure) in
            try await configurator.configure(color, inventory, report: context.report)
        }
        let verdict = IdempotenceVerdict(second, exceptions: exceptions)
        guard verdict.undeclared.isEmpty else { throw restless(verdict.undeclared) }
        for note in verdict.notes { try await context.record(.noted(text: note)) }
        return summary(of: first) + ", " + verdict.summary
    }

    private func restless(_ changes: [String]) -> Failure {
        let shown = changes.prefix(20) + (changes.count > 20 ? ["and \(changes.count - 20) more"] : [])
        return Failure(
            "The second run of the playbook still changed something", details: Array(shown),
            advice: "Make these tasks idempotent, or declare each with its reason in environment.yaml, "
                + "`idempotenceCheck: { except: [ { task: \"…\", reason: \"…\" } ] }`; commit, then: "
                + "rz resume --commit HEAD")
    }

    private func summary(of result: ConfigurationResult) -> String {
        "\(Wording.count(result.changed.count, "host")), \(Wording.count(result.changed.values.reduce(0, +), "change"))"
    }
}
