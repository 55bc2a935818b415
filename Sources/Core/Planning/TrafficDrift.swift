import Migration

/// How the servers on load balancers differ from what the last run set there, or without one from their configuration.
/// Pure.
struct TrafficDrift {
    let rules: [TrafficRule]
    let lastRun: LastRun?
    let minHealthy: Int

    func drifts(in states: [LoadBalancerID: LoadBalancerState], live: Color) -> [Drift] {
        let ran = lastRun?.live == live ? lastRun : nil
        let direction = ran?.direction ?? Direction(from: live)
        let targets = TrafficTargets(
            found: ran?.found ?? FoundTraffic(), rules: rules, direction: direction, minHealthy: minHealthy)
        let share: Percent = direction.new == live ? .all : .none
        return states.sorted { $0.key < $1.key }.flatMap { name, state in
            weights(targets, share, name, state) + heldWeights(targets, live, share, name, state)
                + administration(targets, live, name, state)
        }
    }

    private func weights(
        _ targets: TrafficTargets, _ share: Percent, _ name: LoadBalancerID, _ state: LoadBalancerState
    ) -> [Drift] {
        targets.changes(for: share, on: name, state).map { change in
            Drift(
                .loadBalancers, "\(name)/\(change.backend)/\(change.server)", "has another weight",
                diff: ["weight: \(change.to) → \(change.from)"], remedy: .set(name, change.change))
        }
    }

    /// What a server in maintenance is to have once it is ready: changes for a share leave it alone.
    private func heldWeights(
        _ targets: TrafficTargets, _ live: Color, _ share: Percent, _ name: LoadBalancerID, _ state: LoadBalancerState
    ) -> [Drift] {
        rules.flatMap { rule in
            let weights = targets.weights(for: share, rule, on: name, state)
            let wanted = targets.direction.new == live ? weights.new : weights.old
            return targets.movable(live, rule, on: name, state).compactMap { server -> Drift? in
                guard server.administration == .maint, let weight = wanted[server.name], weight != server.weight
                else { return nil }
                return Drift(
                    .loadBalancers, "\(name)/\(rule.backend)/\(server.name)", "has another weight",
                    diff: ["weight: \(weight) → \(server.weight)"],
                    remedy: .set(
                        name, ServerChange(backend: rule.backend, server: server.name, change: .weight(weight))))
            }
        }
    }

    private func administration(
        _ targets: TrafficTargets, _ live: Color, _ name: LoadBalancerID, _ state: LoadBalancerState
    ) -> [Drift] {
        rules.flatMap { rule in
            targets.movable(live, rule, on: name, state).filter { $0.administration != .ready }.map { server in
                Drift(
                    .loadBalancers, "\(name)/\(rule.backend)/\(server.name)", "gets no new users",
                    diff: ["administration: ready → \(server.administration.rawValue)"],
                    remedy: .set(
                        name,
                        ServerChange(backend: rule.backend, server: server.name, change: .administration(.ready))))
            }
        }
    }
}
