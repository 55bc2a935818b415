extension Journal {
    /// What a whole look at the journal found to be sound.
    public struct Verification: Sendable, Hashable {
        public var events: Int
        public var plans: Int
        /// The digest over all events: two journals with the same one hold the same events.
        public var checksum: String

        /// Nil for a journal without an event.
        public func head(of environment: String) -> JournalHead? {
            events == 0 ? nil : JournalHead(environment: environment, sequence: events, checksum: checksum)
        }
    }

    /// Compares everything with its digests, from the first row on, and has SQLite look at its own pages.
    ///
    /// - Parameter head: an earlier end of the chain, which it must hold.
    /// - Throws: `JournalError` of kind `.corrupt` that names the first row which is not what was written, or is gone.
    @discardableResult
    public func verify(holding head: JournalHead? = nil) throws(JournalError) -> Verification {
        try database.read { () throws(JournalError) in
            let found = try database.rows("PRAGMA integrity_check(1)").first?.text(0)
            verified = Position()
            // The chain first: it can name the event.
            try verifyNewRows()
            guard found == "ok" else { throw .corrupt(found ?? "SQLite can't read it", path: path) }
            guard try database.integer("SELECT COUNT(*) FROM events") == verified.sequence else {
                throw .corrupt("it holds events before the first one", path: path)
            }
            if let head {
                guard head.environment == environment else { throw .otherEnvironment(head, environment, path: path) }
                let row = try database.rows(
                    "SELECT checksum FROM events WHERE sequence = ?", [.integer(head.sequence)]
                ).first
                if let difference = head.difference(from: row?.text(0), end: verified.sequence) {
                    throw .rewritten(.corrupt, difference, path: path)
                }
            }
            let plans = try database.rows("SELECT id FROM plans").compactMap { $0.text(0) }
            for id in plans { _ = try plan(id) }
            return Verification(events: verified.sequence, plans: plans.count, checksum: verified.checksum)
        }
    }

    /// Compares every row that was not compared before with its digest. To be called within a transaction.
    func verifyNewRows() throws(JournalError) {
        try schema.refuse(database, unlessCurrentIn: path)
        let head = try database.head()
        guard head.sequence >= verified.sequence else {
            throw .corrupt(
                "it ends with event \(head.sequence), where event \(verified.sequence) was read before", path: path)
        }
        var last = verified
        do throws(JournalError) {
            try database.followChain(after: verified) { _, position in last = position }
            try database.refuse(last, unlessIs: head)
        } catch {
            var detailed = error
            if last.sequence > 0 { detailed.details.append("events 1 to \(last.sequence) are what was written") }
            throw detailed
        }
        verified = last
    }
}
