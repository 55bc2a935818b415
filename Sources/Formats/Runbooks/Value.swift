import JSON
import Migration

/// A part of a file that was checked against its shape, with its place for messages about what it means.
struct Value: Sendable {
    struct Member: Sendable {
        var key: String
        var keyMark: Mark
        var value: Value
    }

    indirect enum Content: Sendable {
        case scalar(String)
        case list([Value])
        /// In the order of the file.
        case object([Member])
        /// It does not fit its shape, and that has been said.
        case unreadable
    }

    var content: Content
    var mark: Mark
    /// Whether something in it does not fit: then nothing more is said about what it means as a whole.
    var isBroken: Bool
    /// Whether YAML takes it for a number or a flag.
    var isLiteral = false

    subscript(key: String) -> Value? { members.first { $0.key == key }?.value }

    /// The value at a path of keys.
    subscript(path: String...) -> Value? { path.reduce(Value?.some(self)) { $0?[$1] } }

    var text: String { if case .scalar(let text) = content { text } else { "" } }
    var setting: Setting { Setting(text) }
    var integer: Int { Reader.integer(text) ?? 0 }
    var number: Double { Double(text) ?? 0 }
    var flag: Bool { text.lowercased() == "true" }
    var period: Period { Period(text) ?? .zero }
    var percent: Percent { Percent(text) ?? .none }
    var list: [Value] { if case .list(let values) = content { values } else { [] } }
    var members: [Member] { if case .object(let members) = content { members } else { [] } }
    /// The same with its types, for those who read data; nil where no JSON says it, as for `+5`.
    var json: JSON? {
        switch content {
        case .scalar(let text): isLiteral ? try? JSON(parsing: text.lowercased()) : .string(text)
        case .list(let values): .array(values.compactMap { $0.json ?? .string($0.text) })
        case .object(let members):
            .object(JSONObject(members.map { ($0.key, $0.value.json ?? .string($0.value.text)) }))
        case .unreadable: nil
        }
    }
    var settings: [String: Setting] { Dictionary(members.map { ($0.key, $0.value.setting) }, uniquingKeysWith: { $1 }) }
}

/// A place in a file: line and column from 1, and the keys that lead there.
struct Mark: Sendable, Hashable {
    var line = 0
    var column = 0
    var path = ""
    /// Relative to the project's folder; empty for the file that is read.
    var file = ""
}
