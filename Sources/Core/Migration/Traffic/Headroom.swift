/// Whether the new color is proved to take what the live one had at its peak, and more. Pure.
public struct Headroom: Sendable, Hashable {
    public enum Verdict: Sendable, Hashable {
        case enough
        /// What is known shows that it does not.
        case short
        /// No one knows: servers without a limit, or a load balancer that reports no peak.
        case unproved
        /// Whoever is asked for the peak does not say it, and may later.
        case unknown
    }

    public var verdict: Verdict
    /// With the numbers that it rests on.
    public var text: String

    public static let advice =
        "Add servers, give each a `maxconn` that it was tested with, lower limits.headroom, or let two people lift it: "
        + "--lift headroom --reason WHY"
}

extension TrafficTargets {
    /// The capacity of the new color's servers in a backend against the peak that the load balancer has counted there.
    ///
    /// A server takes as many sessions as its `maxconn` says. One without has proved nothing: it counts with what the
    /// busiest server of the live color had, in sessions and in sessions a second.
    ///
    /// - Parameters:
    ///   - measured: what others report of the peak; the higher one counts.
    ///   - isUp: whether only servers count that serve now.
    public func headroom(
        _ margin: Double, _ rule: TrafficRule, on name: LoadBalancerID, _ state: LoadBalancerState,
        measured: MeasuredPeaks = MeasuredPeaks(), isUp: Bool = false
    ) -> Headroom {
        let place = "\(name)/\(rule.backend)"
        if let reason = measured.unknown(at: PeakPlace(name, rule, direction)) {
            return Headroom(
                verdict: .unknown, text: "\(place): the peak that limits.headroom asks for is not known: \(reason)")
        }
        let old = (state.backends[rule.backend]?.servers ?? []).filter { rule.color(of: $0.name) == direction.old }
        guard let peak = peak(rule, on: name, state, old, measured) else {
            return Headroom(
                verdict: .unproved,
                text:
                    "\(place): the load balancer reports no peak of \(direction.old), so limits.headroom can't be proved"
            )
        }
        let servers = movable(direction.new, rule, on: name, state).filter {
            !isUp || $0.isUp && $0.administration == .ready
        }
        let busiest = ServerLoad(
            peakSessions: old.compactMap(\.load?.peakSessions).max() ?? 0,
            peakRate: old.compactMap(\.load?.peakRate).max() ?? 0)
        let unlimited = servers.filter { $0.load?.limit == nil }
        let sessions = servers.reduce(0) { $0 + ($1.load?.limit ?? busiest.peakSessions) }
        let needed = Headroom.times(margin, peak.sessions)
        let isFast = unlimited.isEmpty || servers.count * busiest.peakRate >= Headroom.times(margin, peak.rate)
        let isEnough = sessions >= needed && isFast
        let since = peak.source.map { ", as \($0) reports" } ?? state.process.map { " in \($0.uptime.inWords)" } ?? ""
        var text =
            "\(place): \(Wording.count(servers.count, "server")) of \(direction.new) take \(sessions) sessions, and "
            + "limits.headroom asks for \(needed): \(margin) times the peak of \(peak.sessions)\(since)"
        if let first = unlimited.first, !isEnough {
            let more = unlimited.count > 1 ? " and \(unlimited.count - 1) more have" : " has"
            text +=
                "; \(first.name)\(more) no maxconn and counts with what the busiest server of \(direction.old) had, "
                + "\(busiest.peakSessions) sessions and \(busiest.peakRate) a second"
            if !isFast { text += "; the peak was \(peak.rate) a second" }
        }
        return Headroom(verdict: isEnough ? .enough : unlimited.isEmpty ? .short : .unproved, text: text)
    }

    /// The most that a backend had at a time: counted now, or when it was found, as a reload begins to count again, or
    /// reported by another system.
    private func peak(
        _ rule: TrafficRule, on name: LoadBalancerID, _ state: LoadBalancerState, _ old: [ServerState],
        _ measured: MeasuredPeaks
    ) -> (sessions: Int, rate: Int, source: String?)? {
        let found = found.peaks?[name]?[rule.backend]
        let now = state.backends[rule.backend]?.load ?? BackendLoad(sumOf: old.compactMap(\.load))
        let place = PeakPlace(name, rule, direction)
        let (sessions, rate) = (measured.peak(.sessions, at: place), measured.peak(.rate, at: place))
        guard now != nil || found != nil || sessions != nil else { return nil }
        let counted = max(now?.peakSessions ?? 0, found?.peakSessions ?? 0)
        return (
            max(counted, sessions?.count ?? 0), max(now?.peakRate ?? 0, found?.peakRate ?? 0, rate?.count ?? 0),
            sessions.flatMap { $0.count > counted ? $0.source : nil }
        )
    }
}

extension Headroom {
    /// Rounded up.
    fileprivate static func times(_ margin: Double, _ count: Int) -> Int {
        Int(min(Double(Int32.max), (Double(count) * margin - 1e-9).rounded(.up)))
    }
}

/// The most that a backend of a load balancer had at a time, since its process began or its counters were cleared.
public struct BackendLoad: Codable, Sendable, Hashable {
    /// Sessions of all servers together, waiting ones included.
    public var peakSessions: Int
    /// Sessions begun within a second.
    public var peakRate: Int

    public init(peakSessions: Int, peakRate: Int) {
        self.peakSessions = peakSessions
        self.peakRate = peakRate
    }

    /// At most what servers had: each of them had its peak at a time of its own. Nil without any.
    init?(sumOf servers: [ServerLoad]) {
        guard !servers.isEmpty else { return nil }
        self.init(
            peakSessions: servers.reduce(0) { $0 + $1.peakSessions },
            peakRate: servers.reduce(0) { $0 + $1.peakRate })
    }
}

/// What a load balancer gives a server at a time at most, and what it gave.
public struct ServerLoad: Codable, Sendable, Hashable {
    /// Sessions at a time; nil without a limit.
    public var limit: Int?
    public var peakSessions: Int
    public var peakRate: Int

    public init(limit: Int? = nil, peakSessions: Int, peakRate: Int) {
        self.limit = limit
        self.peakSessions = peakSessions
        self.peakRate = peakRate
    }
}

extension Period {
    /// Without what no one reads of a long one: `5h10m`.
    fileprivate var inWords: Period {
        let unit: Int64 = self < .minutes(10) ? 1000 : 60_000
        return Period(milliseconds: milliseconds / unit * unit)
    }
}
