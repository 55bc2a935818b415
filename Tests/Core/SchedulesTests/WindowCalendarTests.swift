import Migration
import Testing

@testable import Schedules

@Suite("Change windows")
struct WindowCalendarTests {
    private func opening(
        _ windows: ChangeWindows, from text: String, lasting period: Period = .minutes(1)
    ) throws -> String? {
        let calendar = try WindowCalendar(windows)
        let instant = try #require(Instant(text + ":00.000Z"))
        return calendar.opening(from: instant, lasting: period).map {
            "\($0.start.description.prefix(16)) \($0.end.description.prefix(16))"
        }
    }

    /// Tuesday and Thursday night in Berlin, which is an hour ahead of UTC in winter and two in summer.
    private let nights = ChangeWindows(
        zone: "Europe/Berlin", open: [.init([.tue, .thu], from: 22 * 60, to: 4 * 60)])

    @Test("are open on the clocks of their zone, over midnight")
    func night() throws {
        // 2026-12-01 is a Tuesday.
        #expect(try opening(nights, from: "2026-12-01T12:00") == "2026-12-01T21:00 2026-12-02T03:00")
        #expect(try opening(nights, from: "2026-12-01T23:30") == "2026-12-01T23:30 2026-12-02T03:00")
        #expect(try opening(nights, from: "2026-12-02T02:59") == "2026-12-02T02:59 2026-12-02T03:00")
        #expect(try opening(nights, from: "2026-12-02T03:00") == "2026-12-03T21:00 2026-12-04T03:00")
        #expect(try opening(nights, from: "2026-07-07T12:00") == "2026-07-07T20:00 2026-07-08T02:00")
    }

    @Test("have no place for what would not end in time, or not in any of them")
    func lasting() throws {
        #expect(
            try opening(nights, from: "2026-12-01T23:30", lasting: .hours(4)) == "2026-12-03T21:00 2026-12-04T03:00")
        #expect(
            try opening(nights, from: "2026-12-01T23:30", lasting: .minutes(210)) == "2026-12-01T23:30 2026-12-02T03:00"
        )
        #expect(try opening(nights, from: "2026-12-01T23:30", lasting: .hours(7)) == nil)
    }

    @Test("are longer or shorter by an hour in the night in which clocks change")
    func clockChanges() throws {
        let saturday = ChangeWindows(zone: "Europe/Berlin", open: [.init([.sat], from: 22 * 60, to: 4 * 60)])
        #expect(try opening(saturday, from: "2026-10-24T12:00") == "2026-10-24T20:00 2026-10-25T03:00")
        #expect(try opening(saturday, from: "2026-03-28T12:00") == "2026-03-28T21:00 2026-03-29T02:00")
        // 02:30 comes twice: the first one opens, and the first one closes.
        let twice = ChangeWindows(zone: "Europe/Berlin", open: [.init([.sun], from: 150, to: 150 + 60)])
        #expect(try opening(twice, from: "2026-10-24T23:00") == "2026-10-25T00:30 2026-10-25T02:30")
    }

    @Test("touch and overlap as one")
    func merged() throws {
        let two = ChangeWindows(
            zone: "UTC",
            open: [
                .init([.mon], from: 20 * 60, to: 0), .init([.tue], from: 0, to: 6 * 60),
                .init([.tue], from: 300, to: 420),
            ])
        #expect(try opening(two, from: "2026-11-30T12:00", lasting: .hours(11)) == "2026-11-30T20:00 2026-12-01T07:00")
    }

    @Test("are shut on the days of a freeze, first and last one too")
    func frozen() throws {
        let day = { (text: String) throws in try #require(Day(text)) }
        var windows = nights
        windows.freezes = [
            .init(from: try day("2026-12-02"), until: try day("2026-12-20"), reason: "Christmas trade")
        ]
        #expect(try opening(windows, from: "2026-12-01T12:00") == "2026-12-01T21:00 2026-12-01T23:00")
        #expect(try opening(windows, from: "2026-12-02T12:00") == "2026-12-22T21:00 2026-12-23T03:00")
        let calendar = try WindowCalendar(windows)
        #expect(calendar.freeze(at: try #require(Instant("2026-12-20T22:59:00.000Z")))?.reason == "Christmas trade")
        #expect(calendar.freeze(at: try #require(Instant("2026-12-20T23:00:00.000Z"))) == nil)
        let freezesOnly = ChangeWindows(zone: "Europe/Berlin", freezes: windows.freezes)
        #expect(
            try opening(freezesOnly, from: "2026-12-01T12:00")?.hasPrefix("2026-12-01T12:00 2026-12-01T23:00") == true)
        #expect(try opening(freezesOnly, from: "2026-12-10T12:00")?.hasPrefix("2026-12-20T23:00") == true)
    }

    @Test("are shown as clocks of the zone show them; a zone that no one knows is refused")
    func zone() throws {
        let calendar = try WindowCalendar(nights)
        #expect(
            calendar.text(try #require(Instant("2026-12-01T21:00:00.000Z"))) == "Tue 2026-12-01 22:00 Europe/Berlin")
        let failure = #expect(throws: Failure.self) { try WindowCalendar(ChangeWindows(zone: "Europe/Atlantis")) }
        #expect(failure?.summary == "This system knows no time zone Europe/Atlantis")
    }
}
