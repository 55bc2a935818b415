import Migration
import Synchronization

/// What the statistics said last. They take three times as long as the state of the servers, and most of what is read
/// from them stays: what a server is, and how its check does while the state of that check is the same.
final class LastLook: Sendable {
    struct Seen: Sendable {
        var look: HAProxyRuntime.Look
        var old: [Int: Statistics]?
        var since: ContinuousClock.Instant
    }

    /// What was counted may be that old.
    static let freshness = Duration.seconds(2)

    private let seen = Mutex<Seen?>(nil)

    func keep(_ look: HAProxyRuntime.Look, _ old: [Int: Statistics]?, since began: ContinuousClock.Instant) {
        let new = Seen(look: look, old: old, since: began)
        seen.withLock { seen in
            // Of two looks at the same time the later one counts.
            if seen.map({ $0.since <= began }) ?? true { seen = new }
        }
    }

    /// Nil where there is none that is fresh.
    func recent() -> Seen? {
        seen.withLock { $0 }.flatMap { ContinuousClock.now - $0.since <= LastLook.freshness ? $0 : nil }
    }

    /// The last look with the servers as they are now; nil where their statistics may say something else than then:
    /// another process answers, or a server is there, gone, or in other health.
    func updated(_ info: [String: String], _ records: [ServerRecord], _ held: EpochMap.Entry?) -> Seen? {
        guard var seen = recent(), let pid = info["Pid"], seen.look.info["Pid"] == pid,
            seen.look.records.count == records.count,
            zip(seen.look.records, records).allSatisfy({ $0.isSameInHealth(as: $1) })
        else { return nil }
        seen.look.info = info
        seen.look.records = records
        seen.look.held = held
        return seen
    }
}
