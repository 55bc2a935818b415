import FoundationEssentials
import Glibc
import JSON
import Migration

/// Events as flat JSON objects: `{"time":…,"run":…,"seq":…,"type":"step.started","step":…,"attempt":1}`.
///
/// What each kind is called and which fields it has is one table, in Migration/Formats/Event+Coding.swift.
public enum EventCoding {
    /// The first line of a stream of events, without its end: says which version the lines after it have.
    ///
    /// - Parameter rz: the version of rz that writes it.
    public static func opening(rz: String) -> String {
        let line: JSON = [
            "type": "version", "format": "rz.events", "formatVersion": .number(JSONNumber(FormatVersion.events)),
            "rz": .string(rz),
        ]
        return line.compact
    }

    /// One line, without its end.
    ///
    /// - Throws: `JournalError` of kind `.unreadable` for an event that JSON can't express.
    public static func line(for event: Event, redacting secrets: Secrets = Secrets()) throws(JournalError) -> String {
        let coded = try encode(event.kind, redacting: secrets)
        var line = JSONObject([
            ("time", .string(event.time.description)), ("run", .string(event.run.text)),
            ("seq", .number(JSONNumber(event.sequence))), ("type", .string(coded.type)),
        ])
        for (key, value) in coded.payload { line[key] = value }
        return JSON.object(line).compact
    }

    /// The event that a line was made from.
    ///
    /// - Throws: `JournalError` of kind `.unreadable` that says what is wrong with the line.
    public static func event(
        fromLine line: String, redacting secrets: Secrets = Secrets()
    ) throws(JournalError) -> Event {
        let json: JSON
        do throws(JSONError) { json = try JSON(parsing: line) } catch { throw unreadable(error.description) }
        guard var payload = json.object, let time = json["time"]?.string.flatMap({ Instant($0) }),
            let run = json["run"]?.string, EnvironmentName.isValid(run), let sequence = json["seq"]?.int,
            let type = json["type"]?.string
        else { throw unreadable("`time`, `run`, `seq` or `type` is missing or has another form") }
        for key in reservedKeys { payload[key] = nil }
        let kind = try encode(decode(type: type, payload: JSON.object(payload).compact), redacting: secrets).kind
        return Event(run: RunID(run), sequence: sequence, time: time, kind: kind)
    }

    /// The keys of a line that belong to every event; no case may use them for its own.
    static let reservedKeys = ["time", "run", "seq", "type"]

    /// An event in parts, with no secret in it.
    struct Coded {
        var type: String
        var payload: JSONObject
        /// The event as it will be read back.
        var kind: Event.Kind
    }

    static func encode(_ kind: Event.Kind, redacting secrets: Secrets) throws(JournalError) -> Coded {
        let (type, payload) = try encode(kind)
        let written = JSON.object(payload)
        let plain = written.mapTexts(\.visible)
        let masked = secrets.redact(plain)
        if masked == written { return Coded(type: type, payload: payload, kind: kind) }
        func read(_ value: JSON) -> Event.Kind? { try? decode(type: type, payload: value.compact) }
        let kept = read(masked) == nil ? secrets.redact(plain) { read($0) != nil } : masked
        return Coded(type: type, payload: kept.object ?? payload, kind: read(kept) ?? kind)
    }

    static func decode(type: String, payload: String) throws(JournalError) -> Event.Kind {
        do {
            guard var fields = try JSON(parsing: payload).mapTexts(\.visible).object else {
                throw unreadable("type \(type): its payload is not an object")
            }
            fields["type"] = .string(type)
            let decoder = JSONDecoder()
            decoder.nonConformingFloatDecodingStrategy = .convertFromString(
                positiveInfinity: infinity, negativeInfinity: "-" + infinity, nan: notANumber)
            return try decoder.decode(Event.Kind.self, from: Data(JSON.object(fields).compact.utf8))
        } catch let error as JournalError {
            throw error
        } catch let unknown as Event.Kind.UnknownName {
            throw .unknownEvent(unknown.text)
        } catch {
            throw unreadable("type \(type): \(error)")
        }
    }

    private static func encode(_ kind: Event.Kind) throws(JournalError) -> (type: String, payload: JSONObject) {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            // A rate of nothing by nothing must not be what halts a run.
            encoder.nonConformingFloatEncodingStrategy = .convertToString(
                positiveInfinity: infinity, negativeInfinity: "-" + infinity, nan: notANumber)
            guard var payload = try JSON(parsing: Array(encoder.encode(kind))).object,
                let type = payload["type"]?.string
            else { throw unreadable("an event without a name") }
            payload["type"] = nil
            return (type, payload)
        } catch let error as JournalError {
            throw error
        } catch {
            throw unreadable("\(error)")
        }
    }

    private static let infinity = "Infinity"
    private static let notANumber = "NaN"

    private static func unreadable(_ message: String) -> JournalError {
        JournalError(
            .unreadable, path: nil, message: Failure.shortened(message),
            advice: "Was it written by another version of rz?")
    }
}
