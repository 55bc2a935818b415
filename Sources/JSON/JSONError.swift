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
        self.path = path
    }

    public var description: String {
        "line \(line), column \(column)\(path.isEmpty ? "" : ", at \(path)"): \(reason)"
    }
}

/// Bounds on what is read, against documents made to exhaust memory or stack.
public struct JSONLimits: Sendable, Hashable {
    public var depth: Int
    public var bytes: Int

    public init(depth: Int = 64, bytes: Int = 256 << 20) {
        self.depth = depth
        self.bytes = bytes
    }

    public static let `default` = JSONLimits()
}
