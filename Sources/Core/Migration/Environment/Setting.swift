/// A configured text that may refer to things outside the file: `${env:VAR}` and `${file:PATH}` (both secrets),
/// `${rz:home}` (the folder of rz's own state, no secret).
///
/// It stays unresolved in plans and journals; only a driver that needs the text resolves it.
public struct Setting: Codable, Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
    public let text: String

    public init(_ text: String) { self.text = text }
    public init(stringLiteral value: String) { self.text = value }
    public init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    public var description: String { text }

    /// How many references may stand inside each other.
    public static let deepest = 8

    /// A part of a setting.
    public enum Part: Sendable, Hashable {
        case text(String)
        /// `${source:name}`, for example source `env`, name `TOKEN`. The name may itself hold references.
        case reference(source: String, name: Setting)
    }

    /// The setting taken apart; a `${` without its `}` stays text.
    public var parts: [Part] {
        let bytes = Array(text.utf8)
        let ends = Setting.closingBraces(of: bytes)
        func slice(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        var parts: [Part] = []
        var literal = 0
        var position = 0
        while position + 1 < bytes.count {
            guard bytes[position] == UInt8(ascii: "$"), let end = ends[position + 1] else {
                position += 1
                continue
            }
            if literal < position { parts.append(.text(slice(literal..<position))) }
            let colon = bytes[position..<end].firstIndex(of: UInt8(ascii: ":")) ?? end
            let name = Setting(colon < end ? slice((colon + 1)..<end) : "")
            parts.append(.reference(source: slice((position + 2)..<colon), name: name))
            position = end + 1
            literal = position
        }
        if literal < bytes.count { parts.append(.text(slice(literal..<bytes.count))) }
        return parts
    }

    /// Whether something outside the file stands in it that may be a secret: anything but the folder of rz's own state.
    public var refersToSecret: Bool {
        parts.contains { part in
            guard case .reference(let source, let name) = part else { return false }
            return source != "rz" || name.refersToSecret
        }
    }

    /// Where each `{` is closed, by its position, in one walk.
    private static func closingBraces(of bytes: [UInt8]) -> [Int: Int] {
        var open: [Int] = []
        var ends: [Int: Int] = [:]
        for (position, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "{") { open.append(position) }
            if byte == UInt8(ascii: "}"), let start = open.popLast() { ends[start] = position }
        }
        return ends
    }
}

/// Turns a setting into its text, secrets and all. Only drivers call it, at the moment of use.
public typealias Resolver = @Sendable (Setting) throws(Failure) -> String
