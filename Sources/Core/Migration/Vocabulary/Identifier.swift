/// A name that can't be mistaken for a name of another thing.
///
/// `Of` only distinguishes kinds at compile time; on the wire an identifier is its text.
public struct Identifier<Of>: Hashable, Comparable, Sendable, Codable, CodingKeyRepresentable,
    CustomStringConvertible, ExpressibleByStringLiteral
{
    public let text: String

    public init(_ text: String) { self.text = text }
    public init(stringLiteral value: String) { self.text = value }
    public init?(codingKey: some CodingKey) { self.text = codingKey.stringValue }
    public init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    public var codingKey: any CodingKey { Key(stringValue: text) }
    public var description: String { text }
    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }

    /// A dictionary with identifiers as its keys is an object in a file, not a list in an order left to chance.
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

/// Names a step within one plan, for example `replicate/launch/shop/cart`.
public typealias StepID = Identifier<Step>
/// Names a service as its framework does, for example `/shop/cart`.
public typealias ServiceID = Identifier<Service>
/// Names a run, for example `r-20261123-0007`.
public typealias RunID = Identifier<RunState>
/// Names a load balancer as the environment does, for example `edge-1`.
public typealias LoadBalancerID = Identifier<LoadBalancerState>
