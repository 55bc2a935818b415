/// Why a text is not a JSON document that rz takes.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    public var reason: String
    /// From 1.
    public var line: Int
    /// From 1, in bytes.
    public var column: Int
    /// Where in the document, for example `/apps/3/env`; empty at the top.
    public var path: String

    public init(reason: String, line: Int, column: Int, path: String) {
        self.reason = reason
        self.line = line
        self.column = column
        self.path = JSONError.shortened(path, to: 300)
    }

    /// The head of a text: whoever wrote the document also wrote its keys.
    static func shortened(_ text: String, to length: Int = 80) -> String {
        text.unicodeScalars.count <= length
            ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(length))) + "…"
    }

    public var description: String {
        "line \(line), column \(column)\(path.isEmpty ? "" : ", at \(path)"): \(reason)"
    }
}

/// Bounds on what is read, against documents made to exhaust memory or stack.
public struct JSONLimits: Sendable, Hashable {
    public var depth: Int
    public var bytes: Int
    /// Each takes some two hundred bytes of memory, however few it takes of the text.
    public var values: Int

    public init(depth: Int = 64, bytes: Int = 256 << 20, values: Int = 8 << 20) {
        self.depth = depth
        self.bytes = bytes
        self.values = values
    }

    public static let `default` = JSONLimits()
}
