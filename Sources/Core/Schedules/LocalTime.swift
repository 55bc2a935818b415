import Migration

/// A time as a clock on the wall shows it, in seconds since 1970-01-01T00:00:00 of that clock.
struct LocalTime: Hashable, Comparable, Sendable {
    var seconds: Int64

    init(seconds: Int64) { self.seconds = seconds }

    init(_ instant: Instant, in zone: ZoneRules) {
        let seconds = instant.wholeSeconds
        self.seconds = seconds + Int64(zone.offset(at: seconds))
    }

    var day: Int64 { (seconds - Self.modulo(seconds, 86_400)) / 86_400 }
    var secondOfDay: Int64 { Self.modulo(seconds, 86_400) }

    /// When a clock shows this time.
    enum Occurrence: Hashable, Sendable {
        case once(Instant)
        /// Clocks are set back: it is shown a second time.
        case twice(Instant, Instant)
        /// Clocks are set forward past it: the instant that it would be had they not been.
        case never(insteadAt: Instant)
    }

    func occurrence(in zone: ZoneRules) -> Occurrence {
        let before = Int64(zone.offset(at: seconds - 86_400))
        let after = Int64(zone.offset(at: seconds + 86_400))
        let instants = Set([before, after]).map { seconds - $0 }
            .filter { $0 + Int64(zone.offset(at: $0)) == seconds }.sorted()
        switch instants.count {
        case 0: return .never(insteadAt: Instant(milliseconds: (seconds - before) * 1000))
        case 1: return .once(Instant(milliseconds: instants[0] * 1000))
        default: return .twice(Instant(milliseconds: instants[0] * 1000), Instant(milliseconds: instants[1] * 1000))
        }
    }

    static func < (left: LocalTime, right: LocalTime) -> Bool { left.seconds < right.seconds }

    static func modulo(_ number: Int64, _ divisor: Int64) -> Int64 {
        let rest = number % divisor
        return rest < 0 ? rest + divisor : rest
    }
}

extension Instant {
    var wholeSeconds: Int64 { (milliseconds - LocalTime.modulo(milliseconds, 1000)) / 1000 }
}
