/// A question to a Prometheus for the most that a backend had at a time, for example within the last hour: a load balancer
/// counts only since its process began.
///
/// `{{ backend }}` and `{{ loadBalancer }}` stand in `query` and `series` for the one that is asked for, as text; in a
/// switch for the live color's own backend.
public struct PeakQuery: Codable, Sendable, Hashable {
    /// What the number counts.
    public enum Unit: String, Codable, Sendable, Hashable, CaseIterable {
        case sessions
        /// Sessions begun within a second.
        case rate
    }

    public var unit: Unit
    /// The backend that it is for; nil for every one.
    public var backend: String?
    /// The highest of its numbers counts.
    public var query: PrometheusQuery
    /// Whom to trust there; nil for what the system trusts.
    public var tls: TLSRules?
    /// For one answer.
    public var timeout: Period

    public init(
        _ query: PrometheusQuery, of unit: Unit = .sessions, backend: String? = nil, tls: TLSRules? = nil,
        timeout: Period = .seconds(2)
    ) {
        self.unit = unit
        self.backend = backend
        self.query = query
        self.tls = tls
        self.timeout = timeout
    }

    /// The question itself, before it is known for what.
    public var probe: Probe { Probe(.prometheus(query), timeout: timeout, tls: tls) }

    /// The question for one backend of one load balancer, in a run in this direction.
    func probe(_ place: PeakPlace, _ direction: Direction) -> Probe {
        var asked = self
        asked.query.query = place.filled(query.query)
        asked.query.series = place.filled(query.series)
        return asked.probe.filled(direction)
    }
}

/// A backend of a load balancer, whose peak is asked for.
public struct PeakPlace: Sendable, Hashable {
    public var loadBalancer: LoadBalancerID
    /// What the rule calls it.
    public var backend: String
    /// What the load balancer calls it, and so what its numbers are labelled with: in a switch the live color's own.
    private let ownName: String

    public init(_ loadBalancer: LoadBalancerID, _ rule: TrafficRule, _ direction: Direction) {
        self.loadBalancer = loadBalancer
        backend = rule.backend
        ownName = rule.ownBackend(of: direction.old)
    }

    fileprivate func filled(_ text: String) -> String {
        text.replacing("{{ backend }}", with: ownName).replacing("{{ loadBalancer }}", with: "\(loadBalancer)")
    }
}
