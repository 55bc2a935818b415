import Digest
import JSON
import Migration

/// One line of the list of runs.
public struct RunSummary: Sendable, Hashable {
    public var run: RunID
    public var environment: String
    /// Names the plan that the run performs; nil when the run was never started.
    public var plan: String?
    public var startedAt: Instant
    /// Where the run stands: its last event.
    public var lastEvent: Event
}

extension Journal {
    /// A new name for a run, given to no one else: the day and the number of the run on that day, `r-20261123-0007`.
    public func newRun(at time: Instant) throws(JournalError) -> RunID {
        let day = "r-\(time.compactDay)-"
        return try database.write { () throws(JournalError) in
            let known = try database.rows(
                "SELECT id FROM runs WHERE id LIKE ?1 UNION SELECT run FROM events WHERE run LIKE ?1",
                [.text(day + "%")])
            let last = known.compactMap { $0.text(0).flatMap { Int($0.dropFirst(day.count)) } }.max() ?? 0
            let number = String(last + 1)
            let id = day + String(repeating: "0", count: max(0, 4 - number.count)) + number
            try database.execute("INSERT INTO runs VALUES (?)", [.text(id)])
            return RunID(id)
        }
    }

    /// All runs that something happened to, the oldest first.
    public func runs() throws(JournalError) -> [RunSummary] {
        try database.read { () throws(JournalError) in
            try verifyNewRows()
            let spans = try database.rows(
                "SELECT MIN(sequence), MAX(sequence) FROM events GROUP BY run ORDER BY MIN(sequence)")
            var runs: [RunSummary] = []
            for span in spans {
                guard let first = try event(at: span.integer(0)), let last = try event(at: span.integer(1)) else {
                    continue
                }
                var summary = RunSummary(
                    run: first.run, environment: environment, plan: nil, startedAt: first.time, lastEvent: last)
                if case .runStarted(let environment, let plan, _, _, _) = first.kind {
                    summary.environment = environment
                    summary.plan = plan
                }
                runs.append(summary)
            }
            return runs
        }
    }

    /// The run that was started last; nil when there was none.
    public func latestRun() throws(JournalError) -> RunID? {
        try database.rows("SELECT run FROM events GROUP BY run ORDER BY MIN(sequence) DESC LIMIT 1").first?.text(0)
            .map { RunID($0) }
    }

    private func event(at sequence: Int?) throws(JournalError) -> Event? {
        let row = try database.rows(
            "SELECT sequence, run, time, type, payload FROM events WHERE sequence = ?", [.integer(sequence ?? 0)]
        ).first
        guard let row else { return nil }
        return try event(row)
    }

    // MARK: - Plans

    /// Keeps a plan as JSON text, secrets masked.
    public func save(plan: String, id: String) throws(JournalError) {
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: plan)
        } catch {
            throw JournalError(
                .unreadable, path: path, message: "Plan \(id) is not JSON", details: [error.description])
        }
        let text = Journal.masked(json, secrets())
        try database.execute(
            "INSERT OR REPLACE INTO plans VALUES (?, ?, ?)",
            [.text(id), .text(text), .text(SHA256.hexadecimal(of: text))])
    }

    /// A plan's text as a journal keeps it: no secret is in it.
    public static func masked(plan: String, _ secrets: Secrets) throws(JSONError) -> String {
        masked(try JSON(parsing: plan), secrets)
    }

    private static func masked(_ plan: JSON, _ secrets: Secrets) -> String { secrets.redact(plan).compact }

    /// A plan's JSON text; nil when none has this id.
    ///
    /// - Throws: `JournalError` of kind `.corrupt` when it is not what was saved.
    public func plan(_ id: String) throws(JournalError) -> String? {
        guard let row = try database.rows("SELECT json, checksum FROM plans WHERE id = ?", [.text(id)]).first else {
            return nil
        }
        guard let text = row.text(0), SHA256.hexadecimal(of: text) == row.text(1) else {
            throw .corrupt("plan \(id) is not what was saved: its checksum differs", path: path)
        }
        return text
    }
}
