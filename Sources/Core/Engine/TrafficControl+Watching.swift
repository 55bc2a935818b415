import Migration

/// The watch over the traffic while the run owns it: it counts, judges, and restores what a load balancer lost (I7).
///
/// Each load balancer is looked at, judged and restored by itself: a frozen one never stops the others.
extension TrafficControl {
    /// Takes one look at one load balancer; one that does not answer says nothing.
    func watch(_ loadBalancer: any LoadBalancer) async throws(Failure) {
        if isShifting { return }
        guard let observation = try? await look(at: loadBalancer) else { return }
        try await count(observation)
        _ = try await keep(observation)
    }

    /// Adds a look to what was counted.
    func count(_ observation: TrafficObservation) async throws(Failure) {
        let known = try await known()
        noteWhetherOldServes(observation)
        for (name, state) in observation.states {
            tally.add(state, of: name, at: clock.uptime, isShared: known.intended > .none)
            noteOldBusy(state, on: name)
            looks[name] = (looks[name]?.now, TrafficObservation(time: observation.time, states: [name: state]))
            guard known.isShifted, let found = known.found else { continue }
            let targets = targets(found)
            for rule in rules.on(name) { noteServed(rule, on: name, state, targets) }
            let vouched = await vouchedWhereUnchecked(state, on: name, targets)
            for rule in rules.on(name) where targets.mustBeCarried(rule, on: name, state) {
                tally.note(
                    isCarried: targets.canServe(direction.new, rule, on: name, state, vouched: vouched),
                    "\(name)/\(rule.backend)", at: clock.uptime)
            }
        }
    }

    /// Servers of the new color that answer, where a load balancer has not asked them yet: after a reload it has them up
    /// for as long as a first check takes, and so it has those that were just listed again.
    private func vouchedWhereUnchecked(
        _ state: LoadBalancerState, on name: LoadBalancerID, _ targets: TrafficTargets
    ) async -> Set<String>? {
        let isUnchecked = rules.on(name).contains { rule in
            targets.movable(direction.new, rule, on: name, state).contains {
                $0.administration == .ready && $0.check == .pending
            }
        }
        return isUnchecked ? await vouched(for: direction.new, state, on: name, targets) : nil
    }

    /// Servers of the new color, as `backend/server`, that no one has asked yet whether they answer: with a weight they would
    /// get users, dead or alive.
    func unasked(_ state: LoadBalancerState, on name: LoadBalancerID, _ targets: TrafficTargets) async -> Set<String> {
        guard let vouched = await vouchedWhereUnchecked(state, on: name, targets) else { return [] }
        let servers = rules.on(name).flatMap { rule in
            targets.movable(direction.new, rule, on: name, state)
                .filter { $0.check == .pending && !vouched.contains($0.address) }.map { "\(rule.backend)/\($0.name)" }
        }
        return Set(servers)
    }

    /// Whether a shift is under way, in the middle of which nothing is to be judged and nothing to be restored: for half a
    /// second its own looks come first.
    private var isShifting: Bool {
        shiftingSince.map { clock.uptime - $0 < Period(milliseconds: 500) } ?? false
    }

    /// What was measured last, for people; nil while that has to wait.
    func newSamples() -> [TrafficSample]? { isShifting ? nil : samples() }

    /// Notes whether anyone was at the old color since the look before, for example at a `backup` server, while no one of
    /// the new color answers. A session may begin and end between two looks, and one that was there in the look before may
    /// have ended just now.
    private func noteOldBusy(_ state: LoadBalancerState, on name: LoadBalancerID) {
        let before = looks[name]?.now.states[name]
        for rule in rules.on(name) {
            func counters(_ state: LoadBalancerState?) -> [ServerCounters] {
                state?.backends[rule.backend]?.servers.filter { rule.color(of: $0.name) == direction.old }
                    .map(\.counters) ?? []
            }
            let (earlier, now) = (counters(before), counters(state))
            let hasSessions = (earlier + now).contains { $0.sessions + $0.queued > 0 }
            let hasBegun = before != nil && now.map(\.begun).reduce(0, +) > earlier.map(\.begun).reduce(0, +)
            if hasSessions || hasBegun { oldBusyAt = clock.uptime }
        }
    }

    /// Whether someone was at the old color within this time, as far as this process has watched.
    package func wasOldBusy(_ observation: TrafficObservation, within period: Period) -> Bool {
        for (name, state) in observation.states { noteOldBusy(state, on: name) }
        return oldBusyAt.map { clock.uptime - $0 < period } ?? false
    }

    /// What was measured last, for people.
    func samples() -> [TrafficSample] {
        looks.sorted { $0.key < $1.key }.flatMap { _, look in
            look.before.map { trafficSamples(from: $0, to: look.now, rules: rules) } ?? []
        }
    }

    // MARK: - Judging

    /// A load balancer that has not answered for a while: nothing can be said of its users.
    package func unheard() -> LoadBalancerID? {
        loadBalancers.map(\.name).first { name in
            tally.seen(name).map { clock.uptime - $0 > TrafficControl.silence } ?? true
        }
    }

    private static let silence = Period.seconds(3)

    /// From here on, what is counted belongs to the step that begins.
    package func beginStep() {
        tally.beginStep()
        stepBegan = clock.uptime
    }

    /// What is to be said of the new color now; nothing while it has no traffic.
    package func findings() async throws(Failure) -> [TrafficJudgement.Finding] {
        let known = try await known()
        guard known.isShifted, !known.isReturning, let found = known.found else { return [] }
        let findings =
            TrafficJudgement(
                tally, targets(found), usual: known.usual, share: known.verified ?? known.intended, now: clock.uptime
            ).findings(plan.environment.gates.cutOver.analysis) + measuredFindings()
        // While weights change the share is not what was set, nor what was before.
        for finding in findings where finding.sample.gate == "share" && known.verified != nil {
            guard noted.insert("\(known.intended) \(finding.sample.subject)").inserted else { continue }
            try await record(.noted(text: finding.sample.message))
        }
        return findings
    }

    /// What the old color's answers were like so far: an rz that goes on later may see none of them any more.
    package func usual() async throws(Failure) -> [String: UsualTraffic] {
        tally.usual(
            direction.old, besides: tallyBefore.usual(direction.old, besides: try await known().usual))
    }

    /// Counts what the old color is asked before anyone is moved: it may serve no one by the time that it is compared with.
    package func noteUsual(_ states: [LoadBalancerID: LoadBalancerState]) {
        for (name, state) in states { tallyBefore.add(state, of: name, at: clock.uptime, isShared: false) }
    }

    // MARK: - Keeping

    /// Restores weights that are not what was last verified, unless a change of weights is under way.
    ///
    /// - Parameter observation: a look in which they may have been wrong; a second one decides.
    /// - Returns: whether they were right in that look.
    func keep(_ observation: TrafficObservation) async throws(Failure) -> Bool {
        let looked = Set(observation.states.keys)
        guard !drifted(try await known(), observation).isEmpty else {
            disturbed.subtract(looked)
            return true
        }
        try await turn.ifFree { () async throws(Failure) in
            // From here on no one else of this run changes weights. Before, someone may have.
            for loadBalancer in self.loadBalancers where looked.contains(loadBalancer.name) {
                guard let now = try? await self.lookFreshly(at: loadBalancer) else { continue }
                let known = try await self.known()
                if await self.drifted(known, now).isEmpty {
                    await self.isUndisturbed(loadBalancer.name)
                } else {
                    try await self.restore(known, on: loadBalancer, now)
                }
            }
        }
        return false
    }

    private func isUndisturbed(_ name: LoadBalancerID) { disturbed.remove(name) }

    private func restore(
        _ known: RunState.Traffic, on loadBalancer: any LoadBalancer, _ observation: TrafficObservation
    ) async throws(Failure) {
        let name = loadBalancer.name
        let reason = "weights drifted from \(known.intended): \(cause(name, observation))"
        if disturbed.insert(name).inserted {
            // Before they are restored: whoever touches the old color must not find all quiet and know of nothing.
            disturbances += 1
            try await record(.trafficDriftDetected(loadBalancer: name, reason: reason))
        }
        let open: [String]
        do throws(Failure) {
            open = try await settle(
                at: known.intended, on: loadBalancer, resting: known.quietSince == nil ? nil : .maint)
        } catch {
            open = [error.summary]
        }
        guard open.isEmpty else {
            guard noted.insert("\(name) \(open[0])").inserted else { return }
            return try await record(.noted(text: "\(name): weights drifted and can't be restored: \(open[0])"))
        }
        try await record(.trafficDriftCorrected(loadBalancer: name, reason: reason))
    }

    /// Whether it was a reload, as far as the load balancer tells.
    private func cause(_ name: LoadBalancerID, _ observation: TrafficObservation) -> String {
        guard let process = observation.states[name]?.process else { return "a reload, a restart, or someone else" }
        guard let before = looks[name]?.before?.states[name]?.process else { return "process \(process.pid) answers" }
        return before.pid == process.pid && process.uptime >= before.uptime
            ? "someone else set them, as HAProxy was not reloaded" : "HAProxy was reloaded or restarted"
    }

    /// The load balancers that are not as they were left.
    private func drifted(_ known: RunState.Traffic, _ observation: TrafficObservation) -> Set<LoadBalancerID> {
        guard let share = known.verified, known.intended == share, share > .none, let found = known.found else {
            return []
        }
        let targets = targets(found)
        // Once it was quiet it is in drain for a moment, then in maintenance; a reload makes it ready again.
        let awake = observation.states.filter { name, state in
            known.quietSince != nil
                && rules.on(name).contains { rule in
                    targets.movable(direction.old, rule, on: name, state).contains { $0.administration == .ready }
                }
        }
        let lost = observation.states.filter { hasLost(known, $0.key, $0.value) }
        let back = observation.states.filter { !targets.takenOut(on: $0.key, $0.value).isEmpty }
        return Set(wrongWeights(for: share, observation, targets).map(\.loadBalancer)).union(awake.keys)
            .union(back.keys).union(lost.keys)
    }
}
