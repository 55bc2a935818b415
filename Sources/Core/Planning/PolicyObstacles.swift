import Migration

/// What the environment's policies say of a plan.
extension Plan {
    /// Breaches of policies and reports that are no pass, as of the time when the plan is made, and waivers that nothing
    /// needs any more.
    func policyObstacles(_ observation: Observation) -> [Obstacle] {
        guard let rules = environment.policies else { return [] }
        let breaches = observation.containers.sorted { $0.key < $1.key }.flatMap { service, containers in
            rules.breaches(of: service, containers, now: createdAt)
        }
        let idle = rules.waivers.filter { waiver in !breaches.contains { waiver.covers($0.policy, $0.service) } }
        return breaches.map { Obstacle($0.sentence, isBlocking: $0.isBlocking) }
            + idle.map {
                Obstacle(
                    "policies.waivers: no service that “\($0.services)” means needs the one of \($0.policy.rawValue). "
                        + "Take it away", isBlocking: false)
            } + objections(of: rules, to: observation.reports)
    }

    private func objections(of rules: PolicyRules, to reports: [String: ReportFinding]) -> [Obstacle] {
        rules.reports.filter { $0.severity != .off }.compactMap { rule in
            rule.objection(to: reports[rule.name], now: createdAt).map {
                Obstacle($0, isBlocking: rule.severity == .block)
            }
        }
    }
}
