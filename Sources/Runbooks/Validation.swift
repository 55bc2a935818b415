import Migration

/// What only both files together show: a destroy must have an approval, or a reason why it needs none, and an
/// environment that configures its servers must have a step that does.
///
/// - Throws: `ConfigurationError` with every such problem, without a line, as either file could fix it.
public func validateRunbook(_ runbook: Runbook, with environment: Environment) throws(ConfigurationError) {
    var messages: [String] = []
    if !isApproved(runbook.phases[.tearDown], environment.approvals[.tearDown]) {
        messages.append(
            """
            tearDown destroys servers and no one has to approve; in environments/\(environment.name)/environment.yaml \
            set `approvals: { tearDown: 1 }`, or `approvals: { tearDown: { waived: "the reason" } }`, \
            or let the step that uses `destroy` need an `approval` step
            """)
    }
    let configures = runbook.phases[.configure]?.steps.contains { $0.work == .builtIn(.configuration) } ?? false
    if environment.configure != nil, !configures {
        messages.append("the environment \(environment.name) configures servers, but no step uses `configuration`")
    }
    guard messages.isEmpty else {
        throw ConfigurationError(
            messages.map { ConfigurationError.Problem(file: "runbooks/\(runbook.name).yaml", message: $0) })
    }
}

/// Whether someone says yes before servers are destroyed, or the environment says why no one has to.
private func isApproved(_ tearDown: PhaseRule?, _ rule: ApprovalRule?) -> Bool {
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
