import Synchronization

/// What a driver keeps of its looks of the last seconds: Traefik counts, and reports no rates; and a new process of it
/// knows nothing of what checks had found.
final class TraefikMemory: Sendable {
    /// What the metrics of several looks say together.
    struct Gathered: Sendable, Hashable {
        /// Requests a second, by service.
        var rates: [String: Int]
        /// By service and URL, as `TraefikMetrics.lastCheck`, completed by the process before.
        var lastCheck: [String: [String: Bool]]
    }

    private struct Look {
        var time: ContinuousClock.Instant
        var requests: [String: Int]
    }

    private struct Seen {
        var start: Double?
        var version: String?
        var looks: [Look] = []
        var lastCheck: [String: [String: Bool]] = [:]
        /// What the process before had found, and when it was seen last.
        var before: (checks: [String: [String: Bool]], time: ContinuousClock.Instant)?
    }

    /// A rate is that of one second at least, so that it is not of one request by chance.
    private static let window = Duration.seconds(1)
    /// For so long after a restart what checks had found before stands for what no check has said since.
    private static let recall = Duration.seconds(15)

    private let seen = Mutex(Seen())

    /// The version of the process that answers, if it was asked before.
    func version(of start: Double?) -> String? { seen.withLock { $0.start == start ? $0.version : nil } }

    func know(_ version: String, of start: Double?) { seen.withLock { if $0.start == start { $0.version = version } } }

    /// Adds a look.
    ///
    /// A rate is that since the look that is a second old or more, rounded up: 0 only where there was no request.
    func gather(_ metrics: TraefikMetrics, at time: ContinuousClock.Instant) -> Gathered {
        seen.withLock { seen in
            if seen.start != metrics.start {
                // Another process counts from nothing.
                let last = seen.looks.last
                seen = Seen(start: metrics.start, before: last.map { (seen.lastCheck, $0.time) })
            }
            let requests = metrics.counts.mapValues(\.requests)
            seen.lastCheck = metrics.lastCheck
            seen.looks.append(Look(time: time, requests: requests))
            while seen.looks.count > 2, time - seen.looks[1].time >= TraefikMemory.window { seen.looks.removeFirst() }
            var checks = metrics.lastCheck
            if let before = seen.before, time - before.time < TraefikMemory.recall {
                for (service, found) in before.checks {
                    checks[service, default: [:]].merge(found) { now, _ in now }
                }
            }
            return Gathered(rates: TraefikMemory.rates(requests, since: seen.looks[0], at: time), lastCheck: checks)
        }
    }

    private static func rates(
        _ requests: [String: Int], since first: Look, at time: ContinuousClock.Instant
    ) -> [String: Int] {
        guard first.time < time else { return [:] }
        let seconds = max(1, (time - first.time) / .seconds(1))
        return requests.reduce(into: [:]) { rates, count in
            let new = max(0, count.value - first.requests[count.key, default: 0])
            rates[count.key] = Int((Double(new) / seconds).rounded(.up))
        }
    }
}
