import Engine
import Migration
import Operations
import Synchronization
import Testing
import Waiting

@Suite("A whole run")
struct WholeRunTests {
    @Test("moves the traffic, then takes the old color down")
    func cleanRun() async throws {
        let run = SimulatedRun()
        let state = try await run.engine().perform(opening: SimulatedRun.start)
        #expect(state.status == .done)
        #expect(violations(of: state, run.plan).isEmpty)
        for name in ["edge-1", "edge-2"] {
            let weights = await run.world.weights(on: LoadBalancerID(name))
            #expect(weights == ["blue-1": 0, "blue-2": 0, "green-1": 100, "green-2": 100])
        }
        #expect(await run.world.servers[.blue]?.isEmpty == true)
        #expect(await run.world.services[.green]?.count == 2)
    }

    @Test("raises the new color on every load balancer before it lowers the old one on any")
    func raisesFirst() async throws {
        let run = SimulatedRun()
        _ = try await run.engine().perform(opening: SimulatedRun.start)
        let log = await run.world.log
        for (raised, lowered) in [(10, 90), (50, 50), (100, 0)] {
            let raises = log.indices.filter { log[$0].contains("green") && log[$0].hasSuffix("weight(\(raised))") }
            let lowers = log.indices.filter { log[$0].contains("blue") && log[$0].hasSuffix("weight(\(lowered))") }
            #expect(raises.count == 4)
            #expect(lowers.count == 4)
            #expect(try #require(raises.last) < #require(lowers.first))
        }
    }

    @Test("makes servers of the new color ready only once their weight is 0, which maintenance ignores")
    func readyAtZero() async throws {
        let run = SimulatedRun()
        await run.world.change { state in
            for index in 2...3 {
                state.backends["be_web"]!.servers[index].administration = .maint
                state.backends["be_web"]!.servers[index].weight = 100
            }
        }
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .cutOver)
        for name in ["edge-1 be_web/green-1 ", "edge-2 be_web/green-2 "] {
            let changes = await run.world.log.filter { $0.hasPrefix(name) }.map { String($0.dropFirst(name.count)) }
            let zero = try #require(changes.firstIndex(of: "weight(0)"), "\(changes)")
            let ready = try #require(changes.firstIndex { $0.hasSuffix("ready)") }, "\(changes)")
            #expect(zero < ready)
            #expect(changes.first?.hasSuffix("drain)") == true)
        }
    }

    @Test("touches nothing of the old color before drain is over")
    func oldColorUntouched() async throws {
        let run = SimulatedRun()
        let state = try await run.engine().perform(opening: SimulatedRun.start, until: .soak)
        let log = await run.world.log
        #expect(!log.contains { $0.contains("in blue") || $0 == "destroy blue" })
        guard case .halted(let failure) = state.status else {
            Issue.record("not halted: \(state.status)")
            return
        }
        #expect(failure.summary == "Stopped after soak, as asked")
        let end = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"))
        #expect(end.status == .done)
    }

    @Test("killed at any append and resumed, ends as it would have, with nothing done twice")
    func killedAnywhere() async throws {
        let clean = SimulatedRun()
        _ = try await clean.engine().perform(opening: SimulatedRun.start)
        let appends = await clean.journal.events.count
        let wanted = await clean.world.weights(on: "edge-1")
        await withTaskGroup(of: Void.self) { group in
            for count in 0..<appends {
                if count >= 8 { await group.next() }
                group.addTask { await resumes(afterDeathAtAppend: count, endingWith: wanted) }
            }
        }
    }

    private func resumes(afterDeathAtAppend count: Int, endingWith wanted: [String: Int]) async {
        let run = SimulatedRun()
        await run.journal.dieAfter(appends: count)
        // How often a wait is told differs from run to run, so that the last few counts may lie past the end.
        let ended = try? await run.engine().perform(opening: SimulatedRun.start)
        guard ended == nil else { return }
        await run.journal.dieAfter(appends: nil)
        let opening = await run.journal.events.isEmpty ? SimulatedRun.start : .runResumed(by: "test")
        guard let state = try? await run.engine(epoch: 2).perform(opening: opening) else {
            Issue.record("the resumed run failed, killed at append \(count)")
            return
        }
        #expect(state.status == .done, "killed at append \(count)")
        #expect(violations(of: state, run.plan).isEmpty, "killed at append \(count)")
        #expect(await run.world.weights(on: "edge-1") == wanted, "killed at append \(count)")
        let log = await run.world.log
        #expect(log.count { $0 == "launch /shop/web in green" } == 1, "killed at append \(count)")
        #expect(log.count { $0 == "destroy blue" } == 1, "killed at append \(count)")
    }
}

@Suite("When the cutover goes wrong")
struct CutOverFailureTests {
    private let errors = [Analysis.loadBalancers(.init(errorRate: Percent("1%"), minRequests: 10))]

    @Test("errors in the new color send all traffic back before the run halts")
    func errorsReturnTraffic() async throws {
        let run = SimulatedRun(analysis: errors)
        await run.world.fail { $0.errorRate[.green] = 0.2 }
        let state = try await run.engine().perform(opening: SimulatedRun.start)
        guard case .halted(let failure) = state.status else {
            Issue.record("not halted: \(state.status)")
            return
        }
        // The step judges; between two steps the watch over the run does, and says where in other words.
        let place = failure.summary.replacing("green failed the gate errorRate ", with: "")
        #expect(["at 10 %", "in cutOver"].contains(place), "\(failure.summary)")
        #expect(state.traffic.verified == Percent.none)
        for name in ["edge-1", "edge-2"] {
            let weights = await run.world.weights(on: LoadBalancerID(name))
            #expect(weights["green-1"] == 0)
            #expect(weights["blue-1"] == 100)
            let log = await run.world.log.filter { $0.hasPrefix(name) }
            let raises = log.indices.filter { log[$0].contains("blue-") && log[$0].hasSuffix("weight(100)") }
            let lowers = log.indices.filter { log[$0].contains("green-") && log[$0].hasSuffix("weight(0)") }
            #expect(raises.count == 2 && lowers.count == 2)
            #expect(try #require(raises.last) < #require(lowers.first))
        }
    }

    @Test("a resume after that starts the cutover again and ends well once the errors are gone")
    func resumesAnew() async throws {
        let run = SimulatedRun(analysis: errors)
        await run.world.fail { $0.errorRate[.green] = 0.2 }
        _ = try await run.engine().perform(opening: SimulatedRun.start)
        await run.world.fail { $0.errorRate = [:] }
        let state = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"))
        #expect(state.status == .done)
    }

    @Test("a load balancer that is down leaves no half flip on the other, and is named")
    func oneLoadBalancerDown() async throws {
        let run = SimulatedRun()
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .serviceGate)
        await run.world.fail { $0.loadBalancersDown = ["edge-2"] }
        let state = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"))
        guard case .halted(let failure) = state.status else {
            Issue.record("not halted: \(state.status)")
            return
        }
        #expect(failure.description.contains("edge-2"))
        #expect(failure.description.contains("connection refused"))
        let weights = await run.world.weights(on: "edge-1")
        #expect(weights["green-1"] == 0)
        #expect(weights["blue-1"].map { $0 > 0 } == true)
    }

    @Test("a color is lowered in no process that does not have what the other one was raised by")
    func reloadedInFlip() async throws {
        let run = SimulatedRun {
            $0.gates.cutOver.steps = [(10, 300), (50, 20), (100, 20)].map {
                .init(share: Percent($0), bake: Period(milliseconds: Int64($1)))
            }
        }
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start, until: .cutOver) }
        try await eventually { await engine.state.traffic.verified == Percent(10) }
        await run.world.fail { $0.reloadedAfterRaise = "edge-1" }
        let state = try await task.value
        #expect(try state.halt().summary == "Stopped after cutOver, as asked")
        #expect(await run.world.log.contains("edge-1 is reloaded"))
        #expect(await run.world.leastWeight == ["edge-1": 200, "edge-2": 200])
        #expect(await run.world.weights(on: "edge-1") == ["blue-1": 0, "blue-2": 0, "green-1": 100, "green-2": 100])
    }

    @Test("weights that a reload forgot are put back while the run owns them")
    func reload() async throws {
        let run = SimulatedRun(deadline: .seconds(120)) {
            $0.gates.cutOver.steps = [.init(share: .all, bake: .seconds(60))]
        }
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await eventually { await engine.state.traffic.verified == .all }
        await run.world.forgetWeights(on: "edge-1")
        try await eventually {
            await run.journal.events.contains { if case .trafficDriftCorrected = $0.kind { true } else { false } }
        }
        #expect(await run.world.weights(on: "edge-1")["green-1"] == 100)
        #expect(await run.world.weights(on: "edge-1")["blue-1"] == 0)
        await engine.interrupt(.cancelled)
        let state = try await task.value
        #expect(state.status == .halted(.cancelled))
        let told = await run.journal.events.compactMap { event -> String? in
            switch event.kind {
            case .trafficDriftDetected(let name, _): "\(name) disturbed"
            case .trafficDriftCorrected(let name, _): "\(name) restored"
            default: nil
            }
        }
        #expect(told == ["edge-1 disturbed", "edge-1 restored"])
    }
}

@Suite("A run that another process took over")
struct TakeOverTests {
    @Test("is left at once by the process that had it, also while it only waits")
    func leftWhileWaiting() async throws {
        let run = SimulatedRun(deadline: .hours(2)) { $0.gates.service.healthyFor = .hours(1) }
        await run.journal.acquire(epoch: 1)
        let engine = run.engine(epoch: 1)
        let end = Mutex<Result<RunState, Failure>?>(nil)
        let stale = Task {
            let result: Result<RunState, Failure>
            do throws(Failure) {
                result = .success(try await engine.perform(opening: SimulatedRun.start))
            } catch {
                result = .failure(error)
            }
            end.withLock { $0 = result }
        }
        try await eventually { await run.journal.events.contains(where: \.waitsForHealth) }
        await run.journal.acquire(epoch: 2)
        try await eventually("it leaves the run", within: .seconds(30)) { end.withLock { $0 != nil } }
        await stale.value
        let failure = #expect(throws: Failure.self) { try end.withLock { $0 }?.get() }
        #expect(failure?.kind == .refused)
    }
}

extension Event {
    fileprivate var waitsForHealth: Bool {
        if case .stepWaiting("health", _) = kind { true } else { false }
    }
}

@Suite("The way back")
struct RollbackTests {
    @Test("a service that never gets healthy halts at its deadline, named; rollback removes the new color")
    func sickService() async throws {
        let run = SimulatedRun(deadline: .seconds(5))
        await run.world.fail { $0.sickServices = ["/shop/web"] }
        let state = try await run.engine().perform(opening: SimulatedRun.start)
        guard case .halted(let failure) = state.status else {
            Issue.record("not halted: \(state.status)")
            return
        }
        #expect(failure.description.contains("/shop/web: 0 of 2 healthy"))
        _ = try await run.journal.append([.rollbackRequested(by: "test")], run: "r-1", epoch: nil, at: WallClock().now)
        let end = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"))
        #expect(end.status == .rolledBack)
        #expect(await run.world.servers[.green]?.isEmpty == true)
        #expect(await run.world.weights(on: "edge-1")["blue-1"] == 100)
        let log = await run.world.log
        #expect(
            try #require(log.firstIndex(of: "stop /shop/web in green"))
                < #require(log.firstIndex(of: "stop /shop/db in green")))
        #expect(log.last == "destroy green")
    }

    @Test("from soak, the traffic goes back first, and only then the new color is taken down")
    func fromSoak() async throws {
        let run = SimulatedRun()
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .soak)
        _ = try await run.journal.append([.rollbackRequested(by: "test")], run: "r-1", epoch: nil, at: WallClock().now)
        let state = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"))
        #expect(state.status == .rolledBack)
        let log = await run.world.log
        let back = try #require(log.lastIndex { $0.contains("blue") && $0.contains("weight(100)") })
        let dark = try #require(log.lastIndex { $0.contains("green") && $0.contains("weight(0)") })
        let stopped = try #require(log.firstIndex { $0.hasPrefix("stop") })
        #expect(back < dark)
        #expect(dark < stopped)
    }

    @Test("an abort gives the traffic back and leaves the new color as it is")
    func abort() async throws {
        let run = SimulatedRun(deadline: .seconds(120)) { $0.soak = .seconds(60) }
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await eventually { await engine.state.phase == .soak }
        _ = try await run.journal.append([.abortRequested(by: "test")], run: "r-1", epoch: nil, at: WallClock().now)
        let state = try await task.value
        #expect(state.status == .aborted)
        #expect(await run.world.weights(on: "edge-2")["blue-2"] == 100)
        #expect(await run.world.services[.green]?.count == 2)
    }
}

@Suite("Moving back to a color that was in maintenance")
struct MaintenanceTests {
    @Test("lets the load balancers check its servers, so that probes find them")
    func probesFindServers() async throws {
        let run = SimulatedRun {
            $0.gates.service.probes = [Probe(.http(url: nil, path: "/health", expect: 200))]
        }
        for name in ["edge-1", "edge-2"] {
            for server in ["green-1", "green-2"] {
                try await run.world.apply(
                    [ServerChange(backend: "be_web", server: server, change: .administration(.maint))],
                    on: LoadBalancerID(name), epoch: 0)
            }
        }
        let state = try await run.engine().perform(opening: SimulatedRun.start)
        #expect(state.status == .done)
    }
}
