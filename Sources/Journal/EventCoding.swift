import Foundation
import JSON
import Migration

/// Events as flat JSON objects: `{"time":…,"run":…,"seq":…,"type":"step.started","step":…,"attempt":1}`.
///
/// The type is the name of the event's case, parted at its first capital letter: `stepStarted` is `step.started`.
/// No table of cases is needed, so a new one can't be forgotten.
public enum EventCoding {
    /// One line, without its end.
    public static func line(for event: Event) throws(JournalError) -> String {
        let (type, payload) = try encode(event.kind)
        var line = JSONObject([
            ("time", .string(event.time.description)), ("run", .string(event.run.text)),
            ("seq", .number(JSONNumber(event.sequence))), ("type", .string(type)),
        ])
        for (key, value) in payload { line[key] = value }
        return JSON.object(line).compact
    }

    /// The type and the payload of an event.
    static func encode(_ kind: Event.Kind) throws(JournalError) -> (type: String, payload: JSONObject) {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let nested = try JSON(parsing: Array(encoder.encode(kind)))
            guard let (name, payload) = nested.object?.first(where: { _ in true }) else {
                throw JournalError(.broken, path: "", message: "An event without a name")
            }
            return (type(name), payload.object ?? JSONObject())
        } catch let error as JournalError {
            throw error
        } catch {
            throw JournalError(.broken, path: "", message: "An event can't be written down: \(error)")
        }
    }

    static func decode(type: String, payload: String) throws -> Event.Kind {
        let nested = JSON.object(JSONObject([(caseName(type), try JSON(parsing: payload))]))
        return try JSONDecoder().decode(Event.Kind.self, from: Data(nested.compact.utf8))
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
