import Migration

/// Change windows on the clocks of their zone.
public struct WindowCalendar: Sendable {
    /// A stretch of time in which runs may begin something.
    public struct Span: Sendable, Hashable {
        public var start: Instant
        /// Not part of it.
        public var end: Instant

        public init(_ start: Instant, _ end: Instant) {
            self.start = start
            self.end = end
        }
    }

    /// How many days ahead anyone looks.
    public static let horizon = 60

    private let windows: ChangeWindows
    private let zone: ZoneRules

    /// - Throws: `Failure` of kind `.refused` for a zone that this system does not know.
    public init(_ windows: ChangeWindows) throws(Failure) {
        try ZoneRules.requireDatabase()
        guard let zone = ZoneRules(name: windows.zone) else {
            throw Failure(
                "This system knows no time zone \(windows.zone)", at: "limits.windows.zone",
                advice: "Write a name of the tz database, such as Europe/Berlin.", kind: .refused)
        }
        self.windows = windows
        self.zone = zone
    }

    /// The first time from an instant on at which something may begin that lasts so long, up to the end of that stretch.
    ///
    /// - Returns: nil where no stretch within the horizon is that long.
    public func opening(from instant: Instant, lasting period: Period) -> Span? {
        spans(from: instant).lazy.map { Span(max($0.start, instant), $0.end) }.first { $0.end - $0.start >= period }
    }

    /// For people: when a stretch opens that is waited for, and the reason where the time until then begins frozen:
    /// `Tue 2026-12-01 22:00 Europe/Berlin (frozen: Christmas trade)`.
    public func words(_ open: Span, seenFrom now: Instant) -> String {
        text(open.start) + (freeze(at: now).map { " (frozen: \($0.reason))" } ?? "")
    }

    /// Why nothing may begin at an instant; nil outside of freezes.
    func freeze(at instant: Instant) -> ChangeWindows.Freeze? {
        windows.freezes.first { span(of: $0).contains(instant) }
    }

    /// `Tue 2026-12-01 22:00 Europe/Berlin`, as clocks of the zone show it.
    public func text(_ instant: Instant) -> String {
        let local = LocalTime(instant, in: zone)
        let shown = Instant(milliseconds: local.seconds * 1000)
        return "\(Self.weekday(of: local.day).name) \(shown.description.prefix(10)) \(shown.clock.prefix(5)) "
            + windows.zone
    }

    /// Those that end after an instant, in their order, without overlaps.
    private func spans(from instant: Instant) -> [Span] {
        let today = LocalTime(instant, in: zone).day
        let last = today + Int64(Self.horizon)
        var spans = [Span(midnight(of: today - 1), midnight(of: last))]
        if let open = windows.open {
            // One that began a day ago may still be open.
            spans = (today - 1..<last).flatMap { day in
                open.filter { $0.days.contains(Self.weekday(of: day)) }.map { weekly in
                    let ends = day + (weekly.to > weekly.from ? 0 : 1)
                    return Span(time(weekly.from, of: day), time(weekly.to, of: ends))
                }
            }
        }
        for freeze in windows.freezes.map(span) { spans = spans.flatMap { $0.without(freeze) } }
        return Self.merged(spans).filter { $0.end > instant }
    }

    private func span(of freeze: ChangeWindows.Freeze) -> Span {
        func day(_ day: Day) -> Int64 { LocalTime(day.start, in: .utc).day }
        return Span(midnight(of: day(freeze.from)), midnight(of: day(freeze.until) + 1))
    }

    private func midnight(of day: Int64) -> Instant { time(0, of: day) }

    /// A time that clocks show twice is the first of both: a window opens and closes no later than it says.
    private func time(_ minute: Int, of day: Int64) -> Instant {
        switch LocalTime(seconds: day * 86_400 + Int64(minute) * 60).occurrence(in: zone) {
        case .once(let instant), .twice(let instant, _), .never(insteadAt: let instant): instant
        }
    }

    private static func merged(_ spans: [Span]) -> [Span] {
        spans.sorted { $0.start < $1.start }.reduce(into: []) { merged, span in
            if let last = merged.last, span.start <= last.end {
                merged[merged.count - 1].end = max(last.end, span.end)
            } else if span.start < span.end {
                merged.append(span)
            }
        }
    }

    /// 1970-01-01 was a Thursday.
    private static func weekday(of day: Int64) -> ChangeWindows.Weekday {
        ChangeWindows.Weekday.allCases[Int(LocalTime.modulo(day + 4, 7))]
    }
}

extension WindowCalendar.Span {
    fileprivate func contains(_ instant: Instant) -> Bool { start <= instant && instant < end }

    /// What is left before and after another one.
    fileprivate func without(_ other: Self) -> [Self] {
        [Self(start, min(end, other.start)), Self(max(start, other.end), end)].filter { $0.start < $0.end }
    }
}
