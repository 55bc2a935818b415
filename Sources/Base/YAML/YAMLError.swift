/// Why a text is no YAML that rz reads.
public struct YAMLError: Error, Sendable, Hashable, CustomStringConvertible {
    public let message: String
    /// The parser's context; nil where that adds nothing.
    public let context: String?
    /// Nil where it is about the whole text.
    public let place: YAMLNode.Place?
    /// Whether it breaks YAML's grammar, in contrast to a limit of rz.
    public let isSyntax: Bool

    init(_ message: String, context: String? = nil, at place: YAMLNode.Place? = nil, isSyntax: Bool = false) {
        self.message = message
        self.context = context
        self.place = place
        self.isSyntax = isSyntax
    }

    public var line: Int? { place?.line }

    public var description: String { line.map { "line \($0): \(message)" } ?? message }
}
