/// A point in time: whole milliseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 in UTC.
public struct Instant: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Reads `2026-11-23T17:31:52.114Z`, the only form that rz writes. Nil for anything else.
    public init?(_ text: String) {
        let digits = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int64? {
            digits[range].reduce(Int64?(0)) { sum, byte in
                guard let sum, byte >= 48, byte <= 57 else { return nil }
                return sum * 10 + Int64(byte - 48)
            }
        }
        guard digits.count == 24, digits[4] == 45, digits[7] == 45, digits[10] == 84, digits[13] == 58,
            digits[16] == 58, digits[19] == 46, digits[23] == 90,
            let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), (1...12).contains(month),
            (1...31).contains(day), let hour = number(11..<13), let minute = number(14..<16),
            let second = number(17..<19), let fraction = number(20..<23), hour < 24, minute < 60, second < 60
        else { return nil }
        let days = Instant.days(year: year, month: month, day: day)
        // The day after the last one of a month is the first of the next.
        guard Instant(milliseconds: days * 86_400_000).civil == (year, month, day) else { return nil }
        milliseconds = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + fraction
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let instant = Instant(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a time: \(text)")
        }
        self = instant
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    public static func < (left: Instant, right: Instant) -> Bool { left.milliseconds < right.milliseconds }
    public static func + (left: Instant, right: Period) -> Instant {
        Instant(milliseconds: left.milliseconds.addingWithinBounds(right.milliseconds))
    }
    public static func - (left: Instant, right: Period) -> Instant { left + Period(milliseconds: -right.milliseconds) }
    public static func - (left: Instant, right: Instant) -> Period {
        let (difference, overflow) = left.milliseconds.subtractingReportingOverflow(right.milliseconds)
        return Period(milliseconds: overflow ? (left < right ? .min : .max) : difference)
    }

    public var description: String {
        let date = civil
        return "\(pad(date.year, 4))-\(pad(date.month, 2))-\(pad(date.day, 2))T\(clock).\(pad(fraction, 3))Z"
    }

    /// The time of day in UTC, `17:31:52`.
    public var clock: String {
        "\(pad(secondOfDay / 3600, 2)):\(pad(secondOfDay / 60 % 60, 2)):\(pad(secondOfDay % 60, 2))"
    }

    /// The day in UTC without separators, `20261123`.
    public var compactDay: String {
        let date = civil
        return pad(date.year, 4) + pad(date.month, 2) + pad(date.day, 2)
    }

    private var fraction: Int64 { Instant.modulo(milliseconds, 1000) }
    private var secondOfDay: Int64 { Instant.modulo(Instant.quotient(milliseconds, 1000), 86_400) }

    private func pad(_ number: Int64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    // Civil calendar arithmetic after Howard Hinnant, "chrono-compatible low-level date algorithms":
    // years start in March, so that the leap day is the last of its year.
    /// The day of the Gregorian calendar, in UTC.
    public var civil: (year: Int64, month: Int64, day: Int64) {
        let days = Instant.quotient(milliseconds, 86_400_000) + 719_468
        let era = (days - Instant.modulo(days, 146_097)) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    /// Days from 1970-01-01 to a day of the Gregorian calendar; days beyond a month's end count on.
    public static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year - modulo(year, 400)) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// Rounded down.
    private static func quotient(_ number: Int64, _ divisor: Int64) -> Int64 {
        number / divisor - (number % divisor < 0 ? 1 : 0)
    }

    private static func modulo(_ number: Int64, _ divisor: Int64) -> Int64 {
        let rest = number % divisor
        return rest < 0 ? rest + divisor : rest
    }
}
