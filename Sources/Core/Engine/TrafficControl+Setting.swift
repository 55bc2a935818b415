import Migration

/// Single settings of servers, outside of any share: what drift is taken back by.
extension TrafficControl {
    /// Whether every load balancer has these settings.
    package func hasAll(_ wanted: [LoadBalancerID: [ServerChange]]) async throws(Failure) -> Bool {
        missing(wanted, try await observe()).isEmpty
    }

    /// Makes settings of servers. The live color, the direction's new one, gains before any server loses weight, and only
    /// where it is then proved to carry (invariants I1 and I12).
    package func set(_ wanted: [LoadBalancerID: [ServerChange]]) async throws(Failure) {
        try await turn.exclusive { () async throws(Failure) in
            try await self.claim()
            try await self.bringIn(wanted)
            let start = try await self.observe()
            try await self.apply(self.missing(wanted, start).filter { self.isRaise($0.change, $0.now) })
            let raised = try await self.observeFreshly()
            let rest = self.missing(wanted, raised)
            guard !rest.contains(where: { self.isRaise($0.change, $0.now) }) else {
                throw await self.notMade(rest)
            }
            try await self.refuseUnlessLiveCarries(rest, raised)
            try await self.apply(rest, provedBy: raised)
            let left = self.missing(wanted, try await self.observe())
            guard left.isEmpty else { throw await self.notMade(left) }
        }
    }

    private func notMade(_ left: [Missing]) -> Failure {
        Failure(
            "Settings read back are not those that were made", at: left.first?.name.text,
            details: left.prefix(5).map { "\($0.name)/\($0.change.backend)/\($0.change.server)" }, kind: .transient)
    }

    /// Out of maintenance goes through `drain`: a server gets users once a check has passed, or, where there is none, it
    /// answers. One that does not goes back into maintenance. One in `drain` may have been left there by an rz that died.
    private func bringIn(_ wanted: [LoadBalancerID: [ServerChange]]) async throws(Failure) {
        let held = missing(wanted, try await observe()).filter {
            $0.change.change == .administration(.ready)
        }
        guard !held.isEmpty else { return }
        let asleep = held.filter { $0.now.administration == .maint }
        func put(_ administration: ServerState.Administration) async throws(Failure) {
            try await apply(
                asleep.map { one in
                    var one = one
                    one.change.change = .administration(administration)
                    return one
                })
        }
        try await put(.drain)
        let deadline = clock.uptime + .seconds(60)
        while let first = try await down(held).first {
            let isCancelled = await isCancelledAfterPause()
            guard clock.uptime < deadline, !isCancelled else {
                try await put(.maint)
                if isCancelled { throw .cancelled }
                throw Failure(
                    "\(first.change.server) is not up after 1m, and gets no users",
                    at: "\(first.name)/\(first.change.backend)", advice: "See the health check of this server.",
                    kind: .transient)
            }
        }
    }

    private func isCancelledAfterPause() async -> Bool {
        do { try await clock.sleep(Period(milliseconds: 100)) } catch { return true }
        return false
    }

    /// Those of these servers that would not serve.
    private func down(_ held: [Missing]) async throws(Failure) -> [Missing] {
        let observation = try await observe()
        var down: [Missing] = []
        for one in held {
            guard let server = server(one.change, on: one.name, observation), server.operation != .down,
                server.check != .pending, server.check != .failed
            else {
                down.append(one)
                continue
            }
            guard server.check == .none else { continue }
            let sample = await prober.ask(
                Probe(.tcp(address: nil)), target: server.address, inventory: inventories[direction.new] ?? Inventory(),
                other: inventories[direction.old] ?? Inventory())
            if sample.verdict != .pass { down.append(one) }
        }
        return down
    }

    /// A setting that a server does not have.
    private struct Missing: Sendable {
        let name: LoadBalancerID
        var change: ServerChange
        let now: ServerState
    }

    private nonisolated func missing(
        _ wanted: [LoadBalancerID: [ServerChange]], _ observation: TrafficObservation
    ) -> [Missing] {
        wanted.sorted { $0.key < $1.key }.flatMap { name, changes in
            changes.compactMap { change -> Missing? in
                guard let now = server(change, on: name, observation) else { return nil }
                switch change.change {
                case .weight(let weight) where now.weight == weight: return nil
                case .administration(let administration) where now.administration == administration: return nil
                default: return Missing(name: name, change: change, now: now)
                }
            }
        }
    }

    private nonisolated func server(
        _ change: ServerChange, on name: LoadBalancerID, _ observation: TrafficObservation
    ) -> ServerState? {
        observation.states[name]?.backends[change.backend]?.servers.first { $0.name == change.server }
    }

    private nonisolated func isRaise(_ change: ServerChange, _ now: ServerState) -> Bool {
        switch change.change {
        case .weight(let weight): weight > now.weight
        case .administration(let administration): administration == .ready
        case .shutdownSessions, .takeQueue, .add, .remove: false
        }
    }

    private func refuseUnlessLiveCarries(
        _ rest: [Missing], _ observation: TrafficObservation
    ) throws(Failure) {
        let targets = targets(FoundTraffic(observation, rules))
        for one in rest {
            guard let rule = rules.first(where: { $0.backend == one.change.backend }),
                let state = observation.states[one.name],
                !targets.canServe(direction.new, rule, on: one.name, state)
            else { continue }
            throw Failure(
                "\(direction.new) does not serve \(rule.backend) on \(one.name), so no weight was lowered there",
                at: "\(one.name)/\(rule.backend)", advice: "See why these servers do not serve.", kind: .transient)
        }
    }

    private func apply(_ changes: [Missing], provedBy look: TrafficObservation? = nil) async throws(Failure) {
        let byName = Dictionary(grouping: changes, by: \.name).mapValues { $0.map(\.change) }
        _ = try await onEach { loadBalancer throws(Failure) in
            let process = look?.states[loadBalancer.name]?.process
            try await self.apply(byName[loadBalancer.name, default: []], to: loadBalancer, in: process)
        }
    }
}
