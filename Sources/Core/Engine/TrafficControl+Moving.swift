import Migration

/// The way there: green ready, its share, the old color taken out of service.
extension TrafficControl {
    // MARK: - Ready

    /// Makes the new color's servers ready without giving them traffic: out of maintenance through `drain`, because a
    /// weight set in maintenance is ignored, and only at weight zero to `ready`.
    package func prepareNewColor() async throws(Failure) {
        try await turn.exclusive { () async throws(Failure) in
            try await self.claim()
            try await self.prepare()
        }
    }

    /// - Parameter listed: whether only those that stand out of service, as they were listed again, are meant: where others
    ///   serve, no one takes their weight.
    private func prepare(onlyListed listed: Bool = false) async throws(Failure) {
        try await listAgain()
        let observation = try await observe()
        let targets = try await targets(observation)
        try await change(direction.new, observation) { rule, name, server in
            if listed, server.administration == .ready { return [] }
            // Users whom no one else can serve stay with who has them, also while that one is down for a moment.
            if server.weight > 0, server.administration == .ready, targets.isGivenUp(rule, on: name) { return [] }
            var changes: [ServerChange.Change] = []
            if server.administration == .maint { changes.append(.administration(.drain)) }
            if server.weight != 0 { changes.append(.weight(0)) }
            if server.administration != .ready { changes.append(.administration(.ready)) }
            return changes
        }
        try await noteServing(try await waitUntilUp())
    }

    /// Writes down who of the new color serves: a share counts on no one else.
    ///
    /// - Parameter more: whether who served before still counts: one that is down for a moment must not be given more.
    private func noteServing(_ observation: TrafficObservation, more: Bool = false) async throws(Failure) {
        let before = try await targets(observation).found
        var found = before
        for (name, state) in observation.states {
            for rule in rules.on(name) {
                for server in state.backends[rule.backend]?.servers ?? [] {
                    let index = found.servers[name]?[rule.backend]?.firstIndex { $0.name == server.name }
                    guard let index, rule.color(of: server.name) == direction.new else { continue }
                    if more, !server.isUp { continue }
                    found.servers[name]?[rule.backend]?[index].serves = server.isMovable && server.isUp
                }
            }
        }
        if found != before { try await record(.trafficFound(found: found)) }
    }

    /// Lets load balancers check the new color's servers that are in maintenance, without giving them traffic.
    package func wakeNewColor() async throws(Failure) {
        try await turn.exclusive { () async throws(Failure) in
            try await self.listAgain()
            let observation = try await self.observe()
            try await self.change(self.direction.new, observation) { _, _, server in
                server.administration == .maint ? [.administration(.drain)] : []
            }
        }
    }

    /// A server leaves maintenance called up before anyone has asked it: it counts once a check has passed. For a while
    /// each is waited for that no check has asked yet: it would soon take more than the share that was meant for others.
    private func waitUntilUp() async throws(Failure) -> TrafficObservation {
        let began = clock.uptime
        while true {
            let observation = try await observe()
            let targets = try await targets(observation)
            let waited = clock.uptime - began
            let missing = places(observation) { rule, name, state in
                targets.mustBeCarried(rule, on: name, state)
                    && targets.movable(direction.new, rule, on: name, state).count(where: \.isUp)
                        < targets.neededOfNew(rule, on: name)
            }
            let unasked = places(observation) { rule, name, state in
                targets.movable(direction.new, rule, on: name, state).contains { $0.check == .pending }
            }
            if missing.isEmpty, unasked.isEmpty || waited >= .seconds(20) { return observation }
            guard missing.isEmpty || waited < .seconds(60) else {
                throw Failure(
                    "Too few servers of \(direction.new) are up in \(missing.joined(separator: ", ")) after 1m",
                    at: missing[0],
                    advice: "See the health checks of these backends.", kind: .transient)
            }
            do { try await clock.sleep(Period(milliseconds: 100)) } catch { throw .cancelled }
        }
    }

    /// The backends of load balancers that are so, as `edge-1/be_shop`.
    private func places(
        _ observation: TrafficObservation, where isSo: (TrafficRule, LoadBalancerID, LoadBalancerState) -> Bool
    ) -> [String] {
        loadBalancers.map(\.name).flatMap { name in
            rules.on(name).filter { rule in observation.states[name].map { isSo(rule, name, $0) } ?? false }
                .map { "\(name)/\($0.backend)" }
        }
    }

    // MARK: - The move

    /// The new color's share, if every load balancer has exactly the weights for it.
    package func isAt(_ share: Percent, _ observation: TrafficObservation) async throws(Failure) -> Bool {
        wrongWeights(for: share, observation, try await targets(observation)).isEmpty
    }

    /// Gives the new color a share. Where one load balancer fails, the step is undone on all, so that no half flip
    /// remains, and the failure names the one.
    ///
    /// - Parameters:
    ///   - seen: what was seen last, by which weights are raised while it is new. Nothing is lowered by it.
    ///   - began: when that look began.
    package func shift(
        to share: Percent, from before: Percent, seen: TrafficObservation, since began: Period
    ) async throws(Failure) {
        try await turn.exclusive { () async throws(Failure) in
            var isNew = self.clock.uptime - began <= Period(milliseconds: 500)
            let known = try await self.known()
            if seen.states.contains(where: { self.hasLost(known, $0.key, $0.value) }) {
                try await self.prepare(onlyListed: true)
                isNew = false
            }
            let start = isNew ? seen : try await self.observe()
            try await self.noteServing(start, more: true)
            let targets = try await self.targets(start)
            await self.noteShift(since: self.clock.uptime)
            do throws(Failure) {
                try await self.move(to: share, start, targets)
                await self.noteShift(since: nil)
                await self.noteMove()
            } catch {
                await self.noteShift(since: nil)
                try await self.undoShift(to: before, targets, after: error)
            }
        }
    }

    func noteShift(since began: Period?) { shiftingSince = began }
    private func noteMove() { hasMovedTraffic = true }

    /// Raised everywhere, proved to carry everywhere, and only then the rest: whichever color that lowers. It is lowered in
    /// the process of which that was proved, and in no other.
    private func move(
        to share: Percent, _ start: TrafficObservation, _ targets: TrafficTargets
    ) async throws(Failure) {
        let began = clock.uptime
        try await onProof(first: start) { start throws(Failure) in
            let raised = try await self.raise(to: share, start, targets)
            try await self.refuseIfTooSlow(since: began)
            try await self.refuseUnlessProved(share, raised, targets)
            let lowered = try await self.onEach { loadBalancer throws(Failure) in
                let proved = raised.states[loadBalancer.name]
                let rest = proved.map { targets.changes(for: share, on: loadBalancer.name, $0) }
                let state = try await self.change(
                    rest?.map(\.change) ?? [], on: loadBalancer, in: proved?.process, claiming: true)
                return targets.changes(for: share, on: loadBalancer.name, state)
            }
            try await self.refuseUnlessAt(lowered)
            try await self.refuseIfTooSlow(since: began)
        }
    }

    /// Raises, and reads back what that led to: what was read a while ago proves nothing, and is read once more.
    private func raise(
        to share: Percent, _ start: TrafficObservation, _ targets: TrafficTargets
    ) async throws(Failure) -> TrafficObservation {
        let began = clock.uptime
        let states = try await onEach { loadBalancer throws(Failure) in
            let raises = start.states[loadBalancer.name].map {
                targets.raises(for: share, on: loadBalancer.name, $0)
            }
            return try await self.change(
                raises?.map(\.change) ?? [], on: loadBalancer, claiming: true, isFollowed: true)
        }
        guard clock.uptime - began <= TrafficControl.freshness else { return try await observeFreshly() }
        return TrafficObservation(time: clock.now, states: states)
    }

    /// Writes down, right before the old color is taken out, whom a person has taken out since the run began.
    package func noteTakenOut() async throws(Failure) {
        let known = try await known()
        guard !known.isOldTakenOut else { return }
        let observation = try await observe()
        var found = try await targets(observation).found
        for (name, state) in observation.states {
            for rule in rules.on(name) {
                for server in state.backends[rule.backend]?.servers ?? [] where server.administration != .ready {
                    let index = found.servers[name]?[rule.backend]?.firstIndex { $0.name == server.name }
                    guard let index, rule.color(of: server.name) == direction.old else { continue }
                    found.servers[name]?[rule.backend]?[index].administration = server.administration
                }
            }
        }
        try await record(.trafficFound(found: found))
    }

    /// Takes the old color's servers out of service: `drain`, or `maint`. Only where the new color verifiably carries
    /// all traffic at this moment. What a person took out stays as it is.
    ///
    /// - Parameter rules: of the backends that are meant; nil for all.
    package func takeOutOldColor(
        _ administration: ServerState.Administration, in rules: [TrafficRule]? = nil
    ) async throws(Failure) {
        try await turn.exclusive { () async throws(Failure) in
            try await self.claim()
            try await self.onProof { observation throws(Failure) in
                try await self.refuseUnlessCarriesAll(observation)
                try await self.change(self.direction.old, observation, in: rules, isProved: true) { _, _, server in
                    server.administration == administration || server.administration == .maint
                        ? [] : [.administration(administration)]
                }
            }
        }
    }

    /// Ends the sessions that the old color still has, once: its servers must take no new ones.
    package func shutDownSessions(in rules: [TrafficRule]? = nil) async throws(Failure) {
        try await turn.exclusive { () async throws(Failure) in
            try await self.change(self.direction.old, try await self.observe(), in: rules) { _, _, server in
                server.counters.sessions > 0 ? [.shutdownSessions] : []
            }
        }
    }

    // MARK: - Proofs

    /// Asked right before something of the old color goes for good: the new color carries everything, here and now.
    package func demandAllCarried() async throws(Failure) {
        try await claim()
        try await refuseUnlessCarriesAll(try await observeFreshly())
    }

    /// For people: what the new color does not carry by this look, for example as no check has asked its servers since a
    /// reload; nil where it carries everything.
    package func uncarried(_ observation: TrafficObservation) async throws(Failure) -> String? {
        let targets = try await targets(observation)
        return observation.states.sorted { $0.key < $1.key }
            .lazy.compactMap { targets.notCarried(at: .all, on: $0, $1) }.first?.summary
    }

    /// That the new color carries everything, by this look.
    func refuseUnlessCarriesAll(_ observation: TrafficObservation) async throws(Failure) {
        let targets = try await targets(observation)
        try refuseUnlessAt(.all, observation, targets)
        try await refuseUnlessProved(.all, observation, targets)
    }

    func refuseUnlessAt(
        _ share: Percent, _ observation: TrafficObservation, _ targets: TrafficTargets
    ) throws(Failure) {
        try refuseUnlessAt(left(for: share, observation, targets))
    }

    /// - Parameter left: what is not yet as it has to be.
    private func refuseUnlessAt(_ left: [LoadBalancerID: [WeightChange]]) throws(Failure) {
        let wrong = wrongWeights(left)
        guard wrong.isEmpty else {
            throw Failure(
                "Weights read back are not those that were set", at: wrong[0].loadBalancer.text,
                details: wrong.prefix(5).map(\.text), kind: .transient)
        }
    }

    /// The proof on which a color is lowered (I1, I11, I12), for all load balancers at once.
    private func refuseUnlessProved(
        _ share: Percent, _ observation: TrafficObservation, _ targets: TrafficTargets
    ) async throws(Failure) {
        let inventories = inventories
        let proofs = try await onEach { loadBalancer throws(Failure) in
            let states = observation.states.filter { $0.key == loadBalancer.name }
            return (
                misplaced: misplacedServers(states, targets.rules, inventories: inventories),
                idle: states.compactMap { targets.notCarried(at: share, on: $0, $1) }.first
            )
        }
        let sorted = proofs.sorted { $0.key < $1.key }.map(\.value)
        try refuseMisplaced(sorted.flatMap(\.misplaced))
        if let idle = sorted.lazy.compactMap(\.idle).first { throw idle }
    }

    /// I11: servers stand where their color is. Judged by what the provisioner says of both colors.
    private func refuseMisplaced(_ misplaced: [String]) throws(Failure) {
        guard misplaced.isEmpty else {
            throw Failure(
                "Servers on the load balancers are not those of their color", at: misplaced[0], details: misplaced,
                advice: "Correct their addresses on the load balancers. Nothing was lowered.", kind: .refused)
        }
    }

    struct WrongWeight {
        var loadBalancer: LoadBalancerID
        var text: String
    }

    func wrongWeights(
        for share: Percent, _ observation: TrafficObservation, _ targets: TrafficTargets
    ) -> [WrongWeight] {
        wrongWeights(left(for: share, observation, targets))
    }

    private func left(
        for share: Percent, _ observation: TrafficObservation, _ targets: TrafficTargets
    ) -> [LoadBalancerID: [WeightChange]] {
        var left: [LoadBalancerID: [WeightChange]] = [:]
        for (name, state) in observation.states { left[name] = targets.changes(for: share, on: name, state) }
        return left
    }

    private func wrongWeights(_ left: [LoadBalancerID: [WeightChange]]) -> [WrongWeight] {
        left.sorted { $0.key < $1.key }.flatMap { name, changes in
            changes.map { change in
                WrongWeight(
                    loadBalancer: name,
                    text: "\(name)/\(change.backend)/\(change.server): weight \(change.from), wanted \(change.to)")
            }
        }
    }

    /// Changes the servers of a color that weights move.
    ///
    /// - Parameter isProved: whether that rests on the look, so that no other process may be changed.
    private func change(
        _ color: Color, _ observation: TrafficObservation, in rules: [TrafficRule]? = nil, isProved: Bool = false,
        _ changes: @Sendable (TrafficRule, LoadBalancerID, ServerState) -> [ServerChange.Change]
    ) async throws(Failure) {
        let targets = try await targets(observation)
        var wanted: [LoadBalancerID: [ServerChange]] = [:]
        for (name, state) in observation.states {
            for rule in (rules ?? self.rules).on(name) {
                for server in targets.movable(color, rule, on: name, state) {
                    wanted[name, default: []] += changes(rule, name, server).map {
                        ServerChange(backend: rule.backend, server: server.name, change: $0)
                    }
                }
            }
        }
        let all = wanted
        _ = try await onEach { loadBalancer throws(Failure) in
            let process = isProved ? observation.states[loadBalancer.name]?.process : nil
            try await self.apply(all[loadBalancer.name, default: []], to: loadBalancer, in: process)
        }
    }
}

extension TrafficTargets {
    /// I1 and I12: the old color is lowered only where the new one verifiably carries every backend that was served.
    fileprivate func notCarried(at share: Percent, on name: LoadBalancerID, _ state: LoadBalancerState) -> Failure? {
        let new = direction.new
        for rule in rules.on(name) where mustBeCarried(rule, on: name, state) {
            // A switch moves with the last step: until then no one of the new color has to carry it.
            if share > .none, self.share(share, of: rule, on: name, state.scale(of: rule.backend)) == .none { continue }
            let carrying = carrying(new, rule, at: share, on: name, state)
            if carrying.isEnough { continue }
            return Failure(
                "\(rule.backend) on \(name) has \(carrying.serving) servers of \(new) that carry traffic, "
                    + "needs \(carrying.needed)",
                at: "\(name)/\(rule.backend)", details: carrying.obstacles,
                advice: "The other color was not lowered. See why these servers do not serve.", kind: .transient)
        }
        return nil
    }
}
