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

    /// A part of a setting.
    public enum Part: Sendable, Hashable {
        case text(String)
        /// `${source:name}`, for example source `env`, name `TOKEN`. The name may itself hold references.
        case reference(source: String, name: Setting)
    }

    /// The setting taken apart; a `${` without its `}` stays text.
    public var parts: [Part] {
        var parts: [Part] = []
        var literal = ""
        var rest = Substring(text)
        while let character = rest.first {
            if rest.hasPrefix("${"), let end = Setting.closingBrace(of: rest) {
                let inner = rest[rest.index(rest.startIndex, offsetBy: 2)..<end]
                let halves = inner.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                if !literal.isEmpty { parts.append(.text(literal)) }
                literal = ""
                parts.append(
                    .reference(source: String(halves[0]), name: Setting(halves.count > 1 ? String(halves[1]) : "")))
                rest = rest[rest.index(after: end)...]
            } else {
                literal.append(character)
                rest = rest.dropFirst()
            }
        }
        if !literal.isEmpty { parts.append(.text(literal)) }
        return parts
    }

    private static func closingBrace(of text: Substring) -> Substring.Index? {
        var depth = 0
        for index in text.indices {
            if text[index] == "{" { depth += 1 }
            if text[index] == "}" {
                depth -= 1
                if depth == 0 { return index }
            }
        }
        return nil
    }
}

/// Turns a setting into its text, secrets and all. Only drivers call it, at the moment of use.
public typealias Resolver = @Sendable (Setting) throws(Failure) -> String
