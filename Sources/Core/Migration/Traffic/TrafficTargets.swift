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
        sides(rule, on: name, state)[color].map(\.now)
    }

    /// A server that weights move, and what was found of it.
    struct Movable {
        var now: ServerState
        var found: FoundServer?
    }

    /// The servers of both colors that weights move.
    struct Sides {
        fileprivate let old: Color
        fileprivate(set) var ofOld: [Movable] = []
        fileprivate(set) var ofNew: [Movable] = []

        subscript(color: Color) -> [Movable] { color == old ? ofOld : ofNew }
    }

    func sides(_ rule: TrafficRule, on name: LoadBalancerID, _ state: LoadBalancerState) -> Sides {
        var sides = Sides(old: direction.old)
        guard let servers = state.backends[rule.backend]?.servers else { return sides }
        var known = FoundServers(found.servers[name]?[rule.backend] ?? [])
        for (place, server) in servers.enumerated() where server.isMovable {
            guard let color = rule.color(of: server.name) else { continue }
            let found = known.server(server.name, near: place)
            if color == direction.new {
                sides.ofNew.append(Movable(now: server, found: found))
            } else if found?.tookPart ?? true {
                sides.ofOld.append(Movable(now: server, found: found))
            }
        }
        return sides
    }

    /// The weights of a backend for a share, by server.
    public func weights(
        for share: Percent, _ rule: TrafficRule, on name: LoadBalancerID, _ state: LoadBalancerState
    ) -> Weights {
        weights(for: share, rule, on: name, sides(rule, on: name, state))
    }

    func weights(for share: Percent, _ rule: TrafficRule, on name: LoadBalancerID, _ sides: Sides) -> Weights {
        var old: [String: Int] = [:]
        var missing = (old: 0, new: 0)
        for server in sides.ofOld {
            let configured = server.now.configuredWeight ?? 0
            old[server.now.name] = server.found?.weight ?? (configured > 0 ? configured : Weights.usual)
            if let known = server.found, !known.serves { missing.old += known.weight }
        }
        // Where the old color is listed no more, by what it had when it was found.
        let known = old.isEmpty ? weightsFound(rule, on: name) : Array(old.values)
        let usual = known.isEmpty ? Weights.usual : max(1, known.reduce(0, +) / known.count)
        // Weights of the configuration count only where each server has one: beside a 0 they say nothing.
        let areConfigured = sides.ofNew.allSatisfy { $0.now.configuredWeight ?? 0 > 0 }
        var new: [String: Int] = [:]
        for server in sides.ofNew where new[server.now.name] == nil {
            let weight = areConfigured ? server.now.configuredWeight ?? usual : usual
            new[server.now.name] = weight
            if server.found?.serves == false { missing.new += weight }
        }
        return Weights(share: share, old: old, new: new, missing: missing, atLeast: minHealthy)
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
        rules.flatMap { rule in
            let sides = sides(rule, on: name, state)
            let weights = weights(for: share, rule, on: name, sides)
            return Color.allCases.flatMap { color in
                let targets = color == direction.old ? weights.old : weights.new
                return sides[color].compactMap { server -> WeightChange? in
                    let server = server.now
                    guard let target = targets[server.name], server.weight != target,
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
        rules.flatMap { rule in
            var before = FoundServers(found.servers[name]?[rule.backend] ?? [])
            return (state.backends[rule.backend]?.servers ?? []).enumerated().compactMap { place, server -> ServerChange? in
                guard server.takesTraffic, let known = before.server(server.name, near: place), !known.tookPart,
                    server.isMovable, rule.color(of: server.name) == direction.old
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
    func needed(_ color: Color, _ rule: TrafficRule, on name: LoadBalancerID, _ sides: Sides) -> Int {
        guard color == direction.old, let servers = found.servers[name]?[rule.backend] else { return minHealthy }
        let serving = servers.count { rule.color(of: $0.name) == color && $0.serves }
        let ready = sides[color].count { $0.now.administration == .ready }
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
