import Migration

/// The weights of both colors on every load balancer: the only place that changes them.
///
/// The order is law (invariant I1): the color that gains is raised on every load balancer and read back there, only
/// then the other is lowered, and read back too.
actor TrafficControl {
    private let plan: Plan
    let loadBalancers: [any LoadBalancer]
    private let fence: Fence
    let clock: any Timekeeper
    let turn = Turnstile()
    var lastObservation: TrafficObservation?
    /// Load balancers that are not as they were left, as far as that is written down.
    var disturbed: Set<LoadBalancerID> = []
    /// How often one was found to be so.
    var disturbances = 0

    var rules: [TrafficRule] { plan.environment.traffic }
    var direction: Direction { plan.direction }

    init(plan: Plan, loadBalancers: [any LoadBalancer], fence: Fence, clock: any Timekeeper) {
        self.plan = plan
        self.loadBalancers = loadBalancers
        self.fence = fence
        self.clock = clock
    }

    // MARK: - Looking

    /// What every load balancer says now.
    func observe() async throws(Failure) -> TrafficObservation {
        let states = try await onEach { loadBalancer throws(Failure) in try await loadBalancer.observe() }
        return TrafficObservation(time: clock.now, states: states)
    }

    /// What every load balancer says now, and not a while ago: by an answer that took long no color may be lowered.
    ///
    /// - Throws: a transient `Failure` when they keep answering slowly.
    func observeFreshly() async throws(Failure) -> TrafficObservation {
        try await freshly { () async throws(Failure) in try await self.observe() }
    }

    /// The same of one load balancer.
    func lookFreshly(at loadBalancer: any LoadBalancer) async throws(Failure) -> TrafficObservation {
        try await freshly { () async throws(Failure) in try await self.look(at: loadBalancer) }
    }

    private func freshly(
        _ look: @Sendable () async throws(Failure) -> TrafficObservation
    ) async throws(Failure) -> TrafficObservation {
        for _ in 0..<5 {
            let began = clock.uptime
            let observation = try await look()
            if clock.uptime - began <= TrafficControl.freshness { return observation }
        }
        throw Failure(
            "The load balancers answer too slowly to change weights by what they say",
            details: ["five looks took more than \(TrafficControl.freshness) each"],
            advice: "See what keeps their admin sockets busy.", kind: .transient)
    }

    private static let freshness = Period.seconds(2)

    /// The new color's share, if every load balancer has exactly the weights for it.
    func isAt(_ share: Percent, _ observation: TrafficObservation) -> Bool {
        wrongWeights(for: share, observation).isEmpty
    }

    // MARK: - Changing

    /// Makes this process the only one whose changes the load balancers take, before it looks at what an earlier one
    /// left: what that one still has on its way must not arrive behind this one's back (invariant I6).
    ///
    /// One that can't be reached is no failure: it hears of the epoch with the first change that it is asked for.
    ///
    /// - Throws: `Failure` of kind `.refused` when one of them belongs to a later holder.
    func claim() async throws(Failure) {
        let fence = fence
        let outcomes = await outcomes { loadBalancer throws(Failure) in
            try await fence.act { () async throws(Failure) in try await loadBalancer.apply([], epoch: fence.epoch) }
        }
        for name in outcomes.keys.sorted() {
            if case .failure(let failure)? = outcomes[name], failure.kind == .refused { throw failure }
        }
    }

    /// Gives the new color a share. Where one load balancer fails, the step is undone on all, so that no half flip
    /// remains, and the failure names the one.
    func shift(to share: Percent, from before: Percent) async throws(Failure) {
        try await turn.exclusive { () async throws(Failure) in
            let start = try await self.observe()
            do throws(Failure) {
                try await self.move(to: share, gaining: self.direction.new, start)
            } catch {
                try await self.undoShift(to: before, after: error)
            }
        }
    }

    /// All traffic to the old color, from wherever it is: on each load balancer by itself, so that one that can't be
    /// reached keeps none of the others from returning.
    func returnToOldColor(
        record: @Sendable (Event.Kind) async throws(Failure) -> Void
    ) async throws(Failure) -> ([LoadBalancerID], Period) {
        try await record(.trafficReturnIntended)
        let begin = clock.uptime
        try await turn.exclusive { () async throws(Failure) in try await self.giveBack(to: .none) }
        return (loadBalancers.map(\.name), clock.uptime - begin)
    }

    /// Makes a color's servers ready without giving them traffic: out of maintenance through `drain`, because a
    /// weight set in maintenance is ignored, and only at weight zero to `ready`.
    func prepareNewColor() async throws(Failure) {
        try await turn.exclusive { () async throws(Failure) in
            try await self.makeReady(self.direction.new, weight: 0)
        }
    }

    /// Lets load balancers check the new color's servers that are in maintenance, without giving them traffic.
    func wakeNewColor() async throws(Failure) {
        let new = direction.new
        try await turn.exclusive { () async throws(Failure) in
            try await self.change { _, server in
                server.administration == .maint ? [.administration(.drain)] : []
            } of: {
                $0 == new
            }
        }
    }

    /// Takes the old color's servers out of service: `drain`, or `maint`. Only where the new color verifiably carries
    /// all traffic at this moment.
    func takeOutOldColor(_ administration: ServerState.Administration) async throws(Failure) {
        let old = direction.old
        try await turn.exclusive { () async throws(Failure) in
            let observation = try await self.observeFreshly()
            try await self.refuseUnlessAt(.all, observation)
            try await self.change(observation) { _, server in
                server.administration == administration ? [] : [.administration(administration)]
            } of: {
                $0 == old
            }
        }
    }

    /// Ends the sessions that the old color still has.
    func shutDownSessions() async throws(Failure) {
        let old = direction.old
        try await turn.exclusive { () async throws(Failure) in
            try await self.change { _, server in
                server.counters.sessions > 0 ? [.shutdownSessions] : []
            } of: {
                $0 == old
            }
        }
    }

    // MARK: - The move

    private func move(to share: Percent, gaining: Color, _ start: TrafficObservation) async throws(Failure) {
        try await setWeights(of: gaining, for: share, start)
        let raised = try await observeFreshly()
        for loadBalancer in loadBalancers { try refuseUnlessCarrying(gaining, share, raised, on: loadBalancer.name) }
        try await setWeights(of: gaining.other, for: share, raised)
        try refuseUnlessAt(share, try await observe())
    }

    func refuseUnlessAt(_ share: Percent, _ observation: TrafficObservation) throws(Failure) {
        let wrong = wrongWeights(for: share, observation)
        guard wrong.isEmpty else {
            throw Failure(
                "Weights read back are not those that were set", at: wrong[0].loadBalancer.text,
                details: wrong.prefix(5).map(\.text), kind: .transient)
        }
    }

    /// I1: the other color is lowered only where this one verifiably carries what it shall.
    func refuseUnlessCarrying(
        _ color: Color, _ share: Percent, _ observation: TrafficObservation, on name: LoadBalancerID
    ) throws(Failure) {
        let needed = plan.environment.limits.minHealthy
        for rule in rules {
            let weights = self.weights(for: share, rule, on: name, observation)
            let target = color == direction.new ? weights.new : weights.old
            let servers = observation.servers(rule, color, on: name)
            let carrying = servers.filter { $0.isUp && $0.weight == target }
            guard carrying.count >= needed else {
                throw Failure(
                    "\(rule.backend) on \(name) has \(carrying.count) servers of \(color) that carry traffic, needs \(needed)",
                    at: "\(name)/\(rule.backend)",
                    details: servers.map {
                        "\($0.name) \($0.operation.rawValue), \($0.administration.rawValue), weight \($0.weight)"
                    },
                    advice: "The other color was not lowered. See why these servers are not up.", kind: .transient)
            }
        }
    }

    func look(at loadBalancer: any LoadBalancer) async throws(Failure) -> TrafficObservation {
        TrafficObservation(time: clock.now, states: [loadBalancer.name: try await loadBalancer.observe()])
    }

    /// At whatever weight its servers have.
    func administrationChanges(
        _ administration: ServerState.Administration, of color: Color, on name: LoadBalancerID,
        _ observation: TrafficObservation
    ) -> [ServerChange] {
        rules.flatMap { rule in
            observation.servers(rule, color, on: name).filter { $0.administration != administration }.map {
                ServerChange(backend: rule.backend, server: $0.name, change: .administration(administration))
            }
        }
    }

    private func makeReady(_ color: Color, weight: Int) async throws(Failure) {
        try await change { _, server in
            var changes: [ServerChange.Change] = []
            if server.administration == .maint { changes.append(.administration(.drain)) }
            if server.weight != weight { changes.append(.weight(weight)) }
            if server.administration != .ready { changes.append(.administration(.ready)) }
            return changes
        } of: {
            $0 == color
        }
        try await waitUntilUp(color)
    }

    /// A server leaves maintenance as `down` or `starting` until its checks pass.
    private func waitUntilUp(_ color: Color) async throws(Failure) {
        let deadline = clock.uptime + .seconds(60)
        while true {
            let observation = try await observe()
            let missing = loadBalancers.map(\.name).flatMap { name in
                rules.filter { rule in
                    observation.servers(rule, color, on: name).count(where: \.isUp) < plan.environment.limits.minHealthy
                }.map { "\(name)/\($0.backend)" }
            }
            if missing.isEmpty { return }
            guard clock.uptime < deadline else {
                throw Failure(
                    "No server of \(color) is up in \(missing.joined(separator: ", ")) after 1m", at: missing[0],
                    advice: "See the health checks of these backends.", kind: .transient)
            }
            do { try await clock.sleep(Period(milliseconds: 100)) } catch { throw .cancelled }
        }
    }

    // MARK: - Weights

    private func weights(
        for share: Percent, _ rule: TrafficRule, on name: LoadBalancerID, _ observation: TrafficObservation
    ) -> Weights {
        // All listed servers count, up or not: weights that followed health would never stand still.
        func count(_ color: Color) -> Int { max(1, observation.servers(rule, color, on: name).count) }
        return Weights(newShare: share, oldServers: count(direction.old), newServers: count(direction.new))
    }

    func weightChanges(
        for share: Percent, of color: Color, on name: LoadBalancerID, _ observation: TrafficObservation
    ) -> [ServerChange] {
        rules.flatMap { rule in
            let weights = self.weights(for: share, rule, on: name, observation)
            let target = color == direction.new ? weights.new : weights.old
            return observation.servers(rule, color, on: name)
                .filter { $0.weight != target && $0.administration != .maint }
                .map { ServerChange(backend: rule.backend, server: $0.name, change: .weight(target)) }
        }
    }

    private func setWeights(of color: Color, for share: Percent, _ observation: TrafficObservation)
        async throws(Failure)
    {
        _ = try await onEach { loadBalancer throws(Failure) in
            let changes = await self.weightChanges(for: share, of: color, on: loadBalancer.name, observation)
            try await self.apply(changes, to: loadBalancer)
        }
    }

    struct WrongWeight {
        var loadBalancer: LoadBalancerID
        var text: String
    }

    func wrongWeights(for share: Percent, _ observation: TrafficObservation) -> [WrongWeight] {
        observation.states.keys.sorted().flatMap { name in
            Color.allCases.flatMap { color in
                weightChanges(for: share, of: color, on: name, observation).map { change in
                    WrongWeight(
                        loadBalancer: name, text: "\(name)/\(change.backend)/\(change.server): wanted \(change.change)")
                }
            }
        }
    }

    private func change(
        _ known: TrafficObservation? = nil,
        _ changes: @Sendable (TrafficRule, ServerState) -> [ServerChange.Change], of isMeant: (Color) -> Bool
    ) async throws(Failure) {
        let observation: TrafficObservation
        if let known { observation = known } else { observation = try await observe() }
        var wanted: [LoadBalancerID: [ServerChange]] = [:]
        for name in loadBalancers.map(\.name) {
            for rule in rules {
                for color in Color.allCases where isMeant(color) {
                    for server in observation.servers(rule, color, on: name) {
                        wanted[name, default: []] += changes(rule, server).map {
                            ServerChange(backend: rule.backend, server: server.name, change: $0)
                        }
                    }
                }
            }
        }
        let all = wanted
        _ = try await onEach { loadBalancer throws(Failure) in
            try await self.apply(all[loadBalancer.name, default: []], to: loadBalancer)
        }
    }

    func apply(_ changes: [ServerChange], to loadBalancer: any LoadBalancer) async throws(Failure) {
        guard !changes.isEmpty else { return }
        let epoch = fence.epoch
        try await fence.act { () async throws(Failure) in try await loadBalancer.apply(changes, epoch: epoch) }
    }

    /// Does the same on every load balancer at once and waits for all, so that none is left half spoken to.
    private func onEach<Result: Sendable>(
        _ work: @escaping @Sendable (any LoadBalancer) async throws(Failure) -> Result
    ) async throws(Failure) -> [LoadBalancerID: Result] {
        let outcomes = await outcomes(work)
        var results: [LoadBalancerID: Result] = [:]
        for name in outcomes.keys.sorted() {
            switch outcomes[name] {
            case .success(let result)?: results[name] = result
            case .failure(var failure)?:
                failure.place = failure.place.map { $0.hasPrefix(name.text) ? $0 : "\(name), \($0)" } ?? name.text
                throw failure
            case nil: break
            }
        }
        return results
    }

    func outcomes<Result: Sendable>(
        _ work: @escaping @Sendable (any LoadBalancer) async throws(Failure) -> Result
    ) async -> [LoadBalancerID: Swift.Result<Result, Failure>] {
        await withTaskGroup(of: (LoadBalancerID, Swift.Result<Result, Failure>).self) { group in
            for loadBalancer in loadBalancers {
                group.addTask {
                    do throws(Failure) {
                        return (loadBalancer.name, .success(try await work(loadBalancer)))
                    } catch {
                        return (loadBalancer.name, .failure(error))
                    }
                }
            }
            var outcomes: [LoadBalancerID: Swift.Result<Result, Failure>] = [:]
            for await (name, outcome) in group { outcomes[name] = outcome }
            return outcomes
        }
    }
}
