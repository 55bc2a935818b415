import CSQLite
import Foundation

/// One SQLite file. Not Sendable: it belongs to the one actor that opened it.
final class Database {
    private let handle: OpaquePointer
    let path: String

    /// Opens a file; when it may be written, also makes it, with WAL and every commit synced.
    ///
    /// - Throws: `JournalError`.
    init(path: String, readOnly: Bool) throws(JournalError) {
        self.path = path
        var opened: OpaquePointer?
        let flags = readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        let code = sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let opened else {
            sqlite3_close(opened)
            throw JournalError(code: code, path: path)
        }
        handle = opened
        sqlite3_busy_timeout(handle, 5000)
        if readOnly { return }
        chmod(path, 0o600)
        _ = try query("PRAGMA journal_mode = WAL")
        try execute("PRAGMA synchronous = FULL")
        let level = try query("PRAGMA synchronous").first?["synchronous"]
        guard level == "2" else {
            throw JournalError(
                .broken, path: path, message: "SQLite does not sync each commit (synchronous = \(level ?? "?"))")
        }
    }

    deinit { sqlite3_close(handle) }

    /// Runs a statement that returns no rows.
    func execute(_ sql: String, _ values: [String] = []) throws(JournalError) { _ = try query(sql, values) }

    /// Runs a statement with its `?` bound in order; rows by column name, SQL NULL left out.
    func query(_ sql: String, _ values: [String] = []) throws(JournalError) -> [[String: String]] {
        var prepared: OpaquePointer?
        guard sqlite3_prepare_v2(handle, sql, -1, &prepared, nil) == SQLITE_OK, let statement = prepared else {
            throw failure()
        }
        defer { sqlite3_finalize(statement) }
        for (index, value) in values.enumerated() {
            guard rz_sqlite_bind_text(statement, Int32(index + 1), value, Int32(value.utf8.count)) == SQLITE_OK else {
                throw failure()
            }
        }
        var rows: [[String: String]] = []
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_DONE: return rows
            case SQLITE_ROW: rows.append(row(statement))
            default: throw failure()
            }
        }
    }

    /// All of the work, durably, or none of it. Other writers wait.
    func transaction<Result>(_ work: () throws(JournalError) -> Result) throws(JournalError) -> Result {
        try execute("BEGIN IMMEDIATE")
        do throws(JournalError) {
            let result = try work()
            try execute("COMMIT")
            return result
        } catch {
            try? execute("ROLLBACK")
            throw error
        }
    }

    private func row(_ statement: OpaquePointer) -> [String: String] {
        var row: [String: String] = [:]
        for column in 0..<sqlite3_column_count(statement) {
            guard let name = sqlite3_column_name(statement, column), let text = sqlite3_column_text(statement, column)
            else {
                continue
            }
            row[String(cString: name)] = String(cString: text)
        }
        return row
    }

    private func failure() -> JournalError {
        JournalError(
            code: sqlite3_extended_errcode(handle) & 0xFF, path: path, message: String(cString: sqlite3_errmsg(handle)))
    }
}
