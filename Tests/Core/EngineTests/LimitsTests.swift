import Engine
import Migration
import Operations
import Testing
import Waiting

/// What a run never crosses, whatever its steps say.
@Suite("A cutover under limits")
struct LimitsTests {
    @Test("undoes a flip that a slow load balancer keeps too long, and gives the traffic back")
    func slowFlip() async throws {
        let run = SimulatedRun { $0.limits.flipWithin = Period(milliseconds: 250) }
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await eventually { await engine.state.traffic.verified == Percent(10) }
        await run.world.fail { $0.slowChanges = ["edge-2"] }
        try await eventually("the flip to last longer than it may") {
            await run.world.slowSince.map { WallClock().uptime - $0 > Period(milliseconds: 250) } ?? false
        }
        await run.world.fail { $0.slowChanges = [] }
        let state = try await task.value
        let failure = try state.halt()
        #expect(failure.summary.hasPrefix("The flip took longer than limits.flipWithin allows"))
        #expect(failure.details.contains("The step was undone on every load balancer."))
        #expect(state.traffic.verified == Percent.none)
        let undone = await run.journal.events.contains { $0.kind == .trafficIntended(share: Percent(10)) }
        #expect(undone)
        for name in ["edge-1", "edge-2"] as [LoadBalancerID] {
            #expect(await run.world.weights(on: name) == ["blue-1": 100, "blue-2": 100, "green-1": 0, "green-2": 0])
        }
    }

    @Test("holds a raise that comes too soon, saying so, and gives traffic back without waiting")
    func tooSoon() async throws {
        let run = SimulatedRun(deadline: .seconds(120)) { $0.limits.maxStep = Percent(50) }
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await eventually {
            await engine.state.steps["shift-100%"]?.message.hasPrefix("limits.maxStep: at most 50 % more") == true
        }
        #expect(await engine.state.traffic.verified == Percent(50))
        _ = try await run.journal.append([.abortRequested(by: "test")], run: "r-1", epoch: nil, at: WallClock().now)
        let state = try await task.value
        #expect(state.status == .aborted)
        let events = await run.journal.events
        func last(_ isMeant: (Event.Kind) -> Bool) throws -> Instant {
            try #require(events.last { isMeant($0.kind) }).time
        }
        let raised = try last { if case .trafficVerified(Percent(50), _) = $0 { true } else { false } }
        let returned = try last { if case .trafficReturned = $0 { true } else { false } }
        #expect(returned < raised + .minutes(1), "before the next raise would have been allowed")
        #expect(await run.world.weights(on: "edge-1") == ["blue-1": 100, "blue-2": 100, "green-1": 0, "green-2": 0])
    }

    @Test("refuses a raise that is larger than the limit, however long it would wait")
    func tooLarge() async throws {
        let run = SimulatedRun { $0.limits.maxStep = Percent(30) }
        let state = try await run.engine().perform(opening: SimulatedRun.start)
        #expect(
            try state.halt().summary
                == "A step from 10 % to 50 % is more than limits.maxStep allows, which is 30 % a minute")
        #expect(state.traffic.verified == Percent.none)
    }

    @Test("gives no share to a color that is not proved to take the peak, and says what is missing")
    func headroom() async throws {
        let run = SimulatedRun { $0.limits.headroom = 1.3 }
        await run.world.change { $0.setLoad(limit: 60, peak: 100) }
        let failure = try await run.engine().perform(opening: SimulatedRun.start).halt()
        #expect(failure.summary == "green is not proved to take what blue had at its peak")
        #expect(failure.details.first?.hasPrefix("edge-1/be_web: 2 servers of green take 120 sessions") == true)
        #expect(await !run.world.log.contains { $0.contains("green") && $0.hasSuffix("weight(10)") })
    }

    private static let peak = PeakQuery(
        PrometheusQuery(
            name: "last hour", url: "http://127.0.0.1:9090", query: "{{ loadBalancer }} {{ backend }} {{ old }}",
            series: "up"))

    @Test("gives no share where a Prometheus reports a higher peak than the load balancers have counted")
    func measured() async throws {
        let run = SimulatedRun {
            $0.limits.headroom = 1.3
            $0.limits.peaks = [LimitsTests.peak]
        }
        await run.world.change { $0.setLoad(limit: 70, peak: 100) }
        await run.world.fail { $0.peaks = ["edge-1 be_web blue": 90, "edge-2 be_web blue": 120] }
        let failure = try await run.engine().perform(opening: SimulatedRun.start).halt()
        #expect(failure.summary == "green is not proved to take what blue had at its peak")
        #expect(
            failure.details.first
                == "edge-2/be_web: 2 servers of green take 140 sessions, and limits.headroom asks for 156: 1.3 times the "
                + "peak of 120, as last hour reports")
    }

    @Test("holds a raise as long as the Prometheus that is to report the peak is silent")
    func silent() async throws {
        let run = SimulatedRun(deadline: .seconds(60)) {
            $0.limits.headroom = 1.3
            $0.limits.peaks = [LimitsTests.peak]
        }
        await run.world.change { $0.setLoad(limit: 70, peak: 100) }
        await run.world.fail { $0.peaks = ["edge-1 be_web blue": 90] }
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await eventually {
            await engine.state.steps.values.contains {
                $0.message.hasSuffix("the peak that limits.headroom asks for is not known: last hour: no answer")
            }
        }
        #expect(await run.world.weights(on: "edge-1")["green-1"] == 0)
        await run.world.fail { $0.peaks["edge-2 be_web blue"] = 90 }
        #expect(try await task.value.status == .done)
    }

    @Test("waits for servers that are down where all together would take the peak")
    func waitsForServers() async throws {
        let run = SimulatedRun(deadline: .seconds(60)) { $0.limits.headroom = 1.3 }
        await run.world.change { $0.setLoad(limit: 70, peak: 100) }
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await eventually { await engine.state.traffic.verified == Percent(10) }
        await run.world.change { $0.set("green-2", .down) }
        try await eventually {
            await engine.state.steps.values.contains { $0.message.contains("1 server of green take 70 sessions") }
        }
        await run.world.change { $0.set("green-2", .up) }
        #expect(try await task.value.status == .done)
    }

    @Test("gives the traffic back where fewer servers are left than the part that must serve")
    func tooFewHealthy() async throws {
        let run = SimulatedRun(deadline: .seconds(120)) {
            $0.soak = .seconds(60)
            $0.limits.minHealthyPart = Percent(80)
        }
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await eventually { await engine.state.phase == .soak }
        await run.world.change { $0.set("green-2", .down) }
        let state = try await task.value
        #expect(try state.halt().summary == "green failed the gate carries in soak")
        #expect(state.traffic.verified == Percent.none)
    }

    @Test("lifts nothing that fewer than two people lifted, whatever the plan says")
    func unapproved() async throws {
        var run = SimulatedRun { $0.limits.maxStep = Percent(30) }
        run.plan.lifted = [LiftedLimit(.maxStep, reason: "hurry", by: "ada@ctl-1")]
        let state = try await run.engine().perform(opening: SimulatedRun.start)
        #expect(try state.halt().summary == "Limits are lifted that fewer than 2 people lifted")
    }

    @Test("goes without a limit that two people lifted")
    func lifted() async throws {
        var run = SimulatedRun { $0.limits.maxStep = Percent(30) }
        run.plan.lifted = [LiftedLimit(.maxStep, reason: "hurry", by: "ada@ctl-1")]
        let step = try #require(Plan.liftingStep(of: run.plan.lifted, in: .preflight))
        run.plan.steps.insert(step, at: 0)
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await eventually { await engine.state.steps[step.id]?.progress == .running }
        for user in ["ada", "bo"] {
            let yes = Event.Kind.approvalGiven(step: step.id, by: "\(user)@ctl-1", user: user, host: "ctl-1")
            _ = try await run.journal.append([yes], run: "r-1", epoch: nil, at: WallClock().now)
        }
        #expect(try await task.value.status == .done)
    }
}

extension LoadBalancerState {
    fileprivate mutating func setLoad(limit: Int, peak: Int) {
        backends["be_web"]?.load = BackendLoad(peakSessions: peak, peakRate: 10)
        for index in backends["be_web"]?.servers.indices ?? 0..<0 {
            backends["be_web"]?.servers[index].load = ServerLoad(limit: limit, peakSessions: 0, peakRate: 0)
        }
    }

    fileprivate mutating func set(_ server: String, _ operation: ServerState.Operation) {
        guard let index = backends["be_web"]?.servers.firstIndex(where: { $0.name == server }) else { return }
        backends["be_web"]?.servers[index].operation = operation
    }
}
