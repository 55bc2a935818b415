import Migration

extension Operation {
    /// A destroy must have an approval, or a reason why it needs none, and an environment that configures its servers
    /// must have a step that does.
    @Sendable
    static func rzUpdateProblems(_ runbook: Runbook, _ environment: Environment) -> [String] {
        var problems: [String] = []
        if !isApproved(runbook.phases[.tearDown], environment.approvals[.tearDown]) {
            problems.append(
                """
                tearDown destroys servers and no one has to approve; in \
                environments/\(environment.name)/environment.yaml set `approvals: { tearDown: 1 }`, or \
                `approvals: { tearDown: { waived: "the reason" } }`, or let the step that uses `destroy` need an \
                `approval` step
                """)
        }
        let configures = runbook.phases[.configure]?.steps.contains { $0.work == .builtIn(.configuration) } ?? false
        if environment.configure != nil, !configures {
            problems.append("the environment \(environment.name) configures servers, but no step uses `configuration`")
        }
        return problems + approvalProblems(runbook, environment) + registrationProblems(runbook, environment)
    }

    /// What a step waits for must be something that people can give.
    private static func approvalProblems(_ runbook: Runbook, _ environment: Environment) -> [String] {
        runbook.steps.flatMap { step -> [String] in
            guard case .approval(let demand, _) = step.work else { return [] }
            return environment.problems(of: demand).map { "the step \(step.id): \($0)" }
        }
    }

    /// Servers that no step puts into a backend would never get users.
    private static func registrationProblems(_ runbook: Runbook, _ environment: Environment) -> [String] {
        guard environment.traffic.contains(where: { $0.registration != nil }) else { return [] }
        let hasTasks = Color.allCases.contains { !environment.traffic.servicesRegistered(of: $0).isEmpty }
        let isOfMarathon = environment.services.sources.contains { if case .marathon = $0 { true } else { false } }
        let unknown =
            hasTasks && !isOfMarathon
            ? [
                "\(environment.name) says `tasks` under `traffic`, and only Marathon reports which ports tasks were given: "
                    + "write `from` and a fixed `port`"
            ] : []
        let places: [(phase: PhaseID, use: BuiltIn)] = [(.serviceGate, .register), (.tearDown, .unregister)]
        return unknown
            + places.compactMap { phase, use in
                let isThere = runbook.phases[phase]?.steps.contains { $0.work == .builtIn(use) } ?? false
                return isThere
                    ? nil
                    : "\(environment.name) says under `traffic` which servers a run puts into backends, but no step of "
                        + "\(phase) uses `\(use)`: add `- { id: \(use), use: \(use), timeout: 5m, retries: 1 }`"
            }
    }

    /// Whether someone says yes before servers are destroyed, or the environment says why no one has to.
    private static func isApproved(_ tearDown: PhaseRule?, _ rule: ApprovalRule?) -> Bool {
        if case .waived = rule { return true }
        if let rule, rule.people > 0 { return true }
        guard let tearDown, let destroy = tearDown.steps.first(where: { $0.work == .builtIn(.destroy) }) else {
            return false
        }
        let before = tearDown.stepsBefore(destroy.id)
        return tearDown.steps.contains { step in
            if case .approval = step.work { before.contains(step.id) } else { false }
        }
    }
}
