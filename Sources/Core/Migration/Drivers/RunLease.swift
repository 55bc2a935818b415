/// Who may act on an environment, as it was when it was read.
public struct RunLease: Sendable, Hashable, CustomStringConvertible {
    public var id: String
    /// Grows with each holder. What carries an older one is refused, at the store and at the load balancers.
    public var epoch: Int
    /// The user.
    public var owner: String
    public var host: String
    public var pid: Int
    /// What the holder does, for people: `rz update shop`.
    public var purpose: String
    public var acquiredAt: Instant
    /// False only where the holder was known to be dead.
    public var mayAct: Bool

    public init(
        id: String, epoch: Int, owner: String, host: String, pid: Int, purpose: String, acquiredAt: Instant,
        mayAct: Bool
    ) {
        self.id = id
        self.epoch = epoch
        self.owner = owner
        self.host = host
        self.pid = pid
        self.purpose = purpose
        self.acquiredAt = acquiredAt
        self.mayAct = mayAct
    }

    /// The holder in words: `anna on ctl-1, pid 4711, since 2026-11-23T17:31:52.114Z`.
    public var description: String { "\(owner) on \(host), pid \(pid), since \(acquiredAt)" }
}

/// Who of several processes may act on an environment (invariant I6).
public protocol LeaseStore: Sendable {
    /// Takes the lease, also from a holder that is dead.
    ///
    /// - Throws: `Failure` of kind `.refused` that says who holds it since when.
    func acquire(purpose: String, at time: Instant) async throws(Failure) -> RunLease

    /// Gives the lease back; nothing happens if another holds it by now.
    func release(_ lease: RunLease) async throws(Failure)

    /// Takes the lease away from its holder, who can't act any more then.
    ///
    /// - Parameter fromLiving: even from a process that is known to live.
    /// - Throws: `Failure` of kind `.refused` when the lease has another id, no one holds it, or its holder lives.
    func unlock(id: String, fromLiving: Bool) async throws(Failure)

    /// The lease as it stands, whether its holder lives or not; nil when no one holds it.
    func currentLease() async throws(Failure) -> RunLease?

    /// The epoch of the last holder; the next one has a higher one.
    func lastEpoch() async throws(Failure) -> Int
}
