/// The tables of a journal: their version, how they are made, and how those of an older rz become these.
struct Schema: Sendable {
    /// Version of the tables, kept as `user_version`. A newer one is refused: this rz would not know what it reads.
    var version: Int
    /// What brings a journal from one version to the next, the oldest first.
    var steps: [Step]

    struct Step: Sendable {
        /// The version that the tables have before.
        var from: Int
        /// Changes the tables, within a transaction.
        var bring: @Sendable (Database) throws(JournalError) -> Void
    }

    static let current = Schema(version: 2, steps: [nestChain])
    /// The first one that was in use.
    static let oldest = 1

    /// How the chain was formed in a version.
    static func chainForm(in version: Int) -> ChainForm { version == 1 ? .flat : .nested }

    static func version(of database: Database) throws(JournalError) -> Int {
        try database.integer("PRAGMA user_version") ?? 0
    }

    /// Refuses a file without any table: rz never makes one, so something emptied it.
    static func refuseIfEmpty(_ database: Database) throws(JournalError) {
        guard try database.integer("PRAGMA application_id") == 0, try version(of: database) == 0,
            try database.integer("SELECT COUNT(*) FROM sqlite_schema") == 0
        else { return }
        throw .corrupt("the file is empty, and rz never makes an empty one", path: database.path)
    }

    /// Makes the tables in an empty file, within a transaction.
    func make(in database: Database) throws(JournalError) {
        for statement in Schema.tables { try database.execute(statement) }
        try database.execute("PRAGMA application_id = \(JournalFile.applicationID)")
        for step in steps where step.from >= Schema.current.version { try step.bring(database) }
        try database.execute("PRAGMA user_version = \(version)")
    }

    /// Brings an older journal up to this version: all of the way, or not at all.
    ///
    /// - Throws: `JournalError`: `.older` while a living process works with the older rz, `.corrupt` for a journal that
    ///   was damaged before.
    func bringUpToDate(_ database: Database) throws(JournalError) {
        try database.write { () throws(JournalError) in
            // Another process may have been quicker.
            let found = try Schema.version(of: database)
            guard found < version else { return }
            if let holder = try database.lock().held, holder.mayAct {
                throw JournalError(
                    .older, path: database.path,
                    message: "An older rz works with this journal now: \(holder): \(holder.purpose)",
                    advice:
                        "Use that rz, or wait until its run has ended or halted: the journal is brought up to date then."
                )
            }
            for step in steps where step.from >= found { try step.bring(database) }
            try database.execute("PRAGMA user_version = \(version)")
        }
    }

    /// Refuses a journal that another rz has brought to its own version since it was opened.
    func refuse(_ database: Database, unlessCurrentIn path: String) throws(JournalError) {
        let found = try Schema.version(of: database)
        if found != version { throw .newer(found, than: version, path: path) }
    }

    // MARK: - The steps

    /// Schema 2: a row goes into the chain through a digest of its own, so that the evidence of one run can be checked
    /// up to the head without the events of the others.
    private static let nestChain = Step(from: 1) { database throws(JournalError) in
        var before = Position()
        var after = Position()
        // Read to the end first: a damaged journal stays as it is, and rows don't change under the reader.
        var checksums: [String] = []
        try database.followChain(after: before, form: .flat) { content, position in
            before = position
            after = after.next(content)
            checksums.append(after.checksum)
        }
        try database.refuse(before, unlessIs: try database.head())
        for (index, checksum) in checksums.enumerated() {
            try database.execute(
                "UPDATE events SET checksum = ? WHERE sequence = ?", [.text(checksum), .integer(index + 1)])
        }
        try database.setHead(after)
    }

    /// The tables as the current version has them.
    private static let tables = [
        """
        CREATE TABLE events (
            sequence INTEGER PRIMARY KEY, run TEXT NOT NULL, time TEXT NOT NULL, type TEXT NOT NULL,
            payload TEXT NOT NULL, checksum TEXT NOT NULL)
        """,
        "CREATE INDEX events_by_run ON events (run, sequence)",
        // Where the chain ends: without it, no one would miss the last events.
        "CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL, checksum TEXT NOT NULL)",
        "INSERT INTO head VALUES (1, 0, '')",
        "CREATE TABLE runs (id TEXT PRIMARY KEY)",
        "CREATE TABLE plans (id TEXT PRIMARY KEY, json TEXT NOT NULL, checksum TEXT NOT NULL)",
        """
        CREATE TABLE lock (
            one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, id TEXT, owner TEXT, host TEXT, boot TEXT,
            namespace TEXT, pid INTEGER, start TEXT, purpose TEXT, acquired TEXT)
        """,
        "INSERT INTO lock (one, epoch) VALUES (1, 0)",
    ]
}
