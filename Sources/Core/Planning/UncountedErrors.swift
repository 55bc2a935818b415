import Migration

/// Limits of error classes, and of who waits, that load balancers don't count.
extension Plan {
    /// A limit that no one can judge in a backend would never be kept, and never be passed.
    func uncountedObstacles(_ states: [LoadBalancerID: LoadBalancerState]) -> [String] {
        limitedCounts(states).filter(\.counting.isEmpty).map { limited in
            let why = limited.isTCP ? "in `mode tcp` no one reads answers" : "\(words(limited.others)) counts none"
            return
                "\(limited.backend): gates.cutOver.analysis limits \(limited.name), and \(why). Leave that limit out "
                + "there: name the backends that it is for, `backends: [ … ]` beside it"
        }
    }

    /// Where some count and others don't.
    func uncountedWarnings(_ states: [LoadBalancerID: LoadBalancerState]) -> [String] {
        limitedCounts(states).filter { !$0.counting.isEmpty && !$0.others.isEmpty }.map { limited in
            "\(limited.backend): \(limited.name) is judged by \(words(limited.counting)) alone, as "
                + "\(words(limited.others)) counts none"
        }
    }

    private func words(_ names: [LoadBalancerID]) -> String { names.map(\.text).joined(separator: ", ") }

    private struct LimitedCount {
        var backend: String
        var name: String
        var counting: [LoadBalancerID]
        var others: [LoadBalancerID]
        var isTCP: Bool
    }

    /// Those of each backend, once. A load balancer that counts nothing at all is said elsewhere.
    private func limitedCounts(_ states: [LoadBalancerID: LoadBalancerState]) -> [LimitedCount] {
        environment.traffic.flatMap { rule -> [LimitedCount] in
            let names = states.keys.sorted().filter { name in
                rule.isOn(name) && states[name]?.unseenFor == nil && states[name]?.backends[rule.backend] != nil
            }
            guard !names.isEmpty else { return [] }
            func limited(_ name: String, _ counts: (BackendState) -> Bool) -> LimitedCount {
                let counting = names.filter { states[$0]?.backends[rule.backend].map(counts) == true }
                return LimitedCount(
                    backend: rule.backend, name: name, counting: counting,
                    others: names.filter { !counting.contains($0) },
                    isTCP: names.allSatisfy { states[$0]?.backends[rule.backend]?.isTCP == true })
            }
            let analysis = environment.gates.cutOver.analysis
            let queue = analysis.limitsQueue(in: rule) ? [limited("queue", \.countsQueue)] : []
            return queue
                + ErrorClass.allCases.filter { analysis.limits($0, in: rule) }.map { errorClass in
                    limited(errorClass.rawValue) { $0.counted.contains(errorClass) }
                }
        }
    }
}
