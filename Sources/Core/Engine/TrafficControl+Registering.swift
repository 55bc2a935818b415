import Migration

/// Servers that load balancers are told of: the new color's come in maintenance, the old one's go when no one uses them.
extension TrafficControl {
    /// Has every load balancer list these servers of the new color, and no other of it where runs register them.
    package func register(_ servers: RegisteredServers, of color: Color) async throws(Failure) {
        try await turn.exclusive { () async throws(Failure) in
            // In the same turn, so that no one lists again what is taken off.
            try await self.record(.serversRegistered(servers: servers))
            try await self.claim()
            try await self.remove(of: color, besides: servers)
            _ = try await self.onEach { loadBalancer throws(Failure) in
                try await self.list(servers[loadBalancer.name] ?? [:], on: loadBalancer)
            }
        }
    }

    /// Takes the new color's servers off again, on the way back.
    package func takeOff(_ color: Color) async throws(Failure) {
        try await turn.exclusive { () async throws(Failure) in
            try await self.record(.serversRegistered(servers: [:]))
            try await self.claim()
            // A claim may have waited for long.
            if self.plan.unreachable == nil { try await self.refuseToTakeDownWhatServes() }
            try await self.remove(of: color, besides: [:])
        }
    }

    /// Takes a color's servers off every load balancer, where runs register them.
    package func unregister(_ color: Color) async throws(Failure) {
        try await turn.exclusive { () async throws(Failure) in
            try await self.claim()
            try await self.remove(of: color, besides: [:])
        }
    }

    /// Has the list follow tasks that were restarted: they are listed at weight 0, get their share like servers that a
    /// reload lost, and whose tasks are gone are taken off once no one is sent to them.
    func follow(_ servers: RegisteredServers, of color: Color) async throws(Failure) {
        let isListed = looks.allSatisfy { name, look in
            look.now.states[name].map { self.isListed(servers[name] ?? [:], of: color, on: name, $0) } ?? true
        }
        guard try await known().registered != servers || !isListed else { return }
        try await turn.exclusive { () async throws(Failure) in
            let listed = try await self.known().registered
            // A rollback may have taken all off meanwhile.
            guard !listed.isEmpty else { return }
            if listed != servers {
                try await self.record(.serversRegistered(servers: servers))
                try await self.record(.noted(text: self.moved(from: listed, to: servers)))
            }
            _ = try await self.onEach { loadBalancer throws(Failure) in
                try await self.takeOffOutdated(servers[loadBalancer.name] ?? [:], of: color, on: loadBalancer)
                try await self.listAgain(on: loadBalancer, try await self.look(at: loadBalancer))
            }
        }
    }

    /// For people.
    private nonisolated func moved(from listed: RegisteredServers, to servers: RegisteredServers) -> String {
        func texts(_ servers: RegisteredServers) -> Set<String> {
            Set(
                servers.values.flatMap {
                    $0.flatMap { backend, own in own.map { "\($0.name) at \($0.address) in \(backend)" } }
                })
        }
        let (before, now) = (texts(listed), texts(servers))
        let (gone, new) = (before.subtracting(now).sorted(), now.subtracting(before).sorted())
        return "tasks moved: "
            + [
                new.isEmpty ? nil : "listed now: \(Wording.few(new))",
                gone.isEmpty ? nil : "gone: \(Wording.few(gone))",
            ]
            .compactMap(\.self).joined(separator: "; ")
    }

    private nonisolated func isListed(
        _ wanted: [String: [RegisteredServer]], of color: Color, on name: LoadBalancerID, _ state: LoadBalancerState
    ) -> Bool {
        outdated(wanted, of: color, on: name, state).isEmpty && Registering(wanted, state).isEmpty
    }

    /// What can be listed now. The name of a task that moved is free once its server of before is in maintenance; until
    /// then that one is no server that a reload lost.
    private nonisolated func listable(
        _ wanted: [String: [RegisteredServer]], _ state: LoadBalancerState
    ) -> [String: [RegisteredServer]] {
        guard !wanted.isEmpty else { return wanted }
        let followed = Set(
            plan.environment.traffic.filter { $0.registration?[plan.direction.new]?.service != nil }.map(\.backend))
        guard !followed.isEmpty else { return wanted }
        return Dictionary(
            uniqueKeysWithValues: wanted.map { backend, servers in
                guard followed.contains(backend) else { return (backend, servers) }
                let held = (state.backends[backend]?.servers ?? []).filter { $0.administration != .maint }
                return (
                    backend,
                    servers.filter { server in
                        !held.contains { $0.name == server.name && $0.address != server.address }
                    }
                )
            })
    }

    /// Servers whose tasks are gone, or at another port.
    private nonisolated func outdated(
        _ wanted: [String: [RegisteredServer]], of color: Color, on name: LoadBalancerID, _ state: LoadBalancerState
    ) -> [(rule: TrafficRule, server: ServerState)] {
        let kept = wanted.mapValues { Set($0) }
        return unwantedServers(of: color, plan.environment.traffic, on: name, state).filter {
            $0.rule.registration?[color]?.service != nil
                && kept[$0.rule.backend]?.contains(
                    RegisteredServer(name: $0.server.name, address: $0.server.address)) != true
        }
    }

    /// Those that users are sent to wait until a check has found out; those with sessions, until the load balancer lets go.
    private func takeOffOutdated(
        _ wanted: [String: [RegisteredServer]], of color: Color, on loadBalancer: any LoadBalancer
    ) async throws(Failure) {
        let state = try await loadBalancer.observe()
        let gone = outdated(wanted, of: color, on: loadBalancer.name, state).filter { !$0.server.takesTraffic }
        func changes(_ change: ServerChange.Change, _ isIn: (ServerState) -> Bool) -> [ServerChange] {
            gone.filter { isIn($0.server) }.map {
                ServerChange(backend: $0.rule.backend, server: $0.server.name, change: change)
            }
        }
        try await apply(changes(.administration(.maint)) { $0.administration != .maint }, to: loadBalancer)
        do throws(Failure) {
            try await apply(changes(.remove) { _ in true }, to: loadBalancer)
        } catch {
            guard error.kind == .transient else { throw error }
        }
    }

    /// Lists again what reloads lost, on every load balancer. A name stays taken while a session lasts with who had it
    /// before, which is waited for.
    func listAgain() async throws(Failure) {
        guard try await !known().registered.isEmpty else { return }
        let patience = clock.uptime + .seconds(20)
        while true {
            let observation = try await observe()
            do throws(Failure) {
                _ = try await onEach { loadBalancer throws(Failure) in
                    try await self.listAgain(on: loadBalancer, observation)
                }
                return
            } catch {
                guard error.kind == .transient, clock.uptime < patience else { throw error }
            }
            do { try await clock.sleep(Period(milliseconds: 100)) } catch { throw .cancelled }
        }
    }

    /// Lists again what a reload lost. Servers are ready afterwards, at weight 0.
    ///
    /// - Returns: whether anything was lost.
    @discardableResult
    func listAgain(on loadBalancer: any LoadBalancer, _ observation: TrafficObservation) async throws(Failure) -> Bool {
        let name = loadBalancer.name
        let known = try await known()
        let wanted = known.registered[name] ?? [:]
        guard let state = observation.states[name] else { return false }
        let added = Registering(listable(wanted, state), state).additions.map { ($0.backend, $0.server) }
        let lost = added + halfListed(known.listing[name] ?? [:], wanted, state)
        guard !lost.isEmpty else {
            if known.listing[name] != nil { try await record(.listingIntended(loadBalancer: name, servers: [:])) }
            return false
        }
        // They come in maintenance, and stay there if this is interrupted: then no person put them there.
        let byBackend = Dictionary(grouping: lost, by: \.0).mapValues { $0.map(\.1) }
        try await record(.listingIntended(loadBalancer: name, servers: byBackend))
        try await list(wanted, on: loadBalancer)
        try await apply(
            lost.flatMap { backend, server in
                [.administration(.drain), .weight(0), .administration(.ready)].map {
                    ServerChange(backend: backend, server: server, change: $0)
                }
            }, to: loadBalancer)
        try await record(.listingIntended(loadBalancer: name, servers: [:]))
        return true
    }

    /// Servers that someone of this run was about to make ready.
    private nonisolated func halfListed(
        _ listing: [String: [String]], _ wanted: [String: [RegisteredServer]], _ state: LoadBalancerState
    ) -> [(backend: String, server: String)] {
        listing.sorted { $0.key < $1.key }.flatMap { backend, names in
            names.filter { name in
                wanted[backend]?.contains { $0.name == name } == true
                    && state.backends[backend]?.servers.contains { $0.name == name && $0.administration == .maint }
                        == true
            }.map { (backend, $0) }
        }
    }

    /// Whether a load balancer lost servers that a run put there, or may list some half.
    nonisolated func hasLost(_ known: RunState.Traffic, _ name: LoadBalancerID, _ state: LoadBalancerState) -> Bool {
        known.listing[name] != nil || !Registering(listable(known.registered[name] ?? [:], state), state).isEmpty
    }

    private func list(
        _ wanted: [String: [RegisteredServer]], on loadBalancer: any LoadBalancer
    ) async throws(Failure) {
        let state = try await loadBalancer.observe()
        let changes = Registering(listable(wanted, state), state)
        try await apply(changes.removals, to: loadBalancer)
        try await apply(changes.additions, to: loadBalancer)
        guard !changes.isEmpty else { return }
        let after = try await loadBalancer.observe()
        let left = Registering(listable(wanted, after), after)
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
