import Migration

/// A schedule in the five fields of cron: minute, hour, day of the month, month, day of the week.
///
/// Where both kinds of day are restricted, either is enough, as POSIX crontab says. When clocks change it does as
/// Vixie cron: a job at a fixed time fires once (a time that is left out fires later by as much as the clocks are set
/// forward), a job that repeats by minutes or hours follows the time that really passes.
public struct Cron: Sendable, Hashable {
    private let minutes: CronField
    private let hours: CronField
    private let days: CronField
    private let months: CronField
    private let weekdays: CronField

    /// Nil for a text that is no such schedule.
    public init?(_ text: String) {
        let fields = text.split(whereSeparator: \.isWhitespace)
        guard fields.count == 5, let minutes = CronField(fields[0], 0...59), let hours = CronField(fields[1], 0...23),
            let days = CronField(fields[2], 1...31), let months = CronField(fields[3], 1...12, names: CronField.months),
            let weekdays = CronField(fields[4], 0...7, names: CronField.weekdays)
        else { return nil }
        (self.minutes, self.hours, self.days, self.months, self.weekdays) = (minutes, hours, days, months, weekdays)
    }

    /// The first time to fire after an instant; nil when there is none in the next eight years (30 February).
    public func nextFire(after instant: Instant, in zone: ZoneRules) -> Instant? {
        let first = LocalTime(instant, in: zone).day
        // Clocks that are set back around midnight show the end of a day a second time.
        for day in (first - 1)...(first + 8 * 366) where fires(on: day) {
            if let fire = times(on: day, in: zone).filter({ $0 > instant }).min() { return fire }
        }
        return nil
    }

    private var repeats: Bool { minutes.isOpen || hours.isOpen }

    private func fires(on day: Int64) -> Bool {
        let date = Instant(milliseconds: day * 86_400_000).civil
        guard months.contains(Int(date.month)) else { return false }
        // 1970-01-01 was a Thursday. Sunday is 0, and 7 as well.
        let weekday = Int(LocalTime.modulo(day + 4, 7))
        let isWeekday = weekdays.contains(weekday) || (weekday == 0 && weekdays.contains(7))
        let isDay = days.contains(Int(date.day))
        return days.isOpen || weekdays.isOpen ? isDay && isWeekday : isDay || isWeekday
    }

    private func times(on day: Int64, in zone: ZoneRules) -> [Instant] {
        let midnight = day * 86_400
        let offset = Int64(zone.offset(at: midnight - 86_400))
        let changes = Int64(zone.offset(at: midnight + 2 * 86_400)) != offset
        return hours.values.flatMap { hour in
            minutes.values.flatMap { minute -> [Instant] in
                let time = LocalTime(seconds: midnight + Int64(hour * 3600 + minute * 60))
                guard changes else { return [Instant(milliseconds: (time.seconds - offset) * 1000)] }
                switch time.occurrence(in: zone) {
                case .once(let instant): return [instant]
                case .twice(let first, let second): return repeats ? [first, second] : [first]
                case .never(let instead): return repeats ? [] : [instead]
                }
            }
        }
    }
}

/// One field of a cron schedule.
struct CronField: Sendable, Hashable {
    let values: [Int]
    /// It begins with `*`: it does not restrict by itself.
    let isOpen: Bool

    static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        .enumerated().reduce(into: [:]) { $0[$1.element] = $1.offset + 1 }
    static let weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
        .enumerated().reduce(into: [:]) { $0[$1.element] = $1.offset }

    init?(_ text: Substring, _ range: ClosedRange<Int>, names: [String: Int] = [:]) {
        var values: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let step = halves.count == 1 ? 1 : Int(halves[1]), step > 0,
                let bounds = Self.bounds(halves[0], range, names, isStepped: halves.count == 2)
            else { return nil }
            values.formUnion(stride(from: bounds.lowerBound, through: bounds.upperBound, by: step))
        }
        guard !values.isEmpty else { return nil }
        self.values = values.sorted()
        isOpen = text.hasPrefix("*") || text == "?"
    }

    func contains(_ value: Int) -> Bool { values.contains(value) }

    /// `*`, `5`, `1-5`, `mon-fri`; with a step, `5` means from 5 on.
    private static func bounds(
        _ text: Substring, _ range: ClosedRange<Int>, _ names: [String: Int], isStepped: Bool
    ) -> ClosedRange<Int>? {
        if text == "*" || text == "?" { return range }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { end in
            Int(end) ?? names[end.lowercased()]
        }
        guard ends.count <= 2, let first = ends.first ?? nil, range.contains(first) else { return nil }
        if ends.count == 1 { return first...(isStepped ? range.upperBound : first) }
        guard let last = ends[1], range.contains(last), first <= last else { return nil }
        return first...last
    }
}
