import Migration

/// The watch over weights that were set: a reload or a restart forgets them (invariant I7).
extension TrafficControl {
    typealias Recorder = @Sendable ([Event.Kind]) async throws(Failure) -> Void

    /// Samples the traffic, and puts back weights that are not what was last verified.
    ///
    /// - Parameter known: what is known of the traffic at the moment it is asked.
    func watch(_ known: @Sendable () async -> RunState.Traffic, record: Recorder) async throws(Failure) {
        guard let observation = try? await observe() else { return }
        if let before = lastObservation {
            try await record([.trafficSampled(samples: traffic(from: before, to: observation, rules: rules))])
        }
        lastObservation = observation
        _ = try await keep(known, observation, record: record)
    }

    /// Puts back weights that are not what was last verified, unless a change of weights is under way.
    ///
    /// - Parameter observation: a look in which they may have been wrong; a second one decides.
    /// - Returns: whether they were right in that look.
    func keep(
        _ known: @Sendable () async -> RunState.Traffic, _ observation: TrafficObservation, record: Recorder
    ) async throws(Failure) -> Bool {
        guard await !forgetful(known(), observation).isEmpty else {
            disturbed = []
            return true
        }
        try await turn.ifFree { () async throws(Failure) in
            // From here on nobody else changes weights. Before, somebody may have.
            guard let now = try? await self.observeFreshly() else { return }
            let known = await known()
            let forgetful = await self.forgetful(known, now)
            await self.forgetDisturbances(but: forgetful)
            for name in forgetful.sorted() { try await self.restore(known, on: name, now, record) }
        }
        return false
    }

    private func restore(
        _ known: RunState.Traffic, on name: LoadBalancerID, _ observation: TrafficObservation, _ record: Recorder
    ) async throws(Failure) {
        let share = known.intended
        let reason = "it was not as \(share) needs it; a reload or a restart forgets what was set"
        if disturbed.insert(name).inserted {
            // Before it is put back: whoever touches the old color must not find all quiet and know of nothing.
            disturbances += 1
            try await record([.trafficDisturbed(loadBalancer: name, reason: reason)])
        }
        do throws(Failure) {
            try await putBack(share, on: name, observation, inMaintenance: known.quietSince != nil)
        } catch {
            return try await record([
                .noted(text: "\(name): weights differ and can't be put back: \(error.summary)")
            ])
        }
        try await record([.trafficReasserted(loadBalancer: name, reason: reason)])
    }

    /// The load balancers that are not as they were left.
    private func forgetful(_ known: RunState.Traffic, _ observation: TrafficObservation) -> Set<LoadBalancerID> {
        guard let share = known.verified, known.intended == share, share > .none else { return [] }
        // Once it was quiet it is in drain for a moment, then in maintenance; a load balancer that forgot makes it ready.
        let awake = observation.states.keys.filter { name in
            rules.contains { rule in
                observation.servers(rule, direction.old, on: name).contains { $0.administration == .ready }
            }
        }
        return Set(wrongWeights(for: share, observation).map(\.loadBalancer)).union(
            known.quietSince == nil ? [] : awake)
    }

    private func forgetDisturbances(but names: Set<LoadBalancerID>) { disturbed.formIntersection(names) }

    private func putBack(
        _ share: Percent, on name: LoadBalancerID, _ observation: TrafficObservation, inMaintenance: Bool
    ) async throws(Failure) {
        guard let loadBalancer = loadBalancers.first(where: { $0.name == name }) else { return }
        let new = weightChanges(for: share, of: direction.new, on: name, observation)
        let old = weightChanges(for: share, of: direction.old, on: name, observation)
        let asleep = inMaintenance ? administrationChanges(.maint, of: direction.old, on: name, observation) : []
        try await apply(new + old + asleep, to: loadBalancer)
    }
}
