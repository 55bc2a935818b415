import Engine
import Migration
import Operations
import Testing
import Waiting

/// Invariant I12: what users get decides, as long as the run owns the traffic.
@Suite("A new color that fails after its last gate")
struct EffectTests {
    private let errors = [Analysis.loadBalancers(.init(errorRate: Percent(1), minRequests: 10))]

    @Test("in soak gives the traffic back, and nothing of the old color is stopped")
    func errorsInSoak() async throws {
        let run = SimulatedRun(analysis: errors, deadline: .seconds(120)) { $0.soak = .seconds(60) }
        let state = try await halted(run, in: .soak) { await $0.fail { $0.errorRate[.green] = 0.5 } }
        #expect(try state.halt().summary == "green failed the gate errorRate in soak")
        try await expectAllBack(run, state)
    }

    @Test("by dying in soak gives the traffic back, without any analysis configured")
    func deadInSoak() async throws {
        let run = SimulatedRun(deadline: .seconds(120)) { $0.soak = .seconds(60) }
        let state = try await halted(run, in: .soak) { world in
            await world.change { state in
                for index in state.backends["be_web"]!.servers.indices
                where state.backends["be_web"]!.servers[index].name.hasPrefix("green") {
                    state.backends["be_web"]!.servers[index].operation = .down
                }
            }
        }
        #expect(try state.halt().summary == "green failed the gate carries in soak")
        try await expectAllBack(run, state)
    }

    @Test("in a pause gives the traffic back")
    func errorsInPause() async throws {
        let run = SimulatedRun(analysis: errors, deadline: .seconds(120)) {
            $0.gates.cutOver.steps = [
                .init(share: Percent(50), bake: Period(milliseconds: 300)), .init(share: .all, bake: .zero),
            ]
        }
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await eventually { await engine.state.traffic.verified == Percent(50) }
        _ = try await run.journal.append([.pauseRequested(by: "test")], run: "r-1", epoch: nil, at: WallClock().now)
        try await eventually { await engine.state.status == .paused }
        await run.world.fail { $0.errorRate[.green] = 0.5 }
        let state = try await task.value
        #expect(try state.halt().summary == "green failed the gate errorRate in cutOver")
        try await expectAllBack(run, state)
    }

    @Test("is resumed at the cutover, which proves it again")
    func resumed() async throws {
        let run = SimulatedRun(analysis: errors, deadline: .seconds(120)) { $0.soak = .seconds(60) }
        _ = try await halted(run, in: .soak) { await $0.fail { $0.errorRate[.green] = 0.5 } }
        await run.world.fail { $0.errorRate = [:] }
        let before = await run.journal.events.count
        let state = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"), until: .drain)
        #expect(try state.halt().summary == "Stopped after drain, as asked")
        let shares = await run.journal.events.dropFirst(before).compactMap { event -> Percent? in
            if case .trafficVerified(let share, _) = event.kind { share } else { nil }
        }
        #expect(shares == [Percent(10), Percent(50), .all])
    }

    @Test("leaves no request waiting: the old color's servers take what waited for the new one")
    func queue() async throws {
        let run = SimulatedRun(analysis: errors, deadline: .seconds(120)) {
            $0.gates.cutOver.steps = [.init(share: .all, bake: .seconds(60))]
        }
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await eventually { await engine.state.traffic.verified == .all }
        await run.world.change { $0.backends["be_web"]!.own.queued = 20 }
        await run.world.fail { $0.errorRate[.green] = 0.5 }
        try await expectAllBack(run, try await task.value)
        for name in ["edge-1", "edge-2"] as [LoadBalancerID] {
            let backend = try #require(await run.world.loadBalancers[name]?.backends["be_web"])
            #expect(backend.own.queued == 0)
            #expect(backend.servers.map(\.administration) == [.ready, .ready, .ready, .ready])
        }
    }

    @Test("on one load balancer is found and returned there, while the other one stands still")
    func frozenNeighbour() async throws {
        let run = SimulatedRun(analysis: errors, deadline: .seconds(120)) {
            $0.soak = .seconds(60)
            $0.limits.returnFor = .seconds(6)
        }
        let state = try await halted(run, in: .soak) {
            await $0.fail {
                $0.errorRate[.green] = 0.5
                $0.loadBalancersFrozen = ["edge-2"]
            }
        }
        #expect(try state.halt().summary == "green failed the gate errorRate in soak")
        #expect(await run.world.weights(on: "edge-1") == ["blue-1": 100, "blue-2": 100, "green-1": 0, "green-2": 0])
        let failure = try #require(state.traffic.returnFailure)
        #expect(failure.details.contains("verified: edge-1"))
    }

    /// Performs the run, breaks the world once it is in a phase, and waits until it has halted.
    private func halted(
        _ run: SimulatedRun, in phase: PhaseID, _ breaks: @Sendable (SimulatedWorld) async -> Void
    ) async throws -> RunState {
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await eventually { await engine.state.phase == phase }
        await breaks(run.world)
        return try await task.value
    }

    private func expectAllBack(_ run: SimulatedRun, _ state: RunState) async throws {
        #expect(state.traffic.verified == Percent.none)
        for name in ["edge-1", "edge-2"] as [LoadBalancerID] {
            #expect(await run.world.weights(on: name) == ["blue-1": 100, "blue-2": 100, "green-1": 0, "green-2": 0])
        }
        #expect(await !run.world.log.contains { $0.hasSuffix("in blue") || $0 == "destroy blue" })
    }
}

/// Invariant I13: what was found is what a return restores.
@Suite("The exact way back")
struct ExactReturnTests {
    @Test("keeps uneven weights in proportion on the way there, and restores each to the number")
    func unevenWeights() async throws {
        let run = SimulatedRun()
        await run.world.change { $0.backends["be_web"]!.servers[0].weight = 200 }
        await run.world.change { $0.backends["be_web"]!.servers[1].weight = 50 }
        let half = try await run.engine().perform(opening: SimulatedRun.start, until: .soak)
        #expect(half.traffic.verified == .all)
        let log = await run.world.log
        #expect(log.contains("edge-1 be_web/blue-1 weight(100)") && log.contains("edge-1 be_web/blue-2 weight(25)"))
        try await rollBack(run)
        #expect(await run.world.weights(on: "edge-1")["blue-1"] == 200)
        #expect(await run.world.weights(on: "edge-2")["blue-2"] == 50)
    }

    @Test(
        "leaves out what a person took out before the run",
        arguments: [ServerState.Administration.maint, .drain])
    func takenOut(administration: ServerState.Administration) async throws {
        let run = SimulatedRun()
        await run.world.change { $0.backends["be_web"]!.servers[1].administration = administration }
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .soak)
        try await rollBack(run)
        let servers = await run.world.loadBalancers["edge-1"]?.backends["be_web"]?.servers
        let taken = try #require(servers?.first { $0.name == "blue-2" })
        #expect(taken.administration == administration)
        #expect(taken.weight == 100)
        #expect(await !run.world.log.contains { $0.contains("/blue-2 ") })
    }

    @Test("does not lower the new color for an old one that no one has asked and that does not answer")
    func deadOldColor() async throws {
        let run = SimulatedRun { $0.limits.returnFor = .seconds(1) }
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .soak)
        await run.world.fail {
            $0.checksAreSlow = true
            $0.deadAddresses = ["127.0.11."]
        }
        _ = try await run.journal.append([.rollbackRequested(by: "test")], run: "r-1", epoch: nil, at: WallClock().now)
        let state = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"))
        let failure = try state.halt()
        #expect(failure.summary == "The traffic is not verified to be back on 2 of 2 load balancers")
        #expect(failure.description.contains("edge-1/be_web: 0 servers of blue serve, needs 1"))
        #expect(await run.world.weights(on: "edge-1")["green-1"] == 100)
        #expect(await !run.world.log.contains("destroy green"))
    }

    @Test("counts an old color that no check has asked yet once it answers rz itself")
    func askedByRz() async throws {
        let run = SimulatedRun()
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .soak)
        await run.world.fail { $0.checksAreSlow = true }
        try await rollBack(run)
        #expect(await run.world.weights(on: "edge-1")["blue-1"] == 100)
    }

    @Test("takes each backend by itself: one whose old servers are dead keeps none of the others")
    func backendByBackend() async throws {
        let run = SimulatedRun {
            $0.traffic.append(TrafficRule(backend: "be_two", servers: [.blue: "blue-*", .green: "green-*"]))
            $0.limits.returnFor = .seconds(1)
        }
        await run.world.change { state in
            state.backends["be_two"] = state.backends["be_web"]
            for index in 0...3 { state.backends["be_two"]!.servers[index].operation = .up }
        }
        let moved = try await run.engine().perform(opening: SimulatedRun.start, until: .cutOver)
        #expect(moved.traffic.verified == .all)
        await run.world.change { state in
            for index in 0...1 { state.backends["be_two"]!.servers[index].operation = .down }
        }
        _ = try await run.journal.append([.abortRequested(by: "test")], run: "r-1", epoch: nil, at: WallClock().now)
        let state = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"))
        #expect(try state.halt().description.contains("edge-1/be_two: 0 servers of blue serve, needs 1"))
        #expect(await run.world.weights(on: "edge-1") == ["blue-1": 100, "blue-2": 100, "green-1": 0, "green-2": 0])
        let two = await run.world.loadBalancers["edge-1"]?.backends["be_two"]?.servers.filter {
            $0.name.hasPrefix("green")
        }
        #expect(two?.map(\.weight) == [100, 100])
    }

    @Test("leaves in maintenance whom a person put there during the run", arguments: [PhaseID.cutOver, .soak])
    func takenOutMeanwhile(last: PhaseID) async throws {
        let run = SimulatedRun()
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .serviceGate)
        let engine = run.engine(epoch: 2)
        _ = try await engine.perform(opening: .runResumed(by: "test"), until: .cutOver)
        await run.world.change { $0.backends["be_web"]!.servers[1].administration = .maint }
        if last != .cutOver {
            _ = try await run.engine(epoch: 3).perform(opening: .runResumed(by: "test"), until: last)
        }
        _ = try await run.journal.append([.rollbackRequested(by: "test")], run: "r-1", epoch: nil, at: WallClock().now)
        let state = try await run.engine(epoch: 4).perform(opening: .runResumed(by: "test"))
        #expect(state.status == .rolledBack)
        let servers = await run.world.loadBalancers["edge-1"]?.backends["be_web"]?.servers
        #expect(servers?.prefix(2).map(\.administration) == [.ready, .maint])
    }

    @Test("takes out again whom a reload put in that a person had taken out")
    func reloadPutsIn() async throws {
        let run = SimulatedRun(deadline: .seconds(120)) { $0.soak = .seconds(60) }
        await run.world.change { $0.backends["be_web"]!.servers[1].weight = 0 }
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await eventually { await engine.state.phase == .soak }
        await run.world.change(["edge-1"]) { $0.backends["be_web"]!.servers[1].weight = 100 }
        try await eventually { await run.world.weights(on: "edge-1")["blue-2"] == 0 }
        await engine.interrupt(.cancelled)
        _ = try await task.value
    }

    @Test("does not end while the old color has died after it: the new one stays up")
    func diedAfterReturn() async throws {
        let run = SimulatedRun()
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .cutOver)
        _ = try await run.journal.append([.abortRequested(by: "test")], run: "r-1", epoch: nil, at: WallClock().now)
        let aborted = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"))
        #expect(aborted.status == .aborted)
        await run.world.change { state in
            for index in 0...1 { state.backends["be_web"]!.servers[index].operation = .down }
        }
        _ = try await run.journal.append([.rollbackRequested(by: "test")], run: "r-1", epoch: nil, at: WallClock().now)
        let state = try await run.engine(epoch: 3).perform(opening: .runResumed(by: "test"))
        #expect(try state.halt().summary == "blue does not serve, so nothing of green is taken down")
        #expect(await run.world.services[.green]?.count == 2)
    }

    @Test("does not begin before the first touch while only the new color serves")
    func servesUntouched() async throws {
        let run = SimulatedRun()
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .serviceGate)
        await run.world.change { state in
            for index in 0...1 { state.backends["be_web"]!.servers[index].operation = .down }
            for index in 2...3 { state.backends["be_web"]!.servers[index].weight = 100 }
        }
        _ = try await run.journal.append([.rollbackRequested(by: "test")], run: "r-1", epoch: nil, at: WallClock().now)
        let state = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"))
        #expect(try state.halt().summary == "blue does not serve, so nothing of green is taken down")
        #expect(await run.world.services[.green]?.count == 2)
    }

    @Test("is written down before the first touch")
    func writtenDown() async throws {
        let run = SimulatedRun()
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .cutOver)
        let events = await run.journal.events
        let found = try #require(
            events.compactMap { if case .trafficFound(let found) = $0.kind { found } else { nil } }.first)
        #expect(found.server("blue-1", in: "be_web", on: "edge-2")?.weight == 100)
        #expect(found.servers.keys.sorted() == ["edge-1", "edge-2"])
        let first = try #require(events.firstIndex { if case .trafficFound = $0.kind { true } else { false } })
        let intended = try #require(events.firstIndex { if case .trafficIntended = $0.kind { true } else { false } })
        #expect(first < intended)
    }

    private func rollBack(_ run: SimulatedRun) async throws {
        _ = try await run.journal.append([.rollbackRequested(by: "test")], run: "r-1", epoch: nil, at: WallClock().now)
        let state = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"))
        #expect(state.status == .rolledBack)
    }
}
