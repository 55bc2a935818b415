import Migration
import Testing

@Suite("Limits of error classes")
struct ErrorClassTests {
    private let rule = TrafficRule(backend: "be", servers: [.blue: "blue-*", .green: "green-*"])

    private func limits(
        _ classes: [ErrorClass: ErrorLimit], whenIdle: Analysis.WhenIdle = .hold, backends: [String]? = nil
    ) -> Analysis.LoadBalancers { .init(classes: classes, whenIdle: whenIdle, backends: backends) }

    private func counters(_ requests: Int, _ errorClass: ErrorClass, _ count: Int) -> ServerCounters {
        var counters = ServerCounters(requests: requests, begun: requests)
        switch errorClass {
        case .serverErrors: counters.errorCounts.server = count
        case .clientErrors: counters.clientErrors = count
        case .connectionErrors: counters.errorCounts.connection = count
        case .responseErrors: counters.errorCounts.response = count
        case .retries: counters.errorCounts.retries = count
        case .redispatches: counters.errorCounts.redispatches = count
        }
        return counters
    }

    private func finding(
        _ errorClass: ErrorClass, _ limit: ErrorLimit, green: ServerCounters, blue: ServerCounters = ServerCounters()
    ) -> TrafficJudgement.Finding? {
        Watch(rule).looks(green: green, blue: blue).findings(limits([errorClass: limit]))
            .first { $0.sample.gate == errorClass.rawValue }
    }

    @Test("judge each class by itself, and no other by it", arguments: ErrorClass.allCases)
    func each(_ errorClass: ErrorClass) {
        let limit = ErrorLimit(max: Percent(5))
        let bad = finding(errorClass, limit, green: counters(200, errorClass, 40))
        #expect(bad?.sample.verdict == .fail)
        #expect(bad?.sample.message == "edge-1/be: 20 % \(errorClass.words) of 200 requests, limit 5 %")
        #expect(finding(errorClass, limit, green: counters(200, errorClass, 8))?.sample.verdict == .pass)
        for other in ErrorClass.allCases where other != errorClass {
            #expect(finding(other, limit, green: counters(200, errorClass, 40))?.sample.verdict == .pass)
        }
    }

    @Test("wait for more while it may be chance")
    func chance() {
        let held = finding(.retries, ErrorLimit(max: Percent(5)), green: counters(20, .retries, 4))
        #expect(held?.sample.verdict == .inconclusive)
        #expect(held?.holds == true)
        #expect(
            held?.sample.message == "edge-1/be: 20 % retries of 20 requests, limit 5 %, which may be chance so far")
    }

    @Test("count no request twice that needed several retries")
    func severalRetries() {
        let bad = finding(.retries, ErrorLimit(max: Percent(5)), green: counters(20, .retries, 60))
        #expect(bad?.sample.message == "edge-1/be: 100 % retries of 20 requests, limit 5 %")
    }

    @Test("compare with the old color: what befalls both is no fault of the new one")
    func relative() {
        let limit = ErrorLimit(maxAboveLive: Percent(2))
        let bad = finding(
            .clientErrors, limit, green: counters(200, .clientErrors, 200), blue: counters(1000, .clientErrors, 20))
        #expect(bad?.sample.verdict == .fail)
        #expect(
            bad?.sample.message == "edge-1/be: 100 % 4xx answers of 200 requests, limit 2 % above blue's 2 %")
        let alike = finding(
            .clientErrors, limit, green: counters(200, .clientErrors, 120), blue: counters(1000, .clientErrors, 600))
        #expect(alike?.sample.verdict == .pass)
        #expect(alike?.sample.message == "edge-1/be: 60 % 4xx answers of 200 requests, limit 2 % above blue's 60 %")
    }

    @Test("compare with what the old color did in the same time, not with what it did before")
    func sameTime() {
        var watch = Watch(rule)
        let limit = limits([.clientErrors: ErrorLimit(maxAboveLive: Percent(2))])
        watch.look([:], [:])
        watch.look(["edge-1": counters(10_000, .clientErrors, 0)], ["edge-1": counters(1000, .clientErrors, 0)])
        watch.tally.beginStep()
        watch.look(["edge-1": counters(10_000, .clientErrors, 0)], ["edge-1": counters(1000, .clientErrors, 0)])
        // Someone looks for pages that neither has.
        watch.look(["edge-1": counters(10_500, .clientErrors, 250)], ["edge-1": counters(1500, .clientErrors, 250)])
        #expect(!watch.findings(limit).contains { $0.sample.verdict == .fail })
        // Only the new one does.
        watch.look(["edge-1": counters(11_000, .clientErrors, 250)], ["edge-1": counters(2000, .clientErrors, 600)])
        #expect(watch.findings(limit).contains { $0.sample.verdict == .fail })
    }

    @Test("have no verdict where the step had too few requests, however many there were in those before")
    func eachStep() {
        var watch = Watch(rule)
        let limit = limits([.clientErrors: ErrorLimit(maxAboveLive: Percent(2))])
        watch.look([:], [:])
        watch.look(["edge-1": counters(9000, .clientErrors, 0)], ["edge-1": counters(1000, .clientErrors, 0)])
        #expect(watch.findings(limit, share: Percent(10)).map(\.sample.verdict) == [.pass])
        watch.tally.beginStep()
        watch.look(["edge-1": counters(9000, .clientErrors, 0)], ["edge-1": counters(1000, .clientErrors, 0)])
        watch.look(["edge-1": counters(9005, .clientErrors, 0)], ["edge-1": counters(1005, .clientErrors, 0)])
        #expect(watch.findings(limit, share: Percent(50)).map(\.sample.verdict) == [.inconclusive])
        #expect(watch.findings(limit, share: Percent(50)).first?.holds == true)
    }

    @Test("compare with what the old color did before where it is asked nothing any more")
    func before() {
        var watch = Watch(rule)
        let limit = limits([.clientErrors: ErrorLimit(maxAboveLive: Percent(2))])
        let blue: [LoadBalancerID: ServerCounters] = ["edge-1": counters(10_000, .clientErrors, 1000)]
        watch.look([:], [:])
        watch.look(blue, [:])
        watch.tally.beginStep()
        watch.look(blue, [:])
        watch.look(blue, ["edge-1": counters(1000, .clientErrors, 100)], seconds: 20)
        #expect(watch.findings(limit).map(\.sample.verdict) == [.pass])
        watch.look(blue, ["edge-1": counters(2000, .clientErrors, 600)], seconds: 20)
        let bad = watch.findings(limit).first
        #expect(bad?.sample.verdict == .fail)
        #expect(
            bad?.sample.message.hasSuffix("limit 2 % above blue's 10 % of before") == true,
            "\(bad?.sample.message ?? "")")
    }

    @Test("have no verdict where nothing is known of the old color")
    func nothingToCompare() {
        let limit = ErrorLimit(maxAboveLive: Percent(2))
        let open = finding(.clientErrors, limit, green: counters(200, .clientErrors, 200))
        #expect(open?.sample.verdict == .inconclusive)
        #expect(open?.holds == true)
        let both = finding(
            .clientErrors, ErrorLimit(max: Percent(50), maxAboveLive: Percent(2)),
            green: counters(200, .clientErrors, 200))
        #expect(both?.sample.verdict == .fail)
    }

    @Test("have no verdict where no load balancer counts the class, and judge by those that do")
    func uncounted() {
        var watch = Watch(rule)
        watch.counted = [.serverErrors]
        watch.look([:], [:])
        watch.look([:], ["edge-1": counters(200, .serverErrors, 0)])
        let found = watch.findings(limits([.retries: ErrorLimit(max: Percent(5))], whenIdle: .ignore)).first
        #expect(found?.sample.verdict == .inconclusive)
        #expect(found?.holds == true)
        let counted = watch.findings(limits([.serverErrors: ErrorLimit(max: Percent(5))])).first
        #expect(counted?.sample.verdict == .pass)
    }

    @Test("hold an idle backend for what is suspicious only, where idle backends are to be ignored")
    func idle() {
        func holds(_ requests: Int, _ count: Int) -> Bool {
            Watch(rule).looks(green: counters(requests, .clientErrors, count))
                .findings(limits([.clientErrors: ErrorLimit(max: Percent(20))], whenIdle: .ignore))
                .contains { $0.holds }
        }
        #expect(!holds(5, 1))
        #expect(holds(5, 4))
    }

    @Test("take the place of what the error rate allows of 4xx, in the backends that they are for")
    func inPlaceOfTheUsual() {
        let watch = Watch(rule).looks(
            green: counters(200, .clientErrors, 60), blue: counters(1000, .clientErrors, 0))
        let rate = Analysis.LoadBalancers(errorRate: Percent(1))
        let own = limits([.clientErrors: ErrorLimit(maxAboveLive: Percent(50))], backends: ["be"])
        let others = limits([.clientErrors: ErrorLimit(maxAboveLive: Percent(50))], backends: ["be_other"])
        func failed(_ findings: [TrafficJudgement.Finding]) -> [String] {
            findings.filter { $0.sample.verdict == .fail }.map(\.sample.gate)
        }
        #expect(failed(watch.findings(rate)) == ["4xx"])
        #expect(failed(watch.findings(rate, own)) == [])
        #expect(failed(watch.findings(rate, others)) == ["4xx"])
    }

    @Test("hold where most answers are 4xx and nothing is known of the old color's")
    func unknownRefusals() {
        func found(_ count: Int, of requests: Int, blue: Int) -> TrafficJudgement.Finding? {
            Watch(rule).looks(
                green: counters(requests, .clientErrors, count), blue: counters(blue, .clientErrors, blue)
            )
            .findings(Analysis.LoadBalancers(errorRate: Percent(1)), share: Percent(10))
            .first { $0.sample.gate == "4xx" }
        }
        let open = found(200, of: 200, blue: 3)
        #expect(open?.sample.verdict == .inconclusive)
        #expect(open?.holds == true)
        #expect(
            open?.sample.message
                == "edge-1/be: 100 % of 200 answers are 4xx, too few requests of blue to compare with (needs 10)")
        #expect(found(60, of: 200, blue: 3) == nil)
        // Neither has these pages.
        #expect(found(200, of: 200, blue: 200) == nil)
    }

    @Test("are not blinded by a reload")
    func reload() {
        var watch = Watch(rule)
        watch.look([:], [:])
        watch.look([:], ["edge-1": counters(5000, .retries, 100)])
        watch.look([:], ["edge-1": counters(1000, .retries, 500)])
        #expect(watch.findings(limits([.retries: ErrorLimit(max: Percent(5))])).contains { $0.sample.verdict == .fail })
    }

    @Test("count what a load balancer answers itself as connections that failed")
    func ownAnswers() {
        var watch = Watch(rule)
        watch.look([:], [:])
        watch.look(
            [:], ["edge-1": ServerCounters(requests: 100)],
            own: ServerCounters(requests: 50, errors: 50, errorCounts: ErrorCounts(connection: 50)))
        let bad = watch.findings(limits([.connectionErrors: ErrorLimit(max: Percent(1))])).first
        #expect(bad?.sample.message == "edge-1/be: 33.333 % failed connections of 150 requests, limit 1 %")
    }
}
