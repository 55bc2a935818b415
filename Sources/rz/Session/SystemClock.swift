import Foundation
import Migration

/// The clock of this host.
struct SystemClock: Timekeeper {
    var now: Instant { Instant(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded())) }

    func sleep(_ period: Period) async throws(CancellationError) {
        do { try await Task.sleep(for: period.duration) } catch { throw CancellationError() }
    }
}
