/// What every load balancer said at one moment.
public struct TrafficObservation: Sendable, Hashable {
    public var time: Instant
    public var states: [LoadBalancerID: LoadBalancerState]

    public init(time: Instant, states: [LoadBalancerID: LoadBalancerState]) {
        self.time = time
        self.states = states
    }

    /// The servers of one color in one backend of one load balancer.
    public func servers(_ rule: TrafficRule, _ color: Color, on loadBalancer: LoadBalancerID) -> [ServerState] {
        states[loadBalancer]?.backends[rule.backend]?.servers.filter { rule.color(of: $0.name) == color } ?? []
    }
}

/// How the new color does against the old one between two observations: one sample for each rule of the analysis,
/// load balancer and backend. Pure.
public func judge(
    _ analysis: Analysis, from before: TrafficObservation, to after: TrafficObservation, rules: [TrafficRule],
    direction: Direction
) -> [GateSample] {
    switch analysis {
    case .haproxy(let limits):
        // A load balancer that was not seen twice must not be taken for one without errors.
        Set(before.states.keys).union(after.states.keys).sorted().flatMap { loadBalancer in
            rules.flatMap { rule in
                judge(
                    limits, Window(before, after, rule, on: loadBalancer), direction, "\(loadBalancer)/\(rule.backend)")
            }
        }
    }
}

/// Each color's traffic on each backend of each load balancer between two observations. Pure.
public func traffic(
    from before: TrafficObservation, to after: TrafficObservation, rules: [TrafficRule]
) -> [TrafficSample] {
    let seconds = max(0.001, (after.time - before.time).seconds)
    return after.states.keys.sorted().flatMap { loadBalancer in
        rules.flatMap { rule in
            let window = Window(before, after, rule, on: loadBalancer)
            let weightOfAll = Color.allCases.map { window.weight(of: $0) }.reduce(0, +)
            return Color.allCases.map { color in
                let counted = window.counted(color)
                return TrafficSample(
                    loadBalancer: loadBalancer, backend: rule.backend, color: color,
                    share: weightOfAll == 0 ? 0 : Double(window.weight(of: color)) / Double(weightOfAll),
                    requestsPerSecond: Double(counted?.requests ?? 0) / seconds,
                    errorRate: counted.map(\.errorRate) ?? 0, responseTime: window.responseTime(of: color),
                    sessions: after.servers(rule, color, on: loadBalancer).map(\.counters.sessions).reduce(0, +))
            }
        }
    }
}

private func judge(
    _ limits: Analysis.HAProxy, _ window: Window, _ direction: Direction, _ subject: String
) -> [GateSample] {
    var samples: [GateSample] = []
    let counted = window.counted(direction.new)
    if let limit = limits.errorRate {
        samples.append(errorRate(counted, limit: limit, minRequests: limits.minRequests, subject))
    }
    if let ratio = limits.responseTimeRatio {
        let new = window.responseTime(of: direction.new)
        let old = window.responseTime(of: direction.old)
        let requests = counted?.requests ?? 0
        samples.append(
            responseTime(new, old, limit: ratio, enough: requests >= limits.minRequests, requests: requests, subject))
    }
    return samples
}

private func errorRate(_ counted: Counted?, limit: Percent, minRequests: Int, _ subject: String) -> GateSample {
    guard let counted else {
        return GateSample(
            gate: "errorRate", subject: subject, verdict: .inconclusive, limit: limit.fraction,
            message: "\(subject): not seen twice, or the counters started anew; no error rate yet")
    }
    let rate = counted.errorRate
    let shown = Percent(thousandths: Int((rate * 100_000).rounded()))
    let verdict: Verdict =
        counted.requests < max(1, minRequests) ? .inconclusive : rate > limit.fraction ? .fail : .pass
    let judgement =
        verdict == .inconclusive ? "too few requests for a verdict (needs \(max(1, minRequests)))" : "limit \(limit)"
    return GateSample(
        gate: "errorRate", subject: subject, verdict: verdict, value: rate, limit: limit.fraction,
        samples: counted.requests,
        message: "\(subject): \(shown) errors of \(counted.requests) requests, \(judgement)")
}

private func responseTime(
    _ new: Period?, _ old: Period?, limit: Double, enough: Bool, requests: Int, _ subject: String
) -> GateSample {
    guard let new, let old, enough else {
        return GateSample(
            gate: "responseTime", subject: subject, verdict: .inconclusive, limit: limit, samples: requests,
            message: "\(subject): no response times to compare yet")
    }
    // Load balancers measure in whole milliseconds: one more or less is no difference, and none at all may be 0.9.
    let tick = Period(milliseconds: 1)
    let ratio = max(new, tick).seconds / max(old, tick).seconds
    return GateSample(
        gate: "responseTime", subject: subject, verdict: ratio > limit && new > old + tick ? .fail : .pass,
        value: ratio,
        limit: limit, samples: requests,
        message: "\(subject): mean response time \(new), the old color's is \(old), limit \(limit) times that")
}

/// Requests and errors of one color over a window.
private struct Counted {
    var requests: Int
    var errors: Int
    /// Failed connections never become requests, so that errors can outnumber them.
    var errorRate: Double { requests == 0 ? 0 : min(1, Double(errors) / Double(requests)) }
}

/// One backend of one load balancer between two observations.
private struct Window {
    private let before: [Color: [ServerState]]
    private let after: [Color: [ServerState]]
    private let wasSeenTwice: Bool

    init(_ before: TrafficObservation, _ after: TrafficObservation, _ rule: TrafficRule, on name: LoadBalancerID) {
        wasSeenTwice = before.states[name] != nil && after.states[name] != nil
        self.before = Dictionary(
            uniqueKeysWithValues: Color.allCases.map { ($0, before.servers(rule, $0, on: name)) })
        self.after = Dictionary(uniqueKeysWithValues: Color.allCases.map { ($0, after.servers(rule, $0, on: name)) })
    }

    func weight(of color: Color) -> Int {
        after[color, default: []].filter(\.takesTraffic).map(\.weight).reduce(0, +)
    }

    /// Nil when the load balancer was not seen twice, or a counter went backwards: it was restarted in between.
    func counted(_ color: Color) -> Counted? {
        guard wasSeenTwice else { return nil }
        let earlier = Dictionary(
            before[color, default: []].map { ($0.name, $0.counters) }, uniquingKeysWith: { first, _ in first })
        var sum = Counted(requests: 0, errors: 0)
        for server in after[color, default: []] {
            let start = earlier[server.name] ?? ServerCounters()
            guard server.counters.requests >= start.requests, server.counters.errors >= start.errors else { return nil }
            sum.requests += server.counters.requests - start.requests
            sum.errors += server.counters.errors - start.errors
        }
        // Connections that failed count as requests that failed.
        sum.requests = max(sum.requests, sum.errors)
        return sum
    }

    /// The mean over the color's servers that took requests, weighed by their number.
    func responseTime(of color: Color) -> Period? {
        let measured = after[color, default: []].compactMap { server in
            // In floating point: the product of both may be beyond every integer.
            server.counters.responseTime.map { (Double($0.milliseconds), Double(server.counters.requests)) }
        }.filter { $0.1 > 0 }
        let requests = measured.map(\.1).reduce(0, +)
        guard requests > 0 else { return nil }
        let mean = measured.map { $0.0 * $0.1 }.reduce(0, +) / requests
        return Period(milliseconds: Int64(min(mean, Double(Int32.max))))
    }
}
