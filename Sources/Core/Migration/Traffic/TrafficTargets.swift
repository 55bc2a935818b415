/// The setting of each server for a share of the traffic, from what was found and what is set there now. Pure.
public struct TrafficTargets: Sendable {
    public let found: FoundTraffic
    public let rules: [TrafficRule]
    public let direction: Direction
    /// Servers that each backend needs in a color that carries it, on each load balancer.
    public let minHealthy: Int

    public init(found: FoundTraffic, rules: [TrafficRule], direction: Direction, minHealthy: Int) {
        self.found = found
        self.rules = rules
        self.direction = direction
        self.minHealthy = max(1, minHealthy)
    }

    /// The servers of a color that weights move. A server that no one has found before takes part like the others.
    public func movable(_ color: Color, _ rule: TrafficRule, on name: LoadBalancerID, _ state: LoadBalancerState)
        -> [ServerState]
    {
        (state.backends[rule.backend]?.servers ?? []).filter { server in
            guard rule.color(of: server.name) == color, server.isMovable else { return false }
            return color == direction.new
                || found.server(server.name, in: rule.backend, on: name)?.tookPart ?? true
        }
    }

    /// The weights of a backend for a share, by what each belongs to: a server, or a group of them.
    public func weights(
        for share: Percent, _ rule: TrafficRule, on name: LoadBalancerID, _ state: LoadBalancerState
    ) -> Weights {
        let scale = state.backends[rule.backend]?.scale ?? WeightScale()
        var old: [String: Int] = [:]
        var missing = (old: 0, new: 0)
        for server in movable(direction.old, rule, on: name, state) where old[server.weighed] == nil {
            let known = found.server(server.name, in: rule.backend, on: name)
            let configured = server.configuredWeight ?? 0
            old[server.weighed] = known?.weight ?? (configured > 0 ? configured : scale.usual)
            if let known, !known.serves, server.group == nil { missing.old += known.weight }
        }
        // Where the old color is listed no more, by what it had when it was found.
        let known = old.isEmpty ? weightsFound(rule, on: name) : Array(old.values)
        let usual = known.isEmpty ? scale.usual : max(1, known.reduce(0, +) / known.count)
        let servers = movable(direction.new, rule, on: name, state)
        // Weights of the configuration count only where each server has one: beside a 0 they say nothing.
        let areConfigured = servers.allSatisfy { $0.configuredWeight ?? 0 > 0 }
        let new = servers.map { ($0.weighed, areConfigured ? $0.configuredWeight ?? usual : usual) }
        for (server, weight) in new where found.server(server, in: rule.backend, on: name)?.serves == false {
            missing.new += weight
        }
        return Weights(
            share: share, old: old, new: Dictionary(new, uniquingKeysWith: { first, _ in first }), missing: missing,
            atLeast: minHealthy, scale: scale)
    }

    private func weightsFound(_ rule: TrafficRule, on name: LoadBalancerID) -> [Int] {
        (found.servers[name]?[rule.backend] ?? [])
            .filter { rule.color(of: $0.name) == direction.old && $0.tookPart }.map(\.weight)
    }

    /// The changes that are left to do for a share, servers in maintenance left alone.
    ///
    /// - Parameter held: the color whose servers in maintenance count, too: they are to leave it.
    public func changes(
        for share: Percent, on name: LoadBalancerID, _ state: LoadBalancerState, withHeld held: Color? = nil
    ) -> [WeightChange] {
        rules.on(name).flatMap { rule in
            let weights = weights(for: share, rule, on: name, state)
            return Color.allCases.flatMap { color in
                let targets = color == direction.old ? weights.old : weights.new
                return movable(color, rule, on: name, state).compactMap { server -> WeightChange? in
                    guard let target = targets[server.weighed], server.weight != target,
                        server.administration != .maint || color == held
                    else { return nil }
                    return WeightChange(
                        backend: rule.backend, color: color, server: server.name, from: server.weight, to: target)
                }
            }
        }
    }

    /// What puts servers of the old color out again that a person had taken out when the run found them: a reload makes
    /// them ready, with their configured weight.
    public func takenOut(on name: LoadBalancerID, _ state: LoadBalancerState) -> [ServerChange] {
        rules.on(name).flatMap { rule in
            (state.backends[rule.backend]?.servers ?? []).compactMap { server -> ServerChange? in
                guard rule.color(of: server.name) == direction.old, server.isMovable, server.takesTraffic,
                    let known = found.server(server.name, in: rule.backend, on: name), !known.tookPart
                else { return nil }
                return ServerChange(
                    backend: rule.backend, server: server.name,
                    change: known.administration == .ready ? .weight(0) : .administration(known.administration))
            }
        }
    }

    /// Whether the old color served a backend when the run found it. What it did not serve, the new one need not.
    public func wasServed(_ rule: TrafficRule, on name: LoadBalancerID) -> Bool {
        found.servers[name]?[rule.backend]?.contains { rule.color(of: $0.name) == direction.old && $0.serves } ?? true
    }

    /// Whether the new color has to prove that it carries a backend before the old one is lowered there. Where it lists no
    /// server, as after a reload that lost them, it never can: whoever of the old color comes back must find its weight.
    public func mustBeCarried(_ rule: TrafficRule, on name: LoadBalancerID, _ state: LoadBalancerState) -> Bool {
        wasServed(rule, on: name) || movable(direction.new, rule, on: name, state).isEmpty
    }

    /// How many servers a color needs to carry a backend: of the old one no more than it had when it was found, less
    /// those that a person has taken out since.
    func needed(_ color: Color, _ rule: TrafficRule, on name: LoadBalancerID, _ state: LoadBalancerState) -> Int {
        guard color == direction.old, let servers = found.servers[name]?[rule.backend] else { return minHealthy }
        let serving = servers.count { rule.color(of: $0.name) == color && $0.serves }
        let ready = movable(color, rule, on: name, state).count { $0.administration == .ready }
        return max(1, min(minHealthy, serving, ready))
    }
}

/// One server's weight that is not yet what a share needs.
public struct WeightChange: Sendable, Hashable {
    public var backend: String
    public var color: Color
    public var server: String
    public var from: Int
    public var to: Int

    public var isRaise: Bool { to > from }
    public var change: ServerChange { ServerChange(backend: backend, server: server, change: .weight(to)) }
}
