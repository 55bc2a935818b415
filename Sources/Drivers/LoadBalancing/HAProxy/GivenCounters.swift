import Migration
import Synchronization

/// What a process was given at its start to go on counting from (`stats-file`, HAProxy 3.0 and later): it is no news.
///
/// Without such a file a process counts from 0, so a counter that went backwards is one that began again, and all that it
/// shows is new. With one it shows what was counted at the last `dump stats-file`: the errors of weeks would be those of
/// this moment. HAProxy reads it for proxies and servers with a `guid`, and with their counters also when they last
/// changed, which for a backend is otherwise never before the process began. One such backend shows that there is a file:
/// the others may have gone up or down since. What is counted until the first look at the process is lost then.
///
/// Source: HAProxy 3.0 configuration manual, `stats-file` and `guid`; management guide, `dump stats-file`. That `lastchg`
/// comes along, and is else at most two seconds older than the process, was measured on 3.0.11 and 3.2.26.
final class GivenCounters: Sendable {
    private struct Given {
        var pid: Int
        /// What the first look at the process showed.
        var backends: [String: ServerCounters] = [:]
        var servers: [Statistics.Server: ServerCounters] = [:]
    }

    /// Of the process that answered last; nil before the first one, which nothing is compared with.
    private let known = Mutex<Given?>(nil)

    /// Seconds by which a backend may seem older than its process.
    private static let tolerance: Int64 = 2

    /// The statistics without what was given to a process that has begun since the first look.
    func removed(from statistics: Statistics, of process: LoadBalancerProcess?) -> Statistics {
        guard let process else { return statistics }
        let given = known.withLock { known in
            if let known, known.pid == process.pid { return known }
            var given = Given(pid: process.pid)
            if known != nil {
                let oldest = process.uptime.milliseconds / 1000 + GivenCounters.tolerance
                if statistics.backends.values.contains(where: { $0.sinceChange > oldest }) {
                    given.backends = statistics.backends.mapValues(\.own)
                    given.servers = statistics.counters
                }
            }
            known = given
            return given
        }
        return given.backends.isEmpty ? statistics : statistics.without(given.backends, given.servers)
    }
}

extension ServerCounters {
    /// What is counted, not what is open now.
    mutating func subtract(_ given: ServerCounters) {
        requests = max(0, requests - given.requests)
        errors = max(0, errors - given.errors)
        errorCounts = errorCounts.since(given.errorCounts)
        clientErrors = max(0, clientErrors - given.clientErrors)
        redirects = max(0, redirects - given.redirects)
        begun = max(0, begun - given.begun)
        bytesOut = max(0, bytesOut - given.bytesOut)
    }
}
