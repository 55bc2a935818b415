import Migration
import Testing

@Suite("What a Prometheus says of the new color")
struct PrometheusTests {
    private let query = PrometheusQuery(
        name: "errors", url: "http://p:9090", query: "sum(rate(errors[1m]))", series: "errors", max: 0.01)

    @Test(
        "is as old as a selector's samples, and an expression is none",
        arguments: [
            ("requests", true), ("job:requests:rate5m", true), ("requests{code=\"5xx\"}", true),
            ("{__name__=~\"req.*\"}", true), (#"requests{path="/a}b(c)[1m]"}"#, true), (#"r{p="a\"}b"}"#, true),
            ("requests{p='x',q=`y`}", true), ("rate(requests[1m])", false), ("requests[5m]", false),
            ("requests{a=\"b\"} offset 5m", false), ("requests{a=\"b\"} + requests{c=\"d\"}", false),
            ("1requests", false),
            ("requests{a=\"b}", false), ("", false), ("requests or other", false),
        ])
    func selectors(text: String, isSelector: Bool) {
        #expect(PrometheusQuery.isSelector(text) == isSelector)
    }

    @Test(
        "looks back as far as its longest range",
        arguments: [
            ("errors", nil), ("rate(errors[1m])", Period.minutes(1)), ("rate(a[30s]) / rate(b[ 5m ])", .minutes(5)),
            ("max_over_time(rate(a[1m])[1h:10s])", .minutes(60)), ("a{path=~\"[0-9]+\"}", nil),
            ("rate(a[1h30m])", .minutes(90)),
        ] as [(String, Period?)])
    func ranges(text: String, longest: Period?) {
        var query = query
        query.query = text
        #expect(query.longestRange == longest)
    }

    @Test("has limits that belong to what they allow")
    func limits() {
        var query = query
        #expect(query.isWithin(0.01) && query.isWithin(-.infinity) && !query.isWithin(0.0101))
        #expect(!query.isWithin(.infinity) && !query.isWithin(.nan))
        #expect(query.limits == "at most 0.01")
        query.min = 0.001
        #expect(query.limits == "from 0.001 to 0.01")
        #expect(!query.isWithin(0.0009))
        query.max = nil
        #expect(query.limits == "at least 0.001" && query.isWithin(.infinity))
    }

    @Test("is asked for the colors of the run, whichever way it goes")
    func colors() {
        let query = PrometheusQuery(
            name: "n", url: "http://p", query: "a{c=\"{{ new }}\"} / a{c=\"{{ old }}\"}", series: "a{c=\"{{ new }}\"}",
            max: 1)
        var expected = query
        (expected.query, expected.series) = ("a{c=\"green\"} / a{c=\"blue\"}", "a{c=\"green\"}")
        #expect(Probe(.prometheus(query)).filled(Direction(from: .blue)).kind == .prometheus(expected))
        (expected.query, expected.series) = ("a{c=\"blue\"} / a{c=\"green\"}", "a{c=\"blue\"}")
        #expect(Probe(.prometheus(query)).filled(Direction(from: .green)).kind == .prometheus(expected))
        let http = Probe(.http(url: "http://edge", path: "/", expect: 200, headers: ["X-Color": "{{ new }}"]))
        #expect(
            http.filled(Direction(from: .green)).kind
                == .http(url: "http://edge", path: "/", expect: 200, headers: ["X-Color": "blue"]))
    }

    // MARK: - Answers in turn

    private func sample(_ verdict: Verdict, samples: Int? = nil) -> GateSample {
        GateSample(gate: "probe", subject: "x", verdict: verdict, samples: samples, message: "errors: 0.2")
    }

    @Test("holds a step until it answered, and where it is silent or has nothing")
    func holds() {
        let analysis = Analysis.Prometheus(query, timeout: .seconds(2), interval: .seconds(5))
        func finding(_ measurement: Measurement?, now: Period = .seconds(10)) -> TrafficJudgement.Finding {
            analysis.finding(measurement, now: now)
        }
        #expect(finding(nil).holds)
        #expect(finding(nil).sample.verdict == .inconclusive)
        let good = Measurement(sample(.pass), at: .seconds(10))
        #expect(!finding(good).holds && finding(good).sample.verdict == .pass)
        #expect(!finding(good, now: .seconds(24)).holds)
        let late = finding(good, now: .seconds(25))
        #expect(late.holds && late.sample.verdict == .inconclusive)
        #expect(late.sample.message == "errors: Prometheus said nothing for 15 s")
        // A bad word that is old is none: what it was about may be over.
        let oldAndBad = finding(Measurement(sample(.fail), at: .zero), now: .seconds(30))
        #expect(oldAndBad.holds && oldAndBad.sample.verdict == .inconclusive)
        #expect(finding(Measurement(sample(.inconclusive, samples: 0), at: .seconds(10))).holds)
    }

    @Test("lets an idle backend pass where that is allowed, but neither a stale answer nor none")
    func idle() {
        let analysis = Analysis.Prometheus(query, whenIdle: .ignore)
        let empty = Measurement(sample(.inconclusive, samples: 0), at: .seconds(10))
        #expect(!analysis.finding(empty, now: .seconds(10)).holds)
        let stale = Measurement(sample(.inconclusive), at: .seconds(10))
        #expect(analysis.finding(stale, now: .seconds(10)).holds)
        #expect(analysis.finding(nil, now: .seconds(10)).holds)
    }

    @Test("fails after so many bad answers in a row, between which one may say nothing")
    func row() {
        let analysis = Analysis.Prometheus(query, failures: 3)
        var last: Measurement?
        func next(_ verdict: Verdict) -> Verdict {
            last = Measurement(sample(verdict), at: .seconds(10), after: last)
            return analysis.finding(last, now: .seconds(10)).sample.verdict
        }
        #expect(next(.fail) == .inconclusive)
        #expect(next(.fail) == .inconclusive)
        #expect(next(.pass) == .pass)
        #expect(next(.fail) == .inconclusive)
        #expect(next(.inconclusive) == .inconclusive)
        #expect(next(.fail) == .inconclusive)
        #expect(next(.fail) == .fail)
    }
}
