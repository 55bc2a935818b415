import Migration
import Operations
import Testing

@Suite("Limits of a cutover")
struct LiftedLimitsTests {
    private let limits = Limits(
        minHealthy: 2, minHealthyPart: Percent(80), maxStep: Percent(20), headroom: 1.3, flipWithin: .seconds(10),
        windows: ChangeWindows(zone: "UTC"))

    private func plan(_ lifted: Limit...) -> Plan {
        let lifted = lifted.map { LiftedLimit($0, reason: "CHG 4711", by: "ada@ctl-1") }
        return Plan(
            id: "p",
            environment: Environment(name: "shop", approvals: [.tearDown: .waived(reason: "a test")], limits: limits),
            direction: Direction(from: .blue), createdAt: Instant(milliseconds: 0), source: PinnedSource(commit: nil),
            world: World(live: .blue, servers: [:], services: [:], backends: [:], configuration: ""),
            steps: [Plan.liftingStep(of: lifted, in: "preflight")].compactMap(\.self), lifted: lifted)
    }

    private func state(_ kinds: Event.Kind...) -> RunState {
        let opening = Event.Kind.runStarted(environment: "shop", plan: "p", from: .blue, to: .green, by: "ada@ctl-1")
        let events = ([opening] + kinds).enumerated().map { index, kind in
            Event(run: "r-1", sequence: index + 1, time: Instant(milliseconds: Int64(index)), kind: kind)
        }
        return RunState(run: "r-1", events: events)
    }

    private func yes(_ user: String) -> Event.Kind {
        .approvalGiven(step: "preflight/lift-limits", by: "\(user)@ctl-1", user: user, host: "ctl-1")
    }

    @Test("hold as the environment has them, without those that a plan lifts")
    func lifted() {
        #expect(plan().limits == limits)
        #expect(
            plan(.maxStep, .headroom).limits.words.map(\.text) == [
                "minHealthy 80%", "flipWithin 10s", "windows any time (UTC)",
            ])
        #expect(
            plan(.minHealthy, .flipWithin).limits.words.map(\.text) == [
                "maxStep 20%", "headroom 1.3", "windows any time (UTC)",
            ])
    }

    @Test("show change windows as they were written")
    func windows() {
        let nights = ChangeWindows(
            zone: "UTC",
            open: [
                .init([.tue, .mon], from: 22 * 60, to: 4 * 60 + 30),
                .init(Set(ChangeWindows.Weekday.allCases), from: 0, to: 24 * 60),
            ])
        #expect(nights.words == "Mon Tue 22:00–04:30, 00:00–24:00 (UTC)")
    }

    @Test("are lifted by two people, who may both count only once, whatever the environment waives")
    func people() {
        #expect(state().mayLift(plan()))
        #expect(!state().mayLift(plan(.maxStep)))
        #expect(!state(yes("ada"), yes("ada")).mayLift(plan(.maxStep)))
        #expect(state(yes("ada"), yes("bo")).mayLift(plan(.maxStep)))
    }

    @Test("are not lifted by a plan that asks no one")
    func unasked() {
        var edited = plan(.maxStep)
        edited.steps = []
        #expect(!state(yes("ada"), yes("bo")).mayLift(edited))
    }

    @Test("are compared by what they allow")
    func looser() {
        #expect(limits.looser(than: limits) == [])
        #expect(Limits().looser(than: limits) == Limit.allCases)
        #expect(limits.looser(than: Limits()) == [])
        var other = limits
        other.maxStep = Percent(21)
        other.flipWithin = .seconds(9)
        #expect(other.looser(than: limits) == [.maxStep])
    }

    @Test("are kept between two commands of a batch, too: on no way has the new color more than it is to have")
    func order() {
        let rule = TrafficRule(backend: "be", servers: [.blue: "blue-*", .green: "green-*"])
        func state(_ weights: [String: Int]) -> LoadBalancerState {
            LoadBalancerState(
                version: "2.6",
                backends: [
                    "be": BackendState(
                        servers: weights.sorted { $0.key < $1.key }.map {
                            ServerState(name: $0.key, address: "10.0.0.1:80", weight: $0.value)
                        })
                ])
        }
        for direction in [Direction(from: .blue), Direction(from: .green)] {
            // HAProxy's own weight is 1: a share of a tenth needs larger numbers in both colors.
            var weights = [
                "blue-1": direction.old == .blue ? 1 : 0, "green-1": direction.old == .green ? 1 : 0,
            ]
            let found = FoundTraffic(
                TrafficObservation(time: Instant(milliseconds: 0), states: ["edge-1": state(weights)]), [rule])
            let targets = TrafficTargets(found: found, rules: [rule], direction: direction, minHealthy: 1)
            for (share, most) in [(Percent(10), 0.11), (Percent.none, 0.11)] {
                for change in targets.changes(for: share, on: "edge-1", state(weights)) {
                    weights[change.server] = change.to
                    let part = Double(weights["\(direction.new)-1", default: 0])
                    #expect(part / Double(weights.values.reduce(0, +)) <= most, "\(change) towards \(share)")
                }
            }
        }
    }

    @Test("of healthy servers may be a part of those that served, rounded up, in the color that gains alone")
    func part() {
        let rule = TrafficRule(backend: "be", servers: [.blue: "blue-*", .green: "green-*"])
        func servers(_ color: Color, _ count: Int, weight: Int, up: Int) -> [ServerState] {
            (1...count).map { index in
                ServerState(
                    name: "\(color)-\(index)", address: "10.0.\(color == .blue ? 1 : 2).\(index):80", weight: weight,
                    operation: index <= up ? .up : .down)
            }
        }
        func state(up: Int) -> LoadBalancerState {
            LoadBalancerState(
                version: "2.6",
                backends: [
                    "be": BackendState(
                        servers: servers(.blue, 5, weight: 90, up: 2) + servers(.green, 5, weight: 10, up: up))
                ])
        }
        let before = LoadBalancerState(
            version: "2.6",
            backends: [
                "be": BackendState(
                    servers: servers(.blue, 5, weight: 100, up: 5) + servers(.green, 5, weight: 0, up: 5))
            ])
        let found = FoundTraffic(
            TrafficObservation(time: Instant(milliseconds: 0), states: ["edge-1": before]), [rule])
        let targets = TrafficTargets(
            found: found, rules: [rule], direction: Direction(from: .blue), minHealthy: 1, minHealthyPart: Percent(65))
        #expect(targets.neededOfNew(rule, on: "edge-1") == 4)
        #expect(targets.canServe(.green, rule, on: "edge-1", state(up: 4)))
        #expect(!targets.canServe(.green, rule, on: "edge-1", state(up: 3)))
        #expect(targets.carrying(.green, rule, at: Percent(10), on: "edge-1", state(up: 4)).isEnough)
        // Nothing of it keeps the traffic from going back.
        #expect(targets.carrying(.blue, rule, at: .none, on: "edge-1", before).needed == 1)
        #expect(targets.canServe(.blue, rule, on: "edge-1", state(up: 3)))
        let weights = targets.weights(for: Percent(1), rule, on: "edge-1", before)
        #expect(weights.new.values.count { $0 > 0 } >= 4)
    }
}
