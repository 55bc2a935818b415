import Migration
import Runbooks
import Testing

@Suite("limits.windows in environment.yaml")
struct WindowsKeysTests {
    private func windows(_ text: String) throws -> ChangeWindows? {
        try Project().environment(Sample.environment + "\nlimits: { windows: \(text) }\n").limits.windows
    }

    private func problems(_ text: String) throws -> [String] {
        let error = #expect(throws: ConfigurationError.self) { _ = try windows(text) }
        return error?.problems.map(\.message) ?? []
    }

    @Test("have a zone, weekly stretches and freezes")
    func whole() throws {
        let windows = try windows(
            "{ zone: Europe/Berlin, open: [ { days: [ tue, thu ], from: 22:00, to: \"04:00\" }, { from: 00:30, to: 24:00 } ], "
                + "freezes: [ { from: 2026-12-18, until: 2027-01-06, reason: Christmas trade } ] }")
        let (from, until) = (try #require(Day("2026-12-18")), try #require(Day("2027-01-06")))
        #expect(
            windows
                == ChangeWindows(
                    zone: "Europe/Berlin",
                    open: [
                        .init([.tue, .thu], from: 22 * 60, to: 4 * 60),
                        .init(Set(ChangeWindows.Weekday.allCases), from: 30, to: 24 * 60),
                    ], freezes: [.init(from: from, until: until, reason: "Christmas trade")]))
        #expect(
            try self.windows("{ zone: UTC, freezes: [ { from: 2026-12-18, until: 2026-12-18, reason: r } ] }")?.open
                == nil)
    }

    @Test(
        "refuse times, days and zones that there are not",
        arguments: [
            "{ zone: UTC }", "{ zone: Europe/Atlantis, open: [ { from: 10:00, to: 12:00 } ] }",
            "{ zone: UTC, open: [ { from: 25:00, to: 12:00 } ] }", "{ zone: UTC, open: [ { from: 9:00, to: 12:00 } ] }",
            "{ zone: UTC, open: [ { days: [ someday ], from: 10:00, to: 12:00 } ] }",
            "{ zone: UTC, freezes: [ { from: 2026-02-30, until: 2026-03-01, reason: r } ] }",
            "{ zone: UTC, freezes: [ { from: 2026-03-02, until: 2026-03-01, reason: r } ] }",
            "{ zone: UTC, freezes: [ { from: 2026-03-01, until: 2026-03-02 } ] }",
        ])
    func refused(text: String) throws {
        #expect(try problems(text).count == 1)
    }
}
