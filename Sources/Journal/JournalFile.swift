import Glibc

/// Where an environment's journal lies, how it comes into being, and what it must be to be trusted.
struct JournalFile {
    let environment: String
    let folder: String
    var path: String { "\(folder)/\(environment).sqlite" }

    /// `rzj1`: tells a journal from every other SQLite file.
    static let applicationID = 0x727A_6A31
    /// Version of the tables. A newer one is refused, for this rz would not know what it reads.
    static let schema = 1

    init(environment: String, home: String) throws(JournalError) {
        self.environment = environment
        folder = "\(home)/journal"
        guard !environment.isEmpty, !environment.hasPrefix("."), !environment.contains("/") else {
            throw JournalError(
                .missing, path: folder, message: "`\(environment)` can't be the name of an environment",
                advice: "See `environments/` for the names there are.")
        }
    }

    /// Opens the journal; unless read only, makes it when there is none.
    func open(readOnly: Bool) throws(JournalError) -> Database {
        if access(path, F_OK) != 0 {
            guard !readOnly else {
                throw JournalError(
                    .missing, path: path, message: "\(environment) has had no run yet",
                    advice: "Begin one with: rz update \(environment).")
            }
            try create()
        }
        let database = try Database(path: path, readOnly: readOnly)
        try check(database)
        return database
    }

    private func check(_ database: Database) throws(JournalError) {
        let application = try database.integer("PRAGMA application_id") ?? 0
        let version = try database.integer("PRAGMA user_version") ?? 0
        if application == 0, version == 0, try database.integer("SELECT COUNT(*) FROM sqlite_schema") == 0 {
            throw .corrupt("the file is empty, and rz never makes an empty one", path: path)
        }
        guard application == JournalFile.applicationID else {
            throw JournalError(
                .foreign, path: path, message: "This file is not a journal of rz",
                advice: "Is RZ_HOME right? If so, move the file away and look where it came from.")
        }
        guard version <= JournalFile.schema else {
            throw JournalError(
                .newer, path: path,
                message:
                    "The journal was written by a newer rz (schema \(version), this one knows \(JournalFile.schema))",
                advice: "Use the newer rz for this environment. Nothing was changed.")
        }
        guard version == JournalFile.schema else {
            throw .corrupt("schema \(version) was never in use", path: path)
        }
    }

    // MARK: - A new journal

    /// Makes the whole journal under another name and links it to its own: a journal exists complete or not at all,
    /// so that an empty file is always a damaged one.
    private func create() throws(JournalError) {
        try makeFolder()
        let draft = "\(folder)/.\(environment).\(getpid())-\(UInt32.random(in: .min ... .max)).draft"
        // Made here and not by SQLite, so that nobody else can ever read it; its WAL takes the same mode on.
        let descriptor = Glibc.open(draft, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw JournalError(systemError: errno, path: draft, doing: "made") }
        close(descriptor)
        defer { for suffix in ["", "-wal", "-shm"] { unlink(draft + suffix) } }
        try JournalFile.fill(draft)
        // Another process may have been quicker; then its journal is the journal.
        guard link(draft, path) == 0 || errno == EEXIST else {
            throw JournalError(systemError: errno, path: path, doing: "made")
        }
        let opened = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { return }
        fsync(opened)
        close(opened)
    }

    private func makeFolder() throws(JournalError) {
        var made = ""
        for part in folder.split(separator: "/") {
            made += folder.hasPrefix("/") || !made.isEmpty ? "/\(part)" : String(part)
            guard mkdir(made, 0o700) == 0 || errno == EEXIST || access(made, F_OK) == 0 else {
                throw JournalError(systemError: errno, path: made, doing: "made")
            }
        }
    }

    private static func fill(_ path: String) throws(JournalError) {
        let database = try Database(path: path, readOnly: false)
        try database.execute("PRAGMA journal_mode = WAL")
        try database.write { () throws(JournalError) in
            for statement in tables { try database.execute(statement) }
            try database.execute("PRAGMA application_id = \(applicationID)")
            try database.execute("PRAGMA user_version = \(schema)")
        }
    }

    private static let tables = [
        """
        CREATE TABLE events (
            sequence INTEGER PRIMARY KEY, run TEXT NOT NULL, time TEXT NOT NULL, type TEXT NOT NULL,
            payload TEXT NOT NULL, checksum TEXT NOT NULL)
        """,
        "CREATE INDEX events_by_run ON events (run, sequence)",
        // Where the chain ends: without it, nobody would miss the last events.
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
