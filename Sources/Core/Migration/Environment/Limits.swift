/// Bounds that a run never crosses.
public struct Limits: Codable, Sendable, Hashable {
    /// Healthy servers that each backend must have in the color that is given traffic, on each load balancer.
    public var minHealthy: Int
    /// The same as a part of the servers that served the backend when the run found it; nil where the number says it.
    public var minHealthyPart: Percent?
    /// By how much the new color's share grows within a minute at most; nil for any.
    public var maxStep: Percent?
    /// How many times the live color's peak the new color must be proved to take; nil where no one asks.
    public var headroom: Double?
    /// What else than the load balancers reports that peak; nil for nothing.
    public var peaks: [PeakQuery]?
    /// How long a flip may take, one step's raise and lower on all load balancers; nil for as long as its step.
    public var flipWithin: Period?
    /// Services launched at the same time. Marathon refuses more than 100 deployments.
    public var launches: Int
    /// For how long a return of the traffic is tried before the run halts; nil for `usualReturn`.
    public var returnFor: Period?
    /// When phases may begin; nil for at any time.
    public var windows: ChangeWindows?

    public init(
        minHealthy: Int = 1, minHealthyPart: Percent? = nil, maxStep: Percent? = nil, headroom: Double? = nil,
        peaks: [PeakQuery]? = nil, flipWithin: Period? = nil, launches: Int = 8, returnFor: Period? = nil,
        windows: ChangeWindows? = nil
    ) {
        self.minHealthy = minHealthy
        self.minHealthyPart = minHealthyPart
        self.maxStep = maxStep
        self.headroom = headroom
        self.peaks = peaks
        self.flipWithin = flipWithin
        self.launches = launches
        self.returnFor = returnFor
        self.windows = windows
    }

    /// No one else gives the traffic back while rz lives.
    public static let usualReturn = Period.minutes(10)
}

/// A limit that two people may lift for a run.
public enum Limit: String, Codable, Sendable, Hashable, CaseIterable {
    case maxStep, minHealthy, headroom, flipWithin, windows
}

/// A limit that a run does without.
public struct LiftedLimit: Codable, Sendable, Hashable {
    public var limit: Limit
    public var reason: String
    /// Who asked for it: `ada@ctl-1`.
    public var by: String

    public init(_ limit: Limit, reason: String, by: String) {
        self.limit = limit
        self.reason = reason
        self.by = by
    }
}

extension Limits {
    /// The limits that are set, as the environment file has them: `maxStep 20%`.
    public var words: [(limit: Limit, text: String)] {
        let healthy = minHealthyPart?.text ?? (minHealthy > 1 ? "\(minHealthy)" : nil)
        let set: [(Limit, String?)] = [
            (.maxStep, maxStep?.text), (.minHealthy, healthy), (.headroom, headroom.map { "\($0)" }),
            (.flipWithin, flipWithin?.description), (.windows, windows?.words),
        ]
        return set.compactMap { limit, value in value.map { (limit, "\(limit.rawValue) \($0)") } }
    }

    /// These, without some of them.
    public func without(_ lifted: some Sequence<Limit>) -> Limits {
        var limits = self
        for limit in lifted {
            switch limit {
            case .maxStep: limits.maxStep = nil
            case .minHealthy: (limits.minHealthy, limits.minHealthyPart) = (1, nil)
            case .headroom: (limits.headroom, limits.peaks) = (nil, nil)
            case .flipWithin: limits.flipWithin = nil
            case .windows: limits.windows = nil
            }
        }
        return limits
    }

    /// Those of a cutover in which these allow what others refuse.
    public func looser(than other: Limits) -> [Limit] {
        Limit.allCases.filter { limit in
            switch limit {
            case .maxStep: (maxStep ?? .all) > (other.maxStep ?? .all)
            case .minHealthy:
                minHealthy < other.minHealthy || (minHealthyPart ?? .none) < (other.minHealthyPart ?? .none)
            case .headroom:
                (headroom ?? 0) < (other.headroom ?? 0) || !Set(other.peaks ?? []).isSubset(of: peaks ?? [])
            case .flipWithin:
                other.flipWithin.map { limit in flipWithin.map { $0 > limit } ?? true } ?? false
            // Whoever widens a window does so in Git, under their name; to drop them is another matter.
            case .windows: windows == nil && other.windows != nil
            }
        }
    }
}
