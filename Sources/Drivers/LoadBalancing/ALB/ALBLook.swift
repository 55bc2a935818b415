import Migration

/// What one Application Load Balancer says of itself in one look.
struct ALBLook: Sendable {
    struct Listener: Sendable, Hashable {
        var arn: String
        var port: String
    }

    var listeners: [Listener]
    var rules: [ALBRule]
    /// By the backend's name in `traffic`, the ARN that stands for it.
    var names: [String: ALBArn]
    var groups: [String: ALBTargetGroup]
    var targets: [String: [ALBTarget]]
    var note: ALBNote

    func rule(_ backend: String) -> ALBRule? {
        names[backend].flatMap { arn in
            rules.first { arn.isListener ? $0.isDefault && $0.listener == arn.text : $0.arn == arn.text }
        }
    }

    /// A rule that has no name of its own is called by its listener's port and its priority: `443/10`.
    private func backend(_ rule: ALBRule) -> String {
        for name in names.keys.sorted() where self.rule(name) == rule { return name }
        return "\(listeners.first { $0.arn == rule.listener }?.port ?? "?")/\(rule.priority)"
    }

    func state(_ moved: [TrafficRule]) -> LoadBalancerState {
        var backends: [String: BackendState] = [:]
        for rule in rules where !rule.groups.isEmpty {
            let algorithm = rule.groups.lazy.compactMap { groups[$0.arn]?.attributes["load_balancing.algorithm.type"] }
                .first
            backends[backend(rule)] = BackendState(
                servers: rule.groups.flatMap { servers($0, of: rule) }, algorithm: algorithm, scale: .alb)
        }
        return LoadBalancerState(
            version: ELBClient.version, backends: backends, epoch: note.epoch?.number,
            unseenFor: moved.compactMap { self.rule($0.backend) }.map(unseenFor).max() ?? ALBLook.propagation)
    }

    /// What AWS does not say: how long a change that the API shows may take to reach all of the load balancer.
    private static let propagation = Period.seconds(10)

    /// For how long someone may still be at a target group that has lost its weight: for a request that is under way, as
    /// long as its owner grants it, and where a cookie keeps users at the group, as long as the cookie.
    private func unseenFor(_ rule: ALBRule) -> Period {
        let delays = rule.groups.compactMap { groups[$0.arn]?.deregistrationDelay }
        return (delays + [rule.stickiness ?? .zero]).reduce(ALBLook.propagation, max)
    }

    private func servers(_ group: ALBRule.Group, of rule: ALBRule) -> [ServerState] {
        guard let known = groups[group.arn] else { return [] }
        let rest = resting(group, in: rule)
        return (targets[group.arn] ?? []).map { target in
            ServerState(
                name: "\(known.name)/\(target.address)", address: target.address, weight: rest?.weight ?? group.weight,
                group: known.name, administration: rest?.administration ?? .ready, operation: target.operation,
                check: target.check(known.hasHealthCheck))
        }
    }

    /// A target group with weight is in service, whatever the note says: someone else gave it that.
    func resting(_ group: ALBRule.Group, in rule: ALBRule) -> Resting? {
        guard group.weight == 0, let known = groups[group.arn] else { return nil }
        return note.resting[note.key(known.name, in: rule)]
    }
}

extension WeightScale {
    /// Weights of a forward action: 0 to 999.
    static let alb = WeightScale(largest: 999)
}
