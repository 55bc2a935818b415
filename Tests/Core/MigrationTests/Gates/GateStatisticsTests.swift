import Foundation
import Testing

@testable import Migration

/// How often the gate takes two equal sides for different ones, and how soon it finds a color that fails. The seeds are
/// always the same; `RZ_GATE_RUNS` takes more of them, and the table of docs/verification.md is made with 500.
@Suite("The statistics of the gate")
struct GateStatisticsTests {
    private static let runs = ProcessInfo.processInfo.environment["RZ_GATE_RUNS"].flatMap { Int($0) } ?? 12
    private static let limit = Percent(thousandths: 100)

    @Test(
        "take equal sides for different ones in at most one cutover of a hundred",
        arguments: [(50.0, 0.0005), (50, 0.001), (500, 0.0005), (500, 0.001)])
    func falseAlarms(rate: Double, errors: Double) {
        var alarms = 0
        for seed in 0..<Self.runs {
            var cutover = Cutover(rate: rate, errors: [.blue: errors, .green: errors], seed: UInt64(seed))
            if cutover.alarm(Self.limit) != nil { alarms += 1 }
        }
        print("false alarms: \(rate)/s, \(errors * 100) % errors on both sides: \(alarms) of \(Self.runs)")
        #expect(Double(alarms) <= Double(Self.runs) / 100)
    }

    @Test("find a color that fails one of a hundred requests", arguments: [50.0, 500])
    func power(rate: Double) {
        var seconds: [Double] = []
        for seed in 0..<Self.runs {
            var cutover = Cutover(rate: rate, errors: [.blue: 0, .green: 0.01], seed: UInt64(seed))
            if let alarm = cutover.alarm(Self.limit) { seconds.append(alarm) }
        }
        seconds.sort()
        #expect(seconds.count == Self.runs)
        guard let last = seconds.last else { return }
        print("power: \(rate)/s, 1 % errors found after \(seconds[seconds.count / 2]) s, at most \(last) s")
    }

    @Test(
        "take sides for different ones that are as far apart as they may be in at most one cutover of a hundred",
        arguments: [(50.0, 0.05, 0.05), (50, 0.05, 0.07), (500, 0.05, 0.07), (500, 0.001, 0.021)])
    func falseAlarmsBeside(rate: Double, old: Double, new: Double) {
        let limits = Analysis.LoadBalancers(
            classes: [.clientErrors: ErrorLimit(maxAboveLive: Percent(thousandths: new > old ? 2000 : 0))])
        var alarms = 0
        for seed in 0..<Self.runs {
            var cutover = Cutover(rate: rate, clientErrors: [.blue: old, .green: new], seed: UInt64(seed))
            if cutover.alarm(limits) != nil { alarms += 1 }
        }
        print("false alarms: \(rate)/s, \(old * 100) % and \(new * 100) % of 4xx: \(alarms) of \(Self.runs)")
        #expect(Double(alarms) <= Double(Self.runs) / 100)
    }

    @Test("find a color that answers twice as many requests with 4xx as the old one", arguments: [50.0, 500])
    func powerBeside(rate: Double) {
        let limits = Analysis.LoadBalancers(classes: [.clientErrors: ErrorLimit(maxAboveLive: Percent(2))])
        var seconds: [Double] = []
        for seed in 0..<Self.runs {
            var cutover = Cutover(rate: rate, clientErrors: [.blue: 0.05, .green: 0.1], seed: UInt64(seed))
            if let alarm = cutover.alarm(limits) { seconds.append(alarm) }
        }
        seconds.sort()
        #expect(seconds.count == Self.runs)
        guard let last = seconds.last else { return }
        print("power: \(rate)/s, 10 % of 4xx found after \(seconds[seconds.count / 2]) s, at most \(last) s")
    }

    @Test("know as much of two sides as of one where the other is known for sure, and less where it is not")
    func beside() {
        let sure = Evidence(of: 30, in: 100, above: 0.12).strength
        let known = Evidence(of: 30, in: 100, beside: 100_000, in: 1_000_000, margin: 0.02).strength
        #expect(abs(sure - known) < 0.05)
        let little = Evidence(of: 30, in: 100, beside: 10, in: 100, margin: 0.02).strength
        #expect(little > 0 && little < known)
        #expect(Evidence(of: 12, in: 100, beside: 10, in: 100, margin: 0.02).strength == 0)
        #expect(Evidence(of: 0, in: 0, beside: 0, in: 0, margin: 0).strength == 0)
        #expect(Evidence(of: 100, in: 100, beside: 0, in: 1000, margin: 0).isClear)
        #expect(Evidence(of: 100, in: 100, beside: 0, in: 1000, margin: 0.5).isClear)
        #expect(Evidence(of: 100, in: 100, beside: 5, in: 1000, margin: 1).strength == 0)
        #expect(Evidence(of: 300, in: 100, beside: 0, in: 1000, margin: 0.1).strength.isFinite)
    }

    @Test("need no more than a few answers where all of them fail")
    func total() {
        #expect(Evidence(of: 2, in: 2, above: 0.001).isClear)
        #expect(Evidence(of: 3, in: 3, above: 0.01).isClear)
        #expect(!Evidence(of: 3, in: 3, above: 0.05).isClear && Evidence(of: 4, in: 4, above: 0.05).isClear)
        #expect(!Evidence(of: 1, in: 10, above: 0.001).isClear && Evidence(of: 1, in: 10, above: 0.001).isSuspicious)
        #expect(Evidence(of: 1, in: 1000, above: 0.001).strength == 0)
        #expect(Evidence(of: 1, in: 10_000, above: 0).isClear && Evidence(of: 0, in: 10, above: 0).strength == 0)
        #expect(!Evidence(of: 5, in: 5, above: 1).isClear)
    }
}

/// A cutover of one backend on two load balancers, as the example environment has it: 1 % for a minute, 10 % and 50 % for
/// two, 100 % for five, looked at twice a second.
private struct Cutover {
    let rate: Double
    let errors: [Color: Double]
    let clientErrors: [Color: Double]
    private var random: SeededGenerator
    private var counters: [LoadBalancerID: [Color: ServerCounters]] = [:]
    private let rule = TrafficRule(backend: "be", servers: [.blue: "blue", .green: "green"])
    private let names: [LoadBalancerID] = ["edge-1", "edge-2"]

    init(rate: Double, errors: [Color: Double] = [:], clientErrors: [Color: Double] = [:], seed: UInt64) {
        self.rate = rate
        self.errors = errors
        self.clientErrors = clientErrors
        random = SeededGenerator(seed: seed)
    }

    /// After how many seconds the gate is sure; nil if it never is.
    mutating func alarm(_ limit: Percent) -> Double? { alarm(.init(errorRate: limit)) }

    mutating func alarm(_ limits: Analysis.LoadBalancers) -> Double? {
        var tally = TrafficTally(rules: [rule])
        var time = Period.zero
        for name in names { tally.add(state(name), of: name, at: time) }
        let targets = TrafficTargets(
            found: FoundTraffic(
                TrafficObservation(time: Instant(milliseconds: 0), states: tally.states), [rule]),
            rules: [rule], direction: Direction(from: .blue), minHealthy: 1)
        for (share, seconds) in [(1, 60), (10, 120), (50, 120), (100, 300)] {
            tally.beginStep()
            for name in names { tally.add(state(name), of: name, at: time) }
            for _ in 0..<(seconds * 2) {
                time = time + Period(milliseconds: 500)
                for name in names {
                    serve(Double(share) / 100, on: name)
                    tally.add(state(name), of: name, at: time)
                }
                let findings = TrafficJudgement(tally, targets, share: Percent(share), now: time)
                    .findings([.loadBalancers(limits)])
                if findings.contains(where: { $0.sample.verdict == .fail }) { return time.seconds }
            }
        }
        return nil
    }

    private mutating func serve(_ share: Double, on name: LoadBalancerID) {
        for color in Color.allCases {
            let part = color == .green ? share : 1 - share
            let asked = poisson(rate / 2 / Double(names.count) * part)
            var now = counters[name, default: [:]][color] ?? ServerCounters()
            now.requests += asked
            now.begun += asked
            for _ in 0..<asked {
                if Double.random(in: 0..<1, using: &random) < errors[color] ?? 0 { now.errors += 1 }
                guard let rate = clientErrors[color] else { continue }
                if Double.random(in: 0..<1, using: &random) < rate { now.clientErrors += 1 }
            }
            counters[name, default: [:]][color] = now
        }
    }

    /// Knuth's method, in parts that no exponential makes 0.
    private mutating func poisson(_ mean: Double) -> Int {
        guard mean > 0 else { return 0 }
        if mean > 30 { return poisson(mean / 2) + poisson(mean / 2) }
        var (count, product) = (0, Double.random(in: 0..<1, using: &random))
        let least = exp(-mean)
        while product > least {
            count += 1
            product *= Double.random(in: 0..<1, using: &random)
        }
        return count
    }

    private func state(_ name: LoadBalancerID) -> LoadBalancerState {
        let servers = Color.allCases.map { color in
            ServerState(
                name: color.rawValue, address: color == .blue ? "10.0.0.1:80" : "10.0.0.2:80", weight: 100,
                counters: counters[name]?[color] ?? ServerCounters())
        }
        return LoadBalancerState(
            version: "2.6", backends: ["be": BackendState(servers: servers, counted: [.clientErrors])])
    }
}
