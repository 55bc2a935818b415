import JSON
import Migration

/// What happened to one environment: append-only events, in one SQLite file, readable while another process writes.
///
/// Each row carries a digest over itself and the row before it, so that a change anywhere shows. A row that was
/// returned by `append` is on the disk.
public actor Journal: EventStore {
    public nonisolated let environment: String
    /// The SQLite file.
    public nonisolated let path: String
    let database: Database
    nonisolated let secrets: @Sendable () -> Secrets
    let schema: Schema
    /// The last row whose digest was compared.
    var verified = Position()
    private let executor: JournalExecutor

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Opens the journal of an environment; unless read only, makes it when there is none.
    ///
    /// - Parameters:
    ///   - home: rz's home; the file is `journal/ENVIRONMENT.sqlite` below it.
    ///   - secrets: what must never be written; asked at each append.
    /// - Throws: `JournalError`: `.missing` for a journal that is only to be read and isn't there, `.newer`, `.corrupt`,
    ///   `.foreign`, or what keeps the file from being opened.
    public init(
        environment: String, home: String, secrets: @escaping @Sendable () -> Secrets = { Secrets() },
        readOnly: Bool = false
    ) throws(JournalError) {
        let file = try JournalFile(environment: environment, home: home)
        try self.init(file, secrets: secrets, readOnly: readOnly)
    }

    init(_ file: JournalFile, secrets: @escaping @Sendable () -> Secrets, readOnly: Bool) throws(JournalError) {
        environment = file.environment
        self.secrets = secrets
        path = file.path
        schema = file.schema
        executor = JournalExecutor(label: "journal of \(file.environment)")
        database = try file.open(readOnly: readOnly)
    }

    public func append(
        _ kinds: [Event.Kind], run: RunID, epoch: Int?, at time: Instant
    ) async throws(Failure) -> [Event] {
        do throws(JournalError) {
            let (events, head) = try database.write { () throws(JournalError) in
                if let epoch { try refuseUnlessHeld(under: epoch) }
                try verifyNewRows()
                return try insert(kinds, run, time)
            }
            // Only now: rows of a transaction that failed were never there.
            verified = head
            return events
        } catch {
            throw error.failure
        }
    }

    public func confirm(epoch: Int) async throws(Failure) {
        do throws(JournalError) { try refuseUnlessHeld(under: epoch) } catch { throw error.failure }
    }

    public func events(of run: RunID, after sequence: Int) async throws(Failure) -> [Event] {
        do throws(JournalError) {
            return try database.read { () throws(JournalError) in
                try verifyNewRows()
                var events: [Event] = []
                try database.forEach(
                    """
                    SELECT sequence, run, time, type, payload FROM events WHERE run = ? AND sequence > ?
                    ORDER BY sequence
                    """,
                    [.text(run.text), .integer(sequence)]
                ) { row throws(JournalError) in events.append(try event(row)) }
                return events
            }
        } catch {
            throw error.failure
        }
    }

    private func insert(
        _ kinds: [Event.Kind], _ run: RunID, _ time: Instant
    ) throws(JournalError) -> (events: [Event], head: Position) {
        let secrets = secrets()
        var head = verified
        var events: [Event] = []
        for kind in kinds {
            let coded = try EventCoding.encode(kind, redacting: secrets)
            let content = RowContent(
                run: run.text, time: time.description, type: coded.type,
                payload: JSON.object(coded.payload).compact)
            head = head.next(content)
            try database.append(content, at: head)
            events.append(Event(run: run, sequence: head.sequence, time: time, kind: coded.kind))
        }
        try database.setHead(head)
        return (events, head)
    }

    /// An event from the columns sequence, run, time, type and payload.
    func event(_ row: Row) throws(JournalError) -> Event {
        guard let sequence = row.integer(0), let run = row.text(1), let time = row.text(2).flatMap({ Instant($0) }),
            let type = row.text(3), let payload = row.text(4)
        else {
            throw .corrupt("event \(row.integer(0).map(String.init) ?? "?") has no run, time or type", path: path)
        }
        do throws(JournalError) {
            let kind = try EventCoding.decode(type: type, payload: payload)
            return Event(run: RunID(run), sequence: sequence, time: time, kind: kind)
        } catch {
            if error.kind == .newer {
                throw JournalError(
                    .newer, path: path, message: "Event \(sequence) (\(type)) was written by a newer rz",
                    advice: NewerFormat.advice)
            }
            throw JournalError(
                .unreadable, path: path, message: "Event \(sequence) (\(type)) means nothing to this rz",
                details: [error.message], advice: "It was written by another version of rz: use that one.")
        }
    }
}
