import Migration
import Testing

@testable import Engine

@Suite("How fast a run's share has grown")
struct PaceRecordTests {
    private struct Clock: RunClock {
        var now: Instant
        var uptime: Period
        func sleep(_ period: Period) async throws(CancellationError) {}
    }

    private func event(_ share: Int, at time: Int64) -> Event {
        Event(
            run: "r-1", sequence: 1, time: Instant(milliseconds: time),
            kind: .trafficVerified(share: Percent(share), loadBalancers: []))
    }

    /// How long a raise by 30 % has to wait, where 20 % a minute are allowed, once the record was read at this time.
    private func wait(afterRaiseAt time: Int64, readAt now: Int64, asking later: Int64 = 0) -> Period? {
        var record = PaceRecord()
        record.take(event(20, at: time), Clock(now: Instant(milliseconds: now), uptime: .seconds(500)))
        return record.pace.wait(
            before: Percent(40), Percent(20), now: .seconds(500) + Period(milliseconds: later))
    }

    @Test("is known from the journal of an earlier process, as old as it is")
    func earlier() {
        #expect(wait(afterRaiseAt: 100_000, readAt: 110_000) == .seconds(50))
        #expect(wait(afterRaiseAt: 100_000, readAt: 110_000, asking: 20_000) == .seconds(30))
        #expect(wait(afterRaiseAt: 100_000, readAt: 400_000) == .zero)
    }

    @Test("is waited for no longer than a minute where the clock was set back")
    func setBack() { #expect(wait(afterRaiseAt: 9_000_000, readAt: 100_000) == .minutes(1)) }

    @Test("is measured by the uptime, whatever the clock says of what happens now")
    func now() {
        var record = PaceRecord()
        record.hasReadEarlier = true
        record.take(event(20, at: 0), Clock(now: Instant(milliseconds: 9_000_000), uptime: .seconds(500)))
        #expect(record.pace.wait(before: Percent(40), Percent(20), now: .seconds(510)) == .seconds(50))
    }
}
