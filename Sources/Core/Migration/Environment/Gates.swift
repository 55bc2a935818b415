/// The conditions under which a run goes on.
public struct Gates: Codable, Sendable, Hashable {
    /// Nil for none.
    public var platform: ProbeGate?
    public var service: ServiceGate
    public var cutOver: CutOverGate

    public init(
        platform: ProbeGate? = nil, service: ServiceGate = ServiceGate(), cutOver: CutOverGate = CutOverGate()
    ) {
        self.platform = platform
        self.service = service
        self.cutOver = cutOver
    }
}

/// What must answer before the first service is launched.
public struct ProbeGate: Codable, Sendable, Hashable {
    public var probes: [Probe]
    /// Consecutive passes that each probe needs.
    public var passes: Int

    public init(probes: [Probe] = [], passes: Int = 3) {
        self.probes = probes
        self.passes = passes
    }
}

/// When the new color's services count as ready for traffic.
public struct ServiceGate: Codable, Sendable, Hashable {
    /// For how long every service must be healthy without a break.
    public var healthyFor: Period
    public var probes: [Probe]
    /// Consecutive passes that each probe needs.
    public var passes: Int

    public init(healthyFor: Period = .seconds(20), probes: [Probe] = [], passes: Int = 3) {
        self.healthyFor = healthyFor
        self.probes = probes
        self.passes = passes
    }
}

/// A question asked of each instance of the new color's services, or of one address.
public struct Probe: Codable, Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// `url` nil: asked at every server of the new color that the load balancers list. A header may lead it through a
        /// load balancer to the new color alone.
        case http(url: Setting?, path: String, expect: Int, headers: [String: Setting] = [:])
        /// `address` as `host:port`; nil as above.
        case tcp(address: Setting?)
        /// Passes when the program exits with 0.
        case command([Setting])
        /// Every server of one group, each as `host:port`.
        case zooKeeper(servers: [Setting])
        case mesosDNS(MesosDNS)
        case redis(Redis)
        /// By the URL of its API.
        case vault(url: Setting)
        case traefik(Traefik)
        case prometheus(PrometheusQuery)
    }

    public var kind: Kind
    public var timeout: Period
    /// How it is asked over TLS. A probe of a server that load balancers list, or of a plain address, is asked without
    /// where this is nil.
    public var tls: TLSRules?

    public init(_ kind: Kind, timeout: Period = .seconds(2), tls: TLSRules? = nil) {
        self.kind = kind
        self.timeout = timeout
        self.tls = tls
    }

    /// Whether it is asked of servers that a load balancer lists, having no address of its own.
    public var isRelative: Bool {
        switch kind {
        case .http(let url, _, _, _): url == nil
        case .tcp(let address): address == nil
        case .command, .zooKeeper, .mesosDNS, .redis, .vault, .traefik, .prometheus: false
        }
    }
}

/// The steps of the cutover and what is watched between them.
public struct CutOverGate: Codable, Sendable, Hashable {
    public struct Step: Codable, Sendable, Hashable {
        /// The new color's share of the traffic.
        public var share: Percent
        /// For how long it is watched before the next step.
        public var bake: Period
        /// What holds the run after that, watched as before; nil where the next step follows by itself.
        public var pause: Pause?

        public init(share: Percent, bake: Period, pause: Pause? = nil) {
            self.share = share
            self.bake = bake
            self.pause = pause
        }

        /// Named as plans have it since their first format.
        private enum CodingKeys: String, CodingKey {
            case share = "weight"
            case bake, pause
        }
    }

    /// A step that people end.
    public struct Pause: Codable, Sendable, Hashable {
        /// How many have to say yes.
        public var people: Int
        /// What makes a yes count besides; nil for nothing.
        public var terms: ApprovalDemand?
        /// What they are asked.
        public var reason: String?
        /// When it fails, if too few said yes.
        public var limit: Period

        /// - Parameter limit: when the run halts, if too few said yes.
        public init(
            _ demand: ApprovalDemand = ApprovalDemand(1), reason: String? = nil,
            limit: Period = ApprovalRule.standardLimit
        ) {
            people = demand.people
            terms = demand == ApprovalDemand(people) ? nil : demand
            self.reason = reason
            self.limit = limit
        }

        public var demand: ApprovalDemand { terms ?? ApprovalDemand(people) }

        /// As it stands in an environment file: `{ count: 2 }`.
        var written: String {
            let standard = Pause()
            let quoted = reason.map { $0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") }
            let parts = [
                people == standard.people ? nil : "count: \(people)", demand.writtenTerms,
                quoted.map { "reason: \"\($0)\"" }, limit == standard.limit ? nil : "limit: \(limit)",
            ].compactMap(\.self)
            return parts.isEmpty ? "{}" : "{ \(parts.joined(separator: ", ")) }"
        }
    }

    public var steps: [Step]
    public var analysis: [Analysis]
    /// How often the analysis looks.
    public var interval: Period

    public init(
        steps: [Step] = [Step(share: .all, bake: .minutes(1))], analysis: [Analysis] = [],
        interval: Period = .seconds(1)
    ) {
        self.steps = steps
        self.analysis = analysis
        self.interval = interval
    }
}

/// What is measured while the new color carries a part of the traffic.
public enum Analysis: Sendable, Hashable {
    /// Counters of the same load balancers, both colors over the same window.
    case loadBalancers(LoadBalancers)
    /// Numbers of a Prometheus.
    case prometheus(Prometheus)

    /// What it means at the end of a bake that too little was measured for a verdict.
    public enum WhenIdle: String, Codable, Sendable, Hashable, CaseIterable { case hold, ignore }

    public struct Prometheus: Codable, Sendable, Hashable {
        public var query: PrometheusQuery
        public var tls: TLSRules?
        /// For one answer.
        public var timeout: Period
        /// How often it is asked.
        public var interval: Period
        /// So many answers in a row beyond the limits give the traffic back.
        public var failures: Int
        /// What no data means at the end of a bake. An answer that is missing or too old holds it anyway.
        public var whenIdle: WhenIdle

        public init(
            _ query: PrometheusQuery, tls: TLSRules? = nil, timeout: Period = .seconds(2),
            interval: Period = .seconds(5), failures: Int = 1, whenIdle: WhenIdle = .hold
        ) {
            self.query = query
            self.tls = tls
            self.timeout = timeout
            self.interval = interval
            self.failures = failures
            self.whenIdle = whenIdle
        }

        /// The question itself.
        public var probe: Probe { Probe(.prometheus(query), timeout: timeout, tls: tls) }
    }

    public struct LoadBalancers: Codable, Sendable, Hashable {
        /// The new color's share of 5xx responses and failed connections.
        public var errorRate: Percent?
        /// Limits of single error classes; nil for none.
        public var classes: [ErrorClass: ErrorLimit]?
        /// How many requests may wait for a server, for longer than `TrafficTally.queueTime`; nil for any number.
        public var queue: Int?
        /// The new color's mean response time at most this many times the old one's.
        public var responseTimeRatio: Double?
        /// Requests to the new color below which there is no verdict.
        public var minRequests: Int
        /// What a backend without enough requests means at the end of a bake.
        public var whenIdle: WhenIdle
        /// The backends that it judges; nil for all.
        public var backends: [String]?

        public init(
            errorRate: Percent? = nil, classes: [ErrorClass: ErrorLimit]? = nil, queue: Int? = nil,
            responseTimeRatio: Double? = nil, minRequests: Int = 10, whenIdle: WhenIdle = .hold,
            backends: [String]? = nil
        ) {
            self.queue = queue
            self.errorRate = errorRate
            self.classes = classes
            self.responseTimeRatio = responseTimeRatio
            self.minRequests = minRequests
            self.whenIdle = whenIdle
            self.backends = backends
        }

        public func judges(_ rule: TrafficRule) -> Bool { backends?.contains(rule.backend) ?? true }
    }
}

extension [Analysis] {
    /// Whether one of them says how many errors of a class are well in a backend.
    public func limits(_ errorClass: ErrorClass, in rule: TrafficRule) -> Bool {
        judging(rule).contains { $0.classes?[errorClass] != nil }
    }

    /// Whether one of them says how many requests may wait in a backend.
    public func limitsQueue(in rule: TrafficRule) -> Bool { judging(rule).contains { $0.queue != nil } }

    private func judging(_ rule: TrafficRule) -> [Analysis.LoadBalancers] {
        compactMap { analysis in
            guard case .loadBalancers(let limits) = analysis, limits.judges(rule) else { return nil }
            return limits
        }
    }
}

extension Analysis {
    /// The question that is asked of another system; nil for what load balancers tell.
    public var probe: Probe? { if case .prometheus(let analysis) = self { analysis.probe } else { nil } }
}
