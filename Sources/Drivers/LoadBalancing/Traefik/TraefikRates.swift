import Synchronization

/// What each service counted in the looks of the last seconds: Traefik counts, and reports no rates.
final class TraefikRates: Sendable {
    private struct Look {
        var time: ContinuousClock.Instant
        var requests: [String: Int]
    }

    /// A rate is that of one second at least, so that it is not of one request by chance.
    private static let window = Duration.seconds(1)

    private struct Seen {
        var start: Double?
        var version: String?
        var looks: [Look] = []
    }

    private let seen = Mutex(Seen())

    /// The version of the process that answers, if it was asked before.
    func version(of start: Double?) -> String? { seen.withLock { $0.start == start ? $0.version : nil } }

    func know(_ version: String, of start: Double?) {
        seen.withLock { seen in
            if seen.start != start { seen = Seen(start: start) }
            seen.version = version
        }
    }

    /// Adds a look, and gives the requests a second since the one that is a second old or more, rounded up: 0 only where
    /// there was none.
    func rates(_ metrics: TraefikMetrics, at time: ContinuousClock.Instant) -> [String: Int] {
        seen.withLock { seen in
            // Another process counts from nothing.
            if seen.start != metrics.start { seen = Seen(start: metrics.start) }
            let requests = metrics.counts.mapValues(\.requests)
            seen.looks.append(Look(time: time, requests: requests))
            while seen.looks.count > 2, time - seen.looks[1].time >= TraefikRates.window { seen.looks.removeFirst() }
            guard let first = seen.looks.first, first.time < time else { return [:] }
            let elapsed = max(1, (time - first.time) / .seconds(1))
            return requests.reduce(into: [:]) { rates, count in
                let new = max(0, count.value - first.requests[count.key, default: 0])
                rates[count.key] = Int((Double(new) / elapsed).rounded(.up))
            }
        }
    }
}
