/// Where the events of runs are kept.
public protocol EventStore: Sendable {
    /// Appends events in one piece: all of them, durably, or none.
    ///
    /// - Parameter epoch: the epoch of the lock under which a run acts; an older one than the lock's is refused
    ///   (kind `.refused`). Requests of people who don't hold the lock carry none.
    /// - Returns: the events as they stand in the journal.
    func append(_ kinds: [Event.Kind], run: RunID, epoch: Int?, at time: Instant) async throws(Failure) -> [Event]

    /// Refuses (kind `.refused`) when the lock went to another holder since this epoch: what is asked right before each
    /// call that changes something outside (invariant I6).
    func confirm(epoch: Int) async throws(Failure)

    /// The events of a run after a position, oldest first, other processes' events included.
    func events(of run: RunID, after sequence: Int) async throws(Failure) -> [Event]
}
