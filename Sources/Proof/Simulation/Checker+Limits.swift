import Migration

/// What the checker knows of how a run keeps the limits of its cutover.
struct LimitsWatch {
    /// The new color's share from each time on, by load balancer and backend.
    fileprivate var shares: [String: [(since: Int64, share: Double)]] = [:]
    /// When the flip that is under way first changed something.
    fileprivate var flipBegan: Int64?

    /// The lowest share since a time, and before that one.
    fileprivate func lowest(_ place: String, since time: Int64) -> Double {
        let known = shares[place, default: []]
        let first = known.lastIndex { $0.since <= time } ?? known.startIndex
        return known[first...].map(\.share).min() ?? 0
    }

    fileprivate mutating func note(_ share: Double, _ place: String, at time: Int64) {
        shares[place, default: []].append((time, share))
    }
}

extension Checker {
    /// The new color's share grows by no more than `maxStep` within a minute, on each load balancer, and only where its
    /// servers take what the old color had at its peak.
    func checkLimits(
        _ call: Call, _ name: LoadBalancerID, _ before: WorldState, _ after: WorldState, _ state: RunState
    ) {
        guard let was = before[name], let now = after[name], was.settings != now.settings else { return }
        let isFlip = state.traffic.verified == nil && !state.traffic.isReturning && state.traffic.intended > .none
        if isFlip, limits.flipBegan == nil { limits.flipBegan = after.time }
        let minuteAgo = after.time - SharePace.window.milliseconds
        // What others changed meanwhile, or a reload, is no share that rz gave.
        let others = max(meddledAt, now.resetAt, now.process > 1 ? now.startedAt : -1)
        let isOthers = others >= max(0, minuteAgo)
        for backend in now.backends where !now.isSwitch(backend.name) {
            let place = "\(name)/\(backend.name)"
            let (earlier, share) = (share(of: new, backend.name, was), share(of: new, backend.name, now))
            limits.note(earlier, place, at: before.time)
            let lowest = limits.lowest(place, since: minuteAgo)
            limits.note(share, place, at: after.time)
            guard share > earlier, !isOthers else { continue }
            if let limit = plan.limits.maxStep, share - lowest > limit.fraction + Checker.rounding {
                breaks(
                    "limits",
                    "“\(call.description)” raised \(new) on \(place) from \(lowest) to \(share) within a minute")
            }
            if earlier == 0, let margin = plan.limits.headroom { checkHeadroom(margin, call, backend, now) }
        }
    }

    /// Weights are whole numbers.
    private static let rounding = 0.02

    private func checkHeadroom(
        _ margin: Double, _ call: Call, _ backend: SimulatedBackend, _ balancer: SimulatedLoadBalancer
    ) {
        let room = balancer.servers.filter { $0.backend == backend.name && $0.color == new }.compactMap(\.limit)
        guard let peak = backend.peak, Double(room.reduce(0, +)) < Double(peak) * margin else { return }
        breaks(
            "limits",
            "“\(call.description)” gave \(new) a share of \(balancer.name)/\(backend.name), where it takes "
                + "\(room.reduce(0, +)) sessions and the peak was \(peak)")
    }

    /// A flip that took longer than `flipWithin` is never called done.
    func checkFlip(_ event: Event.Kind, _ world: WorldState) {
        switch event {
        case .trafficIntended, .trafficReturnIntended, .runResumed: limits.flipBegan = nil
        case .trafficVerified:
            if let limit = plan.limits.flipWithin, let began = limits.flipBegan,
                world.time - began > limit.milliseconds + Checker.append
            {
                breaks("limits", "a flip counts that took \(world.time - began) ms")
            }
            limits.flipBegan = nil
        default: break
        }
    }

    /// How long it may take to write down that a flip is done, in milliseconds.
    private static let append: Int64 = 1_000
}
