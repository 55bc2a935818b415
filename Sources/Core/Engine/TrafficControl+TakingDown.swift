import Migration

/// What keeps the new color up on the way back: users whom no one else serves.
extension TrafficControl {
    /// Asked before anything of the new color is taken down on the way back: where the old color does not serve, the new
    /// one stays. A load balancer that does not answer proves nothing, nor does a look that lasted long.
    package func refuseToTakeDownWhatServes() async throws(Failure) {
        if let oldServedAt, clock.uptime - oldServedAt <= TrafficControl.freshness { return }
        let (look, began) = try await freshly { () async throws(Failure) in try await self.observe() }
        let before = try await known().lastFound.map { targets($0) }
        var needed: [String] = []
        for (name, state) in look.states.sorted(by: { $0.key < $1.key }) {
            let observation = TrafficObservation(time: clock.now, states: [name: state])
            let targets = targets(FoundTraffic(observation, rules))
            // Of a server that was called up a moment ago no check says yet whether it serves.
            let (old, new) = (
                await vouched(for: direction.old, state, on: name, targets),
                await vouched(for: direction.new, state, on: name, targets)
            )
            needed += rules.on(name).filter { rule in
                mayServe(rule, state, on: name, targets, before, new)
                    && !targets.canServe(direction.old, rule, on: name, state, vouched: old)
            }.map { "\(name)/\($0.backend)" }
        }
        guard needed.isEmpty else {
            oldServedAt = nil
            throw Failure(
                "\(direction.old) does not serve, so nothing of \(direction.new) is taken down", at: needed[0],
                details: needed.map { "\($0): no server of \(direction.old) serves" },
                advice: "Get these servers of \(direction.old) to serve, then run: rz resume \(plan.environment.name)",
                kind: .transient)
        }
        oldServedAt = began
    }

    /// What a later look shows counts, whoever takes it.
    func noteWhetherOldServes(_ observation: TrafficObservation) {
        guard oldServedAt != nil else { return }
        let targets = targets(FoundTraffic(observation, rules))
        let serves = observation.states.allSatisfy { name, state in
            rules.on(name).allSatisfy { targets.canServe(direction.old, $0, on: name, state) }
        }
        if !serves { oldServedAt = nil }
    }

    /// Whether the new color could serve a backend: also from maintenance, into which the return may have put it, or from
    /// which it came.
    ///
    /// - Parameters:
    ///   - before: what stood there before this run touched it, as far as it ever did.
    ///   - vouched: addresses of its servers that answered just now.
    private func mayServe(
        _ rule: TrafficRule, _ state: LoadBalancerState, on name: LoadBalancerID, _ targets: TrafficTargets,
        _ before: TrafficTargets?, _ vouched: Set<String>
    ) -> Bool {
        if targets.canServe(direction.new, rule, on: name, state, vouched: vouched) { return true }
        let servers = targets.movable(direction.new, rule, on: name, state)
        if before?.wasServed(rule, on: name) == true { return !servers.isEmpty }
        return state.backends[rule.backend]?.isPersistent == true && servers.contains { $0.administration == .maint }
    }
}
