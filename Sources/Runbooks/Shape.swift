/// What a value of a file may look like. Each format is described once, as a shape: the decoder checks files against
/// it, and the JSON Schema is printed from it, so the two can't disagree.
indirect enum Shape: Sendable {
    /// Any text; numbers and flags are taken as the text that was written.
    case text
    /// Text that may hold `${…}`.
    case setting
    case integer(ClosedRange<Int>)
    case number
    case flag
    /// `500ms`, `30s`, `1m30s`, `2h`.
    case period
    /// `0.1%`, `50%`.
    case percent
    case choice([String])
    case list(Shape, atLeast: Int)
    /// Any keys, each with a value of this shape.
    case map(Shape)
    case object([Field])
    /// The first that fits by its kind of node: a list, a mapping, or a single value.
    case either([Shape])
}

/// A key of a mapping.
struct Field: Sendable {
    enum Presence: Sendable { case required, optional, notSupportedYet }

    var name: String
    var shape: Shape
    var presence: Presence
    var meaning: String

    static func required(_ name: String, _ shape: Shape, _ meaning: String = "") -> Field {
        Field(name: name, shape: shape, presence: .required, meaning: meaning)
    }

    static func optional(_ name: String, _ shape: Shape, _ meaning: String = "") -> Field {
        Field(name: name, shape: shape, presence: .optional, meaning: meaning)
    }

    /// A key that the format will have: told apart from a mistyped one.
    static func later(_ name: String) -> Field {
        Field(name: name, shape: .text, presence: .notSupportedYet, meaning: "")
    }
}
