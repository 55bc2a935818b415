import Migration

/// What limits a flip: how soon a share may grow, whether the new color is proved to take it, and how long it may last.
extension TrafficControl {
    /// How long a raise to a share has to wait by `limits.maxStep`. What goes back never waits.
    ///
    /// - Throws: `Failure` where the raise itself is larger than the limit.
    package func wait(before share: Percent) async throws(Failure) -> Period {
        guard let limit = plan.limits.maxStep else { return .zero }
        let pace = try await sharePace()
        guard let wait = pace.wait(before: share, limit, now: clock.uptime) else {
            throw Failure(
                "A step from \(pace.share) to \(share) is more than limits.maxStep allows, which is \(limit) a minute",
                at: "limits.maxStep", advice: "Add steps to gates.cutOver.steps, then make a new plan.", kind: .refused)
        }
        return wait
    }

    /// What keeps the new color from being proved to take what the live one had at its peak; nil where nothing does.
    ///
    /// - Throws: `Failure` of kind `.refused` where all its servers together would not be enough.
    package func shortOfHeadroom() async throws(Failure) -> String? {
        guard let margin = plan.limits.headroom else { return nil }
        let observation = try await observe()
        let targets = try await targets(observation)
        await askForPeaks(targets, observation)
        var short: String?
        for (name, state) in observation.states.sorted(by: { $0.key < $1.key }) {
            for rule in rules.on(name) where targets.wasServed(rule, on: name) {
                let now = targets.headroom(margin, rule, on: name, state, measured: peaks, isUp: true)
                if now.verdict == .enough { continue }
                let listed = targets.headroom(margin, rule, on: name, state, measured: peaks)
                guard listed.verdict == .enough || listed.verdict == .unknown else {
                    throw Failure(
                        "\(direction.new) is not proved to take what \(direction.old) had at its peak",
                        at: "\(name)/\(rule.backend)", details: [listed.text], advice: Headroom.advice, kind: .refused)
                }
                short = short ?? now.text
            }
        }
        return short
    }

    /// Before each raise they are asked for again.
    package func forgetPeaks() { peaks = MeasuredPeaks() }

    private func askForPeaks(_ targets: TrafficTargets, _ observation: TrafficObservation) async {
        guard let queries = plan.limits.peaks, !queries.isEmpty else { return }
        let places = observation.states.keys.sorted().flatMap { name in
            rules.on(name).filter { targets.wasServed($0, on: name) }.map { PeakPlace(name, $0, direction) }
        }
        var asked = peaks
        await asked.ask(prober, queries, at: places, direction, inventories)
        peaks = asked
    }

    /// Ends a flip that has taken longer than it may, wherever it is; what it did is then undone.
    func refuseIfTooSlow(since began: Period) throws(Failure) {
        let took = clock.uptime - began
        guard let limit = plan.limits.flipWithin, took > limit else { return }
        throw Failure(
            "The flip took longer than limits.flipWithin allows: \(took) of \(limit)", at: "limits.flipWithin",
            advice: "See which load balancer is slow to answer, then run: rz resume \(plan.environment.name)",
            kind: .transient)
    }
}
