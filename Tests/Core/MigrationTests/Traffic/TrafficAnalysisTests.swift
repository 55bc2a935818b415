import Migration
import Testing

@Suite("The analysis of traffic")
struct TrafficAnalysisTests {
    private let rule = TrafficRule(backend: "be", servers: [.blue: "blue-*", .green: "green-*"])
    private let limits = Analysis.LoadBalancers(errorRate: Percent(1), minRequests: 10)

    // MARK: - Errors

    @Test("passes a color whose errors stay within the limit")
    func passes() {
        #expect(verdict(of: "errorRate", [2000: 10]) == .pass)
        #expect(verdict(of: "errorRate", [10: 0]) == .pass)
    }

    @Test("fails a color with more errors than the limit, however the other one does")
    func fails() {
        let watch = Watch(rule).looks(
            green: ServerCounters(requests: 2000, errors: 60), blue: ServerCounters(requests: 1000, errors: 500))
        let bad = watch.findings(limits).first { $0.sample.verdict == .fail }
        #expect(bad?.sample.message == "edge-1/be: 3 % errors of 2000 requests, limit 1 %")
    }

    @Test("needs as many requests as it should, and not one more")
    func tooFew() {
        #expect(verdict(of: "errorRate", [9: 0]) == .inconclusive)
        #expect(verdict(of: "errorRate", [10: 0]) == .pass)
        #expect(verdict(of: "errorRate", [9: 8]) == .inconclusive)
        #expect(verdict(of: "errorRate", [10: 8]) == .fail)
    }

    @Test("takes no chance for a failure: it waits for more while errors are few, and is sure when they are not")
    func evidence() {
        #expect(verdict(of: "errorRate", [10: 1]) == .pass)
        #expect(verdict(of: "errorRate", [10: 2]) == .inconclusive)
        let held = Watch(rule).looks(green: ServerCounters(requests: 10, errors: 2)).findings(limits)
        #expect(held.first?.holds == true)
        #expect(
            held.first?.sample.message == "edge-1/be: 20 % errors of 10 requests, limit 1 %, which may be chance so far"
        )
        #expect(verdict(of: "errorRate", [10: 4]) == .fail)
        #expect(verdict(of: "errorRate", [10_000: 110]) == .pass)
        #expect(verdict(of: "errorRate", [10_000: 160]) == .fail)
    }

    @Test("fails at once where each of three requests or more failed, however few they are")
    func allFailed() {
        #expect(verdict(of: "errorRate", [3: 3]) == .fail)
        #expect(verdict(of: "errorRate", [2: 2]) == .inconclusive)
    }

    @Test("is never idle with an error: the step holds, whatever is said about idle backends")
    func errorsHold() {
        let ignoring = Analysis.LoadBalancers(errorRate: Percent(1), minRequests: 10, whenIdle: .ignore)
        func holds(_ green: ServerCounters, _ limits: Analysis.LoadBalancers) -> Bool {
            Watch(rule).looks(green: green).findings(limits).contains { $0.holds }
        }
        #expect(holds(ServerCounters(requests: 5, errors: 1), ignoring))
        #expect(!holds(ServerCounters(requests: 5), ignoring))
        #expect(holds(ServerCounters(requests: 5), limits))
    }

    @Test("adds up what few requests there are, over load balancers and over steps")
    func addsUp() {
        var watch = Watch(rule, edges: ["edge-1", "edge-2"])
        watch.look([:], [:])
        watch.look([:], ["edge-1": ServerCounters(requests: 4), "edge-2": ServerCounters(requests: 3)])
        #expect(watch.findings(limits).map(\.sample.verdict) == [.inconclusive])
        watch.tally.beginStep()
        watch.look([:], ["edge-1": ServerCounters(requests: 6, errors: 5), "edge-2": ServerCounters(requests: 5)])
        let finding = watch.findings(limits).first
        #expect(finding?.sample.message == "be: 35.714 % errors of 14 requests, limit 1 %")
        #expect(finding?.sample.verdict == .fail)
    }

    @Test("sees one load balancer whose users fail beside another whose users do not")
    func oneLoadBalancer() {
        var watch = Watch(rule, edges: ["edge-1", "edge-2"])
        watch.look([:], [:])
        watch.look(
            [:], ["edge-1": ServerCounters(requests: 100_000), "edge-2": ServerCounters(requests: 100, errors: 9)])
        #expect(watch.findings(limits).first { $0.sample.verdict == .fail }?.sample.subject == "edge-2/be")
    }

    @Test("counts what the load balancer answers itself: no server up, or a full queue")
    func ownAnswers() {
        var watch = Watch(rule)
        watch.look([:], [:])
        watch.look([:], ["edge-1": ServerCounters(requests: 100)], own: ServerCounters(errors: 50))
        let bad = watch.findings(limits).first { $0.sample.verdict == .fail }
        #expect(bad?.sample.message == "edge-1/be: 33.333 % errors of 150 requests, limit 1 %")
    }

    @Test("is not blinded by a reload: what the new process counts is added to what was seen")
    func reload() {
        var watch = Watch(rule)
        watch.look([:], [:])
        watch.look([:], ["edge-1": ServerCounters(requests: 5000)])
        watch.look([:], ["edge-1": ServerCounters(requests: 100, errors: 100)])
        #expect(watch.findings(limits).contains { $0.sample.verdict == .fail })
    }

    @Test("sees a late failure at once, however long all went well before")
    func late() {
        var watch = Watch(rule)
        watch.look([:], [:])
        var counters = ServerCounters()
        for _ in 0..<600 {
            counters.requests += 1000
            watch.look([:], ["edge-1": counters])
        }
        counters.requests += 1000
        counters.errors += 1000
        watch.look([:], ["edge-1": counters])
        #expect(counters.requests > 100 * counters.errors)
        #expect(watch.findings(limits).contains { $0.sample.verdict == .fail })
    }

    @Test("does not fail the last seconds for a single error among many requests")
    func singleError() {
        var watch = Watch(rule)
        watch.look([:], [:])
        var counters = ServerCounters()
        for round in 0..<40 {
            counters.requests += 10
            if round == 20 { counters.errors += 1 }
            watch.look([:], ["edge-1": counters])
        }
        #expect(watch.findings(limits).map(\.sample.verdict) == [.pass])
    }

    // MARK: - Answers that are none, or others

    @Test("fails a color that takes requests and finishes none, and holds before that is sure")
    func hangs() {
        var watch = Watch(rule)
        watch.look(["edge-1": ServerCounters(requests: 0)], [:])
        watch.look(["edge-1": ServerCounters(requests: 500, begun: 510)], [:])
        for second in 1...10 {
            watch.look(
                ["edge-1": ServerCounters(requests: 500, begun: 510)],
                ["edge-1": ServerCounters(sessions: 10 * second, begun: 10 * second)], seconds: 1)
            let finding = watch.findings(limits).first { $0.sample.gate == "answers" }
            switch second {
            case 1: #expect(finding?.holds == true)
            case 5...: #expect(finding?.sample.verdict == .fail)
            default: break
            }
        }
    }

    @Test("fails a color that hangs where only its own earlier answers can be compared: the old one died too early")
    func hangsAfterAnswers() {
        var watch = Watch(rule)
        let blue = ["edge-1": ServerCounters(requests: 4, begun: 4)] as [LoadBalancerID: ServerCounters]
        watch.look([:], [:])
        watch.look(blue, ["edge-1": ServerCounters(requests: 40, begun: 40)])
        for second in 1...6 {
            watch.look(
                blue, ["edge-1": ServerCounters(sessions: 50 * second, requests: 40, begun: 40 + 50 * second)],
                seconds: 1)
        }
        #expect(watch.findings(limits).first { $0.sample.gate == "answers" }?.sample.verdict == .fail)
    }

    @Test("fails a color that hangs on one load balancer, while another one has said nothing since it began to")
    func hangsBesideSilence() {
        var watch = Watch(rule, edges: ["edge-1", "edge-2"])
        let blue: [LoadBalancerID: ServerCounters] = [
            "edge-1": ServerCounters(requests: 500, begun: 510), "edge-2": ServerCounters(requests: 500, begun: 510),
        ]
        watch.look([:], [:])
        watch.look(blue, [:])
        for second in 1...10 {
            let hanging = ServerCounters(sessions: 10 * second, begun: 10 * second)
            watch.look(blue, ["edge-1": hanging, "edge-2": hanging], seconds: 1)
            if second == 2 { watch.edges = ["edge-2"] }
        }
        let finding = watch.findings(limits).first { $0.sample.gate == "answers" }
        #expect(finding?.sample.verdict == .fail)
        #expect(finding?.sample.subject == "edge-2/be")
    }

    @Test("does not go up a step where the last seconds had sessions and no answer, however many there were before")
    func stalls() {
        var watch = Watch(rule)
        watch.look([:], [:])
        let blue = ["edge-1": ServerCounters(requests: 500, begun: 510)] as [LoadBalancerID: ServerCounters]
        watch.look(blue, ["edge-1": ServerCounters(sessions: 1, requests: 100, begun: 101)])
        watch.look(blue, ["edge-1": ServerCounters(sessions: 1, requests: 200, begun: 201)])
        #expect(!watch.findings(limits).contains { $0.sample.gate == "answers" })
        watch.look(blue, ["edge-1": ServerCounters(sessions: 50, requests: 200, begun: 250)], seconds: 1)
        #expect(watch.findings(limits).first { $0.sample.gate == "answers" }?.holds == true)
    }

    @Test("takes a color for fine whose users wait as long as those of the old one")
    func longPolling() {
        var watch = Watch(rule)
        watch.look(["edge-1": ServerCounters()], [:])
        let slow = Period.seconds(30)
        for second in 1...10 {
            watch.look(
                ["edge-1": ServerCounters(sessions: 9, requests: 500, begun: 510, responseTime: slow)],
                ["edge-1": ServerCounters(sessions: 10, begun: 10)], seconds: Int64(second))
        }
        #expect(!watch.findings(limits).contains { $0.sample.verdict == .fail })
    }

    @Test(
        "compares the share of 4xx and 3xx answers with the old color's",
        arguments: [
            (ServerCounters(requests: 200, clientErrors: 200), "4xx"),
            (ServerCounters(requests: 200, redirects: 200), "3xx"),
        ])
    func otherAnswers(green: ServerCounters, gate: String) {
        let blue = ServerCounters(requests: 1000, clientErrors: 20, redirects: 20)
        let bad = Watch(rule).looks(green: green, blue: blue).findings(limits).filter { $0.sample.verdict == .fail }
        #expect(bad.map(\.sample.gate) == [gate])
        let same = ServerCounters(requests: 200, clientErrors: 6, redirects: 6)
        #expect(!Watch(rule).looks(green: same, blue: blue).findings(limits).contains { $0.sample.verdict == .fail })
    }

    @Test("compares the bytes of a session with the old color's, where there are no requests")
    func bytes() {
        func bad(_ green: ServerCounters) -> [String] {
            var watch = Watch(rule, isTCP: true)
            watch.look([:], [:])
            watch.look(["edge-1": ServerCounters(requests: 100, begun: 100, bytesOut: 100_000)], ["edge-1": green])
            return watch.findings(limits).filter { $0.sample.verdict == .fail }.map(\.sample.gate)
        }
        #expect(bad(ServerCounters(requests: 50, begun: 50, bytesOut: 0)) == ["bytes"])
        #expect(bad(ServerCounters(requests: 50, begun: 50, bytesOut: 40_000)).isEmpty)
    }

    // MARK: - The share, and serving at all

    @Test("holds where the new color never took what it was given, and says so")
    func measuredShare() {
        var watch = Watch(rule)
        watch.look([:], [:])
        watch.look(["edge-1": ServerCounters(requests: 137, begun: 137)], [:])
        let finding = watch.findings(limits, share: Percent(50)).first { $0.sample.gate == "share" }
        #expect(finding?.holds == true)
        #expect(finding?.sample.message == "be: green took 0 % of 137 requests, 50 % was set")
    }

    @Test("does not take chance for a difference")
    func chance() {
        var watch = Watch(rule)
        watch.look([:], [:])
        watch.look(["edge-1": ServerCounters(requests: 396, begun: 396)], [:])
        #expect(watch.findings(limits, share: Percent(1)).filter { $0.sample.gate == "share" }.isEmpty)
    }

    @Test("fails a color that has had no one to serve a backend for a second")
    func uncarried() {
        var watch = Watch(rule)
        watch.look([:], ["edge-1": ServerCounters(requests: 1000)])
        watch.tally.note(isCarried: false, "edge-1/be", at: watch.time)
        #expect(!watch.findings(limits).contains { $0.sample.gate == "carries" })
        watch.look([:], ["edge-1": ServerCounters(requests: 1000)], seconds: 1)
        #expect(watch.findings(limits).contains { $0.sample.gate == "carries" && $0.sample.verdict == .fail })
        watch.tally.note(isCarried: true, "edge-1/be", at: watch.time)
        #expect(!watch.findings(limits).contains { $0.sample.gate == "carries" })
    }

    // MARK: - Response times

    @Test(
        "compares response times",
        arguments: [
            (100, 100, Verdict.pass), (120, 100, .pass), (121, 100, .inconclusive), (187, 100, .inconclusive),
            (189, 100, .fail), (50, 100, .pass), (2, 1, .pass), (30, 1, .fail),
        ])
    func responseTimes(new: Int64, old: Int64, verdict: Verdict) {
        let watch = Watch(rule).looks(
            green: ServerCounters(requests: 100, responseTime: Period(milliseconds: new)),
            blue: ServerCounters(requests: 100, responseTime: Period(milliseconds: old)))
        let finding = watch.findings(.init(responseTimeRatio: 1.2)).first { $0.sample.gate == "responseTime" }
        #expect(finding?.sample.verdict == verdict)
    }

    @Test("has no verdict on response times without any, or with too few requests")
    func noResponseTimes() {
        let ratio = Analysis.LoadBalancers(responseTimeRatio: 1.2)
        let unmeasured = Watch(rule).looks(green: ServerCounters(requests: 100)).findings(ratio)
        #expect(unmeasured.map(\.sample.verdict) == [.inconclusive])
        let few = Watch(rule).looks(
            green: ServerCounters(requests: 5, responseTime: .seconds(1)),
            blue: ServerCounters(requests: 100, responseTime: Period(milliseconds: 1)))
        #expect(few.findings(ratio).map(\.sample.verdict) == [.inconclusive])
    }

    // MARK: - For people

    @Test("reports each color's share, rate, errors and sessions")
    func samples() throws {
        let before = observation(at: 0, green: ServerCounters(), blue: ServerCounters())
        let after = observation(
            at: 2,
            green: ServerCounters(
                sessions: 3, requests: 20, errors: 1, responseTime: Period(milliseconds: 41)),
            blue: ServerCounters(requests: 180))
        let samples = trafficSamples(from: before, to: after, rules: [rule])
        let green = try #require(samples.first { $0.color == .green })
        #expect(green.share == 0.1)
        #expect(green.requestsPerSecond == 10)
        #expect(green.errorRate == 0.05)
        #expect(green.responseTime == Period(milliseconds: 41))
        #expect(green.sessions == 3)
        let blue = try #require(samples.first { $0.color == .blue })
        #expect(blue.share == 0.9)
        #expect(blue.requestsPerSecond == 90)
    }

    @Test("never divides by nothing")
    func nothing() {
        let same = TrafficObservation(
            time: Instant(milliseconds: 0), states: ["edge-1": LoadBalancerState(version: "", backends: [:])])
        #expect(trafficSamples(from: same, to: same, rules: [rule]).map(\.share) == [0, 0])
        #expect(trafficSamples(from: same, to: same, rules: [rule]).map(\.errorRate) == [0, 0])
    }

    // MARK: - Support

    private func verdict(of gate: String, _ counted: [Int: Int]) -> Verdict? {
        let counters = counted.first.map { ServerCounters(requests: $0.key, errors: $0.value) } ?? ServerCounters()
        return Watch(rule).looks(green: counters).findings(limits).first { $0.sample.gate == gate }?.sample.verdict
    }

    private func observation(at seconds: Int64, green: ServerCounters, blue: ServerCounters) -> TrafficObservation {
        TrafficObservation(
            time: Instant(milliseconds: seconds * 1000),
            states: ["edge-1": Watch.state(green: green, blue: blue)])
    }
}
