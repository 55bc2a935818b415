import Digest

/// A place in the chain of events: the row, and the digest over all rows up to it.
struct Position: Hashable {
    var sequence = 0
    var checksum = ""

    /// The place of the row that follows. Lengths keep the fields apart, so that no text can move from one to the
    /// next unseen.
    func next(run: String, time: String, type: String, payload: String) -> Position {
        let fields = [checksum, String(sequence + 1), run, time, type, payload]
        return Position(
            sequence: sequence + 1,
            checksum: SHA256.hexadecimal(of: fields.map { "\($0.utf8.count):\($0)" }.joined()))
    }
}

extension Journal {
    /// What a whole look at the journal found to be sound.
    public struct Verification: Sendable, Hashable {
        public var events: Int
        public var plans: Int
        /// The digest over all events: two journals with the same one hold the same events.
        public var checksum: String
    }

    /// Compares everything with its digests, from the first row on, and has SQLite look at its own pages.
    ///
    /// - Throws: `JournalError` of kind `.corrupt` that names the first row which is not what was written, or is gone.
    @discardableResult
    public func verify() throws(JournalError) -> Verification {
        try database.read { () throws(JournalError) in
            let found = try database.rows("PRAGMA integrity_check(1)").first?.text(0)
            verified = Position()
            // The chain first: it can name the event.
            try verifyNewRows()
            guard found == "ok" else { throw .corrupt(found ?? "SQLite can't read it", path: path) }
            guard try database.integer("SELECT COUNT(*) FROM events") == verified.sequence else {
                throw .corrupt("it holds events before the first one", path: path)
            }
            let plans = try database.rows("SELECT id FROM plans").compactMap { $0.text(0) }
            for id in plans { _ = try plan(id) }
            return Verification(events: verified.sequence, plans: plans.count, checksum: verified.checksum)
        }
    }

    /// Compares every row that was not compared before with its digest. To be called within a transaction.
    func verifyNewRows() throws(JournalError) {
        let head = try readHead()
        guard head.sequence >= verified.sequence else {
            throw .corrupt(
                "it ends with event \(head.sequence), where event \(verified.sequence) was read before", path: path)
        }
        var last = verified
        do throws(JournalError) {
            try database.forEach(
                """
                SELECT sequence, run, time, type, payload, checksum FROM events WHERE sequence > ?
                ORDER BY sequence
                """, [.integer(verified.sequence)]
            ) { row throws(JournalError) in
                last = try proven(row, after: last)
            }
            try refuse(last, unlessIs: head)
        } catch {
            var told = error
            if last.sequence > 0 { told.details.append("events 1 to \(last.sequence) are what was written") }
            throw told
        }
        verified = last
    }

    /// Compares the last row that is there with the last one that was written.
    private func refuse(_ last: Position, unlessIs head: Position) throws(JournalError) {
        guard last.sequence >= head.sequence else {
            throw .corrupt(
                "it ends with event \(last.sequence), but event \(head.sequence) was written: the tail is missing",
                path: path)
        }
        guard last == head else {
            throw .corrupt(
                "event \(head.sequence) was the last that rz wrote, but \(last.sequence) is there", path: path)
        }
    }

    private func readHead() throws(JournalError) -> Position {
        guard let row = try database.rows("SELECT sequence, checksum FROM head").first,
            let sequence = row.integer(0), let checksum = row.text(1)
        else { throw .corrupt("it does not say where it ends", path: path) }
        return Position(sequence: sequence, checksum: checksum)
    }

    private func proven(_ row: Row, after last: Position) throws(JournalError) -> Position {
        let sequence = row.integer(0) ?? 0
        guard sequence == last.sequence + 1 else {
            throw .corrupt(
                "event \(last.sequence + 1) is missing: \(sequence) follows \(last.sequence)", path: path)
        }
        let next = last.next(
            run: row.text(1) ?? "", time: row.text(2) ?? "", type: row.text(3) ?? "", payload: row.text(4) ?? "")
        guard next.checksum == row.text(5) else {
            throw .corrupt(
                "event \(sequence) (\(row.text(3) ?? "?"), \(row.text(2) ?? "?")) is not what was written: "
                    + "its checksum differs", path: path)
        }
        return next
    }
}
