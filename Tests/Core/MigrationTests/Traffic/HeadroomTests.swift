import Migration
import Testing

@Suite("Headroom of the new color")
struct HeadroomTests {
    private let rule = TrafficRule(backend: "be", servers: [.blue: "blue-*", .green: "green-*"])

    private func server(_ name: String, limit: Int?, peak: Int = 0, rate: Int = 0, isDown: Bool = false) -> ServerState
    {
        ServerState(
            name: name, address: "10.0.0.1:80", weight: 100, operation: isDown ? .down : .up,
            load: ServerLoad(limit: limit, peakSessions: peak, peakRate: rate))
    }

    private func state(_ servers: [ServerState], peak: Int?, rate: Int = 0) -> LoadBalancerState {
        LoadBalancerState(
            version: "2.6",
            backends: [
                "be": BackendState(
                    servers: servers, load: peak.map { BackendLoad(peakSessions: $0, peakRate: rate) })
            ], process: LoadBalancerProcess(pid: 1, uptime: .seconds(18_661)))
    }

    private func headroom(
        _ state: LoadBalancerState, found: LoadBalancerState? = nil, margin: Double = 1.3, isUp: Bool = false
    ) -> Headroom {
        let found = FoundTraffic(
            TrafficObservation(time: Instant(milliseconds: 0), states: ["edge-1": found ?? state]), [rule])
        return TrafficTargets(found: found, rules: [rule], direction: Direction(from: .blue), minHealthy: 1)
            .headroom(margin, rule, on: "edge-1", state, isUp: isUp)
    }

    @Test("is there where the servers' maxconn is the margin times the peak, and not a session below")
    func limits() {
        func capacity(_ limit: Int) -> Headroom {
            headroom(
                state(
                    [
                        server("blue-1", limit: 200, peak: 100), server("green-1", limit: limit),
                        server("green-2", limit: 30),
                    ],
                    peak: 100))
        }
        #expect(capacity(100).verdict == .enough)
        #expect(capacity(99).verdict == .short)
        #expect(
            capacity(99).text
                == "edge-1/be: 2 servers of green take 129 sessions, and limits.headroom asks for 130: 1.3 times the peak of "
                + "100 in 5h11m")
    }

    @Test("is unproved where a server has no maxconn and as many as the busiest one had are not enough")
    func unlimited() {
        let even = state(
            [server("blue-1", limit: nil, peak: 50, rate: 20), server("green-1", limit: nil)], peak: 50, rate: 20)
        #expect(headroom(even).verdict == .unproved)
        #expect(
            headroom(even).text.contains(
                "green-1 has no maxconn and counts with what the busiest server of blue had, 50 sessions and 20 a second"
            ))
        let twice = state(
            [
                server("blue-1", limit: nil, peak: 50, rate: 20), server("green-1", limit: nil),
                server("green-2", limit: nil),
            ],
            peak: 50, rate: 20)
        #expect(headroom(twice).verdict == .enough)
    }

    @Test("asks servers without maxconn for the rate, too")
    func rate() {
        let fast = state(
            [
                server("blue-1", limit: nil, peak: 50, rate: 20), server("green-1", limit: nil),
                server("green-2", limit: nil),
            ],
            peak: 50, rate: 31)
        #expect(headroom(fast).verdict == .unproved)
        #expect(headroom(fast).text.hasSuffix("the peak was 31 a second"))
    }

    @Test("counts only servers that serve, where that is asked")
    func down() {
        let half = state(
            [
                server("blue-1", limit: 99, peak: 50), server("green-1", limit: 65),
                server("green-2", limit: 65, isDown: true),
            ],
            peak: 100)
        #expect(headroom(half).verdict == .enough)
        #expect(headroom(half, isUp: true).verdict == .short)
    }

    @Test("remembers the peak from before a reload")
    func reloaded() {
        let before = state([server("blue-1", limit: 99, peak: 90), server("green-1", limit: 99)], peak: 90)
        let after = state([server("blue-1", limit: 99, peak: 1), server("green-1", limit: 99)], peak: 1)
        #expect(headroom(after).verdict == .enough)
        #expect(headroom(after, found: before).verdict == .short)
    }

    @Test("is unproved where the load balancer reports no peak")
    func unknown() {
        let silent = LoadBalancerState(
            version: "3",
            backends: ["be": BackendState(servers: [ServerState(name: "green-1", address: "a", weight: 1)])])
        #expect(headroom(silent).verdict == .unproved)
        #expect(headroom(silent).text.contains("reports no peak"))
    }

    @Test("is enough where no one ever came")
    func idle() {
        #expect(
            headroom(state([server("blue-1", limit: nil), server("green-1", limit: nil)], peak: 0)).verdict == .enough)
    }
}
