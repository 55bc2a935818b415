import Migration

/// What clocks do each year, as POSIX writes it: `CET-1CEST,M3.5.0,M10.5.0/3` (tzset(3); RFC 9636, section 3.3).
struct YearlyRule: Sendable, Hashable {
    private let standard: Int
    /// Nil where clocks are never changed.
    private let summer: Summer?

    private struct Summer: Sendable, Hashable {
        var offset: Int
        var begins: Moment
        var ends: Moment
    }

    /// Seconds ahead of UTC.
    func offset(at second: Int64) -> Int {
        guard let summer else { return standard }
        let year = Instant(milliseconds: (second + Int64(standard)) * 1000).civil.year
        let begin = summer.begins.second(in: year) - Int64(standard)
        let end = summer.ends.second(in: year) - Int64(summer.offset)
        let isSummer = begin < end ? begin <= second && second < end : !(end <= second && second < begin)
        return isSummer ? summer.offset : standard
    }

    /// Nil for what is no such rule.
    init?(_ text: Substring) {
        var reader = Reader(rest: text)
        guard reader.skipName(), let standard = reader.time() else { return nil }
        // West of Greenwich counts as positive.
        self.standard = -standard
        guard !reader.rest.isEmpty else {
            summer = nil
            return
        }
        guard reader.skipName() else { return nil }
        var offset = 3600 - standard
        if reader.rest.first != "," {
            guard let time = reader.time() else { return nil }
            offset = -time
        }
        guard reader.skip(","), let begins = reader.moment(), reader.skip(","), let ends = reader.moment(),
            reader.rest.isEmpty
        else { return nil }
        summer = Summer(offset: offset, begins: begins, ends: ends)
    }

    /// When clocks are changed, by the clock before the change.
    private struct Moment: Sendable, Hashable {
        enum Day: Sendable, Hashable {
            /// `M3.5.0`: the fifth, or last, Sunday of March.
            case weekday(month: Int, week: Int, day: Int)
            /// `J60`: from 1, a 29 February not counted.
            case ordinary(Int)
            /// From 0, a 29 February counted.
            case any(Int)
        }

        var day: Day
        var second: Int

        /// Since 1970-01-01T00:00:00 of that clock.
        func second(in year: Int64) -> Int64 { number(in: year) * 86_400 + Int64(second) }

        private func number(in year: Int64) -> Int64 {
            let first = Instant.days(year: year, month: 1, day: 1)
            switch day {
            case .any(let day): return first + Int64(day)
            case .ordinary(let day):
                let march = Instant.days(year: year, month: 3, day: 1)
                return day < 60 ? first + Int64(day) - 1 : march + Int64(day) - 60
            case .weekday(let month, let week, let day):
                let begin = Instant.days(year: year, month: Int64(month), day: 1)
                let next =
                    month == 12
                    ? Instant.days(year: year + 1, month: 1, day: 1)
                    : Instant.days(year: year, month: Int64(month) + 1, day: 1)
                // 1970-01-01 was a Thursday.
                let found = begin + LocalTime.modulo(Int64(day) - (begin + 4), 7) + Int64(week - 1) * 7
                return found < next ? found : found - 7
            }
        }
    }

    private struct Reader {
        var rest: Substring

        mutating func skip(_ letter: Character) -> Bool {
            guard rest.first == letter else { return false }
            rest.removeFirst()
            return true
        }

        /// `CET`, or `<+03>`.
        mutating func skipName() -> Bool {
            let before = rest
            if skip("<") {
                rest = rest.drop { $0 != ">" }
                return skip(">")
            }
            rest = rest.drop(while: \.isLetter)
            return rest.count < before.count
        }

        private mutating func number() -> Int? {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            return Int(digits)
        }

        /// `-3:30`, in seconds.
        mutating func time() -> Int? {
            let sign = skip("-") ? -1 : 1
            if sign == 1 { _ = skip("+") }
            guard var seconds = number().map({ $0 * 3600 }) else { return nil }
            for unit in [60, 1] where skip(":") {
                guard let part = number() else { return nil }
                seconds += part * unit
            }
            return sign * seconds
        }

        mutating func moment() -> Moment? {
            let day: Moment.Day
            if skip("M") {
                guard let month = number(), skip("."), let week = number(), skip("."), let weekday = number(),
                    (1...12).contains(month), (1...5).contains(week), (0...6).contains(weekday)
                else { return nil }
                day = .weekday(month: month, week: week, day: weekday)
            } else if skip("J") {
                guard let number = number(), (1...365).contains(number) else { return nil }
                day = .ordinary(number)
            } else {
                guard let number = number(), (0...365).contains(number) else { return nil }
                day = .any(number)
            }
            guard skip("/") else { return Moment(day: day, second: 7200) }
            return time().map { Moment(day: day, second: $0) }
        }
    }
}
