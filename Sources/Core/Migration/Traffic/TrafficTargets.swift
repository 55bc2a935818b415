/// The setting of each server for a share of the traffic, from what was found and what is set there now. Pure.
public struct TrafficTargets: Sendable {
    public let found: FoundTraffic
    public let rules: [TrafficRule]
    public let direction: Direction
    /// Servers that each backend needs in a color that carries it, on each load balancer.
    public let minHealthy: Int
    /// The same as a part of the servers that served the backend when it was found.
    public let minHealthyPart: Percent
    /// Whether the old color does not answer. That it does not serve a backend then says nothing of who needs it.
    public let isOldUnreachable: Bool

    public init(
        found: FoundTraffic, rules: [TrafficRule], direction: Direction, minHealthy: Int,
        minHealthyPart: Percent? = nil, isOldUnreachable: Bool = false
    ) {
        self.isOldUnreachable = isOldUnreachable
        self.found = found
        self.rules = rules
        self.direction = direction
        self.minHealthy = max(1, minHealthy)
        self.minHealthyPart = minHealthyPart ?? .none
    }

    /// The servers of a color that weights move. A server that no one has found before takes part like the others.
    public func movable(_ color: Color, _ rule: TrafficRule, on name: LoadBalancerID, _ state: LoadBalancerState)
        -> [ServerState]
    {
        sides(rule, on: name, state).servers(of: color)
    }

    /// The servers of both colors that weights move, in place.
    struct Sides {
        /// A server's place in the backend, and in what was found there.
        struct Place {
            var now: Int
            var found: Int?
        }

        let scale: WeightScale
        private let old: Color
        private let servers: [ServerState]
        private let found: [FoundServer]
        fileprivate(set) var ofOld: [Place] = []
        fileprivate(set) var ofNew: [Place] = []

        fileprivate init(old: Color, _ servers: [ServerState], _ found: [FoundServer], _ scale: WeightScale) {
            self.scale = scale
            self.old = old
            self.servers = servers
            self.found = found
            ofOld.reserveCapacity(servers.count)
            ofNew.reserveCapacity(servers.count)
        }

        func places(of color: Color) -> [Place] { color == old ? ofOld : ofNew }
        func servers(of color: Color) -> [ServerState] { places(of: color).map { servers[$0.now] } }
        func count(of color: Color, where fits: (ServerState) -> Bool) -> Int {
            places(of: color).count { fits(servers[$0.now]) }
        }

        subscript(place: Place) -> ServerState { _read { yield servers[place.now] } }
        func found(_ place: Place) -> FoundServer? { place.found.map { found[$0] } }
    }

    func sides(_ rule: TrafficRule, on name: LoadBalancerID, _ state: LoadBalancerState) -> Sides {
        let servers = state.backends[rule.backend]?.servers ?? []
        var known = FoundServers(found.servers[name]?[rule.backend] ?? [])
        var sides = Sides(old: direction.old, servers, known.servers, state.scale(of: rule.backend))
        let patterns = ColorPatterns(rule)
        for now in servers.indices where servers[now].isMovable {
            guard let color = patterns.color(of: servers[now].name) else { continue }
            let found = known.place(of: servers[now].name, near: now)
            if color == direction.new {
                sides.ofNew.append(Sides.Place(now: now, found: found))
            } else if found.map({ known.servers[$0].tookPart }) ?? true {
                sides.ofOld.append(Sides.Place(now: now, found: found))
            }
        }
        return sides
    }

    /// The weights of a backend for a share, by what each belongs to: a server, or a group of them.
    public func weights(
        for share: Percent, _ rule: TrafficRule, on name: LoadBalancerID, _ state: LoadBalancerState
    ) -> Weights {
        weights(for: share, rule, on: name, sides(rule, on: name, state))
    }

    func weights(for share: Percent, _ rule: TrafficRule, on name: LoadBalancerID, _ sides: Sides) -> Weights {
        let scale = sides.scale
        var old: [String: Int] = [:]
        var missing = (old: 0, new: 0)
        for place in sides.ofOld where old[sides[place].weighed] == nil {
            let found = sides.found(place)
            let configured = sides[place].configuredWeight ?? 0
            old[sides[place].weighed] = found?.weight ?? (configured > 0 ? configured : scale.usual)
            if let found, !found.serves, sides[place].group == nil { missing.old += found.weight }
        }
        // Where the old color is listed no more, by what it had when it was found.
        let known = old.isEmpty ? weightsFound(rule, on: name) : Array(old.values)
        let usual = known.isEmpty ? scale.usual : max(1, known.reduce(0, +) / known.count)
        // Weights of the configuration count only where each server has one: beside a 0 they say nothing.
        let areConfigured = sides.ofNew.allSatisfy { sides[$0].configuredWeight ?? 0 > 0 }
        var new: [String: Int] = [:]
        for place in sides.ofNew where new[sides[place].weighed] == nil {
            let weight = areConfigured ? sides[place].configuredWeight ?? usual : usual
            new[sides[place].weighed] = weight
            if sides.found(place)?.serves == false, sides[place].group == nil { missing.new += weight }
        }
        let share = self.share(share, of: rule, on: name, scale)
        return Weights(
            share: share, old: old, new: new, missing: missing, atLeast: neededOfNew(rule, on: name), scale: scale)
    }

    /// Whether a backend belongs to the new color as a whole, whatever its share elsewhere: the old color does not answer,
    /// and did not serve it when it was found. It is never given back.
    public func isGivenUp(_ rule: TrafficRule, on name: LoadBalancerID) -> Bool {
        isOldUnreachable && !wasServed(rule, on: name)
    }

    /// The share that a backend gets: of those that the old color can't serve all, from the first step on.
    public func share(
        _ share: Percent, of rule: TrafficRule, on name: LoadBalancerID, _ scale: WeightScale
    ) -> Percent {
        isGivenUp(rule, on: name) ? .all : scale.settable(share)
    }

    private func weightsFound(_ rule: TrafficRule, on name: LoadBalancerID) -> [Int] {
        (found.servers[name]?[rule.backend] ?? [])
            .filter { rule.color(of: $0.name) == direction.old && $0.tookPart }.map(\.weight)
    }

    /// The changes that are left to do for a share, servers in maintenance left alone.
    ///
    /// Of each backend in an order in which the new color never has more on the way than it is to have, where a load
    /// balancer makes one after the other: the old color is raised first, and lowered last.
    ///
    /// - Parameter held: the color whose servers in maintenance count, too: they are to leave it.
    public func changes(
        for share: Percent, on name: LoadBalancerID, _ state: LoadBalancerState, withHeld held: Color? = nil
    ) -> [WeightChange] {
        var changes: [WeightChange] = []
        for rule in rules.on(name) {
            let sides = sides(rule, on: name, state)
            let weights = weights(for: share, rule, on: name, sides)
            var lowers: [WeightChange] = []
            for color in [direction.old, direction.new] {
                let targets = color == direction.old ? weights.old : weights.new
                for place in sides.places(of: color) {
                    let (server, weight) = (sides[place].name, sides[place].weight)
                    guard let target = targets[sides[place].weighed], weight != target,
                        sides[place].administration != .maint || color == held
                    else { continue }
                    let change = WeightChange(
                        backend: rule.backend, color: color, server: server, from: weight, to: target)
                    if change.isRaise { changes.append(change) } else { lowers.append(change) }
                }
            }
            changes += lowers.filter { $0.color == direction.new } + lowers.filter { $0.color == direction.old }
        }
        return changes
    }

    /// What puts servers of the old color out again that a person had taken out when the run found them: a reload makes
    /// them ready, with their configured weight. One that is down then gets users as soon as its check passes.
    public func takenOut(on name: LoadBalancerID, _ state: LoadBalancerState) -> [ServerChange] {
        rules.on(name).flatMap { rule in
            var before = FoundServers(found.servers[name]?[rule.backend] ?? [])
            return (state.backends[rule.backend]?.servers ?? []).enumerated().compactMap {
                place, server -> ServerChange? in
                guard server.administration == .ready, server.weight > 0,
                    let known = before.place(of: server.name, near: place).map({ before.servers[$0] }), !known.tookPart,
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

    /// Whether the new color has to prove that it carries a backend before the old one is lowered there: the old one served
    /// it when the run found it, or serves it by now, or the new one itself was seen to serve it. Where the new one lists no
    /// server, as after a reload that lost them, it never can: whoever of the old color comes back must find its weight.
    public func mustBeCarried(_ rule: TrafficRule, on name: LoadBalancerID, _ state: LoadBalancerState) -> Bool {
        isOldUnreachable || wasServed(rule, on: name) || isServedByNew(rule, on: name)
            || movable(direction.new, rule, on: name, state).isEmpty
            || movable(direction.old, rule, on: name, state).contains { $0.takesTraffic && $0.check != .failed }
    }

    /// Whether a server of the new color was seen to serve a backend during the run: its users may be on no one else.
    private func isServedByNew(_ rule: TrafficRule, on name: LoadBalancerID) -> Bool {
        found.servers[name]?[rule.backend]?.contains { rule.color(of: $0.name) == direction.new && $0.serves } ?? false
    }

    /// How many servers a color needs to carry a backend: of the old one no more than it had when it was found, less
    /// those that a person has taken out since, and no part of these: nothing keeps traffic from going back to it.
    func needed(_ color: Color, _ rule: TrafficRule, on name: LoadBalancerID, _ sides: Sides) -> Int {
        guard color == direction.old, found.servers[name]?[rule.backend] != nil else {
            return neededOfNew(rule, on: name)
        }
        let ready = sides.count(of: color) { $0.administration == .ready }
        return max(1, min(minHealthy, servingFound(rule, on: name), ready))
    }

    /// How many servers the new color needs to carry a backend.
    public func neededOfNew(_ rule: TrafficRule, on name: LoadBalancerID) -> Int {
        let part = servingFound(rule, on: name) * minHealthyPart.thousandths
        return max(minHealthy, (part + Percent.all.thousandths - 1) / Percent.all.thousandths)
    }

    /// How many servers of the old color served a backend when it was found.
    public func servingFound(_ rule: TrafficRule, on name: LoadBalancerID) -> Int {
        (found.servers[name]?[rule.backend] ?? []).count { rule.color(of: $0.name) == direction.old && $0.serves }
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
