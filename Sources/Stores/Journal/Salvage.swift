import Digest
import Migration

/// What can be read of a journal that is damaged.
struct Salvage {
    /// A row of the table `events`.
    struct EventRow {
        var sequence: Int
        var content: RowContent
    }

    struct Plan: Hashable {
        var id: String
        var text: String
        var checksum: String
    }

    /// How its chain is formed.
    var form = ChainForm.nested
    /// What is wrong with it; nil for a sound journal.
    var difference: String?
    /// The last event up to which the chain is what was written.
    var proven = Position()
    /// The proven events of the run that was begun last.
    var latestRun: [EventRow] = []
    /// Rows behind it that can still be read.
    var lostRows: [EventRow] = []
    /// How many events are lost; nil when that can't be known.
    var lostEvents: Int? = 0
    var plans: [Plan] = []
    var lostPlans: [String] = []
    var runs: [String] = []
    /// The epoch of the lock's last holder; nil when it can't be read.
    var epoch: Int?
    var holder: JournalLock?

    /// Looks at a journal and changes nothing.
    ///
    /// - Throws: `JournalError` when it is no damage that keeps the journal from being read: `.newer`, `.foreign`,
    ///   `.missing`, `.readOnly`, `.busy`, `.full`.
    init(of path: String) throws(JournalError) {
        do throws(JournalError) {
            let database = try Database(path: path, readOnly: true)
            try database.tolerateMissingPages()
            try look(at: database)
        } catch  where error.isDamage {
            difference = difference ?? error.message
            lostEvents = lostRows.isEmpty ? nil : lostEvents
        }
    }

    private mutating func look(at database: Database) throws(JournalError) {
        try Schema.refuseIfEmpty(database)
        let version = try Schema.version(of: database)
        let application = try database.integer("PRAGMA application_id") ?? 0
        if application != JournalFile.applicationID, application != 0 || version != 0 {
            throw JournalError(
                .foreign, path: database.path, message: "This file is not a journal of rz",
                advice: "Is RZ_HOME right? If so, move the file away and look where it came from.")
        }
        guard version <= Schema.current.version else {
            throw .newer(version, than: Schema.current.version, path: database.path)
        }
        form = Schema.chainForm(in: version)
        try readLock(database)
        try readPlans(database)
        try readChain(database)
        guard difference == nil else { return }
        let found = try database.rows("PRAGMA integrity_check(1)").first?.text(0)
        if found != "ok" { difference = found ?? "SQLite can't read it" }
    }

    private mutating func readChain(_ database: Database) throws(JournalError) {
        var last = Position()
        var names: Set<String> = []
        do throws(JournalError) {
            try database.followChain(after: last, form: form) { content, position in
                last = position
                if names.insert(content.run).inserted { latestRun = [] }
                if latestRun.isEmpty || latestRun[0].content.run == content.run {
                    latestRun.append(EventRow(sequence: position.sequence, content: content))
                }
            }
        } catch  where error.isDamage {
            difference = error.message
        }
        proven = last
        let head = try? database.head()
        if difference == nil {
            do throws(JournalError) {
                try database.refuse(last, unlessIs: try database.head())
            } catch  where error.isDamage {
                difference = error.message
            }
        }
        let highest = try? database.integer("SELECT MAX(sequence) FROM events")
        let end = max(head?.sequence ?? 0, highest ?? 0)
        lostEvents = head == nil && difference != nil ? nil : max(0, end - last.sequence)
        guard let highest, highest > last.sequence else { return }
        // One by one: a page that can't be read must not hide those behind it.
        for sequence in (last.sequence + 1)...min(highest, last.sequence + Salvage.farthest) {
            let rows = try? database.rows(
                "SELECT run, time, type, payload FROM events WHERE sequence = ?", [.integer(sequence)])
            guard let row = rows?.first else { continue }
            let content = RowContent(
                run: row.text(0) ?? "", time: row.text(1) ?? "", type: row.text(2) ?? "", payload: row.text(3) ?? "")
            lostRows.append(EventRow(sequence: sequence, content: content))
        }
    }

    /// A number that was damaged must not make the search endless.
    private static let farthest = 1_000_000

    private mutating func readPlans(_ database: Database) throws(JournalError) {
        do throws(JournalError) {
            // Past the index, which may be damaged by itself.
            try database.forEach("SELECT id, json, checksum FROM plans NOT INDEXED ORDER BY rowid") { row in
                guard let id = row.text(0) else { return }
                if let text = row.text(1), SHA256.hexadecimal(of: text) == row.text(2) {
                    plans.append(Plan(id: id, text: text, checksum: SHA256.hexadecimal(of: text)))
                } else {
                    lostPlans.append(id)
                    difference = difference ?? "plan \(id) is not what was saved: its checksum differs"
                }
            }
            try database.forEach("SELECT id FROM runs NOT INDEXED") { row in runs += row.text(0).map { [$0] } ?? [] }
        } catch  where error.isDamage {
            difference = difference ?? error.message
        }
    }

    private mutating func readLock(_ database: Database) throws(JournalError) {
        do throws(JournalError) {
            (holder, epoch) = try database.lock()
        } catch  where error.isDamage {
            difference = difference ?? error.message
        }
    }
}

extension JournalError {
    /// Whether it says that the file is not what was written, or can't be read in full.
    fileprivate var isDamage: Bool { kind == .corrupt || kind == .inputOutput || kind == .broken }
}
