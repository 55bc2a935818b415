import CSQLite
import Glibc
import Migration

/// Why the journal could not be read or written.
public struct JournalError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable {
        /// Another process holds the environment's lock: this one.
        case locked(JournalLock)
        /// The lock that was meant is not the one that stands.
        case otherLock
        /// This process's lock was taken over or given back: it must not act any more.
        case fenced
        /// There is no room on the disk.
        case full
        case readOnly
        /// Another process is in the middle of writing it, or has it open where that must not be.
        case busy
        /// The disk did not do what it was asked to.
        case inputOutput
        /// The file is not what was written: what differs is in the message.
        case corrupt
        /// Written by a newer rz.
        case newer
        /// Written by an older rz, and can't be brought up to date now.
        case older
        /// A SQLite file, but no journal.
        case foreign
        /// There is no such journal, or it can't be opened.
        case missing
        /// An export that is not what was written: what differs is in the message.
        case damagedExport
        /// An export that lacks what the caller requires.
        case partial
        /// There is a journal already.
        case exists
        /// A repair of the journal was begun and is not over.
        case underRepair
        /// An event or a plan that this rz can't read or write.
        case unreadable
        case broken
    }

    public var kind: Kind
    /// The journal's file.
    public var path: String?
    public var message: String
    public var details: [String]
    public var advice: String?

    init(_ kind: Kind, path: String?, message: String, details: [String] = [], advice: String? = nil) {
        self.kind = kind
        self.path = path
        self.message = message
        self.details = details
        self.advice = advice
    }

    /// The file is not what was written.
    static func corrupt(_ difference: String, path: String) -> JournalError {
        JournalError(
            .corrupt, path: path, message: "The journal is damaged: \(difference)",
            advice: "Nothing was changed. See what can be kept: rz journal repair \(environment(of: path)).")
    }

    /// The events, which fit each other, are not those of a head that was kept.
    static func rewritten(_ kind: Kind, _ difference: String, path: String) -> JournalError {
        JournalError(
            kind, path: path, message: "The events do not match the head: \(difference)",
            advice:
                "Someone may have written other ones, or gone back to an older copy. Nothing was changed. Compare with "
                + "an export from elsewhere: rz journal verify --file EXPORT --head HEAD.")
    }

    /// The head is of another environment.
    static func otherEnvironment(_ head: JournalHead, _ environment: String, path: String) -> JournalError {
        JournalError(
            .partial, path: path, message: "The head is of the environment \(head.environment), not of \(environment)",
            advice: "Name the head of \(environment).")
    }

    /// The file is not what was exported.
    static func damagedExport(_ difference: String, path: String) -> JournalError {
        JournalError(
            .damagedExport, path: path, message: "The export is damaged: \(difference)",
            advice: "Use another copy of it, or export again: rz journal export ENVIRONMENT -o FILE.")
    }

    static func newer(_ found: Int, than known: Int, path: String) -> JournalError {
        JournalError(
            .newer, path: path,
            message: "The journal was written by a newer rz (schema \(found), this one knows \(known))",
            advice: "Use the newer rz for this environment. Nothing was changed.")
    }

    /// An event with a name that this rz does not know.
    static func unknownEvent(_ type: String) -> JournalError {
        JournalError(
            .newer, path: nil, message: "An event of type \(Failure.shortened(type)) was written by a newer rz",
            advice: NewerFormat.advice)
    }

    private static func environment(of path: String) -> String {
        let file = path.split(separator: "/").last ?? ""
        return file.hasSuffix(".sqlite") ? String(file.dropLast(".sqlite".count)) : "ENVIRONMENT"
    }

    public var description: String { failure.description }

    /// For everything above the journal.
    public var failure: Failure {
        Failure(message, at: path, details: details, advice: advice, kind: failureKind)
    }

    private var failureKind: Failure.Kind {
        switch kind {
        case .locked, .otherLock, .fenced, .exists, .partial, .underRepair, .busy: .refused
        default: .permanent
        }
    }
}

// MARK: - What the system says

extension JournalError {
    /// From SQLite's extended result code and the `errno` behind it. Source: https://sqlite.org/rescode.html
    init(code: Int32, systemError: Int32, path: String, message: String? = nil) {
        let words = message ?? String(cString: sqlite3_errstr(code))
        switch code & 0xFF {
        case SQLITE_FULL:
            self = .full(path)
        // SQLite distinguishes a full disk from a broken one only where it writes pages, not where it maps its index.
        case SQLITE_IOERR where [ENOSPC, EDQUOT].contains(systemError):
            self = .full(path)
        case SQLITE_IOERR:
            let reason = systemError == 0 ? words : "\(words): \(String(cString: strerror(systemError)))"
            self.init(
                .inputOutput, path: path, message: "The disk does not obey (\(reason))",
                details: ["what is not in the journal is not done"],
                advice:
                    "Fix the disk, then: \(Advice.resume(Self.environment(of: path))). It looks at the world before it acts."
            )
        case SQLITE_READONLY, SQLITE_PERM:
            self.init(
                .readOnly, path: path, message: "The journal can't be written (\(words))",
                advice: "Give this user the right to write it and its folder, or set RZ_HOME.")
        case SQLITE_BUSY, SQLITE_LOCKED:
            self = .busy(path, writer: JournalWriter(of: path))
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            self = .corrupt(words, path: path)
        case SQLITE_CANTOPEN:
            self.init(
                .missing, path: path, message: "The journal can't be opened (\(words))",
                advice: "Does it belong to another user? Even to read, SQLite has to write beside it: give this user "
                    + "the right to write its folder, or copy the file with its -wal elsewhere and set RZ_HOME.")
        default:
            self.init(.broken, path: path, message: "SQLite refused: \(words)")
        }
    }

    /// From the `errno` of a call on the journal's folder.
    init(systemError: Int32, path: String, doing work: String) {
        let words = String(cString: strerror(systemError))
        switch systemError {
        case ENOSPC, EDQUOT:
            self = .full(path)
        default:
            self.init(
                systemError == EIO ? .inputOutput : .readOnly, path: path,
                message: "The journal can't be \(work) (\(words))",
                advice: "Give this user the right to write there, or set RZ_HOME.")
        }
    }

    /// From the `errno` of a call on the file of an export.
    static func unwrittenExport(_ path: String, systemError: Int32) -> JournalError {
        if [ENOSPC, EDQUOT].contains(systemError) {
            return JournalError(
                .full, path: path, message: "There is no room for the export",
                details: ["No part of it was kept; what was there before stays."],
                advice: "Write it to another disk: -o /OTHER/FILE.")
        }
        return JournalError(
            systemError == EIO ? .inputOutput : .readOnly, path: path,
            message: "The export can't be written (\(String(cString: strerror(systemError))))",
            advice: "Name a file in a folder that is there and that this user may write: -o FILE.")
    }

    /// The same, but for a disk that is full under a command that only makes a journal: no run waits to be resumed.
    func orNoRoom(for what: String, again command: String) -> JournalError {
        guard kind == .full else { return self }
        return JournalError(
            .full, path: path, message: "There is no room for \(what)",
            advice: "Make room on this disk, then again: \(command).")
    }

    /// A writer that is stopped holds up every other one until it goes on or ends.
    private static func busy(_ path: String, writer: JournalWriter?) -> JournalError {
        guard let writer else {
            return JournalError(
                .busy, path: path, message: "Another process writes the journal and does not end",
                advice: "Try again; `fuser` with the file's name shows who has it open.")
        }
        guard writer.isStopped else {
            return JournalError(
                .busy, path: path, message: "Process \(writer.pid) writes the journal and does not end",
                advice: "Try again. What it is: ps -fp \(writer.pid)")
        }
        return JournalError(
            .busy, path: path, message: "Process \(writer.pid) was stopped in the middle of writing the journal",
            details: ["until it goes on or ends, no one else can write"],
            advice: "Let it go on: kill -CONT \(writer.pid). If it must not: kill -KILL \(writer.pid), then "
                + "\(Advice.resume(environment(of: path))).")
    }

    private static func full(_ path: String) -> JournalError {
        JournalError(
            .full, path: path, message: "There is no room to write down what happens, so nothing more is done",
            advice: "Make room on this disk, then: \(Advice.resume(environment(of: path))).")
    }
}
