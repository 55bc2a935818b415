import Migration

/// What the traffic control knows of the run, and writes down: the engine.
protocol RunLedger: AnyObject, Sendable {
    var trafficKnown: RunState.Traffic { get async }
    var sharePace: SharePace { get async }
    func record(_ kinds: [Event.Kind]) async throws(Failure)
}

/// The weights of both colors on every load balancer: the only place that changes them.
///
/// The order is law (invariant I1): the color that gains is raised on every load balancer and proved there to carry, only
/// then the other is lowered, and read back too. What was found before the first touch decides what each server is set
/// to, and what a return restores (I13).
package actor TrafficControl {
    let plan: Plan
    let loadBalancers: [any LoadBalancer]
    let prober: any Prober
    private let fence: Fence
    let clock: any RunClock
    let turn = SerialGate()
    private weak var ledger: (any RunLedger)?
    private let began: Period
    /// How old the run was when this process began.
    private var ageBefore: Period? = .zero
    /// When the old color was last seen to serve all that the new one could.
    var oldServedAt: Period?

    /// When the new color was last seen able to serve a backend, by `edge-1/be_shop`.
    var servedAt: [String: Period] = [:]
    /// When a look showed that someone had been at the old color since the look before.
    var oldBusyAt: Period?
    /// Whether this process gave the new color its share, and has watched it since.
    var hasMovedTraffic = false
    /// When the shift began that is under way.
    var shiftingSince: Period?

    /// What was counted since the run owns the traffic.
    var tally: TrafficTally
    /// What was counted before anyone was moved.
    var tallyBefore: TrafficTally
    /// What each load balancer said last, and in the look before.
    var looks: [LoadBalancerID: (before: TrafficObservation?, now: TrafficObservation)] = [:]
    /// Load balancers that are not as they were left, as far as that is written down.
    var disturbed: Set<LoadBalancerID> = []
    /// How often one was found to be so.
    package var disturbances = 0
    /// What was written down already, so that it is written once.
    var noted: Set<String> = []
    /// What other systems said last, by the place of their analysis.
    var measurements: [Int: Measurement] = [:]
    /// What they said of the most that backends had, before the raise that is under way.
    var peaks = MeasuredPeaks()
    /// When the step of the cutover that is judged began.
    var stepBegan: Period?
    /// Processes of load balancers that are older than the run.
    private var processesOfBefore: [LoadBalancerID: Int] = [:]
    /// The oldest sessions of the old color that a drain waits for, for people.
    private(set) var open: OpenSessions?
    /// The servers of each color, where a step has asked for them: by them each server's address is judged.
    package var inventories: [Color: Inventory] = [:]

    var rules: [TrafficRule] { plan.environment.traffic }
    var direction: Direction { plan.direction }

    init(plan: Plan, drivers: Drivers, fence: Fence, clock: any RunClock, ledger: any RunLedger) {
        self.plan = plan
        loadBalancers = drivers.loadBalancers
        prober = drivers.prober
        self.fence = fence
        self.clock = clock
        self.ledger = ledger
        began = clock.uptime
        tally = TrafficTally(rules: plan.environment.traffic)
        tallyBefore = tally
    }

    // MARK: - The run

    /// - Throws: a cancellation where no one performs the run any more.
    func known() async throws(Failure) -> RunState.Traffic {
        guard let ledger else { throw .cancelled }
        return await ledger.trafficKnown
    }

    /// How fast the share has grown lately.
    func sharePace() async throws(Failure) -> SharePace {
        guard let ledger else { throw .cancelled }
        return await ledger.sharePace
    }

    func record(_ kind: Event.Kind) async throws(Failure) {
        guard let ledger else { throw .cancelled }
        try await ledger.record([kind])
    }

    /// Whether what is wrong with the new color's users would have been noticed by now.
    package var hasSeenUsers: Bool { hasMovedTraffic || age >= TrafficControl.acquaintance }

    package static let acquaintance = Period.seconds(5)

    /// How long this process has had a part in the run.
    private var age: Period { clock.uptime - began }

    /// How long the run has lasted, over all its processes; nil where no one knows, as the clock was set back before this
    /// one began.
    package var runAge: Period? { ageBefore.map { $0 + age } }

    func noteAge(before: Period?) { ageBefore = before }

    package func noteOpen(_ sessions: OpenSessions?) { open = sessions }

    package func know(_ inventories: [Color: Inventory]) { self.inventories = inventories }

    /// What each server has to be set to. What stands there is written down before the first touch.
    package func targets(_ observation: TrafficObservation) async throws(Failure) -> TrafficTargets {
        let known = try await known()
        if let found = known.found { return targets(found) }
        // Weights that were moved already are none that were found: their journal is of before this was written down.
        var found =
            known.isShifted
            ? FoundTraffic(assumedFrom: observation, rules, old: direction.old) : FoundTraffic(observation, rules)
        // After a return a run looks again: who served its users before and is down by now is needed as before.
        if let before = known.lastFound { found.keepServing(as: before, direction.old, rules) }
        guard loadBalancers.allSatisfy({ found.servers[$0.name] != nil }) else { return targets(found) }
        try await record(.trafficFound(found: found))
        return targets(found)
    }

    /// Where weights were moved and what was found is not known: assumes it, so that it can be watched.
    func assumeFound() async throws(Failure) {
        guard try await known().found == nil else { return }
        _ = try await targets(try await observe())
    }

    package func targets(_ found: FoundTraffic) -> TrafficTargets {
        TrafficTargets(
            found: found, rules: rules, direction: direction, minHealthy: plan.limits.minHealthy,
            minHealthyPart: plan.limits.minHealthyPart, isOldUnreachable: plan.unreachable != nil)
    }

    // MARK: - Looking

    /// What every load balancer says now.
    package func observe() async throws(Failure) -> TrafficObservation {
        let states = try await onEach { loadBalancer throws(Failure) in try await loadBalancer.observe() }
        noteProcesses(states)
        return TrafficObservation(time: clock.now, states: states)
    }

    /// Load balancers report their age in whole seconds, rounded down. So one that was started less than a second before
    /// the run shows that only now and then: the look in which it is as old as the run counts for as long as it lives.
    private func noteProcesses(_ states: [LoadBalancerID: LoadBalancerState]) {
        guard let runAge else { return }
        for (name, state) in states {
            guard let process = state.process, process.uptime >= runAge else { continue }
            processesOfBefore[name] = process.pid
        }
    }

    /// Whether a load balancer's process has been seen to be older than the run.
    package func isOfBefore(_ process: LoadBalancerProcess, on name: LoadBalancerID) -> Bool {
        processesOfBefore[name] == process.pid
    }

    func look(at loadBalancer: any LoadBalancer) async throws(Failure) -> TrafficObservation {
        TrafficObservation(time: clock.now, states: [loadBalancer.name: try await loadBalancer.observe()])
    }

    /// What every load balancer says now, and not a while ago: by an answer that took long no color may be lowered.
    ///
    /// - Throws: a transient `Failure` when they keep answering slowly.
    func observeFreshly() async throws(Failure) -> TrafficObservation {
        try await freshly { () async throws(Failure) in try await self.observe() }.observation
    }

    /// The same of one load balancer.
    func lookFreshly(at loadBalancer: any LoadBalancer) async throws(Failure) -> TrafficObservation {
        try await freshly { () async throws(Failure) in try await self.look(at: loadBalancer) }.observation
    }

    /// The same of one load balancer, but for its counters.
    func glanceFreshly(at loadBalancer: any LoadBalancer) async throws(Failure) -> TrafficObservation {
        try await freshly { () async throws(Failure) in
            TrafficObservation(time: self.clock.now, states: [loadBalancer.name: try await loadBalancer.glance()])
        }.observation
    }

    /// A look that did not take long, and when it began, by the uptime.
    func freshly(
        _ look: @Sendable () async throws(Failure) -> TrafficObservation
    ) async throws(Failure) -> (observation: TrafficObservation, began: Period) {
        for _ in 0..<5 {
            let began = clock.uptime
            let observation = try await look()
            if clock.uptime - began <= TrafficControl.freshness { return (observation, began) }
        }
        throw Failure(
            "The load balancers answer too slowly to change weights by what they say",
            details: ["five looks took more than \(TrafficControl.freshness) each"],
            advice: "See what keeps their admin sockets busy.", kind: .transient)
    }

    package static let freshness = Period.seconds(2)

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

    /// - Parameter process: the only one in which servers are changed, where the changes rest on what was proved of it.
    func apply(
        _ changes: [ServerChange], to loadBalancer: any LoadBalancer, in process: LoadBalancerProcess? = nil
    ) async throws(Failure) {
        guard !changes.isEmpty else { return }
        if process != nil {
            _ = try await change(changes, on: loadBalancer, in: process)
            return
        }
        let epoch = fence.epoch
        try await fence.act { () async throws(Failure) in try await loadBalancer.apply(changes, epoch: epoch) }
    }

    /// Makes changes, and reads what stands there afterwards.
    ///
    /// - Parameters:
    ///   - process: the only one in which servers are changed, where the changes rest on what was proved of it.
    ///   - claiming: whether the load balancer is asked whose it is also where nothing is to be changed. A run that only
    ///     finds what another one did would otherwise never learn that it is not the owner.
    ///   - isFollowed: whether another change follows at once, which writes what survives a reload.
    func change(
        _ changes: [ServerChange], on loadBalancer: any LoadBalancer, in process: LoadBalancerProcess? = nil,
        claiming: Bool = false, isFollowed: Bool = false
    ) async throws(Failure) -> LoadBalancerState {
        guard claiming || !changes.isEmpty else { return try await loadBalancer.observe() }
        let epoch = fence.epoch
        return try await fence.act { () async throws(Failure) in
            try await loadBalancer.change(changes, in: process, isFollowed: isFollowed, epoch: epoch)
        }
    }

    /// Does what rests on a look, and does it again on a later one where a load balancer was reloaded in between: what one
    /// process was proved to do says nothing of the next.
    ///
    /// - Parameter first: a look to begin with.
    func onProof(
        first: TrafficObservation? = nil, _ work: @Sendable (TrafficObservation) async throws(Failure) -> Void
    ) async throws(Failure) {
        var look = if let first { first } else { try await observeFreshly() }
        for _ in 0..<3 {
            do throws(Failure) { return try await work(look) } catch {
                guard error.kind == .transient, let now = try? await observeFreshly(),
                    now.isOfOtherProcesses(than: look)
                else { throw error }
                look = now
            }
        }
        try await work(look)
    }

    /// Does the same on every load balancer at once and waits for all, so that none is left half spoken to.
    func onEach<Result: Sendable>(
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
