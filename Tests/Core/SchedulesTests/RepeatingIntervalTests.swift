import Foundation
import Migration
import Schedules
import Testing

@Suite("A repeating interval")
struct RepeatingIntervalTests {
    private let now = Instant("2026-11-23T10:00:00.000Z") ?? Instant(milliseconds: 0)

    @Test(
        "fires next after what has passed",
        arguments: [
            ("R/2026-11-20T00:00:00Z/PT24H", "2026-11-24T00:00:00.000Z", 4),
            ("R/2026-11-20T00:00:00.000+02:00/PT24H", "2026-11-23T22:00:00.000Z", 4),
            ("R9/2030-01-01T12:00:00Z/PT1H", "2030-01-01T12:00:00.000Z", 0),
            ("R/2026-01-31T00:00:00Z/P1M", "2026-11-30T00:00:00.000Z", 10),
            ("R/2026-11-23T10:00:00Z/PT1M", "2026-11-23T10:01:00.000Z", 1),
        ])
    func next(text: String, fire: String, passed: Int) throws {
        let interval = try #require(RepeatingInterval(text, now: now))
        let next = try #require(interval.nextFire(after: now, in: .utc))
        #expect(next.fire.description == fire)
        #expect(next.passed == passed)
    }

    @Test("keeps its end while its times pass")
    func end() throws {
        let interval = try #require(RepeatingInterval("R5/2026-11-20T00:00:00Z/P1D", now: now))
        let later = try #require(interval.forwarded(past: now, in: .utc))
        #expect(later.count == 1)
        #expect(later.start.description == "2026-11-24T00:00:00.000Z")
        #expect(later.end(in: .utc) == interval.end(in: .utc))
        #expect(later.forwarded(past: later.start, in: .utc) == nil)
    }

    @Test("ends within what an instant can report")
    func longest() throws {
        let interval = try #require(RepeatingInterval("R1000000/9999-01-01T00:00:00Z/P100YT999999S", now: now))
        let end = try #require(interval.end(in: .utc))
        #expect(end > interval.start)
    }

    @Test("keeps the time of day when clocks change")
    func clocks() throws {
        let zone = try #require(ZoneRules(name: "Europe/Berlin"))
        let interval = try #require(RepeatingInterval("R/2026-10-24T10:00:00Z/P1D", now: now))
        let day = try #require(Instant("2026-10-25T00:00:00.000Z"))
        #expect(interval.nextFire(after: day, in: zone)?.fire.description == "2026-10-25T11:00:00.000Z")
    }

    @Test(
        "is refused when it can't be read",
        arguments: [
            "", "PT1H", "R/x/PT1H", "R/2026-11-23T10:00:00Z/1H", "R//P", "R9223372036854775807//P1D", "R-2//P1D",
            "R//P101Y", "R//PT99999999999999999999S",
        ])
    func refused(text: String) {
        #expect(RepeatingInterval(text, now: now) == nil)
    }
}
