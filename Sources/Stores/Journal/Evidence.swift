import Digest
import JSON
import Migration

/// The evidence of a journal, or of one run, in one file of JSON lines that can be checked without the journal.
///
/// First a header, then the plans, the names of runs, every event in order with its place in the chain, and a trailer.
/// Format and what it proves: docs/formats.md.
public enum Evidence {
    /// Version of the format. Those of 1 differ in the form of the plans in them, which have their own version.
    static let format = 2
    /// What every export begins with, in every version of the format.
    static let beginning = #"{"record":"header","#

    /// What the first line says.
    public struct Header: Sendable, Hashable {
        /// The version of the format that the file has.
        public var format: Int
        public var environment: String
        /// The run that it holds; nil when it holds all.
        public var run: RunID?
        /// The version of rz that wrote it.
        public var rz: String
        public var exportedAt: Instant
        /// How many events the journal held.
        public var events: Int
        /// The digest over all events of the journal.
        public var checksum: String
        /// The epoch of the lock's last holder.
        public var epoch: Int
    }

    /// One line.
    enum Record {
        case header(Header)
        case plan(id: String, text: String, checksum: String)
        /// A name that was given to a run.
        case run(String)
        case event(RowContent, Position)
        /// Stands for an event of another run.
        case digest(String, Position)
        case trailer(Trailer)
    }

    struct Trailer: Hashable {
        var plans = 0
        var events = 0
        var digests = 0
        /// Over all lines before this one, of the header without its time.
        var digest = ""
    }
}

extension Evidence.Record {
    /// The line, without its end.
    var line: String { JSON.object(object).compact }

    private var object: JSONObject {
        switch self {
        case .header(let header):
            return header.object
        case .plan(let id, let text, let checksum):
            return JSONObject([
                ("record", "plan"), ("id", .string(id)), ("json", .string(text)), ("checksum", .string(checksum)),
            ])
        case .run(let name):
            return JSONObject([("record", "run"), ("id", .string(name))])
        case .event(let content, let position):
            return JSONObject([
                ("record", "event"), ("seq", .number(JSONNumber(position.sequence))), ("run", .string(content.run)),
                ("time", .string(content.time)), ("type", .string(content.type)),
                ("payload", .string(content.payload)), ("checksum", .string(position.checksum)),
            ])
        case .digest(let digest, let position):
            return JSONObject([
                ("record", "digest"), ("seq", .number(JSONNumber(position.sequence))), ("digest", .string(digest)),
                ("checksum", .string(position.checksum)),
            ])
        case .trailer(let trailer):
            return JSONObject([
                ("record", "trailer"), ("plans", .number(JSONNumber(trailer.plans))),
                ("events", .number(JSONNumber(trailer.events))), ("digests", .number(JSONNumber(trailer.digests))),
                ("digest", .string(trailer.digest)),
            ])
        }
    }

    /// Reads a line.
    ///
    /// - Returns: nil for a line that is none of this format.
    init?(_ json: JSON) {
        switch json["record"]?.string {
        case "header":
            guard let header = Evidence.Header(json) else { return nil }
            self = .header(header)
        case "plan":
            guard let id = json["id"]?.string, isName(id), let text = json["json"]?.string,
                let sum = json["checksum"]?.string
            else { return nil }
            self = .plan(id: id, text: text, checksum: sum)
        case "run":
            guard let id = json["id"]?.string, isName(id) else { return nil }
            self = .run(id)
        case "event":
            guard let position = Position(json), let run = json["run"]?.string, isName(run),
                let time = json["time"]?.string,
                let type = json["type"]?.string, let payload = json["payload"]?.string
            else { return nil }
            self = .event(RowContent(run: run, time: time, type: type, payload: payload), position)
        case "digest":
            guard let position = Position(json), let digest = json["digest"]?.string else { return nil }
            self = .digest(digest, position)
        case "trailer":
            guard let plans = json["plans"]?.int, let events = json["events"]?.int, let digests = json["digests"]?.int,
                let digest = json["digest"]?.string
            else { return nil }
            self = .trailer(Evidence.Trailer(plans: plans, events: events, digests: digests, digest: digest))
        default:
            return nil
        }
    }
}

/// Runs and plans have names of the form that environments have: they are shown, typed, and made from nothing else.
private func isName(_ text: String) -> Bool { EnvironmentName.isValid(text) }

extension Position {
    fileprivate init?(_ json: JSON) {
        guard let sequence = json["seq"]?.int, let checksum = json["checksum"]?.string else { return nil }
        self.init(sequence: sequence, checksum: checksum)
    }
}

extension Evidence.Header {
    fileprivate var object: JSONObject {
        var object = JSONObject([
            ("record", "header"), ("format", .number(JSONNumber(format))),
            ("environment", .string(environment)),
        ])
        if let run { object["run"] = .string(run.text) }
        object["rz"] = .string(rz)
        object["exportedAt"] = .string(exportedAt.description)
        object["head"] = ["seq": .number(JSONNumber(events)), "checksum": .string(checksum)]
        object["epoch"] = .number(JSONNumber(epoch))
        return object
    }

    fileprivate init?(_ json: JSON) {
        guard let format = json["format"]?.int, (1...Evidence.format).contains(format),
            let environment = json["environment"]?.string,
            let rz = json["rz"]?.string, let time = json["exportedAt"]?.string.flatMap({ Instant($0) }),
            let events = json["head"]?["seq"]?.int, let checksum = json["head"]?["checksum"]?.string,
            let epoch = json["epoch"]?.int, JournalLock.epochs.contains(epoch)
        else { return nil }
        self.init(
            format: format, environment: environment, run: json["run"]?.string.map { RunID($0) }, rz: rz,
            exportedAt: time,
            events: events, checksum: checksum, epoch: epoch)
    }

    /// The line that the file's digest is made of: two exports of the same journal have the same.
    var lineWithoutTime: String {
        var object = object
        object["exportedAt"] = nil
        return JSON.object(object).compact
    }
}
