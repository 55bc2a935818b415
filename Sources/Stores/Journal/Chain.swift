import Digest

/// A place in the chain of events: the row, and the digest over all rows up to it.
struct Position: Hashable {
    var sequence = 0
    var checksum = ""

    /// The place of the row that follows and has this content.
    func next(_ content: RowContent, form: ChainForm = .nested) -> Position {
        let fields =
            switch form {
            case .flat: [checksum, String(sequence + 1)] + content.fields
            case .nested: [checksum, String(sequence + 1), content.digest]
            }
        return Position(sequence: sequence + 1, checksum: SHA256.hexadecimal(of: delimited(fields)))
    }

    /// The place of the row that follows, of which only the digest is known.
    func next(digest: String) -> Position {
        let fields = [checksum, String(sequence + 1), digest]
        return Position(sequence: sequence + 1, checksum: SHA256.hexadecimal(of: delimited(fields)))
    }
}

/// How a row's content goes into the chain.
enum ChainForm {
    /// Field by field: schema 1.
    case flat
    /// Through a digest of its own, so that the chain can be followed past a row whose content is not shown.
    case nested
}

/// What a row of the table `events` says.
struct RowContent: Hashable {
    var run: String
    var time: String
    var type: String
    var payload: String

    var fields: [String] { [run, time, type, payload] }
    var digest: String { SHA256.hexadecimal(of: delimited(fields)) }
}

/// Lengths keep the fields apart, so that no text can move from one to the next unseen.
private func delimited(_ fields: [String]) -> String { fields.map { "\($0.utf8.count):\($0)" }.joined() }

extension Database {
    /// Goes along the chain of events and hands over each row that is what was written.
    ///
    /// - Throws: `JournalError` of kind `.corrupt` that names the first row which is not, or is gone.
    func followChain(
        after start: Position, form: ChainForm = .nested,
        _ body: (RowContent, Position) throws(JournalError) -> Void
    ) throws(JournalError) {
        var last = start
        try forEach(
            "SELECT sequence, run, time, type, payload, checksum FROM events WHERE sequence > ? ORDER BY sequence",
            [.integer(start.sequence)]
        ) { row throws(JournalError) in
            let content = RowContent(
                run: row.text(1) ?? "", time: row.text(2) ?? "", type: row.text(3) ?? "", payload: row.text(4) ?? "")
            let sequence = row.integer(0) ?? 0
            guard sequence == last.sequence + 1 else {
                throw .corrupt(
                    "event \(last.sequence + 1) is missing: \(sequence) follows \(last.sequence)", path: path)
            }
            let next = last.next(content, form: form)
            guard next.checksum == row.text(5) else {
                throw .corrupt(
                    "event \(sequence) (\(content.type), \(content.time)) is not what was written: "
                        + "its checksum differs", path: path)
            }
            try body(content, next)
            last = next
        }
    }

    /// Where the chain ends, as far as rz wrote it.
    func head() throws(JournalError) -> Position {
        guard let row = try rows("SELECT sequence, checksum FROM head").first,
            let sequence = row.integer(0), let checksum = row.text(1)
        else { throw .corrupt("it does not say where it ends", path: path) }
        return Position(sequence: sequence, checksum: checksum)
    }

    /// Compares the last row that is there with the last one that was written.
    func refuse(_ last: Position, unlessIs head: Position) throws(JournalError) {
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

    func append(_ content: RowContent, at position: Position) throws(JournalError) {
        try execute(
            "INSERT INTO events (sequence, run, time, type, payload, checksum) VALUES (?, ?, ?, ?, ?, ?)",
            [.integer(position.sequence)] + content.fields.map { .text($0) } + [.text(position.checksum)])
    }

    func setHead(_ position: Position) throws(JournalError) {
        try execute(
            "UPDATE head SET sequence = ?, checksum = ?", [.integer(position.sequence), .text(position.checksum)])
    }
}
