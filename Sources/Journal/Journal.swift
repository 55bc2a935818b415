import Digest
import Foundation
import JSON
import Migration

/// What happened to one environment: append-only events, in one SQLite file, readable while another process writes.
///
/// Each row carries a digest over itself and the row before it, so that a change anywhere shows. A row that was
/// returned by `append` is on the disk.
public actor Journal: EventStore {
    /// Version of the tables. A newer one is refused, for this rz would not know what it reads.
    static let schema = 1

    public nonisolated let environment: String
    public nonisolated let path: String
    let database: Database
    private let secrets: @Sendable () -> Secrets
    /// The last row whose digest was compared, and that digest.
    private var verified = (sequence: 0, checksum: "")

    /// Opens the journal of an environment; unless read only, makes it when there is none.
    ///
    /// - Parameters:
    ///   - home: rz's home; the file is `journal/ENVIRONMENT.sqlite` below it.
    ///   - secrets: what must never be written; asked at each append.
    public init(
        environment: String, home: String, secrets: @escaping @Sendable () -> Secrets = { Secrets() },
        readOnly: Bool = false
    ) throws(JournalError) {
        self.environment = environment
        self.secrets = secrets
        path = "\(home)/journal/\(environment).sqlite"
        if readOnly {
            guard access(path, F_OK) == 0 else {
                throw JournalError(
                    .missing, path: path, message: "\(environment) has had no run yet",
                    advice: "Begin one with: rz update \(environment).")
            }
        } else {
            do {
                try FileManager.default.createDirectory(
                    atPath: "\(home)/journal", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700]
                )
            } catch {
                throw JournalError(
                    .readOnly, path: "\(home)/journal",
                    message: "The folder can't be made (\(error.localizedDescription))",
                    advice: "Give this user the right to write there, or set RZ_HOME.")
            }
        }
        database = try Database(path: path, readOnly: readOnly)
        try Journal.prepare(database, readOnly: readOnly)
    }

    private static func prepare(_ database: Database, readOnly: Bool) throws(JournalError) {
        let version = Int(try database.query("PRAGMA user_version").first?["user_version"] ?? "0") ?? 0
        guard version <= schema else {
            throw JournalError(
                .newer, path: database.path,
                message: "The journal was written by a newer rz (schema \(version), this one knows \(schema))",
                advice: "Use the newer rz.")
        }
        guard version == 0, !readOnly else { return }
        try database.transaction { () throws(JournalError) in
            for statement in tables { try database.execute(statement) }
            try database.execute("PRAGMA user_version = \(schema)")
        }
    }

    private static let tables = [
        """
        CREATE TABLE IF NOT EXISTS events (
            sequence INTEGER PRIMARY KEY, run TEXT NOT NULL, time TEXT NOT NULL, type TEXT NOT NULL,
            payload TEXT NOT NULL, checksum TEXT NOT NULL)
        """,
        "CREATE INDEX IF NOT EXISTS events_by_run ON events (run, sequence)",
        "CREATE TABLE IF NOT EXISTS plans (id TEXT PRIMARY KEY, json TEXT NOT NULL)",
        """
        CREATE TABLE IF NOT EXISTS lock (
            one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, id TEXT, owner TEXT, host TEXT, boot TEXT,
            pid INTEGER, start TEXT, purpose TEXT, acquired TEXT)
        """,
        "INSERT OR IGNORE INTO lock (one, epoch) VALUES (1, 0)",
    ]

    // MARK: - Events

    public func append(
        _ kinds: [Event.Kind], run: RunID, epoch: Int?, at time: Instant
    ) async throws(Failure) -> [Event] {
        do throws(JournalError) {
            return try database.transaction { () throws(JournalError) in
                if let epoch { try refuseIfFenced(epoch) }
                return try insert(kinds, run, time)
            }
        } catch {
            throw error.failure
        }
    }

    public func events(of run: RunID, after sequence: Int) async throws(Failure) -> [Event] {
        do throws(JournalError) {
            try verify()
            let rows = try database.query(
                "SELECT sequence, run, time, type, payload FROM events WHERE run = ? AND sequence > CAST(? AS INTEGER) ORDER BY sequence",
                [run.text, String(sequence)])
            var events: [Event] = []
            for row in rows { events.append(try event(row)) }
            return events
        } catch {
            throw error.failure
        }
    }

    private func insert(_ kinds: [Event.Kind], _ run: RunID, _ time: Instant) throws(JournalError) -> [Event] {
        let last = try database.query("SELECT sequence, checksum FROM events ORDER BY sequence DESC LIMIT 1").first
        var sequence = last?["sequence"].flatMap { Int($0) } ?? 0
        var checksum = last?["checksum"] ?? ""
        let secrets = secrets()
        var events: [Event] = []
        for kind in kinds {
            sequence += 1
            let (type, payload) = try EventCoding.encode(kind)
            let text = secrets.redact(JSON.object(payload).compact)
            checksum = Journal.checksum(after: checksum, sequence, run.text, time.description, type, text)
            try database.execute(
                "INSERT INTO events VALUES (CAST(? AS INTEGER), ?, ?, ?, ?, ?)",
                [String(sequence), run.text, time.description, type, text, checksum])
            events.append(Event(run: run, sequence: sequence, time: time, kind: kind))
        }
        return events
    }

    private func event(_ row: [String: String]) throws(JournalError) -> Event {
        guard let sequence = row["sequence"].flatMap({ Int($0) }), let run = row["run"], let type = row["type"],
            let time = row["time"].flatMap({ Instant($0) }), let payload = row["payload"],
            let kind = try? EventCoding.decode(type: type, payload: payload)
        else {
            throw JournalError(
                .corrupt, path: path, message: "Event \(row["sequence"] ?? "?") (\(row["type"] ?? "?")) can't be read",
                advice: "Was it written by another version of rz?")
        }
        return Event(run: RunID(run), sequence: sequence, time: time, kind: kind)
    }

    // MARK: - Proof

    /// Compares every row that was not compared before with its digest.
    ///
    /// - Throws: `JournalError` of kind `.corrupt` that names the first row which is not what was written, or is gone.
    public func verify() throws(JournalError) {
        let rows = try database.query(
            "SELECT sequence, run, time, type, payload, checksum FROM events WHERE sequence > CAST(? AS INTEGER) ORDER BY sequence",
            [String(verified.sequence)])
        for row in rows {
            let sequence = row["sequence"].flatMap { Int($0) } ?? 0
            guard sequence == verified.sequence + 1 else {
                throw corrupt("event \(verified.sequence + 1) is missing, \(sequence) follows \(verified.sequence)")
            }
            let checksum = Journal.checksum(
                after: verified.checksum, sequence, row["run"] ?? "", row["time"] ?? "", row["type"] ?? "",
                row["payload"] ?? "")
            guard checksum == row["checksum"] else {
                throw corrupt(
                    "event \(sequence) (\(row["type"] ?? "?"), \(row["time"] ?? "?")) is not what was written")
            }
            verified = (sequence, checksum)
        }
    }

    private func corrupt(_ message: String) -> JournalError {
        JournalError(
            .corrupt, path: path, message: "The journal is damaged: " + message,
            advice: "Keep a copy of the file. What the load balancers say tells which color is live.")
    }

    private static func checksum(after previous: String, _ sequence: Int, _ fields: String...) -> String {
        // Lengths keep fields apart, so that text can't move from one to the next unseen.
        let parts = [previous, String(sequence)] + fields
        return SHA256.hexadecimal(of: parts.map { "\($0.utf8.count):\($0)" }.joined())
    }

    // MARK: - Runs and plans

    /// A new name for a run: the day and the number of the run on that day, `r-20261123-0007`.
    public func newRun(at time: Instant) throws -> RunID {
        let day = "r-\(time.compactDay)-"
        let rows = try database.query("SELECT DISTINCT run FROM events WHERE run LIKE ? ORDER BY run", [day + "%"])
        let last = rows.compactMap { $0["run"].flatMap { Int($0.dropFirst(day.count)) } }.max() ?? 0
        return RunID(day + String(String(10_000 + last + 1).dropFirst()))
    }

    /// All runs, the oldest first.
    public func runs() throws -> [RunID] {
        try database.query("SELECT run, MIN(sequence) AS first FROM events GROUP BY run ORDER BY first")
            .compactMap { $0["run"].map { RunID($0) } }
    }

    public func latestRun() throws -> RunID? { try runs().last }

    /// Keeps a plan as JSON text, secrets masked.
    public func save(plan: String, id: String) throws {
        try database.execute("INSERT OR REPLACE INTO plans VALUES (?, ?)", [id, secrets().redact(plan)])
    }

    public func plan(_ id: String) throws -> String? {
        try database.query("SELECT json FROM plans WHERE id = ?", [id]).first?["json"]
    }
}
