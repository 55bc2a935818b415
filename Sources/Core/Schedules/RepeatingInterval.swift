import Migration

/// A repeating interval of ISO 8601, as Chronos has it: `R5/2026-11-23T10:00:00Z/PT24H`, without a number forever.
public struct RepeatingInterval: Sendable, Hashable {
    /// As many of the longest period end within the range of `Instant`.
    private static let mostTimes = 1_000_000

    /// How often it still fires; nil forever.
    public var count: Int?
    public var start: Instant
    public var period: CalendarPeriod

    /// Nil for a text that is no such interval; one without a start begins at `now`.
    public init?(_ text: String, now: Instant) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].first == "R", let period = CalendarPeriod(parts[2]) else { return nil }
        let number = parts[0].dropFirst()
        count = Int(number)
        // Minus one is how Chronos itself writes “forever” at times.
        if count == -1 { count = nil }
        guard number.isEmpty || Int(number).map({ (-1...RepeatingInterval.mostTimes).contains($0) }) == true
        else { return nil }
        self.period = period
        if parts[1].isEmpty {
            start = now
        } else {
            guard let start = Instant(iso8601: parts[1]) else { return nil }
            self.start = start
        }
    }

    /// The first time to fire after an instant, and how many of its times have passed by then; nil when none is left.
    public func nextFire(after instant: Instant, in zone: ZoneRules) -> (fire: Instant, passed: Int)? {
        var passed = 0
        if instant > start {
            // Close below, then step by step: months and days that clocks change are not all of one length.
            passed = max(0, Int((instant - start).milliseconds / period.longest.milliseconds) - 1)
        }
        while period.added(passed, to: start, in: zone) <= instant { passed += 1 }
        if let count, passed >= count { return nil }
        return (period.added(passed, to: start, in: zone), passed)
    }

    /// The same interval without the times that have passed; nil when none is left.
    public func forwarded(past instant: Instant, in zone: ZoneRules) -> RepeatingInterval? {
        guard let (fire, passed) = nextFire(after: instant, in: zone) else { return nil }
        var later = self
        later.start = fire
        later.count = count.map { $0 - passed }
        return later
    }

    /// When the last of its times is over; nil forever. Stays the same while the times before it pass.
    public func end(in zone: ZoneRules) -> Instant? { count.map { period.added($0, to: start, in: zone) } }

    public var text: String { "R\(count.map(String.init) ?? "")/\(start)/\(period.text)" }
}

/// A length of time of ISO 8601 that may hold months and days: `P1M`, `P1DT12H`.
public struct CalendarPeriod: Sendable, Hashable {
    public let text: String
    private let months: Int64
    private let days: Int64
    private let seconds: Int64

    init?(_ text: Substring) {
        self.text = String(text)
        guard text.first == "P" else { return nil }
        var (months, days, seconds) = (Int64(0), Int64(0), Int64(0))
        var isTime = false
        var digits = ""
        for letter in text.dropFirst() {
            if letter.isASCII, letter.isNumber {
                digits.append(letter)
                continue
            }
            if letter == "T", digits.isEmpty, !isTime {
                isTime = true
                continue
            }
            guard let number = Int64(digits), number < 1_000_000 else { return nil }
            digits = ""
            switch (letter, isTime) {
            case ("Y", false): months += number * 12
            case ("M", false): months += number
            case ("W", false): days += number * 7
            case ("D", false): days += number
            case ("H", true): seconds += number * 3600
            case ("M", true): seconds += number * 60
            case ("S", true): seconds += number
            default: return nil
            }
        }
        guard digits.isEmpty, months + days + seconds > 0, months <= 1200, days <= 36_525, seconds <= 1_000_000_000
        else { return nil }
        (self.months, self.days, self.seconds) = (months, days, seconds)
    }

    /// Whether every one is as long as the next, whatever clocks do.
    public var isFixed: Bool { months == 0 && days == 0 }

    /// No one is longer.
    var longest: Period { .seconds(months * 31 * 86_400 + days * 90_000 + seconds) }

    /// An instant that many periods later: months and days by the calendar of a zone, the rest by the clock.
    func added(_ count: Int, to start: Instant, in zone: ZoneRules) -> Instant {
        let count = Int64(count)
        let rest = Period(milliseconds: seconds * count * 1000)
        guard !isFixed else { return start + rest }
        let local = LocalTime(start, in: zone)
        let date = Instant(milliseconds: local.day * 86_400_000).civil
        let month = date.year * 12 + date.month - 1 + months * count
        let (year, number) = (month / 12, month % 12 + 1)
        let monthBegins = Instant.days(year: year, month: number, day: 1)
        let nextBegins = Instant.days(year: (month + 1) / 12, month: (month + 1) % 12 + 1, day: 1)
        let day = min(monthBegins + date.day - 1, nextBegins - 1) + days * count
        let moved = LocalTime(seconds: day * 86_400 + local.secondOfDay)
        let fraction = Period(milliseconds: LocalTime.modulo(start.milliseconds, 1000))
        switch moved.occurrence(in: zone) {
        case .once(let instant), .twice(let instant, _), .never(let instant): return instant + fraction + rest
        }
    }
}
