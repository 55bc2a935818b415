import Migration
import Testing

@Suite("Peaks that a Prometheus reports")
struct MeasuredPeaksTests {
    /// Answers by the text of the query, and counts how often it is asked.
    private actor Oracle: Prober {
        var answers: [String: GateSample] = [:]
        var asked: [String] = []

        func set(_ query: String, _ verdict: Verdict, _ value: Double? = nil, samples: Int? = nil) {
            answers[query] = GateSample(
                gate: "probe", subject: "", verdict: verdict, value: value, samples: samples, message: "of \(query)")
        }

        func ask(_ probe: Probe, target: String?, inventory: Inventory, other: Inventory) async -> GateSample {
            guard case .prometheus(let query) = probe.kind else {
                return GateSample(gate: "probe", subject: "", verdict: .fail, message: "no Prometheus is asked")
            }
            asked.append(query.query)
            return answers[query.query]
                ?? GateSample(gate: "probe", subject: "", verdict: .inconclusive, message: "no answer")
        }
    }

    private static func place(_ loadBalancer: LoadBalancerID, _ backend: String) -> PeakPlace {
        PeakPlace(loadBalancer, TrafficRule(backend: backend, servers: [:]), Direction(from: .blue))
    }

    private let all = [place("edge-1", "be_shop"), place("edge-2", "be_shop"), place("edge-2", "be_api")]

    private func query(_ text: String, of unit: PeakQuery.Unit = .sessions, backend: String? = nil) -> PeakQuery {
        PeakQuery(PrometheusQuery(name: text, url: "http://p", query: text, series: "up"), of: unit, backend: backend)
    }

    private func ask(_ oracle: Oracle, _ queries: [PeakQuery], after peaks: MeasuredPeaks = MeasuredPeaks()) async
        -> MeasuredPeaks
    {
        var peaks = peaks
        await peaks.ask(oracle, queries, at: all, Direction(from: .blue), [:])
        return peaks
    }

    @Test("are asked for each backend on each load balancer, and the highest counts, rounded up")
    func places() async {
        let oracle = Oracle()
        for (place, value) in [("edge-1 be_shop", 7.0), ("edge-2 be_shop", 8.2), ("edge-2 be_api", 9.0)] {
            await oracle.set("\(place) blue", .pass, value)
        }
        await oracle.set("all of be_shop", .pass, 8)
        let peaks = await ask(
            oracle,
            [query("{{ loadBalancer }} {{ backend }} {{ old }}"), query("all of be_shop", backend: "be_shop")])
        #expect(all.map { peaks.peak(.sessions, at: $0)?.count } == [8, 9, 9])
        #expect(peaks.peak(.sessions, at: all[0])?.source == "all of be_shop")
        #expect(all.allSatisfy { peaks.peak(.rate, at: $0) == nil && peaks.unknown(at: $0) == nil })
    }

    @Test("are asked in a switch by the name of the live color's own backend")
    func switched() async {
        let item = TrafficSwitch(map: "/m.map", key: "shop", backends: [.blue: "be_blue", .green: "be_green"])
        let rule = TrafficRule(backend: "shop", servers: item.servers, switching: item)
        let oracle = Oracle()
        await oracle.set("be_green", .pass, 8)
        let back = Direction(from: .green)
        let place = PeakPlace("edge-1", rule, back)
        var peaks = MeasuredPeaks()
        await peaks.ask(oracle, [query("{{ backend }}", backend: "shop")], at: [place], back, [:])
        #expect(peaks.peak(.sessions, at: place)?.count == 8)
    }

    @Test("are unknown where one question has no answer, though another has")
    func unknown() async {
        let oracle = Oracle()
        await oracle.set("be_shop", .pass, 8)
        let peaks = await ask(oracle, [query("{{ backend }}"), query("silent", of: .rate, backend: "be_shop")])
        #expect(peaks.unknown(at: all[0]) == "no answer")
        #expect(peaks.unknown(at: all[2]) == "no answer")
        #expect(peaks.peak(.sessions, at: all[0])?.count == 8)
    }

    @Test("are unknown where the number can be no peak", arguments: [-1, .infinity, 1e12])
    func odd(_ value: Double) async {
        let oracle = Oracle()
        await oracle.set("be_shop", .pass, value)
        let peaks = await ask(oracle, [query("{{ backend }}", backend: "be_shop")])
        #expect(peaks.unknown(at: all[0])?.hasSuffix("is no peak of a backend") == true)
    }

    @Test("are asked for again only where they are not known, and a silent Prometheus once for eight of a question")
    func again() async {
        let oracle = Oracle()
        await oracle.set("be_shop", .pass, 8)
        await oracle.set("be_api", .inconclusive, samples: 0)
        let each = query("{{ backend }}")
        let peaks = await ask(oracle, [each])
        await oracle.set("be_api", .pass, 1)
        let later = await ask(oracle, [each], after: peaks)
        #expect(await oracle.asked.sorted() == ["be_api", "be_api", "be_shop", "be_shop"])
        #expect(later.unknown(at: all[2]) == nil)

        let silent = Oracle()
        let many = (0..<50).map { Self.place("edge-1", "be_\($0)") }
        var none = MeasuredPeaks()
        await none.ask(silent, [each], at: many, Direction(from: .blue), [:])
        #expect(await silent.asked.count == 8)
        #expect(many.allSatisfy { none.unknown(at: $0) == "no answer" })
    }
}
