import Foundation
import Migration

/// Who may act on an environment.
public struct JournalLock: Sendable, Hashable {
    public var id: String
    /// Grows with each holder. What carries an older one is refused, at the journal and at the load balancers.
    public var epoch: Int
    public var owner: String
    public var host: String
    public var pid: Int
    public var purpose: String
    public var acquiredAt: Instant
    /// The boot of the host, and the start of the process on it: a pid alone comes again.
    var boot: String
    var start: String
    /// The dead holder whose lock this one took over.
    public var tookOverFrom: String?
}

extension Journal {
    /// Takes the environment's lock, also from a holder that is dead.
    ///
    /// - Throws: `JournalError` of kind `.locked` that says who holds it since when.
    public func acquire(purpose: String, at time: Instant) throws(JournalError) -> JournalLock {
        try database.transaction { () throws(JournalError) in
            let (held, epoch) = try readLock()
            if let held, isHeld(held) { throw locked(held) }
            let me = ProcessIdentity.own
            let lock = JournalLock(
                id: String(String(UInt64.random(in: 0...UInt64.max), radix: 16).prefix(8)), epoch: epoch + 1,
                owner: me.user,
                host: me.host, pid: me.pid, purpose: purpose, acquiredAt: time, boot: me.boot, start: me.start,
                tookOverFrom: held.map { "\($0.owner), pid \($0.pid), since \($0.acquiredAt)" })
            try database.execute(
                """
                UPDATE lock SET epoch = CAST(? AS INTEGER), id = ?, owner = ?, host = ?, boot = ?, pid = CAST(? AS INTEGER),
                    start = ?, purpose = ?, acquired = ?
                """,
                [
                    String(lock.epoch), lock.id, lock.owner, lock.host, lock.boot, String(lock.pid), lock.start,
                    purpose,
                    time.description,
                ])
            return lock
        }
    }

    /// Gives the lock back; nothing happens if another holds it by now.
    public func release(_ lock: JournalLock) throws(JournalError) {
        try database.execute("UPDATE lock SET id = NULL WHERE id = ?", [lock.id])
    }

    /// Takes the lock away from its holder, who can't act any more then.
    ///
    /// - Throws: `JournalError` when the lock has another id, or nobody holds it.
    public func unlock(id: String) throws(JournalError) {
        try database.transaction { () throws(JournalError) in
            guard let held = try readLock().held else {
                throw JournalError(.locked, path: path, message: "Nobody holds the lock of \(environment)")
            }
            guard held.id == id else {
                throw JournalError(
                    .locked, path: path, message: "The lock of \(environment) has another id than \(id)",
                    advice:
                        "It is \(held.id): \(held.owner) on \(held.host), pid \(held.pid), since \(held.acquiredAt).")
            }
            try database.execute("UPDATE lock SET id = NULL, epoch = epoch + 1")
        }
    }

    /// The lock as it stands, whether its holder lives or not.
    public func currentLock() throws(JournalError) -> JournalLock? { try readLock().held }

    /// Whether the holder of a lock may still act: false only when it is known to be dead.
    public func isHeld(_ lock: JournalLock) -> Bool {
        let me = ProcessIdentity.own
        guard lock.host == me.host else { return true }
        return lock.boot == me.boot && ProcessIdentity.start(of: lock.pid) == lock.start
    }

    func refuseIfFenced(_ epoch: Int) throws(JournalError) {
        let current = try readLock().epoch
        guard epoch == current else {
            throw JournalError(
                .fenced, path: path,
                message: "Another rz took this environment over (epoch \(current), this one has \(epoch))",
                advice: "This process has stopped. See: rz status \(environment).")
        }
    }

    private func readLock() throws(JournalError) -> (held: JournalLock?, epoch: Int) {
        let row = try database.query("SELECT * FROM lock").first ?? [:]
        let epoch = row["epoch"].flatMap { Int($0) } ?? 0
        guard let id = row["id"] else { return (nil, epoch) }
        return (
            JournalLock(
                id: id, epoch: epoch, owner: row["owner"] ?? "", host: row["host"] ?? "",
                pid: row["pid"].flatMap { Int($0) } ?? 0, purpose: row["purpose"] ?? "",
                acquiredAt: row["acquired"].flatMap { Instant($0) } ?? Instant(milliseconds: 0),
                boot: row["boot"] ?? "",
                start: row["start"] ?? ""), epoch
        )
    }

    private func locked(_ lock: JournalLock) -> JournalError {
        JournalError(
            .locked, path: path,
            message:
                "\(environment) is locked by \(lock.owner) on \(lock.host), pid \(lock.pid), since \(lock.acquiredAt): \(lock.purpose)",
            advice:
                "See what it does: rz status \(environment). If that process is known to be gone: rz unlock \(environment) --id \(lock.id)"
        )
    }
}

/// What tells a process from every other one that ever had its pid.
struct ProcessIdentity {
    var user: String
    var host: String
    var boot: String
    var pid: Int
    var start: String

    static let own: ProcessIdentity = {
        let pid = Int(getpid())
        let boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? ""
        return ProcessIdentity(
            user: NSUserName(), host: ProcessInfo.processInfo.hostName, boot: boot.filter { !$0.isWhitespace },
            pid: pid,
            start: start(of: pid) ?? "")
    }()

    /// When a living process started, in the kernel's ticks (proc(5), `stat`, field 22); nil for a dead one.
    static func start(of pid: Int) -> String? {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = stat.lastIndex(of: ")")
        else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return String(fields[19])
    }
}
