/// Whether a color carries a backend of one load balancer: the effect, not what was set (invariant I12).
///
/// This is the one predicate behind every act that takes servers away from users: before the other color is lowered,
/// in each look of a bake, while the run owns the traffic, before maintenance, stop and destruction.
public struct Carrying: Sendable, Hashable {
    /// How many servers really serve.
    public let serving: Int
    public let needed: Int
    /// For people: what keeps the others from serving, a line each.
    public let obstacles: [String]

    public var isEnough: Bool { serving >= needed }
}

extension TrafficTargets {
    /// Looks at the servers of a color: each one counts that is listed, with an address, no backup, ready, called up by a
    /// check that was asked (in slowstart too), and has at least the weight that it needs.
    ///
    /// - Parameters:
    ///   - share: of the new color; decides which weight is needed.
    ///   - vouched: addresses that someone asked just now: their servers count where no check was asked yet.
    public func carrying(
        _ color: Color, _ rule: TrafficRule, at share: Percent, on name: LoadBalancerID, _ state: LoadBalancerState,
        vouched: Set<String>? = nil
    ) -> Carrying {
        let sides = sides(rule, on: name, state)
        let weights = weights(for: share, rule, on: name, sides)
        let targets = color == direction.old ? weights.old : weights.new
        var serving = 0
        var obstacles: [String] = []
        for place in sides.places(of: color) {
            let server = sides[place]
            let target = targets[server.weighed, default: 0]
            guard target > 0 else { continue }
            if let reason = server.obstacle(weight: target, vouched: vouched) {
                obstacles.append("\(server.name) \(reason)")
            } else {
                serving += 1
            }
        }
        if serving == 0, obstacles.isEmpty { obstacles = ["no server of \(color) can be given traffic"] }
        return Carrying(serving: serving, needed: needed(color, rule, on: name, sides), obstacles: obstacles)
    }
}

extension TrafficTargets {
    /// Whether enough servers of a color would serve with any weight: what a look judges while weights are being restored.
    public func canServe(
        _ color: Color, _ rule: TrafficRule, on name: LoadBalancerID, _ state: LoadBalancerState,
        vouched: Set<String>? = nil
    ) -> Bool {
        let sides = sides(rule, on: name, state)
        return sides.count(of: color) { $0.obstacle(weight: 0, vouched: vouched) == nil }
            >= needed(color, rule, on: name, sides)
    }
}

extension ServerState {
    /// Why a server does not serve with this weight; nil when it does.
    fileprivate func obstacle(weight wanted: Int, vouched: Set<String>?) -> String? {
        if administration != .ready { return "is in \(administration.rawValue)" }
        if weight < wanted { return "has weight \(weight), needs \(wanted)" }
        switch (operation, check) {
        case (.down, _), (_, .failed): return "is down"
        case (.stopping, _): return "is stopping"
        case (_, .pending):
            return vouched?.contains(address) == true ? nil : "is called up, but no check has ended yet"
        case (_, .none):
            guard let vouched, !vouched.contains(address) else { return nil }
            return "has no health check, and did not answer"
        case (_, .passed): return nil
        }
    }
}

/// The servers of a color that a load balancer may send users to at this moment: `edge-1/be_web/blue-1 weight 100`.
public func serversInUse(
    of color: Color, _ states: [LoadBalancerID: LoadBalancerState], _ rules: [TrafficRule]
) -> [String] {
    servers(of: color, states, rules) { $0.mayGetUsers ? "weight \($0.weight)" : nil }
}

/// The same, and those on which a load balancer has sessions still, whatever their weight: all that users may be on.
public func serversWithUsers(
    of color: Color, _ states: [LoadBalancerID: LoadBalancerState], _ rules: [TrafficRule]
) -> [String] {
    servers(of: color, states, rules) { server in
        if server.mayGetUsers { return "weight \(server.weight)" }
        let sessions = server.counters.sessions + server.counters.queued
        return sessions > 0 ? Wording.count(sessions, "session") : nil
    }
}

private func servers(
    of color: Color, _ states: [LoadBalancerID: LoadBalancerState], _ rules: [TrafficRule],
    _ use: (ServerState) -> String?
) -> [String] {
    states.sorted { $0.key < $1.key }.flatMap { name, state in
        rules.on(name).flatMap { rule in
            (state.backends[rule.backend]?.servers ?? []).filter { rule.color(of: $0.name) == color }.compactMap {
                server in use(server).map { "\(name)/\(rule.backend)/\(server.name) \($0)" }
            }
        }
    }
}

extension ServerState {
    fileprivate var mayGetUsers: Bool {
        weight > 0 && administration == .ready && operation != .down && check != .failed
    }
}
