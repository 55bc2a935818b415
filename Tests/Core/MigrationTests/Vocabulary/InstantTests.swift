import Migration
import Testing

@Suite("An instant")
struct InstantTests {
    @Test(
        "reads and prints known times",
        arguments: [
            ("1970-01-01T00:00:00.000Z", 0), ("1969-12-31T23:59:59.999Z", -1),
            ("1972-02-29T12:00:00.000Z", 68_212_800_000),
            ("1999-12-31T23:59:59.999Z", 946_684_799_999), ("2000-02-29T00:00:00.001Z", 951_782_400_001),
            ("2000-03-01T00:00:00.000Z", 951_868_800_000), ("2026-11-23T17:31:52.114Z", 1_795_455_112_114),
            ("2100-02-28T23:59:59.000Z", 4_107_542_399_000), ("1900-03-01T00:00:00.000Z", -2_203_891_200_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] as [(String, Int64)])
    func known(text: String, milliseconds: Int64) {
        #expect(Instant(text)?.milliseconds == milliseconds)
        #expect(Instant(milliseconds: milliseconds).description == text)
    }

    @Test("agrees with a calendar that is counted day by day, leap days included")
    func dayByDay() {
        var (year, month, day) = (1899, 1, 1)
        // 1899-01-01 is 25 932 days before 1970-01-01.
        for number in Int64(-25_932)..<(-25_932 + 365 * 310) {
            let instant = Instant(milliseconds: number * 86_400_000 + 43_200_000)
            let text = "\(year)-\(two(month))-\(two(day))T12:00:00.000Z"
            guard instant.description == text, Instant(text) == instant,
                instant.compactDay == "\(year)\(two(month))\(two(day))"
            else {
                Issue.record("day \(number) is \(text), not \(instant)")
                return
            }
            day += 1
            if day > length(of: month, in: year) { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
    }

    @Test(
        "refuses what is no time",
        arguments: [
            "", "2026-11-23", "2026-11-23T17:31:52Z", "2026-11-23T17:31:52.114+00:00", "2026-13-01T00:00:00.000Z",
            "2026-00-01T00:00:00.000Z", "2026-02-29T00:00:00.000Z", "2026-02-30T00:00:00.000Z",
            "2026-04-31T00:00:00.000Z", "2026-11-00T00:00:00.000Z", "2026-11-23T24:00:00.000Z",
            "2026-11-23T17:60:00.000Z", "2026-11-23T17:31:60.000Z", "2026-11-23t17:31:52.114Z",
            "2026-11-23T17:31:5x.114Z", "2026-11-23T17:31:52.114Ä",
        ])
    func refused(text: String) {
        #expect(Instant(text) == nil)
    }

    @Test("reports the time of day and the length between two")
    func parts() throws {
        let start = try #require(Instant("2026-11-23T23:59:58.500Z"))
        #expect(start.clock == "23:59:58")
        #expect((start + .seconds(2)).description == "2026-11-24T00:00:00.500Z")
        #expect((start + .seconds(2)) - start == .seconds(2))
        #expect(start < start + Period(milliseconds: 1))
    }

    private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private func length(of month: Int, in year: Int) -> Int {
        let isLeap = year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }
}
