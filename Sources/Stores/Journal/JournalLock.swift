import Migration

/// Who may act on an environment.
public struct JournalLock: Sendable, Hashable, CustomStringConvertible {
    public var id: String
    /// Grows with each holder. What carries an older one is refused, at the journal and at the load balancers.
    public var epoch: Int
    /// The user.
    public var owner: String
    public var host: String
    public var pid: Int
    /// When the process started, in the kernel's ticks since boot: a pid alone comes again.
    public var processStart: String
    /// What the holder does, for people: `rz update shop`.
    public var purpose: String
    public var acquiredAt: Instant
    /// Names the boot of the host: after the next one every process of this one is gone.
    var boot: String
    /// Names the set of processes among which the pid counts, a container's for example.
    var namespace: String
    /// The holder whose lock this one took over, because its process was gone.
    public var tookOverFrom: String?

    /// False only when the holder is known to be dead.
    var mayAct: Bool {
        let me = ProcessIdentity.own
        guard host == me.host else { return true }
        guard boot == me.boot else { return false }
        guard namespace == me.namespace else { return true }
        return ProcessIdentity.mayLive(pid: pid, start: processStart)
    }

    /// Whether its process is known to live: on this host, among the processes that can be seen from here.
    var isKnownToLive: Bool {
        let me = ProcessIdentity.own
        return host == me.host && boot == me.boot && namespace == me.namespace && mayAct
    }

    /// The holder in words: `anna on ctl-1, pid 4711, since 2026-11-23T17:31:52.114Z`.
    public var description: String { "\(owner) on \(host), pid \(pid), since \(acquiredAt)" }
}

extension Journal {
    /// Takes the environment's lock, also from a holder that is dead.
    ///
    /// - Throws: `JournalError` of kind `.locked` that says who holds it since when.
    public func acquire(purpose: String, at time: Instant) throws(JournalError) -> JournalLock {
        // Also said where the holder is in the middle of writing, and no one else can write.
        try refuseIfHeld(try database.lock().held)
        let lock = try database.write { () throws(JournalError) in
            let (held, epoch) = try database.lock()
            try refuseIfHeld(held)
            let me = ProcessIdentity.own
            let lock = JournalLock(
                id: newID(), epoch: epoch + 1, owner: me.user, host: me.host, pid: me.pid, processStart: me.start,
                purpose: secrets().redact(purpose), acquiredAt: time, boot: me.boot, namespace: me.namespace,
                tookOverFrom: held?.description)
            try database.execute(
                """
                UPDATE lock SET epoch = ?, id = ?, owner = ?, host = ?, boot = ?, namespace = ?, pid = ?, start = ?,
                    purpose = ?, acquired = ?
                """,
                [
                    .integer(lock.epoch), .text(lock.id), .text(lock.owner), .text(lock.host), .text(lock.boot),
                    .text(lock.namespace), .integer(lock.pid), .text(lock.processStart), .text(lock.purpose),
                    .text(time.description),
                ])
            return lock
        }
        // Into the file itself: should someone delete the `-wal`, at least no epoch is given out twice. What can't be
        // moved now, for a reader or for want of room, is safe where it is.
        try? database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        return lock
    }

    /// Gives the lock back; nothing happens if another holds it by now.
    public func release(_ lock: JournalLock) throws(JournalError) { try release(id: lock.id) }

    func release(id: String) throws(JournalError) {
        try database.execute("UPDATE lock SET id = NULL WHERE id = ?", [.text(id)])
    }

    /// Takes the lock away from its holder, who can't act any more then.
    ///
    /// - Parameter fromLiving: even from a process that is known to live. It finds out at its next step; a call that it
    ///   has made by then has its effect.
    /// - Throws: `JournalError` of kind `.otherLock` when the lock has another id, or no one holds it; `.locked` when its
    ///   holder lives on this host.
    public func unlock(id: String, fromLiving: Bool = false) throws(JournalError) {
        try database.write { () throws(JournalError) in
            guard let held = try database.lock().held else {
                throw JournalError(
                    .otherLock, path: path, message: "No one holds the lock of \(environment)",
                    advice: "There is nothing to unlock.")
            }
            guard held.id == id else {
                throw JournalError(
                    .otherLock, path: path, message: "The lock of \(environment) has another id than \(id)",
                    details: ["\(held.id): \(held): \(held.purpose)"], advice: advice(against: held))
            }
            if held.isKnownToLive, !fromLiving {
                throw JournalError(
                    .locked(held), path: path,
                    message: "The holder of this lock lives on this host: pid \(held.pid) of \(held.owner)",
                    details: [held.purpose, "two that act at once can hurt users"],
                    advice: "Let it end, or halt it cleanly: kill -INT \(held.pid). Then go on with: "
                        + "\(Advice.resume(environment)).")
            }
            try database.execute("UPDATE lock SET id = NULL, epoch = epoch + 1")
        }
    }

    /// The lock as it stands, whether its holder lives or not.
    public func currentLock() throws(JournalError) -> JournalLock? { try database.lock().held }

    /// The epoch of the last holder; the next one has a higher one.
    public func lastEpoch() throws(JournalError) -> Int { try database.lock().epoch }

    /// Whether the holder of a lock may still act: false only when it is known to be dead.
    public func isHeld(_ lock: JournalLock) -> Bool { lock.mayAct }

    func refuseUnlessHeld(under epoch: Int) throws(JournalError) {
        let (held, current) = try database.lock()
        if epoch == current, held != nil { return }
        let message =
            epoch == current
            ? "This rz gave the environment's lock back" : "Another rz took this environment over"
        throw JournalError(
            .fenced, path: path, message: message,
            details: ["the lock's epoch is \(current), this process's is \(epoch)"] + (held.map { ["\($0)"] } ?? []),
            advice: "This process has stopped. See: rz status \(environment).")
    }

    /// Eight hexadecimal digits: short enough to type.
    private func newID() -> String {
        let digits = String(UInt32.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    private func refuseIfHeld(_ lock: JournalLock?) throws(JournalError) {
        guard let lock, isHeld(lock) else { return }
        throw JournalError(
            .locked(lock), path: path, message: "\(environment) is locked by \(lock): \(lock.purpose)",
            details: ["its lock is \(lock.id)"],
            advice: "See what it does: rz status \(environment). \(advice(against: lock))")
    }

    /// A dead process of this host needs no unlock, and one that lives must not be unlocked.
    private func advice(against lock: JournalLock) -> String {
        lock.isKnownToLive
            ? "Its process lives: let it end, or halt it cleanly there (Ctrl-C)."
            : "If that process is known to be gone: rz unlock \(environment) --id \(lock.id)"
    }
}

extension JournalLock {
    /// What an epoch can be: one a second since 1970, for longer than anything lasts, and far from the end of numbers.
    static let epochs = 0...(1 << 50)
}

extension Database {
    /// The lock as the file has it, and the epoch of its last holder.
    func lock() throws(JournalError) -> (held: JournalLock?, epoch: Int) {
        let row = try rows(
            "SELECT epoch, id, owner, host, boot, namespace, pid, start, purpose, acquired FROM lock"
        ).first
        guard let row, let epoch = row.integer(0) else { throw .corrupt("its lock is gone", path: path) }
        guard JournalLock.epochs.contains(epoch) else {
            throw .corrupt("its epoch \(epoch) is not one that rz gives out", path: path)
        }
        guard let id = row.text(1) else { return (nil, epoch) }
        guard let owner = row.text(2), let host = row.text(3), let boot = row.text(4), let namespace = row.text(5),
            let pid = row.integer(6), let start = row.text(7), let purpose = row.text(8),
            let acquired = row.text(9).flatMap({ Instant($0) })
        else { throw .corrupt("its lock \(id) does not say who holds it", path: path) }
        let lock = JournalLock(
            id: id, epoch: epoch, owner: owner, host: host, pid: pid, processStart: start, purpose: purpose,
            acquiredAt: acquired, boot: boot, namespace: namespace)
        return (lock, epoch)
    }
}
