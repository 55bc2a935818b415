import Digest
import JSON
import Migration

extension Evidence {
    /// What a look at a whole file found to be sound.
    public struct Verification: Sendable, Hashable {
        public var header: Header
        public var plans: Int
        /// Events that the file shows.
        public var events: Int
        /// Events of other runs, of which it holds the digests.
        public var digests: Int
    }

    /// Compares everything in an export with its digests. Needs no journal, and reads no more than the file.
    ///
    /// - Parameter head: an earlier end of the chain, which it must hold.
    /// - Throws: `JournalError`: `.damagedExport` that names the first line which is not what was written, or is gone;
    ///   `.missing` or `.inputOutput` when the file can't be read.
    public static func verify(_ path: String, holding head: JournalHead? = nil) throws(JournalError) -> Verification {
        var atHead: String?
        let found = try read(path) { record throws(JournalError) in
            switch record {
            case .event(_, let position), .digest(_, let position):
                if position.sequence == head?.sequence { atHead = position.checksum }
            case .header, .plan, .run, .trailer: return
            }
        }
        guard let head else { return found }
        guard head.environment == found.header.environment else {
            throw .otherEnvironment(head, found.header.environment, path: path)
        }
        if let difference = head.difference(from: atHead, end: found.header.events) {
            throw .rewritten(.damagedExport, difference, path: path)
        }
        return found
    }

    /// As `verify`, and hands over each record that fits those before it. What was handed over counts only once this
    /// returns.
    static func read(
        _ path: String, _ body: (Record) throws(JournalError) -> Void
    ) throws(JournalError) -> Verification {
        var check = Check(path: path)
        try LineFile(path: path).forEach { number, line throws(JournalError) in
            try body(try check.take(line, number: number))
        }
        return try check.finish()
    }
}

/// Goes along the lines of an export and refuses the first that does not fit those before it.
private struct Check {
    let path: String
    private var header: Evidence.Header?
    private var last = Position()
    private var counts = Evidence.Trailer()
    private var digest = SHA256.Stream()
    private var isOver = false
    private var lines = 0

    init(path: String) { self.path = path }

    mutating func take(_ line: String, number: Int) throws(JournalError) -> Evidence.Record {
        lines = number
        guard !isOver else { throw damaged("line \(number) comes after the trailer") }
        let record = try read(line, number)
        switch record {
        case .header(let header):
            guard self.header == nil else { throw damaged("line \(number) is a second header") }
            self.header = header
            digest.update(header.lineWithoutTime + "\n")
            return record
        case .plan(let id, let text, let checksum):
            guard SHA256.hexadecimal(of: text) == checksum else {
                throw damaged("line \(number) (plan \(id)) is not what was written: its checksum differs")
            }
            counts.plans += 1
        case .run:
            break
        case .event(let content, let position):
            try follow(
                position, last.next(content), "event \(position.sequence), \(content.type), \(content.time)", number)
            counts.events += 1
        case .digest(let text, let position):
            try follow(position, last.next(digest: text), "the digest of event \(position.sequence)", number)
            counts.digests += 1
        case .trailer(let trailer):
            try end(with: trailer)
            return record
        }
        digest.update(line + "\n")
        return record
    }

    func finish() throws(JournalError) -> Evidence.Verification {
        guard let header else { throw damaged("it is empty") }
        guard isOver else { throw damaged("it ends with line \(lines), without a trailer: the rest is missing") }
        return Evidence.Verification(
            header: header, plans: counts.plans, events: counts.events, digests: counts.digests)
    }

    private func read(_ line: String, _ number: Int) throws(JournalError) -> Evidence.Record {
        guard number > 1 || line.hasPrefix(Evidence.beginning) else {
            throw JournalError(
                .foreign, path: path, message: "This file is not an export of a journal",
                advice: "Exports are made by: rz journal export ENVIRONMENT -o FILE.")
        }
        let json: JSON
        do throws(JSONError) { json = try JSON(parsing: line) } catch {
            throw damaged("line \(number) is not JSON: \(error.reason)")
        }
        if number == 1 {
            if let format = json["format"]?.int, format > Evidence.format {
                let newer = NewerFormat("export", found: format, known: Evidence.format)
                throw JournalError(.newer, path: path, message: newer.summary, advice: NewerFormat.advice)
            }
        }
        guard let record = Evidence.Record(json) else { throw damaged("line \(number) is not a line that rz writes") }
        return record
    }

    private mutating func follow(
        _ found: Position, _ expected: Position, _ what: String, _ number: Int
    ) throws(JournalError) {
        guard found.sequence == expected.sequence else {
            let reason = found.sequence > expected.sequence ? "is missing" : "comes a second time or late"
            let missed = min(found.sequence, expected.sequence)
            throw damaged(
                "event \(missed) \(reason): line \(number) holds event \(found.sequence) after \(last.sequence)")
        }
        guard found == expected else {
            throw damaged("line \(number) (\(what)) is not what was written: its checksum differs")
        }
        last = found
    }

    private mutating func end(with trailer: Evidence.Trailer) throws(JournalError) {
        guard let header, last.sequence == header.events else {
            throw damaged(
                "its last event is \(last.sequence), but event \(header?.events ?? 0) was written: the last are missing"
            )
        }
        guard last.checksum == header.checksum else {
            throw damaged("its events are not those that its header describes")
        }
        counts.digest = digest.finish()
        guard counts == trailer else {
            throw damaged(
                "its header, a plan or the form of a line is not what was written: the trailer's digest differs")
        }
        isOver = true
    }

    private func damaged(_ difference: String) -> JournalError {
        var error = JournalError.damagedExport(difference, path: path)
        if last.sequence > 0 { error.details.append("events 1 to \(last.sequence) are what was written") }
        return error
    }
}
