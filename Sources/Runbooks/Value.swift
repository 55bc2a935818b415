import Migration

/// A part of a file that fits its shape, with its place for messages about what it means.
struct Value: Sendable {
    indirect enum Content: Sendable {
        case scalar(String)
        case list([Value])
        /// In the order of the file.
        case object([(key: String, value: Value)])
    }

    var content: Content
    var line: Int
    var column: Int

    subscript(key: String) -> Value? {
        guard case .object(let members) = content else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// The value at a path of keys.
    subscript(path: String...) -> Value? { path.reduce(Value?.some(self)) { $0?[$1] } }

    var text: String { if case .scalar(let text) = content { text } else { "" } }
    var setting: Setting { Setting(text) }
    var integer: Int { Int(text) ?? 0 }
    var number: Double { Double(text) ?? 0 }
    var flag: Bool { ["true", "yes", "on"].contains(text.lowercased()) }
    var period: Period { Period(text) ?? .zero }
    var percent: Percent { Percent(text) ?? .none }
    var list: [Value] { if case .list(let values) = content { values } else { [] } }
    var members: [(key: String, value: Value)] { if case .object(let members) = content { members } else { [] } }
    var settings: [String: Setting] { Dictionary(members.map { ($0.key, $0.value.setting) }, uniquingKeysWith: { $1 }) }
}
