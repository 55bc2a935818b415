import Migration

/// How the servers on load balancers differ from what the last run set there, or without one from their configuration.
/// Pure.
public struct TrafficDrift: Sendable {
    private let rules: [TrafficRule]
    private let lastRun: LastRun?
    private let minHealthy: Int

    public init(rules: [TrafficRule], lastRun: LastRun?, minHealthy: Int) {
        self.rules = rules
        self.lastRun = lastRun
        self.minHealthy = minHealthy
    }

    func drifts(in states: [LoadBalancerID: LoadBalancerState], live: Color) -> [Drift] {
        each(in: states, live) { name, state, targets in
            weights(targets, live, name, state).map { change in
                Drift(
                    .loadBalancers, "\(name)/\(change.backend)/\(change.server)", "has another weight",
                    diff: ["weight: \(change.to) → \(change.from)"], remedy: .set(name, change.change))
            }
                + takenOut(targets, live, name, state).map { backend, server in
                    Drift(
                        .loadBalancers, "\(name)/\(backend)/\(server.name)", "gets no new users",
                        diff: ["administration: ready → \(server.administration.rawValue)"],
                        remedy: .set(
                            name,
                            ServerChange(backend: backend, server: server.name, change: .administration(.ready))))
                }
        }
    }

    /// What a person should know before a move of the live color's servers, one sentence each: the move keeps it.
    public func remarks(
        in states: [LoadBalancerID: LoadBalancerState], live: Color, of environment: String
    ) -> [String] {
        let remarks = each(in: states, live) { name, state, targets in
            let out = takenOut(targets, live, name, state)
            return out.map { backend, server in
                "\(name)/\(backend)/\(server.name) is in \(server.administration.rawValue) and gets no new users: a move "
                    + "and its rollback leave it so"
            }
                + weights(targets, live, name, state).filter { change in
                    change.color == live
                        && !out.contains { $0.backend == change.backend && $0.server.name == change.server }
                }.map { change in
                    "\(name)/\(change.backend)/\(change.server) has weight \(change.from) in place of \(change.to): a move "
                        + "and its rollback keep \(change.from == 0 ? "it without users" : "its part of the users so")"
                }
        }
        guard remarks.count > 5 else { return remarks }
        return remarks.prefix(4) + [
            "\(remarks.count - 4) more servers of \(live) are in maint, in drain or of another weight: "
                + "rz converge \(environment) --check lists them"
        ]
    }

    private func each<Result>(
        in states: [LoadBalancerID: LoadBalancerState], _ live: Color,
        _ list: (LoadBalancerID, LoadBalancerState, TrafficTargets) -> [Result]
    ) -> [Result] {
        let ran = lastRun?.live == live ? lastRun : nil
        let targets = TrafficTargets(
            found: ran?.found ?? FoundTraffic(), rules: rules, direction: ran?.direction ?? Direction(from: live),
            minHealthy: minHealthy)
        return states.sorted { $0.key < $1.key }.flatMap { list($0, $1, targets) }
    }

    private func weights(
        _ targets: TrafficTargets, _ live: Color, _ name: LoadBalancerID, _ state: LoadBalancerState
    ) -> [WeightChange] {
        targets.changes(for: targets.direction.new == live ? .all : .none, on: name, state, withHeld: live)
    }

    private func takenOut(
        _ targets: TrafficTargets, _ live: Color, _ name: LoadBalancerID, _ state: LoadBalancerState
    ) -> [(backend: String, server: ServerState)] {
        rules.on(name).flatMap { rule in
            targets.movable(live, rule, on: name, state).filter { $0.administration != .ready }.map {
                (rule.backend, $0)
            }
        }
    }
}
