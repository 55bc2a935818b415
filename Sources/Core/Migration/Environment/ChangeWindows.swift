/// When runs may change an environment.
public struct ChangeWindows: Codable, Sendable, Hashable {
    public enum Weekday: String, Codable, Sendable, Hashable, CaseIterable {
        case sun, mon, tue, wed, thu, fri, sat

        /// For people: `Tue`.
        public var name: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
    }

    /// A stretch of time on some days of each week. It ends on the next day where its end is not after its begin.
    public struct Weekly: Codable, Sendable, Hashable {
        public var days: Set<Weekday>
        /// In minutes since midnight, as clocks of the zone show them.
        public var from: Int
        public var to: Int

        public init(_ days: Set<Weekday>, from: Int, to: Int) {
            self.days = days
            self.from = from
            self.to = to
        }
    }

    /// Days on which no run begins anything, whatever the weekly stretches say; both are part of it.
    public struct Freeze: Codable, Sendable, Hashable {
        public var from: Day
        public var until: Day
        public var reason: String

        public init(from: Day, until: Day, reason: String) {
            self.from = from
            self.until = until
            self.reason = reason
        }
    }

    /// A name of the tz database, `Europe/Berlin`.
    public var zone: String
    /// Nil for at any time.
    public var open: [Weekly]?
    public var freezes: [Freeze]

    public init(zone: String, open: [Weekly]? = nil, freezes: [Freeze] = []) {
        self.zone = zone
        self.open = open
        self.freezes = freezes
    }
}

extension ChangeWindows {
    /// For people, in one line: `Mon Tue 20:00–04:00, 1 freeze (Europe/Berlin)`.
    public var words: String {
        let weekly = (open ?? []).map { weekly in
            let days = Weekday.allCases.filter(weekly.days.contains).map(\.name)
            return ((days.count == Weekday.allCases.count ? [] : days) + [weekly.clock]).joined(separator: " ")
        }
        let frozen = freezes.isEmpty ? [] : [Wording.count(freezes.count, "freeze")]
        return ([weekly.isEmpty ? "any time" : weekly.joined(separator: ", ")] + frozen).joined(separator: ", ")
            + " (\(zone))"
    }
}

extension ChangeWindows.Weekly {
    fileprivate var clock: String { "\(Self.clock(from))–\(Self.clock(to))" }

    private static func clock(_ minutes: Int) -> String {
        minutes == 24 * 60 ? "24:00" : String(Instant(milliseconds: Int64(minutes) * 60_000).clock.prefix(5))
    }
}
