import Digest
import Migration

extension Journal {
    /// What an export holds.
    public struct Export: Sendable, Hashable {
        public var header: Evidence.Header
        public var plans: Int
        public var events: Int
    }

    /// Writes the evidence of the journal, or of one run, into a file: the whole of it or nothing.
    ///
    /// - Parameters:
    ///   - path: the file, for its owner alone; one that is there is replaced.
    ///   - run: the run that it is to hold; of the others it holds digests only. Nil for all.
    ///   - rz: the version of rz, for the header.
    /// - Throws: `JournalError`: `.corrupt` for a journal that is not what was written, `.missing` for a run that
    ///   it does not know, or what keeps the file from being written.
    public func export(
        to path: String, run: RunID? = nil, rz: String, at time: Instant
    ) throws(JournalError) -> Export {
        // The whole look first: what is damaged is no evidence.
        try verify()
        return try database.read { () throws(JournalError) in
            try verifyNewRows()
            let header = Evidence.Header(
                format: Evidence.format, environment: environment, run: run, rz: rz, exportedAt: time,
                events: verified.sequence,
                checksum: verified.checksum, epoch: try database.lock().epoch)
            func failing(_ systemError: Int32) -> JournalError { .unwrittenExport(path, systemError: systemError) }
            return try DraftFile.write(path, failing: failing) { file throws(JournalError) in
                var writer = EvidenceWriter(file: file)
                try writer.write(.header(header))
                try writePlans(of: run, &writer)
                try writeRuns(of: run, &writer)
                try writeEvents(of: run, &writer)
                if let run, writer.counts.events == 0 {
                    throw JournalError(
                        .missing, path: self.path, message: "There is no run \(run) of \(environment)",
                        advice: "See them all with: rz history.")
                }
                try writer.finish()
                return Export(header: header, plans: writer.counts.plans, events: writer.counts.events)
            }
        }
    }

    private func writePlans(of run: RunID?, _ writer: inout EvidenceWriter) throws(JournalError) {
        var used: [String]?
        if let run { used = try plans(of: run) }
        let ids = try database.rows("SELECT id FROM plans ORDER BY id").compactMap { $0.text(0) }
        for id in ids where used?.contains(id) ?? true {
            guard let text = try plan(id) else { continue }
            try writer.write(.plan(id: id, text: text, checksum: SHA256.hexadecimal(of: text)))
        }
    }

    private func plans(of run: RunID) throws(JournalError) -> [String] {
        let rows = try database.rows(
            "SELECT sequence, run, time, type, payload FROM events WHERE run = ? "
                + "AND type IN ('run.started', 'run.repinned')",
            [.text(run.text)])
        var ids: [String] = []
        for row in rows {
            switch try event(row).kind {
            case .runStarted(_, let plan, _, _, _), .runRepinned(let plan, _, _): ids.append(plan)
            default: continue
            }
        }
        return ids
    }

    private func writeRuns(of run: RunID?, _ writer: inout EvidenceWriter) throws(JournalError) {
        if let run { return try writer.write(.run(run.text)) }
        for row in try database.rows("SELECT id FROM runs ORDER BY id") { try writer.write(.run(row.text(0) ?? "")) }
    }

    private func writeEvents(of run: RunID?, _ writer: inout EvidenceWriter) throws(JournalError) {
        try database.followChain(after: Position()) { content, position throws(JournalError) in
            let isShown = run.map { $0.text == content.run } ?? true
            try writer.write(isShown ? .event(content, position) : .digest(content.digest, position))
        }
    }
}

/// Writes lines and keeps count and digest of them.
private struct EvidenceWriter {
    let file: DraftFile
    var counts = Evidence.Trailer()
    private var digest = SHA256.Stream()

    init(file: DraftFile) { self.file = file }

    mutating func write(_ record: Evidence.Record) throws(JournalError) {
        let line = record.line + "\n"
        switch record {
        case .header(let header):
            digest.update(header.lineWithoutTime + "\n")
            return try file.write(line)
        case .plan: counts.plans += 1
        case .event: counts.events += 1
        case .digest: counts.digests += 1
        case .run, .trailer: break
        }
        digest.update(line)
        try file.write(line)
    }

    mutating func finish() throws(JournalError) {
        var trailer = counts
        trailer.digest = digest.finish()
        try file.write(Evidence.Record.trailer(trailer).line + "\n")
    }
}
