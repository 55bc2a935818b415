/// The time, and the only way to let it pass.
public protocol RunClock: Sendable {
    /// What the wall clock says: for people, and for what is written down. It can be set at any time, so nothing that
    /// lasts is measured with it.
    var now: Instant { get }
    /// How long ago some fixed moment was; only grows, whoever sets the clock.
    var uptime: Period { get }
    func sleep(_ period: Period) async throws(CancellationError)
}
