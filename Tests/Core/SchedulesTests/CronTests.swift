import Foundation
import Migration
import Schedules
import Testing

@Suite("A cron schedule")
struct CronTests {
    /// What `nextFire` gives for five times in a row.
    private func fires(_ cron: String, after: String, in zone: String = "UTC", count: Int = 3) throws -> [String] {
        let schedule = try #require(Cron(cron))
        let zone = try #require(ZoneRules(name: zone))
        var instant = try #require(Instant(after))
        return try (0..<count).map { _ in
            instant = try #require(schedule.nextFire(after: instant, in: zone))
            return String(instant.description.dropLast(8))
        }
    }

    @Test(
        "fires at the next time that fits",
        arguments: [
            ("* * * * *", "2026-11-23T10:00:30.000Z", ["2026-11-23T10:01", "2026-11-23T10:02", "2026-11-23T10:03"]),
            ("* * * * *", "2026-11-23T10:00:00.000Z", ["2026-11-23T10:01", "2026-11-23T10:02", "2026-11-23T10:03"]),
            (
                "*/20 8-9 * * *", "2026-11-23T09:39:59.999Z",
                ["2026-11-23T09:40", "2026-11-24T08:00", "2026-11-24T08:20"]
            ),
            ("20 0 * * *", "2026-12-31T00:20:00.000Z", ["2027-01-01T00:20", "2027-01-02T00:20", "2027-01-03T00:20"]),
            ("0 0 29 2 *", "2026-01-01T00:00:00.000Z", ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"]),
            (
                "0 6 * * mon-fri", "2026-11-20T06:00:00.000Z",
                ["2026-11-23T06:00", "2026-11-24T06:00", "2026-11-25T06:00"]
            ),
            ("0 6 * * 7", "2026-11-23T00:00:00.000Z", ["2026-11-29T06:00", "2026-12-06T06:00", "2026-12-13T06:00"]),
            (
                "5,35 12 1 JAN *", "2026-06-01T00:00:00.000Z",
                ["2027-01-01T12:05", "2027-01-01T12:35", "2028-01-01T12:05"]
            ),
            (
                "30/15 1 * * *", "2026-06-01T00:00:00.000Z",
                ["2026-06-01T01:30", "2026-06-01T01:45", "2026-06-02T01:30"]
            ),
        ])
    func fits(cron: String, after: String, expected: [String]) throws {
        #expect(try fires(cron, after: after) == expected)
    }

    @Test("takes either kind of day when both are restricted, and both when one is open")
    func days() throws {
        #expect(
            try fires("0 0 13 * fri", after: "2026-11-01T00:00:00.000Z")
                == ["2026-11-06T00:00", "2026-11-13T00:00", "2026-11-20T00:00"])
        #expect(
            try fires("0 0 13 * *", after: "2026-11-01T00:00:00.000Z", count: 2)
                == ["2026-11-13T00:00", "2026-12-13T00:00"])
        #expect(
            try fires("0 0 */2 * fri", after: "2026-11-01T00:00:00.000Z", count: 2)
                == ["2026-11-13T00:00", "2026-11-27T00:00"])
    }

    @Test("means the time of its zone")
    func zone() throws {
        #expect(
            try fires("0 9 * * *", after: "2026-11-23T00:00:00.000Z", in: "America/Chicago", count: 1)
                == ["2026-11-23T15:00"])
    }

    /// Berlin, 2026-03-29: clocks go from 02:00 (01:00 UTC) to 03:00.
    @Test("fires once when clocks are set forward past a fixed time, and does not repeat a time that is left out")
    func forward() throws {
        #expect(
            try fires("30 2 * * *", after: "2026-03-28T02:00:00.000Z", in: "Europe/Berlin")
                == ["2026-03-29T01:30", "2026-03-30T00:30", "2026-03-31T00:30"])
        #expect(
            try fires("30 * * * *", after: "2026-03-29T00:00:00.000Z", in: "Europe/Berlin")
                == ["2026-03-29T00:30", "2026-03-29T01:30", "2026-03-29T02:30"])
    }

    /// Berlin, 2026-10-25: clocks go from 03:00 (01:00 UTC) back to 02:00.
    @Test("fires once when clocks are set back over a fixed time, and goes on when it repeats")
    func back() throws {
        #expect(
            try fires("30 2 * * *", after: "2026-10-24T12:00:00.000Z", in: "Europe/Berlin", count: 2)
                == ["2026-10-25T00:30", "2026-10-26T01:30"])
        #expect(
            try fires("30 * * * *", after: "2026-10-25T00:00:00.000Z", in: "Europe/Berlin")
                == ["2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T02:30"])
    }

    @Test("never fires on a day that does not exist")
    func never() throws {
        let schedule = try #require(Cron("0 0 30 2 *"))
        #expect(schedule.nextFire(after: Instant(milliseconds: 0), in: .utc) == nil)
    }

    @Test(
        "is refused when it can't be read",
        arguments: [
            "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8",
            "*/0 * * * *", "5-1 * * * *", "1,,2 * * * *", "a * * * *", "0 1 6 9 L", "@daily",
        ])
    func refused(text: String) {
        #expect(Cron(text) == nil)
    }
}
