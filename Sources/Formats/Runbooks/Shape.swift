/// What a value of a file may look like. Each format is described once, as a shape: the decoder checks files against
/// it, and the JSON Schema and the tables of docs/formats.md are printed from it, so that none can disagree.
indirect enum Shape: Sendable {
    /// Text as written; where the pattern allows any, numbers and flags too.
    case string(Pattern, references: Bool)
    case integer(ClosedRange<Int>)
    /// Nil for no bound.
    case number(moreThan: Int?)
    case flag
    /// `500ms`, `30s`, `1m30s`, `2h`.
    case period(Pattern)
    /// `0.1%`, `50%`.
    case percent
    /// One of these words. `elsewhere` has words of other places, each with the reason why it is not for this one.
    case choice([String], elsewhere: [String: String] = [:])
    case list(Shape, atLeast: Int)
    /// A text as written, a number, a flag, or a list or keys of these: data for others, whose types are kept.
    case data
    /// Any keys, each with a value of this shape.
    case map(Shape)
    /// These keys, and any others if `rest` says what they hold.
    case object([Field], rules: [Rule] = [], rest: Shape? = nil)
    /// The first that fits by its kind of node: a list, a mapping, or a single value.
    case either([Shape])

    static let text = Shape.string(.literal, references: false)
    static func text(_ pattern: Pattern) -> Shape { .string(pattern, references: false) }
    /// Text that may hold `${…}`.
    static let setting = Shape.string(.filled, references: true)
    static func setting(_ pattern: Pattern) -> Shape { .string(pattern, references: true) }
    /// One `${…}` and nothing else.
    static let secret = Shape.string(.secret, references: true)
    static let period = Shape.period(.period)
    static let periodAboveZero = Shape.period(.periodAboveZero)
}

/// A key of a mapping.
struct Field: Sendable {
    enum Presence: Sendable { case required, optional, notSupportedYet }

    var name: String
    var shape: Shape
    var presence: Presence
    var meaning: String
    /// What holds without the key, as it would be written.
    var standard: String?
    /// A value, as it is written.
    var example: String?
    /// The key's earlier name, which files may keep.
    var formerName: String?

    /// The names that stand for it in a file.
    var names: [String] { [name] + (formerName.map { [$0] } ?? []) }

    static func required(_ name: String, _ shape: Shape, _ meaning: String, example: String? = nil) -> Field {
        Field(name: name, shape: shape, presence: .required, meaning: meaning, standard: nil, example: example)
    }

    /// The same key, found under its earlier name as well.
    func formerly(_ name: String) -> Field {
        var field = self
        field.formerName = name
        return field
    }

    static func optional(
        _ name: String, _ shape: Shape, _ meaning: String, default standard: (any CustomStringConvertible)? = nil,
        example: String? = nil
    ) -> Field {
        Field(
            name: name, shape: shape, presence: .optional, meaning: meaning, standard: standard?.description,
            example: example)
    }

    /// A key that the format will have: distinguished from a mistyped one.
    static func later(_ name: String) -> Field {
        Field(name: name, shape: .text, presence: .notSupportedYet, meaning: "", standard: nil, example: nil)
    }
}

/// What holds between the keys of one mapping.
enum Rule: Sendable {
    case exactlyOne([String])
    case atLeastOne([String], otherwise: String)
}
