import Migration

extension Plan {
    /// Limits that its cutover can't keep, as far as that shows before anything is built.
    func limitObstacles(_ states: [LoadBalancerID: LoadBalancerState], _ measured: MeasuredPeaks) -> [String] {
        let targets = TrafficTargets(
            found: FoundTraffic(TrafficObservation(time: createdAt, states: states), environment.traffic),
            rules: environment.traffic, direction: direction, minHealthy: limits.minHealthy,
            minHealthyPart: limits.minHealthyPart)
        return paceObstacles
            + states.sorted { $0.key < $1.key }.flatMap { name, state in
                environment.traffic.on(name).filter { targets.wasServed($0, on: name) }.compactMap { rule in
                    targets.shortage(rule, on: name, state)
                        ?? headroomObstacle(targets, rule, on: name, state, measured)
                }
            }
    }

    /// What its limits rest on that may be less than it seems.
    func limitWarnings(_ states: [LoadBalancerID: LoadBalancerState]) -> [String] {
        let isReportedByOthers = (limits.peaks ?? []).contains { $0.unit == .sessions && $0.backend == nil }
        guard limits.headroom != nil, !isReportedByOthers else { return [] }
        return states.sorted { $0.key < $1.key }.compactMap { name, state in
            guard let uptime = state.process?.uptime, uptime < .hours(1) else { return nil }
            return
                "limits.headroom: \(name) has counted for \(uptime) only, since its process began, so the peak may be "
                + "higher than it knows"
        }
    }

    private var paceObstacles: [String] {
        guard let limit = limits.maxStep, limit < .all else { return [] }
        let switched = environment.traffic.filter { $0.switching != nil }.map(\.backend)
        let whole = switched.first.map { first in
            "\(first)\(switched.count > 1 ? " and \(switched.count - 1) more" : "") moves as a whole, as an entry of a map "
                + "switches it, and limits.maxStep lets the share grow by \(limit) a minute. Move it by weights, or let "
                + "two people lift the limit: --lift maxStep --reason WHY"
        }
        return [environment.gates.cutOver.problem(at: limit), whole].compactMap(\.self)
    }

    /// Servers that no one has built yet are not asked: they are before each raise.
    private func headroomObstacle(
        _ targets: TrafficTargets, _ rule: TrafficRule, on name: LoadBalancerID, _ state: LoadBalancerState,
        _ measured: MeasuredPeaks
    ) -> String? {
        guard let margin = limits.headroom, !targets.awaitsServers(rule, on: name, state) else { return nil }
        let headroom = targets.headroom(margin, rule, on: name, state, measured: measured)
        guard headroom.verdict != .enough else { return nil }
        return "\(headroom.text). \(Headroom.advice)"
    }
}

extension TrafficTargets {
    /// Too few servers of the new color are listed for what has to serve.
    fileprivate func shortage(_ rule: TrafficRule, on name: LoadBalancerID, _ state: LoadBalancerState) -> String? {
        let needed = neededOfNew(rule, on: name)
        let listed = (state.backends[rule.backend]?.servers ?? []).count { rule.color(of: $0.name) == direction.new }
        guard minHealthyPart > .none, !awaitsServers(rule, on: name, state), listed < needed else { return nil }
        return
            "\(name)/\(rule.backend) lists \(Wording.count(listed, "server")) of \(direction.new), and limits.minHealthy "
            + "of \(minHealthyPart) asks for \(needed), as \(servingFound(rule, on: name)) of \(direction.old) serve. Add "
            + "servers, or let two people lift it: --lift minHealthy --reason WHY"
    }

    /// Whether servers of the new color are still to be listed, by the run or by who fills free slots.
    fileprivate func awaitsServers(_ rule: TrafficRule, on name: LoadBalancerID, _ state: LoadBalancerState) -> Bool {
        rule.registration?[direction.new] != nil || movable(direction.new, rule, on: name, state).isEmpty
    }
}
