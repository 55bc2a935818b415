import Migration

/// Servers that load balancers are told of: the new color's come in maintenance, the old one's go when no one uses them.
extension TrafficControl {
    /// Has every load balancer list these servers of a color, and no other of it where runs register them.
    package func register(_ servers: RegisteredServers, of color: Color) async throws(Failure) {
        try await turn.exclusive { () async throws(Failure) in
            try await self.claim()
            try await self.remove(of: color, besides: servers)
            _ = try await self.onEach { loadBalancer throws(Failure) in
                try await self.list(servers[loadBalancer.name] ?? [:], on: loadBalancer)
            }
        }
    }

    /// Takes a color's servers off every load balancer, where runs register them.
    package func unregister(_ color: Color) async throws(Failure) {
        try await turn.exclusive { () async throws(Failure) in
            try await self.claim()
            try await self.remove(of: color, besides: [:])
        }
    }

    /// Lists again what reloads lost, on every load balancer.
    func listAgain() async throws(Failure) {
        guard try await !known().registered.isEmpty else { return }
        let observation = try await observe()
        _ = try await onEach { loadBalancer throws(Failure) in
            try await self.listAgain(on: loadBalancer, observation)
        }
    }

    /// Lists again what a reload lost. Servers are ready afterwards, at weight 0.
    ///
    /// - Returns: whether anything was lost.
    @discardableResult
    func listAgain(on loadBalancer: any LoadBalancer, _ observation: TrafficObservation) async throws(Failure) -> Bool {
        let wanted = try await known().registered[loadBalancer.name] ?? [:]
        guard let state = observation.states[loadBalancer.name] else { return false }
        let lost = Registering(wanted, state).additions
        guard !lost.isEmpty else { return false }
        try await list(wanted, on: loadBalancer)
        try await apply(
            lost.flatMap { server in
                [.administration(.drain), .weight(0), .administration(.ready)].map {
                    ServerChange(backend: server.backend, server: server.server, change: $0)
                }
            }, to: loadBalancer)
        return true
    }

    /// Whether a load balancer lost servers that a run put there.
    nonisolated func hasLost(_ registered: RegisteredServers, _ name: LoadBalancerID, _ state: LoadBalancerState)
        -> Bool
    {
        !Registering(registered[name] ?? [:], state).isEmpty
    }

    private func list(
        _ wanted: [String: [RegisteredServer]], on loadBalancer: any LoadBalancer
    ) async throws(Failure) {
        let state = try await loadBalancer.observe()
        let changes = Registering(wanted, state)
        try await apply(changes.removals, to: loadBalancer)
        try await apply(changes.additions, to: loadBalancer)
        guard !changes.isEmpty else { return }
        let left = Registering(wanted, try await loadBalancer.observe())
        guard let first = left.additions.first else { return }
        throw Failure(
            "\(loadBalancer.name) does not list what was added", at: "\(loadBalancer.name)/\(first.backend)",
            details: left.additions.prefix(5).map { "\($0.backend)/\($0.server)" }, kind: .transient)
    }

    /// In maintenance first, so that no one comes; then off the list, as soon as the load balancer lets go of each. Sessions
    /// that are still there after a minute are ended: what they are with goes away.
    private func remove(of color: Color, besides kept: RegisteredServers) async throws(Failure) {
        let patience = clock.uptime + .minutes(1)
        var isFirst = true
        var hasEnded = false
        while true {
            let unwanted = unwanted(of: color, besides: kept, try await observe())
            if unwanted.isEmpty { return }
            if isFirst { try refuseServing(unwanted) }
            isFirst = false
            let asleep = unwanted.filter { $0.server.administration == .maint }
            try await apply(unwanted.filter { $0.server.administration != .maint }, .administration(.maint))
            do throws(Failure) {
                try await apply(asleep, .remove)
            } catch {
                guard error.kind == .transient, clock.uptime < patience + .seconds(30) else { throw error }
            }
            if clock.uptime >= patience, !hasEnded {
                hasEnded = true
                try await apply(asleep, .shutdownSessions)
            }
            do { try await clock.sleep(Period(milliseconds: 100)) } catch { throw .cancelled }
        }
    }

    private func unwanted(
        of color: Color, besides kept: RegisteredServers, _ observation: TrafficObservation
    ) -> [Unwanted] {
        observation.states.keys.sorted().flatMap { name -> [Unwanted] in
            guard let state = observation.states[name] else { return [] }
            return unwantedServers(of: color, rules, besides: kept[name] ?? [:], on: name, state).map {
                Unwanted(name: name, backend: $0.rule.backend, server: $0.server)
            }
        }
    }

    private struct Unwanted: Sendable {
        let name: LoadBalancerID
        let backend: String
        let server: ServerState
    }

    private func refuseServing(_ unwanted: [Unwanted]) throws(Failure) {
        guard let first = unwanted.first(where: \.server.takesTraffic) else { return }
        throw Failure(
            "\(first.name) sends users to \(first.server.name), so it is not taken off",
            at: "\(first.name)/\(first.backend)",
            advice: "Give it weight 0, or see who set it, then run: rz resume \(plan.environment.name)", kind: .refused)
    }

    private func apply(_ unwanted: [Unwanted], _ change: ServerChange.Change) async throws(Failure) {
        let byName = Dictionary(grouping: unwanted, by: \.name).mapValues { servers in
            servers.map { ServerChange(backend: $0.backend, server: $0.server.name, change: change) }
        }
        _ = try await onEach { loadBalancer throws(Failure) in
            try await self.apply(byName[loadBalancer.name, default: []], to: loadBalancer)
        }
    }
}
