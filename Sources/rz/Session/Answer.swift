import JSON
import Migration

/// What a command prints with `--json`: an object whose first key is the version of its form.
enum Answer {
    static func object(_ fields: [(String, JSON)]) -> JSONObject {
        JSONObject([("formatVersion", .number(JSONNumber(FormatVersion.answers)))] + fields)
    }
}
