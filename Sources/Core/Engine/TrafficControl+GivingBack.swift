import Migration

/// The way back to an earlier share: a step that failed, all traffic to the old color, or what a load balancer lost.
///
/// Each load balancer goes by itself, and on it each backend: what can't return keeps none of the others (I13).
extension TrafficControl {
    /// All traffic to the old color, from wherever it is, and what was found restored. Tries until it is done, for as
    /// long as the environment says.
    ///
    /// - Parameter isWanted: whether to go on trying; asked between two tries.
    /// - Returns: the load balancers that were read back, and how long it took.
    /// - Throws: `Failure` that names what did not return.
    func returnToOldColor(
        while isWanted: @escaping @Sendable () async -> Bool
    ) async throws(Failure) -> ([LoadBalancerID], Period) {
        try await record(.trafficReturnIntended)
        let begin = clock.uptime
        let patience = plan.environment.limits.returnFor ?? Limits.usualReturn
        try await turn.exclusive { () async throws(Failure) in
            var lookedAt: Period
            // What returned at once may have failed while another load balancer was waited for.
            repeat {
                lookedAt = self.clock.uptime
                let left = max(.zero, patience - (lookedAt - begin))
                try await self.giveBack(to: .none, for: left, while: isWanted)
            } while self.clock.uptime - lookedAt > TrafficControl.freshness
        }
        tally = TrafficTally(rules: rules)
        return (loadBalancers.map(\.name), clock.uptime - begin)
    }

    func undoShift(to before: Percent, _ targets: TrafficTargets, after failure: Failure) async throws(Failure) {
        var failed = failure
        do throws(Failure) {
            try await giveBack(to: before, for: .seconds(5)) { !Task.isCancelled }
            failed.details.append("The step was undone on every load balancer.")
        } catch {
            failed.details.append("The step was undone where that was possible. \(error.summary)")
            failed.details += error.details
        }
        throw failed
    }

    private func giveBack(
        to share: Percent, for patience: Period, while isWanted: @escaping @Sendable () async -> Bool
    ) async throws(Failure) {
        let outcomes = await outcomes { loadBalancer throws(Failure) in
            try await self.giveBack(to: share, on: loadBalancer, for: patience, while: isWanted)
        }
        var open: [String] = []
        for name in outcomes.keys.sorted() {
            guard case .failure(let failure)? = outcomes[name] else { continue }
            if failure.kind == .refused { throw failure }
            open += failure.details.map { $0.hasPrefix(name.text) ? $0 : "\(name): \($0)" }
        }
        guard open.isEmpty else {
            let back = outcomes.keys.sorted().filter { if case .success? = outcomes[$0] { true } else { false } }
            throw Failure(
                "The traffic is not verified to be back on \(outcomes.count - back.count) of \(outcomes.count) load "
                    + "balancers",
                at: outcomes.keys.sorted().first { !back.contains($0) }?.text,
                details: open + ["verified: \(back.isEmpty ? "none" : back.map(\.text).joined(separator: ", "))"],
                advice: "Fix what is named, then run: rz resume \(plan.environment.name), which finishes the return "
                    + "first.", kind: .transient)
        }
    }

    /// Tries on one load balancer until nothing is left to do there.
    private func giveBack(
        to share: Percent, on loadBalancer: any LoadBalancer, for patience: Period,
        while isWanted: @Sendable () async -> Bool
    ) async throws(Failure) {
        let deadline = clock.uptime + patience
        while true {
            var open: [String]
            do throws(Failure) {
                open = try await settle(at: share, on: loadBalancer)
                if open.isEmpty { return }
            } catch {
                if error.kind == .refused { throw error }
                open = ["\(error.summary)" + (error.details.first.map { " (\($0))" } ?? "")]
            }
            if share == .none, noted.insert("\(loadBalancer.name) \(open[0])").inserted {
                try await record(.noted(text: "\(loadBalancer.name): not all traffic is back yet: \(open[0])"))
            }
            guard clock.uptime < deadline, await isWanted() else {
                throw Failure("Not all traffic is back on \(loadBalancer.name)", details: open, kind: .transient)
            }
            do { try await clock.sleep(Period(milliseconds: 200)) } catch { throw .cancelled }
        }
    }

    /// Brings one load balancer to a share: raises first, proves, then lowers, backend by backend.
    ///
    /// - Parameter resting: what the old color's servers are in, once they were taken out of service.
    /// - Returns: what could not be done, a line for each backend; empty when everything is as it has to be.
    func settle(
        at share: Percent, on loadBalancer: any LoadBalancer, resting: ServerState.Administration? = nil
    ) async throws(Failure) -> [String] {
        let name = loadBalancer.name
        var observation = try await lookFreshly(at: loadBalancer)
        let targets = try await targets(observation)
        let isTakenOut = try await known().isOldTakenOut
        let awake =
            share == .all || !isTakenOut ? [] : administrationFound(of: direction.old, observation, on: name, targets)
        let out = observation.states[name].map { targets.takenOut(on: name, $0) } ?? []
        if !(awake + out).isEmpty {
            try await apply(awake + out, to: loadBalancer)
            observation = try await lookFreshly(at: loadBalancer)
        }
        let raises = changes(for: share, on: name, observation, targets).filter(\.isRaise)
        if !raises.isEmpty {
            observation = try await raise(raises.map(\.change), to: share, on: loadBalancer)
        }
        guard let state = observation.states[name] else { return ["no answer"] }
        let vouched = share == .all ? nil : await vouched(for: direction.old, state, on: name, targets)
        var open: [String] = []
        var lowers: [ServerChange] = []
        let pending = Dictionary(grouping: changes(for: share, on: name, observation, targets), by: \.backend)
        for rule in rules {
            let proof = Proof(rule, at: share, on: name, state, targets, vouched)
            open += proof.missing
            lowers += pending[rule.backend, default: []]
                .filter { $0.color == direction.old ? proof.mayLowerOld : proof.mayLowerNew }.map(\.change)
            if share == .none, proof.mayLowerNew { lowers += farewell(rule, state, on: name, targets) }
            if let resting, proof.mayLowerOld { lowers += rest(resting, rule, state, on: name, targets) }
        }
        if !lowers.isEmpty {
            try await apply(lowers, to: loadBalancer)
            observation = try await look(at: loadBalancer)
        }
        if share == .none { open += try await unblock(observation, on: loadBalancer, targets) }
        return open
            + wrongWeights(for: share, observation, targets).map(\.text).filter { _ in open.isEmpty }.prefix(5)
    }

    /// Raises, and reads back what that led to. Where sessions decide what is done next, they are counted once more.
    private func raise(
        _ changes: [ServerChange], to share: Percent, on loadBalancer: any LoadBalancer
    ) async throws(Failure) -> TrafficObservation {
        let began = clock.uptime
        let state = try await change(changes, on: loadBalancer)
        let isCounted = share == .none && rules.contains { state.backends[$0.backend]?.isPersistent ?? false }
        guard clock.uptime - began <= TrafficControl.freshness, !isCounted else {
            return try await lookFreshly(at: loadBalancer)
        }
        return TrafficObservation(time: clock.now, states: [loadBalancer.name: state])
    }

    private func changes(
        for share: Percent, on name: LoadBalancerID, _ observation: TrafficObservation, _ targets: TrafficTargets
    ) -> [WeightChange] {
        observation.states[name].map { targets.changes(for: share, on: name, $0) } ?? []
    }

    /// Which color may be lowered in a backend: the one whose other side serves there.
    private struct Proof {
        var mayLowerOld = true
        var mayLowerNew = true
        var missing: [String] = []

        init(
            _ rule: TrafficRule, at share: Percent, on name: LoadBalancerID, _ state: LoadBalancerState,
            _ targets: TrafficTargets, _ vouched: Set<String>?
        ) {
            // Whoever serves now is lowered for no one, even where no one served when it was found.
            let isServed =
                targets.wasServed(rule, on: name) || targets.canServe(targets.direction.new, rule, on: name, state)
            if share < .all, isServed {
                let old = targets.carrying(targets.direction.old, rule, at: share, on: name, state, vouched: vouched)
                mayLowerNew = old.isEnough
                if !old.isEnough { missing.append(sentence(targets.direction.old, rule, name, old)) }
                // A weight above what was found would give the new color more before it is lowered itself.
                if share == .none { mayLowerOld = old.isEnough }
            }
            if share > .none, isServed || targets.mustBeCarried(rule, on: name, state) {
                let new = targets.carrying(targets.direction.new, rule, at: share, on: name, state)
                mayLowerOld = new.isEnough
                if !new.isEnough { missing.append(sentence(targets.direction.new, rule, name, new)) }
            }
        }

        private func sentence(_ color: Color, _ rule: TrafficRule, _ name: LoadBalancerID, _ carrying: Carrying)
            -> String
        {
            let why = carrying.obstacles.isEmpty ? "" : " (\(carrying.obstacles.prefix(5).joined(separator: ", ")))"
            return
                "\(name)/\(rule.backend): \(carrying.serving) servers of \(color) serve, needs \(carrying.needed)\(why)"
        }
    }

    // MARK: - Queues

    /// Lets the old color's servers take the requests that wait in a backend's queue.
    ///
    /// HAProxy (2.6.12, measured) takes every server for full while at least as many requests wait as there are servers,
    /// and hands them to a server only when that ends a request or leaves maintenance. Raised from weight 0, the old
    /// color's servers have no request to end: each user waits behind the others, and gets 503 in the end.
    ///
    /// - Returns: a line for each backend whose requests wait although servers of the old color are free.
    private func unblock(
        _ observation: TrafficObservation, on loadBalancer: any LoadBalancer, _ targets: TrafficTargets
    ) async throws(Failure) -> [String] {
        let name = loadBalancer.name
        guard let state = observation.states[name] else { return [] }
        var open: [String] = []
        var wake: [ServerChange] = []
        for rule in rules {
            let waiting = state.backends[rule.backend]?.own.queued ?? 0
            let servers = targets.movable(direction.old, rule, on: name, state).filter(\.takesTraffic)
            guard waiting > 0, let first = servers.first, !servers.contains(where: { $0.counters.sessions > 0 }) else {
                continue
            }
            open.append(
                "\(name)/\(rule.backend): \(waiting) requests wait although servers of \(direction.old) are free")
            // One that took requests within the last second is not passed over.
            guard !servers.contains(where: { $0.counters.rate > 0 }) else { continue }
            wake += [ServerState.Administration.maint, .ready].map {
                ServerChange(backend: rule.backend, server: first.name, change: .administration($0))
            }
        }
        try await apply(wake, to: loadBalancer)
        return open
    }

    // MARK: - Administration

    /// What brings the servers of a color back to the administration that was found.
    private func administrationFound(
        of color: Color, _ observation: TrafficObservation, on name: LoadBalancerID, _ targets: TrafficTargets
    ) -> [ServerChange] {
        guard let state = observation.states[name] else { return [] }
        return rules.flatMap { rule in
            targets.movable(color, rule, on: name, state).compactMap { server -> ServerChange? in
                let found = targets.found.server(server.name, in: rule.backend, on: name)?.administration ?? .ready
                guard server.administration != found else { return nil }
                return ServerChange(backend: rule.backend, server: server.name, change: .administration(found))
            }
        }
    }

    /// What the new color's servers are left in: what was found, but in maintenance where users would stay at them
    /// whatever their weight, their sessions ended.
    private func farewell(
        _ rule: TrafficRule, _ state: LoadBalancerState, on name: LoadBalancerID, _ targets: TrafficTargets
    ) -> [ServerChange] {
        let keepsUsers = state.backends[rule.backend]?.isPersistent ?? false
        return targets.movable(direction.new, rule, on: name, state).flatMap { server -> [ServerChange] in
            func change(_ change: ServerChange.Change) -> ServerChange {
                ServerChange(backend: rule.backend, server: server.name, change: change)
            }
            if keepsUsers {
                guard server.administration != .maint else { return [] }
                return [change(.administration(.maint))]
                    + (server.counters.sessions > 0 ? [change(.shutdownSessions)] : [])
            }
            let found = targets.found.server(server.name, in: rule.backend, on: name)?.administration ?? .ready
            return server.administration == found ? [] : [change(.administration(found))]
        }
    }

    /// What puts the old color's servers back into what they were left in.
    private func rest(
        _ administration: ServerState.Administration, _ rule: TrafficRule, _ state: LoadBalancerState,
        on name: LoadBalancerID, _ targets: TrafficTargets
    ) -> [ServerChange] {
        targets.movable(direction.old, rule, on: name, state).filter { $0.administration == .ready }.map {
            ServerChange(backend: rule.backend, server: $0.name, change: .administration(administration))
        }
    }

    // MARK: - Asking servers

    /// The addresses of servers that answer, of those whose load balancer has not asked them yet: a server that has just
    /// left maintenance is called up for as long as its first check takes, dead or alive.
    func vouched(
        for color: Color, _ state: LoadBalancerState, on name: LoadBalancerID, _ targets: TrafficTargets
    ) async -> Set<String> {
        let unasked = rules.flatMap { rule in
            targets.movable(color, rule, on: name, state)
                .filter { $0.administration == .ready && ($0.check == .pending || $0.check == .none) }.map(\.address)
        }
        guard !unasked.isEmpty else { return [] }
        let relative = plan.environment.gates.service.probes.filter(\.isRelative)
        let probes = relative.isEmpty ? [Probe(.tcp(address: nil))] : relative
        let inventory = inventories[color] ?? Inventory()
        let other = inventories[color.other] ?? Inventory()
        let prober = prober
        return await withTaskGroup(of: String?.self) { group in
            for address in Set(unasked).sorted() {
                group.addTask {
                    for probe in probes {
                        let sample = await prober.ask(
                            probe, target: address, inventory: inventory, other: other)
                        if sample.verdict != .pass { return nil }
                    }
                    return address
                }
            }
            var vouched: Set<String> = []
            for await address in group { if let address { vouched.insert(address) } }
            return vouched
        }
    }
}
