/// One of the two parallel sides of an environment.
public enum Color: String, Codable, Sendable, Hashable, CaseIterable, CustomStringConvertible,
    CodingKeyRepresentable
{
    case blue, green

    /// The other side.
    public var other: Color { self == .blue ? .green : .blue }
    public var description: String { rawValue }
}

/// The two sides of one move, by the part they play in it.
public struct Direction: Codable, Sendable, Hashable, CustomStringConvertible {
    /// The side that carries the traffic when the plan is made.
    public let old: Color
    /// The side that will carry it.
    public var new: Color { old.other }

    public init(from old: Color) { self.old = old }
    public var description: String { "\(old) → \(new)" }
}
