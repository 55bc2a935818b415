/// A share in thousandths of a percent, written as people write it: `0.1%`, `50%`.
public struct Percent: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// Thousandths of a percent: 100 % is 100 000.
    public let thousandths: Int

    public init(thousandths: Int) { self.thousandths = thousandths }
    public init(_ percent: Int) { thousandths = percent * 1000 }

    /// Reads `0.1%`, `12.5 %` or `50%`: a number from 0 to 100 with at most three decimals and a percent sign.
    public init?(_ text: String) {
        guard text.hasSuffix("%") else { return nil }
        var number = text.dropLast()
        while number.last == " " { number = number.dropLast() }
        let parts = number.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let decimals = parts.count == 2 ? parts[1] : ""
        guard let whole = parts.first, let units = Int(whole), (0...100).contains(units), decimals.count <= 3,
            parts.count == 1 || !decimals.isEmpty, (whole + decimals).allSatisfy({ $0.isASCII && $0.isNumber })
        else { return nil }
        let fraction = Int(decimals + String(repeating: "0", count: 3 - decimals.count)) ?? 0
        guard units * 1000 + fraction <= 100_000 else { return nil }
        thousandths = units * 1000 + fraction
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let percent = Percent(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a percentage: \(text)")
        }
        self = percent
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    public static let none = Percent(0)
    public static let all = Percent(100)

    /// The share as a number from 0 to 1.
    public var fraction: Double { Double(thousandths) / 100_000 }

    public static func < (left: Percent, right: Percent) -> Bool { left.thousandths < right.thousandths }

    /// For people: `10 %`.
    public var description: String { "\(digits) %" }
    /// For files: `10%`.
    public var text: String { "\(digits)%" }

    private var digits: String {
        let fraction = thousandths % 1000
        guard fraction != 0 else { return String(thousandths / 1000) }
        var decimals = String(fraction + 1000).dropFirst()
        while decimals.last == "0" { decimals = decimals.dropLast() }
        return "\(thousandths / 1000).\(decimals)"
    }
}
