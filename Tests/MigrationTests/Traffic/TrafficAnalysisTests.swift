import Migration
import Testing

@Suite("The analysis of traffic")
struct TrafficAnalysisTests {
    private let rule = TrafficRule(backend: "be", servers: [.blue: "blue-*", .green: "green-*"])
    private let limits = Analysis.HAProxy(errorRate: Percent(thousandths: 100), minRequests: 10)

    @Test("passes a color whose errors stay within the limit")
    func passes() {
        let samples = judge(limits, from: [server("green-1", 100, errors: 5)], to: [server("green-1", 2100, errors: 7)])
        #expect(samples.map(\.verdict) == [.pass])
        #expect(samples.map(\.samples) == [2000])
        #expect(samples.map(\.message) == ["edge-1/be: 0.1 % errors of 2000 requests, limit 0.1 %"])
    }

    @Test("fails a color with more errors than the limit, however the other one does")
    func fails() {
        let samples = judge(
            limits, from: [server("green-1", 0), server("blue-1", 0)],
            to: [server("green-1", 1000, errors: 2), server("blue-1", 1000, errors: 500)])
        #expect(samples.map(\.verdict) == [.fail])
        #expect(samples.first?.message == "edge-1/be: 0.2 % errors of 1000 requests, limit 0.1 %")
    }

    @Test("has no verdict with too few requests")
    func tooFew() {
        let samples = judge(limits, from: [server("green-1", 0)], to: [server("green-1", 9, errors: 9)])
        #expect(samples.map(\.verdict) == [.inconclusive])
        #expect(samples.first?.message.contains("too few requests for a verdict (needs 10)") == true)
        let none = judge(.init(errorRate: Percent(1), minRequests: 0), from: [], to: [])
        #expect(none.map(\.verdict) == [.inconclusive])
    }

    @Test("has no verdict when a load balancer was restarted in between")
    func restart() {
        let samples = judge(limits, from: [server("green-1", 500)], to: [server("green-1", 20)])
        #expect(samples.map(\.verdict) == [.inconclusive])
        #expect(samples.first?.message.contains("counters started anew") == true)
    }

    @Test("has no verdict about a load balancer that is missing in one of the observations")
    func missing() {
        let seen = observation(at: 10, [server("green-1", 5000)])
        let unseen = TrafficObservation(time: Instant(milliseconds: 0), states: [:])
        for (before, after) in [(unseen, seen), (seen, unseen)] {
            let samples = Migration.judge(
                .haproxy(limits), from: before, to: after, rules: [rule], direction: Direction(from: .blue))
            #expect(samples.map(\.verdict) == [.inconclusive])
            #expect(samples.first?.subject == "edge-1/be")
        }
    }

    @Test("counts connections that failed as requests that failed")
    func failedConnections() {
        let samples = judge(limits, from: [server("green-1", 0)], to: [server("green-1", 0, errors: 40)])
        #expect(samples.map(\.verdict) == [.fail])
        #expect(samples.map(\.value) == [1])
    }

    @Test(
        "compares response times",
        arguments: [
            (100, 100, Verdict.pass), (120, 100, .pass), (121, 100, .fail), (50, 100, .pass), (0, 0, .pass),
            (1, 0, .pass),
            (2, 1, .pass), (30, 0, .fail), (30, 1, .fail),
        ])
    func responseTimes(new: Int64, old: Int64, verdict: Verdict) {
        let samples = judge(
            .init(responseTimeRatio: 1.2), from: [server("green-1", 0), server("blue-1", 0)],
            to: [server("green-1", 100, milliseconds: new), server("blue-1", 100, milliseconds: old)])
        #expect(samples.map(\.verdict) == [verdict])
    }

    @Test("has no verdict on response times without any, or with too few requests")
    func noResponseTimes() {
        let ratio = Analysis.HAProxy(responseTimeRatio: 1.2)
        let unmeasured = judge(ratio, from: [server("green-1", 0)], to: [server("green-1", 100)])
        #expect(unmeasured.map(\.verdict) == [.inconclusive])
        let few = judge(
            ratio, from: [], to: [server("green-1", 5, milliseconds: 900), server("blue-1", 100, milliseconds: 1)])
        #expect(few.map(\.verdict) == [.inconclusive])
    }

    @Test("tells each color's share, rate, errors and sessions")
    func samples() throws {
        let before = observation(at: 0, [server("green-1", 0, weight: 20), server("blue-1", 0, weight: 180)])
        let after = observation(
            at: 2,
            [
                server("green-1", 20, errors: 1, weight: 20, sessions: 3, milliseconds: 41),
                server("blue-1", 180, weight: 180),
            ])
        let samples = traffic(from: before, to: after, rules: [rule])
        let green = try #require(samples.first { $0.color == .green })
        #expect(green.share == 0.1)
        #expect(green.requestsPerSecond == 10)
        #expect(green.errorRate == 0.05)
        #expect(green.responseTime == Period(milliseconds: 41))
        #expect(green.sessions == 3)
        #expect(samples.first { $0.color == .blue }?.share == 0.9)
        #expect(samples.first { $0.color == .blue }?.requestsPerSecond == 90)
    }

    @Test("never divides by nothing")
    func nothing() {
        let same = observation(at: 0, [])
        #expect(traffic(from: same, to: same, rules: [rule]).map(\.share) == [0, 0])
        #expect(traffic(from: same, to: same, rules: [rule]).map(\.errorRate) == [0, 0])
    }

    private func judge(_ limits: Analysis.HAProxy, from before: [ServerState], to after: [ServerState]) -> [GateSample]
    {
        Migration.judge(
            .haproxy(limits), from: observation(at: 0, before), to: observation(at: 10, after), rules: [rule],
            direction: Direction(from: .blue))
    }

    private func observation(at seconds: Int64, _ servers: [ServerState]) -> TrafficObservation {
        TrafficObservation(
            time: Instant(milliseconds: seconds * 1000),
            states: ["edge-1": LoadBalancerState(version: "2.6", backends: ["be": BackendState(servers: servers)])])
    }

    private func server(
        _ name: String, _ requests: Int, errors: Int = 0, weight: Int = 100, sessions: Int = 0,
        milliseconds: Int64? = nil
    ) -> ServerState {
        ServerState(
            name: name, address: "127.0.0.1:80", weight: weight,
            counters: ServerCounters(
                sessions: sessions, requests: requests, errors: errors,
                responseTime: milliseconds.map(Period.init(milliseconds:))))
    }
}

@Suite("A verdict")
struct VerdictTests {
    @Test(
        "of several is a failure if one failed, open if one is open, and never a pass without any",
        arguments: [
            ([], .inconclusive), ([.pass], .pass), ([.pass, .pass], .pass), ([.pass, .inconclusive], .inconclusive),
            ([.inconclusive, .pass], .inconclusive), ([.inconclusive, .fail, .pass], .fail), ([.fail], .fail),
        ] as [([Verdict], Verdict)])
    func combined(verdicts: [Verdict], expected: Verdict) {
        #expect(Verdict.combined(verdicts) == expected)
    }

    @Test("counts as reached after enough passes in a row")
    func consecutive() {
        var passes = ConsecutivePasses(needed: 3)
        for verdict in [Verdict.pass, .pass, .fail, .pass, .pass, .inconclusive, .pass, .pass] {
            passes.record(verdict)
        }
        #expect(passes.count == 2)
        #expect(!passes.isReached)
        passes.record(.pass)
        #expect(passes.isReached)
        passes.record(.fail)
        #expect(!passes.isReached)
    }

    @Test("needs at least one pass, whatever was asked for")
    func atLeastOne() {
        #expect(!ConsecutivePasses(needed: 0).isReached)
        #expect(!ConsecutivePasses(needed: -3).isReached)
    }
}
