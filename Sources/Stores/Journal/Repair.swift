import FoundationEssentials
import Glibc
import Migration

/// Puts a new journal, with every event that is proven, instead of a damaged one.
///
/// The damaged files are moved aside and never changed. A mark says that a repair is under way, so that one which was
/// killed is finished by the next, and no one begins an empty journal in between.
public struct Repair: Sendable {
    /// What a repair keeps and loses.
    public struct Findings: Sendable, Hashable {
        /// What is wrong with the journal; nil for a sound one.
        public var difference: String?
        /// Events that are what was written: the first ones, without a gap.
        public var keptEvents: Int
        /// nil when that can't be known.
        public var lostEvents: Int?
        /// Lost events that can still be read, but not proven.
        public var readable: [LostEvent]
        public var keptPlans: Int
        public var lostPlans: [String]
        /// The run that the repair makes more careful.
        public var run: RunID?
        /// What a person has to look at before that run goes on.
        public var checks: [String]
    }

    public struct LostEvent: Sendable, Hashable {
        public var sequence: Int
        public var run: String
        public var time: String
        public var type: String
    }

    /// What was done.
    public struct Outcome: Sendable, Hashable {
        public var findings: Findings
        /// Where the damaged journal lies now.
        public var aside: String
        /// Events that the repair itself wrote.
        public var added: Int
        public var epoch: Int
    }

    let file: JournalFile

    /// - Parameter home: rz's home, as for `Journal`.
    public init(environment: String, home: String) throws(JournalError) {
        file = try JournalFile(environment: environment, home: home)
    }

    /// The journal's file.
    public var path: String { file.path }

    /// What a repair would keep and lose. Changes nothing, unless a repair was begun: then its files are moved.
    ///
    /// - Throws: `JournalError`, also when the journal is not damaged but something else: newer, foreign, missing.
    public func look() throws(JournalError) -> Findings {
        do throws(JournalError) { return try findings() } catch { throw orNoRoom(error) }
    }

    private func findings() throws(JournalError) -> Findings {
        let place = try damagedFile()
        let salvage = try Salvage(of: place)
        try refuseWhileUsed(salvage, place)
        return RepairedContent(salvage, environment: file.environment, aside: "").findings
    }

    /// Repairs the journal, or finishes a repair that was interrupted.
    ///
    /// - Throws: `JournalError`: `.locked` or `.busy` while a process uses the journal, or what keeps the new one from
    ///   being written; the damaged one is whole then, in its place or aside.
    public func perform(at time: Instant) throws(JournalError) -> Outcome {
        do throws(JournalError) { return try replace(at: time) } catch { throw orNoRoom(error) }
    }

    /// To look needs room too: SQLite writes an index beside a file that it reads.
    private func orNoRoom(_ error: JournalError) -> JournalError {
        error.orNoRoom(for: "a repair; what is there stays as it is", again: "rz journal repair \(file.environment)")
    }

    private func replace(at time: Instant) throws(JournalError) -> Outcome {
        let place = try damagedFile()
        try refuseWhileUsed(try Salvage(of: place), place)
        let aside = try mark(at: time)
        try moveAside(to: aside)
        let content = RepairedContent(try Salvage(of: aside), environment: file.environment, aside: aside)
        let epoch = JournalLock.epoch(after: content.salvage.epoch ?? 0, at: time)
        var added = 0
        let isMade = try file.create { database throws(JournalError) in
            added = try content.write(to: database, from: aside, epoch: epoch, at: time)
        }
        unlink(file.repairMark)
        file.synchronizeFolder()
        guard isMade else {
            throw JournalError(
                .exists, path: file.path, message: "The journal has been repaired already",
                advice: "See: rz journal verify \(file.environment).")
        }
        return Outcome(findings: content.findings, aside: aside, added: added, epoch: epoch)
    }

    /// Where the damaged journal lies: in its place, or aside once a repair was begun.
    private func damagedFile() throws(JournalError) -> String {
        if let aside = try? markedName() {
            // Before anyone looks: SQLite would make an empty `-wal` for a file whose own is not moved yet.
            try moveAside(to: aside)
            return aside
        }
        if access(file.path, F_OK) == 0 { return file.path }
        throw JournalError(
            .missing, path: file.path, message: "\(file.environment) has no journal",
            advice: "Make one from an export: rz journal import FILE.")
    }

    /// Moves what is not moved yet. Once the file itself is aside, what lies in its place is the repaired one.
    private func moveAside(to aside: String) throws(JournalError) {
        for suffix in ["-wal", "-shm", ""] where access(aside + suffix, F_OK) != 0 {
            guard rename(file.path + suffix, aside + suffix) == 0 || errno == ENOENT else {
                throw JournalError(systemError: errno, path: file.path + suffix, doing: "moved aside")
            }
        }
        file.synchronizeFolder()
    }

    // MARK: - Who uses it

    private func refuseWhileUsed(_ salvage: Salvage, _ place: String) throws(JournalError) {
        if let holder = salvage.holder, holder.mayAct {
            throw JournalError(
                .locked(holder), path: file.path,
                message: "\(file.environment) is locked by \(holder): \(holder.purpose)",
                details: ["a journal is not repaired under a process that may still write it"],
                advice: "Let it end, or stop it. If it is on another host and known to be gone: rz unlock "
                    + "\(file.environment) --id \(holder.id)")
        }
        // The lock may be a part of what is damaged.
        let users = ProcessIdentity.users(of: place)
        guard users.isEmpty else {
            throw JournalError(
                .busy, path: file.path,
                message: "The journal is open in \(users.count == 1 ? "process" : "processes") "
                    + users.map(String.init).joined(separator: ", "),
                advice: "Let them end, or stop them: what they write after the repair would be lost.")
        }
    }

    // MARK: - The mark

    private func markedName() throws(JournalError) -> String {
        guard let text = try? String(contentsOfFile: file.repairMark, encoding: .utf8),
            text.hasPrefix(file.path + ".damaged-")
        else { throw JournalError(systemError: ENOENT, path: file.repairMark, doing: "repaired") }
        return text
    }

    /// The name that the damaged journal gets, from the mark of the repair that was begun first.
    private func mark(at time: Instant) throws(JournalError) -> String {
        if let name = try? markedName() { return name }
        let stamp = time.description.filter { $0 != "-" && $0 != ":" }
        let name = "\(file.path).damaged-\(stamp)"
        guard access(name, F_OK) != 0 else {
            throw JournalError(
                .exists, path: name, message: "There is a file of this name already",
                advice: "Try again: the name holds the time.")
        }
        func failing(_ systemError: Int32) -> JournalError {
            JournalError(systemError: systemError, path: file.repairMark, doing: "repaired")
        }
        try DraftFile.write(file.repairMark, failing: failing) { draft throws(JournalError) in try draft.write(name) }
        file.synchronizeFolder()
        return name
    }
}
