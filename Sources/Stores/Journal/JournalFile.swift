import Glibc
import Migration

/// Where an environment's journal lies, how it comes into being, and what it must be to be trusted.
struct JournalFile {
    let environment: String
    let folder: String
    var path: String { "\(folder)/\(environment).sqlite" }

    /// `rzj1`: distinguishes a journal from every other SQLite file.
    static let applicationID = 0x727A_6A31
    /// Other than the current one in tests.
    var schema = Schema.current

    init(environment: String, home: String) throws(JournalError) {
        self.environment = environment
        folder = "\(home)/journal"
        guard EnvironmentName.isValid(environment) else {
            throw JournalError(
                .missing, path: folder, message: "`\(environment)` can't be the name of an environment",
                advice: "See `environments/` for the names there are.")
        }
    }

    /// Opens the journal; unless read only, makes it when there is none.
    func open(readOnly: Bool) throws(JournalError) -> Database {
        try refuseWhileRepaired()
        try refuseLink()
        if access(path, F_OK) != 0 {
            guard !readOnly else {
                throw JournalError(
                    .missing, path: path, message: "\(environment) has had no run yet",
                    advice: "Begin one with: rz update \(environment).")
            }
            try create()
        }
        let database = try Database(path: path, readOnly: readOnly)
        if try version(of: database) < schema.version {
            if readOnly { try bringUpToDate() } else { try schema.bringUpToDate(database) }
        }
        return database
    }

    /// What a link leads to may be any file, and another one at each look.
    private func refuseLink() throws(JournalError) {
        for file in [path, "\(path)-wal", "\(path)-shm"] {
            var status = stat()
            guard lstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { continue }
            throw JournalError(
                .foreign, path: file, message: "The journal is a symbolic link, which rz does not follow",
                advice: "Put the file itself in its place, or link the whole folder \(folder).")
        }
    }

    /// The version of the tables.
    ///
    /// - Throws: `JournalError`: `.newer`, `.foreign`, or `.corrupt` for what can't be a journal.
    private func version(of database: Database) throws(JournalError) -> Int {
        let application = try database.integer("PRAGMA application_id") ?? 0
        let version = try Schema.version(of: database)
        try Schema.refuseIfEmpty(database)
        guard application == JournalFile.applicationID else {
            throw JournalError(
                .foreign, path: path, message: "This file is not a journal of rz",
                advice: "Is RZ_HOME right? If so, move the file away and look where it came from.")
        }
        guard version <= schema.version else { throw .newer(version, than: schema.version, path: path) }
        guard version >= Schema.oldest else {
            throw .corrupt("schema \(version) was never in use", path: path)
        }
        return version
    }

    /// For a reader, who can't read what is older and may not be able to change it.
    private func bringUpToDate() throws(JournalError) {
        do throws(JournalError) {
            try schema.bringUpToDate(try Database(path: path, readOnly: false))
        } catch  where error.kind == .readOnly {
            throw JournalError(
                .older, path: path, message: "The journal was written by an older rz and can't be brought up to date",
                details: [error.message],
                advice: "Give this user the right to write it and its folder, or read it with the older rz.")
        }
    }

    // MARK: - A repair

    /// There while a repair moves files; holds the name that the damaged journal gets.
    var repairMark: String { "\(path).repairing" }

    /// Between the steps of a repair there may be no journal, and none must be begun then.
    private func refuseWhileRepaired() throws(JournalError) {
        guard access(repairMark, F_OK) == 0 else { return }
        throw JournalError(
            .underRepair, path: path, message: "A repair of the journal was begun and is not over",
            advice: "Nothing is lost. Finish it: rz journal repair \(environment).")
    }

    // MARK: - A new journal

    /// Makes the whole journal under another name and links it to its own: a journal exists complete or not at all,
    /// so that an empty file is always a damaged one.
    private func create() throws(JournalError) {
        // Another process may have been quicker; then its journal is the journal.
        _ = try create { _ throws(JournalError) in }
    }

    /// Makes a journal that holds what `content` writes, unless there is one by then.
    ///
    /// - Returns: whether this journal is the one.
    func create(_ content: (Database) throws(JournalError) -> Void) throws(JournalError) -> Bool {
        try makeFolder()
        let draft = "\(folder)/.\(environment).\(getpid())-\(UInt32.random(in: .min ... .max)).draft"
        // Made here and not by SQLite, so that no one else can ever read it; its WAL takes the same mode on.
        let descriptor = Glibc.open(draft, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw JournalError(systemError: errno, path: path, doing: "made") }
        close(descriptor)
        defer { for suffix in ["", "-wal", "-shm"] { unlink(draft + suffix) } }
        do throws(JournalError) {
            try fill(draft)
            try content(try Database(path: draft, readOnly: false))
        } catch {
            // The draft is gone by the time that anyone could look for it.
            var renamed = error
            if renamed.path == draft { renamed.path = path }
            throw renamed
        }
        guard link(draft, path) == 0 else {
            if errno == EEXIST { return false }
            throw JournalError(systemError: errno, path: path, doing: "made")
        }
        synchronizeFolder()
        return true
    }

    /// Makes new names durable.
    func synchronizeFolder() {
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

    /// Makes an empty journal in an empty file.
    func fill(_ path: String) throws(JournalError) {
        let database = try Database(path: path, readOnly: false)
        try database.execute("PRAGMA journal_mode = WAL")
        try database.write { () throws(JournalError) in try schema.make(in: database) }
    }
}
