import Migration

/// What the definitions of services may not say.
extension Plan {
    /// Breaches of policies, as of the time when the plan is made.
    func policyBreaches(_ containers: [ServiceID: [ContainerFacts]]) -> [PolicyBreach] {
        guard let rules = environment.policies else { return [] }
        return containers.sorted { $0.key < $1.key }.flatMap { service, containers in
            rules.breaches(of: service, containers, now: createdAt)
        }
    }

    /// Reports that are no pass, by what each of them does then.
    func reportObjections(_ reports: [String: ReportFinding]) -> [Obstacle] {
        (environment.policies?.reports ?? []).filter { $0.severity != .off }.compactMap { rule in
            rule.objection(to: reports[rule.name], now: createdAt).map {
                Obstacle($0, isBlocking: rule.severity == .block)
            }
        }
    }

    /// Waivers that no breach needs: what they were for is gone, or they name no service.
    func idleWaivers(_ breaches: [PolicyBreach]) -> [String] {
        (environment.policies?.waivers ?? []).filter { waiver in
            !breaches.contains {
                $0.policy == waiver.policy && matchesWildcard($0.service.text, pattern: waiver.services)
            }
        }.map {
            "policies.waivers: no service that “\($0.services)” means needs the one of \($0.policy.rawValue). Take it away"
        }
    }
}
