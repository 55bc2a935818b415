/// One element of an XML document: its name without a prefix, what it holds, and the text between.
///
/// Attributes are left out: no answer that rz reads has one that says something.
public struct XMLElement: Sendable, Hashable {
    public var name: String
    public var children: [XMLElement]
    /// All text directly inside, in one piece.
    public var text: String

    public init(name: String, children: [XMLElement] = [], text: String = "") {
        self.name = name
        self.children = children
        self.text = text
    }

    /// The first child with a name.
    public subscript(name: String) -> XMLElement? { children.first { $0.name == name } }

    /// The children of a list, as query APIs write one: `<Rules><member>…</member></Rules>`.
    public func members(_ name: String) -> [XMLElement] { self[name]?.children.filter { $0.name == "member" } ?? [] }
}

/// Why bytes are no XML that rz reads.
public struct XMLError: Error, Sendable, Hashable, CustomStringConvertible {
    public let message: String
    /// Nil where it is about the whole text.
    public let line: Int?

    init(_ message: String, line: Int? = nil) {
        self.message = message
        self.line = line
    }

    public var description: String { line.map { "line \($0): \(message)" } ?? message }
}
