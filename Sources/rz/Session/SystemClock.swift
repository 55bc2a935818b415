import FoundationEssentials
import Glibc
import Migration

/// The clock of this host.
public struct SystemClock: RunClock {
    public init() {}

    public var now: Instant { Instant(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded())) }

    public var uptime: Period {
        let since = (ContinuousClock.now - SystemClock.start).components
        return Period(milliseconds: since.seconds * 1000 + since.attoseconds / 1_000_000_000_000_000)
    }

    private static let start = ContinuousClock.now

    public func sleep(_ period: Period) async throws(CancellationError) {
        do { try await Task.sleep(for: period.duration) } catch { throw CancellationError() }
    }
}
