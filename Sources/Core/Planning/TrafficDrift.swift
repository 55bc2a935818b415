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
            weights(targets, live, share, name, state) + administration(targets, live, name, state)
        }
    }

    private func weights(
        _ targets: TrafficTargets, _ live: Color, _ share: Percent, _ name: LoadBalancerID, _ state: LoadBalancerState
    ) -> [Drift] {
        targets.changes(for: share, on: name, state, withHeld: live).map { change in
            Drift(
                .loadBalancers, "\(name)/\(change.backend)/\(change.server)", "has another weight",
                diff: ["weight: \(change.to) → \(change.from)"], remedy: .set(name, change.change))
        }
    }

    private func administration(
        _ targets: TrafficTargets, _ live: Color, _ name: LoadBalancerID, _ state: LoadBalancerState
    ) -> [Drift] {
        rules.on(name).flatMap { rule in
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
