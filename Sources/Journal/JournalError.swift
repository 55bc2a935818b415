import CSQLite
import Migration

/// Why the journal could not be read or written.
public struct JournalError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable {
        /// Another process holds the environment's lock.
        case locked
        /// Another process took the lock over: this one must not act any more.
        case fenced
        case full
        case readOnly
        case busy
        /// The file is not what was written: what differs is in the message.
        case corrupt
        /// Written by a newer rz.
        case newer
        case missing
        case broken
    }

    public var kind: Kind
    public var path: String
    public var message: String
    public var advice: String

    init(_ kind: Kind, path: String, message: String, advice: String = "") {
        self.kind = kind
        self.path = path
        self.message = message
        self.advice = advice
    }

    init(code: Int32, path: String, message: String? = nil) {
        let text = message ?? String(cString: sqlite3_errstr(code))
        switch code {
        case SQLITE_FULL:
            self.init(
                .full, path: path, message: "There is no room to write down what happens, so nothing more is done",
                advice: "Make room on this disk, then: rz resume.")
        case SQLITE_READONLY, SQLITE_PERM:
            self.init(
                .readOnly, path: path, message: "The journal can't be written (\(text))",
                advice: "Give this user the right to write it, or set RZ_HOME.")
        case SQLITE_BUSY, SQLITE_LOCKED:
            self.init(
                .busy, path: path, message: "Another process writes the journal and does not end", advice: "Try again.")
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            self.init(
                .corrupt, path: path, message: "The file is damaged (\(text))",
                advice: "Keep a copy of it. The state of the load balancers tells which color is live.")
        case SQLITE_CANTOPEN:
            self.init(
                .missing, path: path, message: "The journal can't be opened (\(text))", advice: "Is RZ_HOME right?")
        default:
            self.init(.broken, path: path, message: text)
        }
    }

    public var description: String { failure.description }

    /// For everything above the journal.
    public var failure: Failure {
        let refusals: Set<Kind> = [.locked, .fenced]
        return Failure(
            message, at: path, advice: advice.isEmpty ? nil : advice,
            kind: refusals.contains(kind) ? .refused : .permanent)
    }
}
