import Migration
import Synchronization

/// What a load balancer said last. Its statistics take three times as long as the state of its servers, and most of what is
/// read from them stays: what a server is, and how its check does while the state of that check is the same.
final class LastLook: Sendable {
    struct Seen: Sendable {
        var records: [ServerRecord]
        var state: LoadBalancerState
        var since: ContinuousClock.Instant
    }

    /// What was counted may be that old.
    private let freshness: Duration
    private let seen = Mutex<Seen?>(nil)

    init(freshness: Duration) { self.freshness = freshness }

    func keep(_ records: [ServerRecord], _ state: LoadBalancerState, since began: ContinuousClock.Instant) {
        let new = Seen(records: records, state: state, since: began)
        seen.withLock { seen in
            // Of two looks at the same time the later one counts.
            if seen.map({ $0.since <= began }) ?? true { seen = new }
        }
    }

    /// Nil where there is none that is fresh.
    func recent() -> Seen? {
        seen.withLock { $0 }.flatMap { ContinuousClock.now - $0.since <= freshness ? $0 : nil }
    }

    /// The last state with the servers as they are now; nil where the statistics may say something else than then: another
    /// process answers, or a server is there, gone, or in other health.
    func updated(
        _ process: LoadBalancerProcess?, _ records: [ServerRecord], _ held: EpochEntry?
    ) -> LoadBalancerState? {
        guard let seen = recent(), let process, seen.state.process?.pid == process.pid,
            seen.records.count == records.count,
            zip(seen.records, records).allSatisfy({ $0.isSameInHealth(as: $1) })
        else { return nil }
        var state = seen.state
        state.process = process
        state.epoch = held?.number
        // Servers of a backend stand in the same order as their records.
        var start = records.startIndex
        while start < records.endIndex {
            let backend = records[start].backend
            let end = records[start...].firstIndex { $0.backend != backend } ?? records.endIndex
            let isChanged = (start..<end).contains { !records[$0].isSameSetting(as: seen.records[$0]) }
            if isChanged, var servers = state.backends[backend]?.servers {
                guard servers.count == end - start else { return nil }
                for index in start..<end { servers[index - start].set(records[index]) }
                state.backends[backend]?.servers = servers
            }
            start = end
        }
        return state
    }
}

extension ServerRecord {
    fileprivate func isSameSetting(as other: ServerRecord) -> Bool {
        weight == other.weight && configuredWeight == other.configuredWeight && hasActiveAgent == other.hasActiveAgent
    }
}

extension ServerState {
    fileprivate mutating func set(_ record: ServerRecord) {
        weight = record.weight
        configuredWeight = record.configuredWeight
        hasAgent = record.hasActiveAgent
    }
}
