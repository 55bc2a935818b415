import CSQLite

/// One connection to a SQLite file. Not Sendable: it belongs to the one actor that opened it.
final class Database {
    private let handle: OpaquePointer
    let path: String

    /// Opens a file that exists. Every commit of a writer is synced to the disk before it is reported.
    ///
    /// - Throws: `JournalError`, also when SQLite does not take the synced mode on.
    init(path: String, readOnly: Bool) throws(JournalError) {
        self.path = path
        var opened: OpaquePointer?
        let access = readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE
        let code = sqlite3_open_v2(path, &opened, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard code == SQLITE_OK, let opened else {
            let error = JournalError(code: code, systemError: sqlite3_system_errno(opened), path: path)
            sqlite3_close(opened)
            throw error
        }
        handle = opened
        sqlite3_busy_timeout(handle, Database.busyTimeout)
        if readOnly { return }
        try execute("PRAGMA synchronous = FULL")
        guard try integer("PRAGMA synchronous") == Database.fullySynced else {
            throw JournalError(
                .broken, path: path, message: "SQLite does not sync each commit, so the journal can't be relied on",
                advice: "Is this SQLite built with its usual options?")
        }
    }

    /// How long a statement waits for another process's transaction, in milliseconds. Ours take a few.
    private static let busyTimeout: Int32 = 5000
    /// What `PRAGMA synchronous` answers for FULL.
    private static let fullySynced = 2

    deinit { sqlite3_close(handle) }

    /// Reads what is left of a file that lost its end. Without this, SQLite refuses the whole file.
    ///
    /// The connection then takes the file's size, not its header, for the number of pages; what is read is still
    /// compared with its checksums. Source: `lockBtree` in SQLite's btree.c.
    func tolerateMissingPages() throws(JournalError) { try execute("PRAGMA writable_schema = ON") }

    /// Runs a statement whose rows, if it has any, no one needs.
    func execute(_ sql: String, _ values: [Value] = []) throws(JournalError) {
        try forEach(sql, values) { _ in }
    }

    func rows(_ sql: String, _ values: [Value] = []) throws(JournalError) -> [Row] {
        var rows: [Row] = []
        try forEach(sql, values) { rows.append($0) }
        return rows
    }

    /// The first column of the first row, if that is a number.
    func integer(_ sql: String) throws(JournalError) -> Int? { try rows(sql).first?.integer(0) }

    /// Runs a statement with its `?` bound in order, and hands over a row after the other.
    func forEach(
        _ sql: String, _ values: [Value] = [], _ body: (Row) throws(JournalError) -> Void
    ) throws(JournalError) {
        var prepared: OpaquePointer?
        guard sqlite3_prepare_v2(handle, sql, -1, &prepared, nil) == SQLITE_OK, let statement = prepared else {
            throw failure()
        }
        defer { sqlite3_finalize(statement) }
        for (index, value) in values.enumerated() {
            guard value.bind(to: statement, at: Int32(index + 1)) == SQLITE_OK else { throw failure() }
        }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_DONE: return
            case SQLITE_ROW: try body(Row(statement))
            default: throw failure()
            }
        }
    }

    /// All of the work, durably, or none of it. Other writers wait.
    func write<Result>(_ work: () throws(JournalError) -> Result) throws(JournalError) -> Result {
        try transaction("BEGIN IMMEDIATE", work)
    }

    /// Reads as if no one wrote meanwhile. Writers don't wait.
    func read<Result>(_ work: () throws(JournalError) -> Result) throws(JournalError) -> Result {
        try transaction("BEGIN", work)
    }

    private func transaction<Result>(
        _ begin: String, _ work: () throws(JournalError) -> Result
    ) throws(JournalError) -> Result {
        try execute(begin)
        do throws(JournalError) {
            let result = try work()
            try execute("COMMIT")
            return result
        } catch {
            // SQLite has rolled back by itself after some errors, a full disk among them.
            if sqlite3_get_autocommit(handle) == 0 { try? execute("ROLLBACK") }
            throw error
        }
    }

    private func failure() -> JournalError {
        JournalError(
            code: sqlite3_extended_errcode(handle), systemError: sqlite3_system_errno(handle), path: path,
            message: String(cString: sqlite3_errmsg(handle)))
    }
}
