/// A word that names one of a fixed set of things, and that can't be mistaken for a name of another kind.
///
/// Unlike an `Identifier` it has no order: nothing may rest on how such words are spelled.
public struct Name<Of>: RawRepresentable, Codable, Sendable, Hashable, CodingKeyRepresentable,
    CustomStringConvertible, ExpressibleByStringLiteral
{
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { rawValue = value }
    public var description: String { rawValue }
}
