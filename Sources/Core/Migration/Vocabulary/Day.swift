/// A day of the calendar in UTC, as `2027-03-01`.
public struct Day: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    /// Its begin.
    public let start: Instant

    /// Nil for anything else than a day that there is.
    public init?(_ text: String) {
        guard let start = Instant(text + "T00:00:00.000Z") else { return nil }
        self.start = start
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let day = Day(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a day: \(text)")
        }
        self = day
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    public func isOver(at now: Instant) -> Bool { now - start >= .hours(24) }

    public static func < (left: Day, right: Day) -> Bool { left.start < right.start }
    public var description: String { String(start.description.prefix(10)) }
}
