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
        guard let period = Period(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a length of time: \(text)")
        }
        self = period
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
        Period(milliseconds: left.milliseconds + right.milliseconds)
    }

    /// The exact length, in the form that `init?(_:)` reads.
    public var description: String {
        guard milliseconds > 0 else {
            return milliseconds == 0 ? "0s" : "-" + Period(milliseconds: -milliseconds).description
        }
        var rest = milliseconds
        var text = ""
        for unit in Period.units where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.name)"
            rest %= unit.milliseconds
        }
        return text
    }

    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]
}
