/// What load balancers said at one moment.
public struct TrafficObservation: Sendable, Hashable {
    public var time: Instant
    public var states: [LoadBalancerID: LoadBalancerState]

    public init(time: Instant, states: [LoadBalancerID: LoadBalancerState]) {
        self.time = time
        self.states = states
    }

    /// For how long someone may be where no one is counted, on whatever load balancer; nil where all count.
    public var unseenFor: Period? { states.values.compactMap(\.unseenFor).max() }

    /// Whether a load balancer was reloaded or restarted between this look and another.
    public func isOfOtherProcesses(than other: TrafficObservation) -> Bool {
        states.contains { name, state in
            guard let process = state.process, let before = other.states[name]?.process else { return false }
            return process.pid != before.pid
        }
    }

    /// The servers of one color in one backend of one load balancer.
    public func servers(_ rule: TrafficRule, _ color: Color, on loadBalancer: LoadBalancerID) -> [ServerState] {
        states[loadBalancer]?.backends[rule.backend]?.servers.filter { rule.color(of: $0.name) == color } ?? []
    }
}

/// Each color's traffic on each backend of each load balancer between two observations, for people. Pure.
public func trafficSamples(
    from before: TrafficObservation, to after: TrafficObservation, rules: [TrafficRule]
) -> [TrafficSample] {
    let seconds = max(0.001, (after.time - before.time).seconds)
    return after.states.keys.sorted().flatMap { loadBalancer in
        rules.on(loadBalancer).flatMap { rule in
            let weights = Dictionary(
                uniqueKeysWithValues: Color.allCases.map { color in
                    let servers = after.servers(rule, color, on: loadBalancer).filter(\.takesTraffic)
                    let weights = Dictionary(servers.map { ($0.weighed, $0.weight) }, uniquingKeysWith: { $1 })
                    return (color, weights.values.reduce(0, +))
                })
            let all = weights.values.reduce(0, +)
            return Color.allCases.map { color in
                let servers = after.servers(rule, color, on: loadBalancer)
                var counted = TrafficTally.Sums()
                if before.states[loadBalancer] != nil {
                    let earlier = Dictionary(
                        before.servers(rule, color, on: loadBalancer).map { ($0.name, $0.counters) },
                        uniquingKeysWith: { first, _ in first })
                    for server in servers {
                        counted += TrafficTally.Sums(
                            from: earlier[server.name] ?? ServerCounters(), to: server.counters)
                    }
                }
                return TrafficSample(
                    loadBalancer: loadBalancer, backend: rule.backend, color: color,
                    share: all == 0 ? 0 : Double(weights[color, default: 0]) / Double(all),
                    requestsPerSecond: Double(counted.requests) / seconds, errorRate: counted.errorRate,
                    responseTime: meanResponseTime(servers), sessions: servers.map(\.counters.sessions).reduce(0, +))
            }
        }
    }
}

/// The mean over the servers that took requests, weighted by their number.
func meanResponseTime(_ servers: [ServerState]) -> Period? {
    let measured = servers.compactMap { server in
        // In floating point: the product of both may be beyond every integer.
        server.counters.responseTime.map { (Double($0.milliseconds), Double(server.counters.requests)) }
    }.filter { $0.1 > 0 }
    let requests = measured.map(\.1).reduce(0, +)
    guard requests > 0 else { return nil }
    let mean = measured.map { $0.0 * $0.1 }.reduce(0, +) / requests
    return Period(milliseconds: Int64(min(mean, Double(Int32.max))))
}
