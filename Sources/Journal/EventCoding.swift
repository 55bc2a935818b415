import FoundationEssentials
import Glibc
import JSON
import Migration

/// Events as flat JSON objects: `{"time":…,"run":…,"seq":…,"type":"step.started","step":…,"attempt":1}`.
///
/// The type is the name of the event's case, parted at its first capital letter: `stepStarted` is `step.started`.
/// No table of cases is needed, so a new one can't be forgotten.
public enum EventCoding {
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
            let run = json["run"]?.string, let sequence = json["seq"]?.int, let type = json["type"]?.string
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
            let nested = JSON.object(JSONObject([(caseName(type), try JSON(parsing: payload).mapTexts(\.visible))]))
            let decoder = JSONDecoder()
            decoder.nonConformingFloatDecodingStrategy = .convertFromString(
                positiveInfinity: infinity, negativeInfinity: "-" + infinity, nan: notANumber)
            return try decoder.decode(Event.Kind.self, from: Data(nested.compact.utf8))
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
            let nested = try JSON(parsing: Array(encoder.encode(kind)))
            guard let (name, payload) = nested.object?.first(where: { _ in true }) else {
                throw unreadable("an event without a name")
            }
            return (type(name), payload.object ?? JSONObject())
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

    /// `stepStarted` → `step.started`, `trafficReturnFailed` → `traffic.returnFailed`, `noted` → `noted`.
    private static func type(_ caseName: String) -> String {
        guard let capital = caseName.firstIndex(where: \.isUppercase) else { return caseName }
        let rest = caseName[capital...]
        return caseName[..<capital] + "." + rest.prefix(1).lowercased() + rest.dropFirst()
    }

    private static func caseName(_ type: String) -> String {
        guard let dot = type.firstIndex(of: ".") else { return type }
        let rest = type[type.index(after: dot)...]
        return type[..<dot] + rest.prefix(1).uppercased() + rest.dropFirst()
    }
}
