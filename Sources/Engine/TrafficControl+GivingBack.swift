import Migration

/// The way back to an earlier share: a step that failed, or all traffic to the old color.
extension TrafficControl {
    func undoShift(to before: Percent, after failure: Failure) async throws(Failure) {
        var told = failure
        do throws(Failure) {
            try await giveBack(to: before)
            told.details.append("The step was undone on every load balancer.")
        } catch {
            told.details.append("The step was undone where that was possible. \(error.summary)")
            told.details += error.details
        }
        throw told
    }

    /// Gives the old color back what it had at an earlier share, on each load balancer by itself.
    func giveBack(to share: Percent) async throws(Failure) {
        let outcomes = await outcomes { loadBalancer throws(Failure) in
            try await self.giveBack(to: share, on: loadBalancer)
        }
        let failures = outcomes.keys.sorted().compactMap { name -> String? in
            guard case .failure(let failure)? = outcomes[name] else { return nil }
            return "\(name): \(failure.summary)" + (failure.details.first.map { " (\($0))" } ?? "")
        }
        guard failures.isEmpty else {
            let reached = outcomes.keys.sorted().filter { if case .success? = outcomes[$0] { true } else { false } }
            throw Failure(
                "The traffic is not verified to be back on \(failures.count) of \(outcomes.count) load balancers",
                at: outcomes.keys.sorted().first { !reached.contains($0) }?.text,
                details: failures + [
                    "verified: \(reached.isEmpty ? "none" : reached.map(\.text).joined(separator: ", "))"
                ],
                advice: "Mend what is named, then: rz resume, which finishes the return first.", kind: .transient)
        }
    }

    private func giveBack(to share: Percent, on loadBalancer: any LoadBalancer) async throws(Failure) {
        let name = loadBalancer.name
        let old = direction.old
        var observation = try await look(at: loadBalancer)
        let asleep = administrationChanges(.ready, of: old, on: name, observation)
        if !asleep.isEmpty {
            try await apply(asleep, to: loadBalancer)
            observation = try await look(at: loadBalancer)
        }
        // One that forgot what was set may give the old color more than its part: there the new one gains.
        let gaining = hasTooMuch(old, share, on: name, observation) ? direction.new : old
        let raise = weightChanges(for: share, of: gaining, on: name, observation)
        try await apply(raise, to: loadBalancer)
        observation = try await lookFreshly(at: loadBalancer)
        let deadline = clock.uptime + .seconds(30)
        while true {
            do throws(Failure) {
                try refuseUnlessCarrying(gaining, share, observation, on: name)
                break
            } catch {
                guard clock.uptime < deadline else { throw error }
                do { try await clock.sleep(Period(milliseconds: 100)) } catch { throw .cancelled }
                observation = try await lookFreshly(at: loadBalancer)
            }
        }
        let lower = weightChanges(for: share, of: gaining.other, on: name, observation)
        try await apply(lower, to: loadBalancer)
        try refuseUnlessAt(share, try await look(at: loadBalancer))
    }

    private func hasTooMuch(
        _ color: Color, _ share: Percent, on name: LoadBalancerID, _ observation: TrafficObservation
    ) -> Bool {
        weightChanges(for: share, of: color, on: name, observation).contains { change in
            guard case .weight(let target) = change.change else { return false }
            return rules.contains { rule in
                rule.backend == change.backend
                    && observation.servers(rule, color, on: name).contains {
                        $0.name == change.server && $0.weight > target
                    }
            }
        }
    }
}
