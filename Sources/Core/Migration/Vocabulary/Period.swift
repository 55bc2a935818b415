/// A length of time in whole milliseconds, written as people write it: `500ms`, `30s`, `1m30s`, `2h`.
public struct Period: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Reads one or more `<number><unit>` parts with the units `ms`, `s`, `m`, `h`, `d`, largest first.
    /// Nil for anything else, for a number without a unit too.
    public init?(_ text: String) {
        var rest = Substring(text)
        var total: Int64 = 0
        var smallestSoFar = Int64.max
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix(while: { $0.isASCII && $0.isNumber })
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix(while: { $0.isASCII && $0.isLetter })
            rest = rest.dropFirst(letters.count)
            guard let number = Int64(digits), let unit = Period.units.first(where: { $0.name == letters }),
                unit.milliseconds < smallestSoFar
            else { return nil }
            let (product, tooLarge) = number.multipliedReportingOverflow(by: unit.milliseconds)
            let (sum, overflow) = total.addingReportingOverflow(product)
            guard !tooLarge, !overflow else { return nil }
            total = sum
            smallestSoFar = unit.milliseconds
        }
        milliseconds = total
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        // No one may ask for a negative length, but one is measured when a clock was set back.
        guard let period = Period(text.hasPrefix("-") ? String(text.dropFirst()) : text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a length of time: \(text)")
        }
        milliseconds = text.hasPrefix("-") ? -period.milliseconds : period.milliseconds
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    public static let zero = Period(milliseconds: 0)
    public static func seconds(_ count: Int64) -> Period { Period(milliseconds: count * 1000) }
    public static func minutes(_ count: Int64) -> Period { .seconds(count * 60) }
    public static func hours(_ count: Int64) -> Period { .minutes(count * 60) }

    public var duration: Duration { .milliseconds(milliseconds) }
    public var seconds: Double { Double(milliseconds) / 1000 }

    public static func < (left: Period, right: Period) -> Bool { left.milliseconds < right.milliseconds }
    public static func + (left: Period, right: Period) -> Period {
        Period(milliseconds: left.milliseconds.addingWithinBounds(right.milliseconds))
    }
    public static func - (left: Period, right: Period) -> Period {
        let (difference, overflow) = left.milliseconds.subtractingReportingOverflow(right.milliseconds)
        return Period(milliseconds: overflow ? (left < right ? .min : .max) : difference)
    }

    /// The exact length, in the form that `init?(_:)` reads; a negative one has a minus sign before it.
    public var description: String {
        guard milliseconds != 0 else { return "0s" }
        var rest = milliseconds.magnitude
        var text = milliseconds < 0 ? "-" : ""
        for unit in Period.units where rest >= unit.milliseconds {
            text += "\(rest / UInt64(unit.milliseconds))\(unit.name)"
            rest %= UInt64(unit.milliseconds)
        }
        return text
    }

    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]
}

extension Int64 {
    /// The sum, or the number closest to it that exists.
    func addingWithinBounds(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
