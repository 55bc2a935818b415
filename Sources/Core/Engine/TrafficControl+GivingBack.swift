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
                await self.noteShift(since: lookedAt)
                try await self.giveBack(to: .none, for: left, while: isWanted)
            } while self.clock.uptime - lookedAt > TrafficControl.freshness
        }
        tally = TrafficTally(rules: rules)
        try await noteGivenUp()
        return (loadBalancers.map(\.name), clock.uptime - begin)
    }

    func undoShift(to before: Percent, _ targets: TrafficTargets, after failure: Failure) async throws(Failure) {
        var failed = failure
        do throws(Failure) {
            try await giveBack(to: before, for: .seconds(5)) { !Task.isCancelled }
            failed.details.append("The step was undone on every load balancer.")
            try await noteGivenUp()
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
        var observation = try await glanceFreshly(at: loadBalancer)
        // Sessions decide who of remembered users is moved.
        let isCounted =
            share == .none
            && rules.on(name).contains { observation.states[name]?.backends[$0.backend]?.isPersistent ?? false }
        if isCounted { observation = try await lookFreshly(at: loadBalancer) }
        let keepsUsers = try await keepsUsers(at: share, on: name, observation)
        if keepsUsers, try await listAgain(on: loadBalancer, observation) {
            observation = try await lookFreshly(at: loadBalancer)
        }
        let targets = try await targets(observation)
        let isTakenOut = try await known().isOldTakenOut
        let awake =
            share == .all || !isTakenOut
            ? [] : observation.states[name].map { targets.administrationFound(of: direction.old, on: name, $0) } ?? []
        let out = observation.states[name].map { targets.takenOut(on: name, $0) } ?? []
        if !(awake + out).isEmpty {
            try await apply(awake + out, to: loadBalancer)
            observation = try await lookFreshly(at: loadBalancer)
        }
        guard let found = observation.states[name] else { return ["no answer"] }
        let isSwitch = found.backends.values.contains { $0.scale.isSwitch }
        let answering = isSwitch ? await vouched(for: direction.old, found, on: name, targets) : nil
        let lately = rules.on(name).filter { noteServed($0, on: name, found, targets) }.map(\.backend)
        let unasked = keepsUsers ? await unasked(found, on: name, targets) : []
        func isUnasked(_ change: WeightChange) -> Bool { unasked.contains("\(change.backend)/\(change.server)") }
        let raises = targets.raises(
            for: share, on: name, found, vouched: answering, servedLately: Set(lately)
        ).filter { !isUnasked($0) }
        if !raises.isEmpty {
            observation = try await raise(raises.map(\.change), to: share, on: loadBalancer)
        }
        guard let state = observation.states[name] else { return ["no answer"] }
        let vouched = share == .all ? nil : await vouched(for: direction.old, state, on: name, targets)
        var open: [String] = []
        var lowers: [ServerChange] = []
        // What was not raised, as the color that gains can't serve, is not raised now.
        let pending = Dictionary(
            grouping: targets.changes(for: share, on: name, state).filter { !$0.isRaise }, by: \.backend)
        for rule in rules.on(name) {
            let isServed = noteServed(rule, on: name, state, targets)
            let proof = targets.proof(
                of: rule, at: share, on: name, state, vouched: vouched, wasServedLately: isServed)
            open += proof.missing
            lowers += pending[rule.backend, default: []]
                .filter { $0.color == direction.old ? proof.mayLowerOld : proof.mayLowerNew && !isUnasked($0) }
                .map(\.change)
            if share == .none, proof.mayLowerNew, !targets.isGivenUp(rule, on: name) {
                lowers += targets.farewell(rule, on: name, state)
            }
            if let resting, proof.mayLowerOld { lowers += targets.rest(resting, rule, on: name, state) }
        }
        if !lowers.isEmpty || !raises.isEmpty {
            // What was raised is written with this, too.
            _ = try await change(lowers, on: loadBalancer, in: state.process, claiming: true)
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
        let state = try await change(changes, on: loadBalancer, isFollowed: true)
        let isCounted =
            share == .none && rules.on(loadBalancer.name).contains { state.backends[$0.backend]?.isPersistent ?? false }
        guard clock.uptime - began <= TrafficControl.freshness, !isCounted else {
            return try await lookFreshly(at: loadBalancer)
        }
        return TrafficObservation(time: clock.now, states: [loadBalancer.name: state])
    }

    /// Whether the new color could serve a backend within the last half minute, this look included: servers that are gone
    /// for a moment come back, and must find their weight as long as the old color has no one.
    @discardableResult
    func noteServed(
        _ rule: TrafficRule, on name: LoadBalancerID, _ state: LoadBalancerState, _ targets: TrafficTargets
    ) -> Bool {
        let place = "\(name)/\(rule.backend)"
        if targets.canServe(direction.new, rule, on: name, state) { servedAt[place] = clock.uptime }
        return servedAt[place].map { clock.uptime - $0 < .seconds(30) } ?? false
    }

    // MARK: - Queues

    /// Lets the old color's servers take the requests that wait in a backend's queue.
    ///
    /// - Returns: a line for each backend whose requests wait although servers of the old color are free.
    private func unblock(
        _ observation: TrafficObservation, on loadBalancer: any LoadBalancer, _ targets: TrafficTargets
    ) async throws(Failure) -> [String] {
        let name = loadBalancer.name
        let idle = observation.states[name].map { targets.idleBesideQueue(on: name, $0) } ?? []
        let wake = idle.filter(\.isAsleep).map {
            ServerChange(backend: $0.rule.backend, server: $0.server, change: .takeQueue)
        }
        try await apply(wake, to: loadBalancer)
        return idle.map {
            "\(name)/\($0.rule.backend): \($0.waiting) requests wait although servers of \(direction.old) are free"
        }
    }

    // MARK: - Asking servers

    /// The addresses of servers that answer, of those whose load balancer has not asked them yet: a server that has just
    /// left maintenance is called up for as long as its first check takes, dead or alive.
    func vouched(
        for color: Color, _ state: LoadBalancerState, on name: LoadBalancerID, _ targets: TrafficTargets
    ) async -> Set<String> {
        let unasked = rules.on(name).flatMap { rule in
            targets.movable(color, rule, on: name, state)
                .filter { $0.administration == .ready && ($0.check == .pending || $0.check == .none) }.map(\.address)
        }
        guard !unasked.isEmpty else { return [] }
        let relative = plan.environment.gates.service.probes.filter(\.isRelative).map { $0.filled(direction) }
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
