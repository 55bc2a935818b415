/// What the way back asks of one load balancer, from what it says now. Pure.
extension TrafficTargets {
    /// Which color may be lowered in a backend: the one whose other side serves there.
    public struct Proof: Sendable, Hashable {
        public fileprivate(set) var mayLowerOld = true
        public fileprivate(set) var mayLowerNew = true
        /// What keeps a color from being lowered, a sentence each.
        public fileprivate(set) var missing: [String] = []
    }

    /// - Parameter wasServedLately: whether the new color could serve the backend a moment ago, even if it can't now.
    public func proof(
        of rule: TrafficRule, at share: Percent, on name: LoadBalancerID, _ state: LoadBalancerState,
        vouched: Set<String>?, wasServedLately: Bool = false
    ) -> Proof {
        var proof = Proof()
        let share = self.share(share, of: rule, on: name, state.scale(of: rule.backend))
        // Whoever serves now is lowered for no one, even where no one served when it was found.
        let isServed =
            wasServed(rule, on: name) || wasServedLately || canServe(direction.new, rule, on: name, state)
        if share < .all, isServed {
            let old = carrying(direction.old, rule, at: share, on: name, state, vouched: vouched)
            proof.demand(old, of: direction.old, "\(name)/\(rule.backend)", lowering: \.mayLowerNew)
            // A weight above what was found would give the new color more before it is lowered itself.
            if share == .none { proof.mayLowerOld = old.isEnough }
        }
        if share > .none, isServed || mustBeCarried(rule, on: name, state) {
            let new = carrying(direction.new, rule, at: share, on: name, state)
            proof.demand(new, of: direction.new, "\(name)/\(rule.backend)", lowering: \.mayLowerOld)
        }
        return proof
    }

    /// Servers of the old color that could take the requests that wait in a backend's queue, one for each such backend.
    /// Those that took requests within the last second are passed over by no one.
    ///
    /// - Returns: of each, whether it has to be woken.
    public func idleBesideQueue(
        on name: LoadBalancerID, _ state: LoadBalancerState
    ) -> [(rule: TrafficRule, waiting: Int, server: String, isAsleep: Bool)] {
        rules.on(name).compactMap { rule in
            let waiting = state.backends[rule.backend]?.own.queued ?? 0
            let servers = movable(direction.old, rule, on: name, state).filter(\.takesTraffic)
            guard waiting > 0, let first = servers.first, !servers.contains(where: { $0.counters.sessions > 0 }) else {
                return nil
            }
            return (rule, waiting, first.name, !servers.contains { $0.counters.rate > 0 })
        }
    }

    /// What brings the servers of a color back to the administration that was found.
    public func administrationFound(
        of color: Color, on name: LoadBalancerID, _ state: LoadBalancerState
    ) -> [ServerChange] {
        rules.on(name).flatMap { rule in
            movable(color, rule, on: name, state).compactMap { server -> ServerChange? in
                let found = found.server(server.name, in: rule.backend, on: name)?.administration ?? .ready
                guard server.administration != found else { return nil }
                return ServerChange(backend: rule.backend, server: server.name, change: .administration(found))
            }
        }
    }

    /// What the new color's servers are left in: what was found, but in maintenance where users would stay at them
    /// whatever their weight, their sessions ended.
    public func farewell(
        _ rule: TrafficRule, on name: LoadBalancerID, _ state: LoadBalancerState
    ) -> [ServerChange] {
        let keepsUsers = state.backends[rule.backend]?.isPersistent ?? false
        return movable(direction.new, rule, on: name, state).flatMap { server -> [ServerChange] in
            func change(_ change: ServerChange.Change) -> ServerChange {
                ServerChange(backend: rule.backend, server: server.name, change: change)
            }
            if keepsUsers {
                guard server.administration != .maint else { return [] }
                return [change(.administration(.maint))]
                    + (server.counters.sessions > 0 ? [change(.shutdownSessions)] : [])
            }
            let found = found.server(server.name, in: rule.backend, on: name)?.administration ?? .ready
            return server.administration == found ? [] : [change(.administration(found))]
        }
    }

    /// What puts the old color's servers back into what they were left in.
    public func rest(
        _ administration: ServerState.Administration, _ rule: TrafficRule, on name: LoadBalancerID,
        _ state: LoadBalancerState
    ) -> [ServerChange] {
        movable(direction.old, rule, on: name, state).filter { $0.administration == .ready }.map {
            ServerChange(backend: rule.backend, server: $0.name, change: .administration(administration))
        }
    }
}

extension TrafficTargets {
    /// The weights that are raised now. A switch takes from the other color with the same command: it is made only where
    /// the color that gains can serve already (invariant I12).
    ///
    /// - Parameters:
    ///   - vouched: addresses of the old color's servers that someone asked just now.
    ///   - servedLately: backends that the new color could serve a moment ago.
    public func raises(
        for share: Percent, on name: LoadBalancerID, _ state: LoadBalancerState, vouched: Set<String>? = nil,
        servedLately: Set<String> = []
    ) -> [WeightChange] {
        changes(for: share, on: name, state).filter { change in
            guard change.isRaise else { return false }
            guard state.scale(of: change.backend).isSwitch,
                let rule = rules.first(where: { $0.backend == change.backend })
            else { return true }
            let isServed =
                wasServed(rule, on: name) || servedLately.contains(rule.backend)
                || movable(change.color.other, rule, on: name, state).contains(where: \.takesTraffic)
            return !isServed
                || canServe(
                    change.color, rule, on: name, state, vouched: change.color == direction.old ? vouched : nil)
        }
    }
}

extension TrafficTargets.Proof {
    fileprivate mutating func demand(
        _ carrying: Carrying, of color: Color, _ place: String, lowering: WritableKeyPath<Self, Bool>
    ) {
        self[keyPath: lowering] = carrying.isEnough
        guard !carrying.isEnough else { return }
        let why = carrying.obstacles.isEmpty ? "" : " (\(carrying.obstacles.prefix(5).joined(separator: ", ")))"
        missing.append("\(place): \(carrying.serving) servers of \(color) serve, needs \(carrying.needed)\(why)")
    }
}
