import Migration

/// Load balancers that count nothing: neither requests nor sessions (`LoadBalancerState.unseenFor`).
extension Plan {
    /// What a cutover would rest on that no one counts.
    func blindObstacles(_ states: [LoadBalancerID: LoadBalancerState]) -> [String] {
        let drain = environment.drain
        let slow = states.sorted { $0.key < $1.key }.compactMap { name, state -> String? in
            guard let length = state.unseenFor, length + drain.quiet > drain.deadline else { return nil }
            return
                "\(name) reports no sessions, and someone may be there unseen for \(length): with `drain.quiet` "
                + "(\(drain.quiet)) that is longer than `drain.deadline` (\(drain.deadline)). Let the drain last longer, or "
                + "make the deregistration delay and the cookie of its target groups shorter"
        }
        let analysis = environment.gates.cutOver.analysis
        guard !analysis.isEmpty, analysis.allSatisfy(\.countsRequests) else { return slow }
        let uncounted = environment.traffic.filter { rule in
            let names = states.keys.filter(rule.isOn)
            return !names.isEmpty && names.allSatisfy { states[$0]?.unseenFor != nil }
        }
        return slow
            + uncounted.map {
                "\($0.backend): the analysis `loadBalancers` judges by what load balancers count, and those that have it count "
                    + "nothing. Judge its users by `prometheus` under gates.cutOver.analysis, too"
            }
    }

    /// Where some count and others don't.
    func blindWarnings(_ states: [LoadBalancerID: LoadBalancerState]) -> [String] {
        let blind = states.filter { $0.value.unseenFor != nil }.keys.sorted().map(\.text)
        guard !blind.isEmpty else { return [] }
        let analysis = environment.gates.cutOver.analysis
        if analysis.isEmpty {
            return [
                "no analysis judges the users on \(blind.joined(separator: ", ")): add `prometheus` to gates.cutOver"
            ]
        }
        guard analysis.allSatisfy(\.countsRequests) else { return [] }
        return [
            "the analysis `loadBalancers` does not judge the users on \(blind.joined(separator: ", ")): nothing is counted there"
        ]
    }
}

extension Analysis {
    /// Whether it judges by counters of load balancers.
    fileprivate var countsRequests: Bool {
        switch self {
        case .loadBalancers: true
        case .prometheus: false
        }
    }
}
