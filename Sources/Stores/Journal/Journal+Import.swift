import Migration

extension Journal {
    /// What an import made.
    public struct Import: Sendable, Hashable {
        public var environment: String
        /// The journal's file.
        public var path: String
        public var verification: Evidence.Verification
        /// The epoch from which on the locks of this journal count.
        public var epoch: Int
    }

    /// Makes a journal from the export of a whole one: on another host, when the first one is lost.
    ///
    /// No one holds its lock, and its epoch is higher than any that the lost journal can have given out since.
    ///
    /// - Parameters:
    ///   - environment: the name that the export must carry; nil for whichever it carries.
    ///   - home: rz's home.
    /// - Throws: `JournalError`: `.damagedExport`, `.partial` for the export of one run, `.exists` when there is a
    ///   journal with events already, or what keeps it from being made.
    public static func make(
        from path: String, environment: String? = nil, home: String, at time: Instant
    ) throws(JournalError) -> Import {
        // First without writing anything: most of what can be wrong is wrong with the file.
        let header = try Evidence.verify(path).header
        if let run = header.run {
            throw JournalError(
                .partial, path: path,
                message: "This export holds one run only, \(run), so it can't become a journal",
                advice: "Take one of the whole journal: rz journal export \(header.environment) -o FILE.")
        }
        if let environment, environment != header.environment {
            throw JournalError(
                .partial, path: path,
                message: "This export is of the environment \(header.environment), not of \(environment)",
                advice: "Name that one, or leave the name out.")
        }
        let file = try JournalFile(environment: header.environment, home: home)
        var known = header.epoch
        var found: Evidence.Verification?
        func fill(_ database: Database) throws(JournalError) {
            try database.write { () throws(JournalError) in
                try refuse(database, unlessEmpty: file)
                known = max(known, try database.lock().epoch)
                found = try Journal.fill(database, from: path)
                try database.execute(
                    "UPDATE lock SET epoch = ?", [.integer(JournalLock.epoch(after: known, at: time))])
            }
        }
        // A journal without events, as a refused `rz update` leaves it, is filled; else the new one appears when it
        // is whole.
        do throws(JournalError) {
            if try !file.create(fill) { try fill(try file.open(readOnly: false)) }
        } catch {
            throw error.orNoRoom(for: "the journal", again: "rz journal import \(path)")
        }
        guard let found else { throw exists(file) }
        return Import(
            environment: header.environment, path: file.path, verification: found,
            epoch: JournalLock.epoch(after: known, at: time))
    }

    private static func fill(_ database: Database, from path: String) throws(JournalError) -> Evidence.Verification {
        var head = Position()
        try database.execute("CREATE TABLE IF NOT EXISTS imported (plan TEXT PRIMARY KEY)")
        let found = try Evidence.read(path) { record throws(JournalError) in
            switch record {
            case .plan(let id, let text, let checksum):
                try database.execute(
                    "INSERT OR REPLACE INTO plans VALUES (?, ?, ?)", [.text(id), .text(text), .text(checksum)])
                try database.execute("INSERT OR REPLACE INTO imported VALUES (?)", [.text(id)])
            case .run(let name):
                try database.execute("INSERT OR IGNORE INTO runs VALUES (?)", [.text(name)])
            case .event(let content, let position):
                try database.append(content, at: position)
                head = position
            case .header, .digest, .trailer:
                break
            }
        }
        try database.setHead(head)
        return found
    }

    private static func refuse(_ database: Database, unlessEmpty file: JournalFile) throws(JournalError) {
        guard try database.head() == Position(), try database.rows("SELECT 1 FROM events LIMIT 1").isEmpty,
            try database.lock().held?.mayAct != true
        else { throw exists(file) }
    }

    private static func exists(_ file: JournalFile) -> JournalError {
        JournalError(
            .exists, path: file.path, message: "\(file.environment) has a journal already",
            details: ["an import never mixes two histories"],
            advice: "See it: rz history --environment \(file.environment). If it is damaged: rz journal repair "
                + "\(file.environment).")
    }
}

extension Journal {
    /// Whether a plan came with an import, and was not compared with its commit since.
    public func isImported(plan id: String) throws(JournalError) -> Bool {
        guard try hasImports else { return false }
        return try !database.rows("SELECT 1 FROM imported WHERE plan = ?", [.text(id)]).isEmpty
    }

    /// Writes down that an imported plan is what its commit says.
    public func accept(plan id: String) throws(JournalError) {
        if try hasImports { try database.execute("DELETE FROM imported WHERE plan = ?", [.text(id)]) }
    }

    /// A journal that began on this host has no such table.
    private var hasImports: Bool {
        get throws(JournalError) {
            try !database.rows("SELECT 1 FROM sqlite_schema WHERE name = 'imported'").isEmpty
        }
    }
}

extension JournalLock {
    /// Where the epochs of a journal begin that takes the place of another one, of which it is not known how many it
    /// gave out: after the last that is known, and not before the clock. Epochs grow by one with each holder, so those
    /// of any journal stay behind the seconds since 1970.
    static func epoch(after known: Int, at time: Instant) -> Int { max(known + 1, Int(time.milliseconds / 1000)) }
}
