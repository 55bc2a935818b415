/// Rates of what goes wrong, all of it together and class by class, each against its limit.
///
/// A measured rate is above a limit where the evidence says so (`Evidence`), in the last seconds, the step or the run, on
/// one load balancer or on all. The old color's rate is that of the same time and the same load balancers, so that what
/// befalls both colors, such as someone who asks for pages that were never there, is no fault of the new one. It is asked
/// for within one step only: over several, the colors have other parts of what happened in each. Where the old color is
/// asked too little for that, its rate is what it was before.
extension TrafficJudgement {
    private struct Rate {
        /// Nil for all errors together.
        var errorClass: ErrorClass?
        var limit: ErrorLimit

        /// The gate's name.
        var gate: String { errorClass?.rawValue ?? "errorRate" }
        var words: String { errorClass?.words ?? "errors" }

        func count(_ sums: TrafficTally.Sums) -> Int { errorClass.map(sums.count) ?? sums.errors }
    }

    /// What a rate is held against.
    private struct Comparison {
        var evidence: Evidence
        /// In words, and as a rate.
        var limit: String
        var allowed: Double
    }

    func rates(_ limits: Analysis.LoadBalancers, _ rule: TrafficRule) -> [Finding] {
        let all = limits.errorRate.map { Rate(limit: ErrorLimit(max: $0)) }
        let classes = ErrorClass.allCases.compactMap { errorClass in
            limits.classes?[errorClass].map { Rate(errorClass: errorClass, limit: $0) }
        }
        return ([all].compactMap(\.self) + classes).map { finding($0, rule, limits) }
    }

    private func finding(_ rate: Rate, _ rule: TrafficRule, _ limits: Analysis.LoadBalancers) -> Finding {
        let needed = max(1, limits.minRequests)
        let names = names(rule).filter { counts(rate, rule, on: $0) }
        var suspicion: Finding?
        for scope in scopes(rule, on: names) {
            for window in TrafficTally.Window.allCases {
                let sums = sums(rule, on: scope.names, window)
                let count = rate.count(sums)
                let isTotal = count >= 3 && count == sums.requests
                guard sums.requests >= needed || isTotal else { continue }
                for comparison in comparisons(rate, sums, rule, scope, window, needed)
                where comparison.evidence.isSuspicious {
                    let text = "\(scope.place): \(measured(rate, sums)), \(comparison.limit)"
                    guard !comparison.evidence.isClear else {
                        return Finding(
                            sample: sample(rate, scope.place, .fail, sums, comparison.allowed, text), holds: false)
                    }
                    suspicion =
                        suspicion
                        ?? Finding(
                            sample: sample(
                                rate, scope.place, .inconclusive, sums, comparison.allowed,
                                "\(text), which may be chance so far"), holds: true)
                }
            }
        }
        return suspicion ?? verdict(rate, rule, limits, needed, names)
    }

    /// Where nothing speaks against it: a pass, if enough was counted.
    private func verdict(
        _ rate: Rate, _ rule: TrafficRule, _ limits: Analysis.LoadBalancers, _ needed: Int, _ names: [LoadBalancerID]
    ) -> Finding {
        guard let all = scopes(rule, on: names).last else {
            let text = "\(rule.backend): no load balancer has reported \(rate.words) so far"
            return Finding(
                sample: GateSample(gate: rate.gate, subject: rule.backend, verdict: .inconclusive, message: text),
                holds: true)
        }
        let window = rate.limit.maxAboveLive == nil ? TrafficTally.Window.run : .step
        let sums = sums(rule, on: names, window)
        let found = comparisons(rate, sums, rule, all, window, needed)
        let counted = "\(all.place): \(measured(rate, sums))"
        let limit = found.map(\.allowed).min() ?? 0
        guard sums.requests >= needed else {
            let isBad = rate.errorClass == nil ? sums.errors > 0 : found.contains { $0.evidence.isSuspicious }
            return Finding(
                sample: sample(
                    rate, all.place, .inconclusive, sums, limit,
                    "\(counted), too few requests for a verdict (needs \(needed))"),
                holds: isBad || limits.whenIdle == .hold)
        }
        // With an old color that does not answer there is nothing to compare with, and no one waits for it.
        let isAlone = names.allSatisfy { targets.isGivenUp(rule, on: $0) }
        guard found.count == rate.limit.count || isAlone else {
            return Finding(
                sample: sample(
                    rate, all.place, .inconclusive, sums, limit,
                    "\(counted), too few requests of \(old) to compare with (needs \(needed))"),
                holds: limits.whenIdle == .hold)
        }
        let words = ([counted] + found.map(\.limit)).joined(separator: ", ")
        return Finding(sample: sample(rate, all.place, .pass, sums, limit, words), holds: false)
    }

    /// Of all errors together each load balancer says something.
    private func counts(_ rate: Rate, _ rule: TrafficRule, on name: LoadBalancerID) -> Bool {
        guard let errorClass = rate.errorClass else { return true }
        return tally.states[name]?.backends[rule.backend]?.counted.contains(errorClass) == true
    }

    private func comparisons(
        _ rate: Rate, _ sums: TrafficTally.Sums, _ rule: TrafficRule, _ scope: Scope, _ window: TrafficTally.Window,
        _ needed: Int
    ) -> [Comparison] {
        let count = rate.count(sums)
        var found: [Comparison] = []
        if let most = rate.limit.max {
            found.append(
                Comparison(
                    evidence: Evidence(of: count, in: sums.requests, above: most.fraction), limit: "limit \(most)",
                    allowed: most.fraction))
        }
        if let margin = rate.limit.maxAboveLive, window != .run, let live = live(rate, rule, scope, window, needed) {
            let part = Double(live.count) / Double(live.requests)
            found.append(
                Comparison(
                    evidence: Evidence(
                        of: count, in: sums.requests, beside: live.count, in: live.requests, margin: margin.fraction),
                    limit: "limit \(margin) above \(old)'s \(shown(part))\(live.isUsual ? " of before" : "")",
                    allowed: min(1, part + margin.fraction)))
        }
        return found
    }

    /// What the old color did in the same time on the same load balancers, or, where that is too little to say anything,
    /// before; nil where no one knows.
    private func live(
        _ rate: Rate, _ rule: TrafficRule, _ scope: Scope, _ window: TrafficTally.Window, _ needed: Int
    ) -> (count: Int, requests: Int, isUsual: Bool)? {
        let sums = tally.sums(old, rule.backend, on: scope.names, window)
        if sums.requests >= needed { return (rate.count(sums), sums.requests, false) }
        guard let before = usual[rule.backend], before.requests >= needed, let errorClass = rate.errorClass,
            let count = before.count(of: errorClass)
        else { return nil }
        return (count, before.requests, true)
    }

    // MARK: - Words

    private func measured(_ rate: Rate, _ sums: TrafficTally.Sums) -> String {
        "\(shown(sums.rate(rate.count(sums)))) \(rate.words) of \(sums.requests) requests"
    }

    private func sample(
        _ rate: Rate, _ place: String, _ verdict: Verdict, _ sums: TrafficTally.Sums, _ limit: Double, _ text: String
    ) -> GateSample {
        GateSample(
            gate: rate.gate, subject: place, verdict: verdict, value: sums.rate(rate.count(sums)), limit: limit,
            samples: sums.requests, message: text)
    }
}

extension ErrorLimit {
    fileprivate var count: Int { [max, maxAboveLive].count { $0 != nil } }
}
