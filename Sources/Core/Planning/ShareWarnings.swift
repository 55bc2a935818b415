import Migration

extension Plan {
    /// Steps at which backends really get another share, one line for each step.
    func shareWarnings(_ states: [LoadBalancerID: LoadBalancerState]) -> [String] {
        let targets = TrafficTargets(
            found: FoundTraffic(TrafficObservation(time: createdAt, states: states), environment.traffic),
            rules: environment.traffic, direction: direction, minHealthy: limits.minHealthy,
            minHealthyPart: limits.minHealthyPart, isOldUnreachable: unreachable != nil)
        return environment.gates.cutOver.steps.map(\.share).filter { $0 < .all }.compactMap { share in
            let others = environment.traffic.flatMap { rule -> [String] in
                let names = states.keys.filter(rule.isOn).sorted()
                let shares = names.compactMap { name -> (LoadBalancerID, String)? in
                    guard let state = states[name], let real = targets.trueShare(at: share, rule, on: name, state),
                        share.isVisiblyOther(than: real)
                    else { return nil }
                    return (name, Wording.percent(real))
                }
                return Dictionary(grouping: shares, by: \.1).sorted { $0.key < $1.key }.map { real, all in
                    "\(rule.backend) gets \(real) on \(all.map(\.0.text).joined(separator: ", "))"
                }
            }
            guard !others.isEmpty else { return nil }
            let shown = others.prefix(Plan.mostShares).joined(separator: "; ")
            let more = others.count > Plan.mostShares ? "; and \(others.count - Plan.mostShares) more" : ""
            return "the step of \(share) is another share, as weights are whole numbers: \(shown)\(more)"
        }
    }

    private static let mostShares = 5
}
