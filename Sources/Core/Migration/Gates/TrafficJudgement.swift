/// The verdict of a cutover's gate on the new color, from everything that was counted so far. Pure.
///
/// It judges what users get: answers, not settings. Each rule looks at each load balancer and at all of them together,
/// and at the last seconds, the step and the whole run, so that neither one load balancer, nor a late failure, nor little
/// traffic hides an error.
public struct TrafficJudgement: Sendable {
    let tally: TrafficTally
    let targets: TrafficTargets
    let usual: [String: UsualTraffic]
    private let share: Percent
    private let now: Period

    /// One measurement, and whether it keeps the gate shut although it is no failure.
    public struct Finding: Sendable, Hashable {
        public var sample: GateSample
        public var holds: Bool
    }

    /// - Parameters:
    ///   - targets: what the run found, and who belongs to which color.
    ///   - usual: what the old color's answers were like, as far as it was written down.
    ///   - share: of the new color, as it was verified last.
    ///   - now: the uptime by which the looks were counted.
    public init(
        _ tally: TrafficTally, _ targets: TrafficTargets, usual: [String: UsualTraffic] = [:], share: Percent,
        now: Period
    ) {
        self.tally = tally
        self.usual = tally.usual(targets.direction.old, besides: usual)
        self.targets = targets
        self.share = share
        self.now = now
    }

    /// What is to be said by the rules of an environment.
    public func findings(_ all: [Analysis]) -> [Finding] {
        guard share > .none else { return [] }
        return carrying
            + all.flatMap { analysis -> [Finding] in
                guard case .loadBalancers(let limits) = analysis else { return [] }
                return targets.rules.filter(limits.judges).flatMap { rule in
                    findings(limits, rule, hasOwnLimit: all.limits(.clientErrors, in: rule))
                }
            }
    }

    private func findings(
        _ limits: Analysis.LoadBalancers, _ rule: TrafficRule, hasOwnLimit: Bool
    ) -> [Finding] {
        // A switch moves with the last step: until then the new color can't have any.
        if rule.switching != nil, share < .all { return [] }
        // Where nothing is counted, something else judges: a plan is blocked without it.
        if names(rule).isEmpty, tally.loadBalancers.contains(where: rule.isOn) { return [] }
        var findings = [share(rule, limits), hang(rule, limits)].compactMap { $0 }
        findings += rates(limits, rule)
        if limits.errorRate != nil {
            findings += [
                hasOwnLimit ? nil : answers("4xx", \.clientErrors, \.clientErrors, by: 0.05, rule, limits),
                hasOwnLimit ? nil : refused(rule, limits),
                answers("3xx", \.redirects, \.redirects, by: 0.2, rule, limits), bytes(rule, limits),
            ].compactMap { $0 }
        }
        if let most = limits.queue { findings.append(queue(rule, most)) }
        if let ratio = limits.responseTimeRatio { findings.append(responseTime(rule, ratio, limits)) }
        return findings
    }

    /// Those that count.
    private var names: [LoadBalancerID] { tally.loadBalancers.filter { tally.states[$0]?.unseenFor == nil } }
    func names(_ rule: TrafficRule) -> [LoadBalancerID] { names.filter(rule.isOn) }
    private var new: Color { targets.direction.new }
    var old: Color { targets.direction.old }

    typealias Scope = (place: String, names: [LoadBalancerID])

    private func scopes(_ rule: TrafficRule) -> [Scope] { scopes(rule, on: names(rule)) }

    /// Each load balancer by itself, and all of them together.
    func scopes(_ rule: TrafficRule, on names: [LoadBalancerID]) -> [Scope] {
        names.map { ("\($0)/\(rule.backend)", [$0]) } + (names.count > 1 ? [(rule.backend, names)] : [])
    }

    /// What the new color's servers did, and what load balancers answered in their place.
    func sums(_ rule: TrafficRule, on names: [LoadBalancerID], _ window: TrafficTally.Window)
        -> TrafficTally.Sums
    {
        var sums = tally.sums(new, rule.backend, on: names, window)
        // A request that no color served before is not the new color's fault.
        let own = tally.sums(nil, rule.backend, on: names.filter { targets.wasServed(rule, on: $0) }, window)
        sums.requests += own.errors
        sums.errors += own.errors
        sums.errorCounts = sums.errorCounts + own.errorCounts
        return sums
    }

    // MARK: - Serving at all

    /// That someone of the new color can serve each backend that the old one served: for a second, as checks flap.
    private var carrying: [Finding] {
        tally.uncarriedSince.sorted { $0.key < $1.key }.compactMap { place, since in
            guard now - since >= .seconds(1) else { return nil }
            return failure(
                "carries", place, nil, "\(place): too few servers of \(new) can serve, for \((now - since).rounded)")
        }
    }

    // MARK: - No answer

    /// The new color has sessions and finishes none of them, where the old one, or itself before, finished most of its own.
    private func hang(_ rule: TrafficRule, _ limits: Analysis.LoadBalancers) -> Finding? {
        func finishes(_ requests: Int, of begun: Int) -> Bool { requests >= 10 && requests * 2 >= begun }
        let before = usual[rule.backend]
        // Of its own requests those count that it was not asked just now.
        let own = tally.sums(new, rule.backend, on: names, .run)
        let ended = own.begun - tally.sessions(new, rule.backend, on: names)
        guard before.map({ finishes($0.requests, of: $0.begun) }) == true || finishes(own.requests, of: ended) else {
            return nil
        }
        let found = scopes(rule).filter { !isTCP(rule, on: $0.names) }.compactMap { hang(rule, $0.place, on: $0.names) }
        // What one load balancer leaves open, as it says nothing more, hides nothing of another.
        return found.first { $0.sample.verdict == .fail } ?? found.first
    }

    private func hang(_ rule: TrafficRule, _ place: String, on names: [LoadBalancerID]) -> Finding? {
        let sessions = tally.sessions(new, rule.backend, on: names)
        let length = tally.stall(new, rule.backend, on: names)
        guard length >= .seconds(1) else { return nil }
        let text = "\(place): \(new) has \(sessions) sessions and finished none in \(length.rounded)"
        let wait = meanResponseTime(servers(old, rule)) ?? .zero
        let isBad = sessions >= 3 && length >= max(.seconds(3), Period(milliseconds: wait.milliseconds * 3))
        return Finding(
            sample: GateSample(
                gate: "answers", subject: place, verdict: isBad ? .fail : .inconclusive, samples: sessions,
                message: text), holds: !isBad)
    }

    // MARK: - Other answers than the old color's

    private func answers(
        _ gate: String, _ count: KeyPath<TrafficTally.Sums, Int>, _ known: KeyPath<UsualTraffic, Int>, by limit: Double,
        _ rule: TrafficRule, _ limits: Analysis.LoadBalancers
    ) -> Finding? {
        let needed = max(10, limits.minRequests)
        guard let before = usual[rule.backend], before.requests >= needed else { return nil }
        let usual = before.rate(before[keyPath: known])
        // What little of the old color's answers was counted may have been better than its usual ones.
        let most = Double(before[keyPath: known] + 2) / Double(before.requests + 4) + limit
        for scope in scopes(rule) {
            for window in TrafficTally.Window.allCases {
                let sums = tally.sums(new, rule.backend, on: scope.names, window)
                let rate = sums.rate(sums[keyPath: count])
                guard sums.requests >= needed,
                    Evidence(of: sums[keyPath: count], in: sums.requests, above: most).isClear
                else { continue }
                return failure(
                    gate, scope.place, sums.requests,
                    "\(scope.place): \(shown(rate)) of \(sums.requests) answers are \(gate), \(shown(usual)) of \(old)'s"
                )
            }
        }
        return nil
    }

    /// Most answers are 4xx, and no one knows whether the old color's are. That is no verdict, nor is it a pass.
    private func refused(_ rule: TrafficRule, _ limits: Analysis.LoadBalancers) -> Finding? {
        let needed = max(10, limits.minRequests)
        let isKnown = usual[rule.backend].map { $0.requests >= needed } ?? false
        // With an old color that does not answer there is nothing to compare with, and no one waits for it.
        guard !isKnown, !names(rule).contains(where: { targets.isGivenUp(rule, on: $0) }) else { return nil }
        for scope in scopes(rule) {
            let sums = tally.sums(new, rule.backend, on: scope.names, .step)
            guard sums.requests >= needed, Evidence(of: sums.clientErrors, in: sums.requests, above: 0.5).isClear
            else { continue }
            return Finding(
                sample: GateSample(
                    gate: "4xx", subject: scope.place, verdict: .inconclusive, samples: sums.requests,
                    message:
                        "\(scope.place): \(shown(sums.rate(sums.clientErrors))) of \(sums.requests) answers are 4xx, "
                        + "too few requests of \(old) to compare with (needs \(needed))"), holds: true)
        }
        return nil
    }

    /// Of bytes instead of requests: sessions that end at once carry next to nothing.
    private func bytes(_ rule: TrafficRule, _ limits: Analysis.LoadBalancers) -> Finding? {
        guard isTCP(rule, on: names) else { return nil }
        let needed = max(10, limits.minRequests)
        guard let before = usual[rule.backend], before.begun >= needed, before.bytesOut > 0 else { return nil }
        let usual = Double(before.bytesOut) / Double(before.begun)
        for scope in scopes(rule) {
            for window in TrafficTally.Window.allCases {
                let sums = tally.sums(new, rule.backend, on: scope.names, window)
                guard sums.begun >= needed, Double(sums.bytesOut) / Double(sums.begun) < usual / 10 else { continue }
                return failure(
                    "bytes", scope.place, sums.begun,
                    "\(scope.place): \(sums.bytesOut / sums.begun) bytes a session of \(sums.begun), "
                        + "\(Int(usual)) of \(old)'s")
            }
        }
        return nil
    }

    private func servers(_ color: Color, _ rule: TrafficRule) -> [ServerState] {
        names.flatMap {
            tally.states[$0]?.backends[rule.backend]?.servers.filter { rule.color(of: $0.name) == color } ?? []
        }
    }

    private func isTCP(_ rule: TrafficRule, on names: [LoadBalancerID]) -> Bool {
        names.contains { tally.states[$0]?.backends[rule.backend]?.isTCP == true }
    }

    // MARK: - The measured share

    /// That the new color really gets about what it was given: a part that it never took proves nothing.
    private func share(_ rule: TrafficRule, _ limits: Analysis.LoadBalancers) -> Finding? {
        let taken = tally.sums(new, rule.backend, on: names, .step).begun
        let all = taken + tally.sums(old, rule.backend, on: names, .step).begun
        guard all >= 50 else { return nil }
        let wanted = share.fraction
        let measured = Double(taken) / Double(all)
        let chance = (wanted * (1 - wanted) / Double(all)).squareRoot()
        guard abs(measured - wanted) > max(4 * chance, wanted / 4) else { return nil }
        let text = "\(rule.backend): \(new) took \(shown(measured)) of \(all) requests, \(share) was set"
        let isHeld = measured < wanted / 2 && rule.persistence == nil
        return Finding(
            sample: GateSample(
                gate: "share", subject: rule.backend, verdict: isHeld ? .inconclusive : .pass, value: measured,
                limit: wanted, samples: all, message: text), holds: isHeld)
    }

    // MARK: - Who waits

    /// Requests that wait at a server of the new color, or for any. A burst ends; a queue that stays says that there are too
    /// few servers, or that they are too slow.
    private func queue(_ rule: TrafficRule, _ most: Int) -> Finding {
        let counting = names(rule).filter { tally.states[$0]?.backends[rule.backend]?.countsQueue == true }
        let found = counting.map { name -> Finding in
            let queue = tally.queue(new, rule.backend, on: name)
            let place = "\(name)/\(rule.backend)"
            var sample = GateSample(
                gate: "queue", subject: place, verdict: .pass, value: Double(queue.now), limit: Double(most),
                message: "\(place): \(queue.now) requests wait for a server, limit \(most)")
            guard queue.now > most else { return Finding(sample: sample, holds: false) }
            let isLasting = queue.lasting.map { $0 > most } ?? false
            sample.verdict = isLasting ? .fail : .inconclusive
            if isLasting { sample.message += ", for \(TrafficTally.queueTime.rounded) and longer" }
            return Finding(sample: sample, holds: !isLasting)
        }
        let worst = found.first { $0.sample.verdict == .fail } ?? found.first(where: \.holds) ?? found.first
        return worst
            ?? Finding(
                sample: GateSample(
                    gate: "queue", subject: rule.backend, verdict: .inconclusive, limit: Double(most),
                    message: "\(rule.backend): no load balancer has said who waits so far"), holds: true)
    }

    // MARK: - Response times

    private func responseTime(_ rule: TrafficRule, _ limit: Double, _ limits: Analysis.LoadBalancers) -> Finding {
        let needed = max(1, limits.minRequests)
        var passed: Finding?
        for name in names {
            let requests = tally.sums(new, rule.backend, on: [name], .run).requests
            guard requests >= needed, let servers = tally.states[name]?.backends[rule.backend]?.servers,
                let mine = meanResponseTime(servers.filter { rule.color(of: $0.name) == new }),
                let other = meanResponseTime(servers.filter { rule.color(of: $0.name) == old })
            else { continue }
            // Load balancers measure in whole milliseconds: one more or less is no difference, and none may be 0.9.
            let tick = Period(milliseconds: 1)
            let ratio = max(mine, tick).seconds / max(other, tick).seconds
            let isSlower = ratio > limit && mine > other + tick
            let isClear = ratio > limit * (1 + 4 * spread(servers, rule, requests))
            let place = "\(name)/\(rule.backend)"
            var sample = GateSample(
                gate: "responseTime", subject: place, verdict: .pass, value: ratio, limit: limit, samples: requests,
                message: "\(place): mean response time \(mine), the old color's is \(other), limit \(limit) times that")
            if isSlower {
                sample.verdict = isClear ? .fail : .inconclusive
                if !isClear { sample.message += ", which may be chance so far" }
                return Finding(sample: sample, holds: !isClear)
            }
            passed = passed ?? Finding(sample: sample, holds: false)
        }
        return passed
            ?? Finding(
                sample: GateSample(
                    gate: "responseTime", subject: rule.backend, verdict: .inconclusive, limit: limit,
                    message: "\(rule.backend): no response times to compare yet"),
                holds: limits.whenIdle == .hold)
    }

    /// How far the ratio of two means may be off by chance, as a part of it: HAProxy gives means of each server's last
    /// 1,024 requests and no spread, so that of an exponential distribution is assumed, which is as large as its mean.
    private func spread(_ servers: [ServerState], _ rule: TrafficRule, _ requests: Int) -> Double {
        func measured(_ color: Color) -> Int {
            servers.filter { rule.color(of: $0.name) == color }.reduce(0) { $0 + min(1024, $1.counters.requests) }
        }
        let mine = min(max(1, requests), max(1, measured(new)))
        return (1 / Double(mine) + 1 / Double(max(1, measured(old)))).squareRoot()
    }

    // MARK: - Words

    private func failure(_ gate: String, _ place: String, _ samples: Int?, _ text: String) -> Finding {
        Finding(
            sample: GateSample(gate: gate, subject: place, verdict: .fail, samples: samples, message: text),
            holds: false)
    }

    func shown(_ rate: Double) -> Percent { Percent(thousandths: Int(clamping: rate * 100_000)) }
}

extension Period {
    /// In whole seconds, for people.
    fileprivate var rounded: Period { .seconds((milliseconds + 500) / 1000) }
}
