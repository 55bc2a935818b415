import Migration

/// An old color that does not answer: what it can't serve is not given back to it, and at last it is fenced.
extension TrafficControl {
    /// Whether the new color has users on a load balancer at a share, be it that the old one does not serve them, or can't
    /// by this look.
    func keepsUsers(
        at share: Percent, on name: LoadBalancerID, _ observation: TrafficObservation
    ) async throws(Failure) -> Bool {
        if share > .none { return true }
        if try await givenUp().contains(where: { $0.hasPrefix("\(name)/") }) { return true }
        guard let state = observation.states[name] else { return false }
        let targets = try await targets(observation)
        return rules.on(name).contains { !targets.canServe(direction.old, $0, on: name, state) }
    }

    /// Backends, as `edge-1/be_shop`, that the old color did not serve when they were found and that are not given back.
    func givenUp() async throws(Failure) -> [String] {
        guard plan.unreachable != nil, let found = try await known().lastFound else { return [] }
        let targets = targets(found)
        return loadBalancers.map(\.name).flatMap { name in
            rules.on(name).filter { targets.isGivenUp($0, on: name) }.map { "\(name)/\($0.backend)" }
        }
    }

    /// Says which users a return left where they are.
    func noteGivenUp() async throws(Failure) {
        let left = try await givenUp()
        guard !left.isEmpty else { return }
        try await record(
            .noted(
                text:
                    "users of \(left.joined(separator: ", ")) stay on \(direction.new): \(direction.old) does not serve "
                    + "them"))
    }

    /// Puts every server of the old color into maintenance, those too that took no part, and ends their sessions: whatever
    /// comes back to life there gets no users. Only where the new color verifiably carries all traffic at this moment.
    ///
    /// - Returns: how many servers are in maintenance now, as read back.
    package func fenceOldColor() async throws(Failure) -> Int {
        try await turn.exclusive { () async throws(Failure) in
            try await self.claim()
            try await self.onProof { observation throws(Failure) in
                try await self.refuseUnlessCarriesAll(observation)
                _ = try await self.onEach { loadBalancer throws(Failure) in
                    let changes = self.oldServers(on: loadBalancer.name, observation).flatMap { backend, server in
                        let isIn = server.administration == .maint
                        let fence: [ServerChange.Change] = isIn ? [] : [.administration(.maint)]
                        return (fence + (server.counters.sessions > 0 ? [.shutdownSessions] : [])).map {
                            ServerChange(backend: backend, server: server.name, change: $0)
                        }
                    }
                    let process = observation.states[loadBalancer.name]?.process
                    try await self.apply(changes, to: loadBalancer, in: process)
                }
            }
        }
        let after = try await observe()
        let servers = loadBalancers.flatMap { loadBalancer in
            oldServers(on: loadBalancer.name, after).map {
                (place: "\(loadBalancer.name)/\($0.backend)/\($0.server.name)", state: $0.server)
            }
        }
        let open = servers.filter { $0.state.administration != .maint }.map(\.place)
        guard open.isEmpty else {
            throw Failure(
                "Servers of \(direction.old) are not in maintenance, though they were put there", at: open[0],
                details: Array(open.prefix(20)),
                advice: "See who makes them ready, then run: rz resume \(plan.environment.name)", kind: .transient)
        }
        return servers.count
    }

    /// Those that stand anywhere: a slot without an address, or one that a load balancer holds itself, gets no users.
    private nonisolated func oldServers(
        on name: LoadBalancerID, _ observation: TrafficObservation
    ) -> [(backend: String, server: ServerState)] {
        plan.environment.traffic.on(name).flatMap { rule in
            (observation.states[name]?.backends[rule.backend]?.servers ?? []).filter {
                $0.hasAddress && rule.color(of: $0.name) == plan.direction.old
            }.map { (rule.backend, $0) }
        }
    }
}
