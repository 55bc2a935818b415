import Engine
import Migration
import Operations
import Testing
import Waiting

/// Invariant I3: quiet is seen, on every load balancer, old processes and queues included.
@Suite("The drain of the old color")
struct DrainTests {
    @Test("that reaches its deadline holds: who still talks to it is listed, and its users stay")
    func hold() async throws {
        let run = SimulatedRun { $0.drain.deadline = Period(milliseconds: 300) }
        await keepBusy(run) { $0.sessions = 2 }
        let failure = try await run.engine().perform(opening: SimulatedRun.start).halt()
        #expect(failure.summary == "blue is not quiet after 300ms")
        #expect(failure.details.contains("edge-1/be_web/blue-1: 2 sessions, 0 queued, 0/s"))
        #expect(
            failure.details.contains("edge-1 be_web/blue-1: frontend fe, 127.0.0.1:40000, for 9m, 100 B in, 2.0 kB out")
        )
        #expect(await run.world.weights(on: "edge-1")["green-1"] == 100)
        #expect(
            await !run.world.log.contains { $0.contains("shutdownSessions") || $0.contains("administration(maint)") })
    }

    @Test(
        "that is to be forced puts the servers into maintenance first, ends the sessions once and says whose they were")
    func force() async throws {
        let run = SimulatedRun {
            $0.drain.deadline = Period(milliseconds: 300)
            $0.drain.atDeadline = .force
        }
        await keepBusy(run) { $0.sessions = 2 }
        let state = try await run.engine().perform(opening: SimulatedRun.start)
        #expect(state.status == .done)
        let log = await run.world.log.filter { $0.hasPrefix("edge-1 be_web/blue-1 ") }
        let ends = log.indices.filter { log[$0].hasSuffix("shutdownSessions") }
        let maintenance = try #require(log.firstIndex { $0.contains("maint") })
        #expect(ends.count == 1)
        #expect(try maintenance < #require(ends.first))
        let told = await run.journal.events.compactMap { if case .noted(let text) = $0.kind { text } else { nil } }
        #expect(
            told.contains {
                $0.contains("edge-1 be_web/blue-1: frontend fe, 127.0.0.1:40000, for 9m, 100 B in, 2.0 kB out")
            })
    }

    @Test("that is to be rolled back takes the run back, traffic first")
    func rollback() async throws {
        let run = SimulatedRun {
            $0.drain.deadline = Period(milliseconds: 300)
            $0.drain.atDeadline = .rollback
        }
        await keepBusy(run) { $0.sessions = 2 }
        let state = try await run.engine().perform(opening: SimulatedRun.start)
        #expect(state.status == .rolledBack)
        #expect(await run.world.weights(on: "edge-2")["blue-1"] == 100)
        #expect(await run.world.servers[.green]?.isEmpty == true)
    }

    @Test("has to be so before each service is stopped, however long the one before took")
    func beforeEachStop() async throws {
        let run = SimulatedRun(deadline: .seconds(120))
        await run.world.fail { $0.slowStops = ["/shop/web"] }
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await eventually { await engine.state.steps.values.contains { $0.message == "/shop/web to stop" } }
        await keepBusy(run) { $0.sessions = 2 }
        await run.world.fail { $0.slowStops = [] }
        let failure = try await task.value.halt()
        // Quiet has to be proved again, which is not to be had.
        #expect(failure.summary == "blue is not quiet after 5s")
        let stopped = await run.world.log.filter { $0.hasPrefix("stop ") }
        #expect(stopped.count <= 1 && !stopped.contains { $0.contains("/shop/db") }, "\(stopped)")
    }

    @Test("is not over by a look that lasts so long that a reload may have let users in meanwhile")
    func lateLook() async throws {
        let run = SimulatedRun(deadline: .seconds(120)) {
            $0.drain.quiet = .seconds(2)
            $0.drain.deadline = .seconds(60)
        }
        let (engine, task) = try await slowedDown(run, at: "2s of quiet")
        try await eventually {
            await engine.state.steps.values.contains { $0.message == "answers of all load balancers within 2s" }
        }
        #expect(await engine.state.traffic.quietSince == nil)
        await run.world.fail { $0.slowLooks = [] }
        #expect(try await task.value.status == .done)
    }

    @Test("says at its deadline that such looks prove nothing")
    func lateLooks() async throws {
        let run = SimulatedRun(deadline: .seconds(120)) {
            $0.drain.quiet = .seconds(2)
            $0.drain.deadline = .seconds(3)
        }
        let failure = try await slowedDown(run, at: "2s of quiet").task.value.halt()
        #expect(failure.summary == "blue looks quiet, but the load balancers take too long to say so")
    }

    /// Has each look at a load balancer take long once a step waits for something.
    private func slowedDown(
        _ run: SimulatedRun, at message: String
    ) async throws -> (engine: Engine, task: Task<RunState, any Error>) {
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await eventually { await engine.state.steps.values.contains { $0.message == message } }
        await run.world.fail { $0.slowLooks = ["edge-1"] }
        return (engine, task)
    }

    @Test("is not over while requests wait in a queue", arguments: [true, false])
    func queue(isQueue: Bool) async throws {
        let run = SimulatedRun { $0.drain.deadline = Period(milliseconds: 300) }
        await keepBusy(run) { if isQueue { $0.queued = 1 } else { $0.rate = 1 } }
        let failure = try await run.engine().perform(opening: SimulatedRun.start).halt()
        #expect(failure.summary == "blue is not quiet after 300ms")
    }

    @Test("of users who are to move between two requests begins with maintenance, and ends no session")
    func leave() async throws {
        let run = SimulatedRun { $0.traffic[0].persistence = .leave }
        await keepBusy(run) { $0.rate = 4 }
        let state = try await run.engine().perform(opening: SimulatedRun.start, until: .drain)
        #expect(try state.halt().summary == "Stopped after drain, as asked")
        let log = await run.world.log
        #expect(log.contains { isTakenOut($0) }, "\(log)")
        #expect(!log.contains { $0.contains("shutdownSessions") })
    }

    @Test("of such users waits for sessions that last, and lists them")
    func leaveLong() async throws {
        let run = SimulatedRun {
            $0.traffic[0].persistence = .leave
            $0.drain.deadline = Period(milliseconds: 300)
        }
        await keepBusy(run) { $0.sessions = 1 }
        let failure = try await run.engine().perform(opening: SimulatedRun.start).halt()
        #expect(failure.summary == "blue is not quiet after 300ms")
        #expect(failure.details.contains { $0.hasPrefix("edge-1 be_web/blue-1: frontend fe, 127.0.0.1:40000") })
    }

    @Test("takes users out again whom a reload lets in", arguments: [TrafficRule.Persistence.leave, .cut])
    func letInAgain(persistence: TrafficRule.Persistence) async throws {
        let run = SimulatedRun {
            $0.traffic[0].persistence = persistence
            $0.drain.quiet = .seconds(2)
        }
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start, until: .drain) }
        try await eventually {
            await run.world.log.contains { isTakenOut($0) }
        }
        await run.world.change {
            $0.backends["be_web"]!.servers[0].administration = .ready
            $0.backends["be_web"]!.servers[0].counters.rate = 4
        }
        #expect(try await task.value.halt().summary == "Stopped after drain, as asked")
        let times = await run.world.log.count { isTakenOut($0) }
        #expect(times > 1)
    }

    @Test("of users who are to be moved begins with maintenance and the end of their sessions")
    func cut() async throws {
        let run = SimulatedRun { $0.traffic[0].persistence = .cut }
        await keepBusy(run) { $0.sessions = 3 }
        let state = try await run.engine().perform(opening: SimulatedRun.start, until: .drain)
        #expect(try state.halt().summary == "Stopped after drain, as asked")
        #expect(await run.world.log.contains("edge-1 be_web/blue-1 shutdownSessions"))
    }

    @Test("waits for the old process of a load balancer that was reloaded during the run and can't be asked")
    func reloaded() async throws {
        let run = SimulatedRun { $0.drain.deadline = Period(milliseconds: 500) }
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .cutOver)
        await run.world.change(["edge-2"]) {
            $0.oldWorkers = nil
            $0.process = LoadBalancerProcess(pid: 7, uptime: .zero)
        }
        let failure = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test")).halt()
        #expect(failure.summary == "blue is not quiet after 500ms")
        #expect(failure.details.contains { $0.hasPrefix("edge-2 was reloaded ") })
        let now = WallClock().now
        _ = try await run.journal.append(
            [.approvalGiven(step: "drain", by: "test")], run: "r-1", epoch: nil, at: now + .seconds(60))
        let state = try await run.engine(epoch: 3).perform(opening: .runResumed(by: "test"))
        #expect(state.status == .done)
    }

    @Test("waits for clients of a process from before a reload, whose next request may still come")
    func awaitedClients() async throws {
        let run = SimulatedRun { $0.drain.deadline = Period(milliseconds: 300) }
        await keepBusy(run) { $0.awaited = 2 }
        let failure = try await run.engine().perform(opening: SimulatedRun.start).halt()
        #expect(failure.summary == "blue is not quiet after 300ms")
        #expect(
            failure.details.contains(
                "edge-1/be_web/blue-1: 0 sessions, 0 queued, 0/s, 2 clients of a process from before a reload, between "
                    + "two requests"), "\(failure.details)")
    }

    @Test("takes a load balancer for reloaded that was started as the run began: its age has been rounded down")
    func justStarted() async throws {
        let run = SimulatedRun { $0.drain.deadline = Period(milliseconds: 300) }
        await run.world.change(["edge-2"]) {
            $0.oldWorkers = nil
            $0.process = LoadBalancerProcess(pid: 7, uptime: .zero)
        }
        let failure = try await run.engine().perform(opening: SimulatedRun.start).halt()
        #expect(failure.details.contains { $0.hasPrefix("edge-2 was reloaded ") })
    }

    @Test("takes no load balancer for reloaded that was once seen to be older than the run, however it rounds its age")
    func olderByMoments() async throws {
        let run = SimulatedRun {
            $0.drain.quiet = Period(milliseconds: 1500)
            $0.drain.deadline = .seconds(20)
        }
        await run.world.change(["edge-2"]) {
            $0.oldWorkers = nil
            // It stays at that until the run is older.
            $0.process = LoadBalancerProcess(pid: 7, uptime: .seconds(1))
        }
        let began = WallClock().now
        let state = try await run.engine().perform(opening: SimulatedRun.start)
        // On a machine too busy for that no look was early enough.
        #expect(state.status == .done || WallClock().now - began > .seconds(20))
    }

    @Test("waits no longer than an old process may live")
    func hardStop() async throws {
        let run = SimulatedRun { $0.drain.deadline = .seconds(20) }
        await run.world.change(["edge-2"]) {
            $0.oldWorkers = nil
            $0.process = LoadBalancerProcess(
                pid: 7, uptime: Period(milliseconds: 20), hardStopAfter: Period(milliseconds: 10))
        }
        let state = try await run.engine().perform(opening: SimulatedRun.start)
        #expect(state.status == .done)
    }

    private func isTakenOut(_ line: String) -> Bool {
        line.hasPrefix("edge-1 be_web/blue-1 administration(") && line.contains("maint")
    }

    @Test(
        "lasts, where nothing is counted, as long as someone may be there unseen, beyond the deadline of the drain, too"
    )
    func unseen() async throws {
        let run = SimulatedRun { $0.drain.deadline = Period(milliseconds: 300) }
        let length = Period(milliseconds: 1200)
        await run.world.change(["edge-2"]) { $0.unseenFor = length }
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .cutOver)
        let began = WallClock().now
        let state = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"), until: .drain)
        #expect(try state.halt().summary == "Stopped after drain, as asked")
        #expect(WallClock().now - began >= length)
        let notes = await run.journal.events.compactMap { event -> String? in
            if case .noted(let text) = event.kind { text } else { nil }
        }
        #expect(
            notes.contains(
                "blue counts as quiet on edge-2 once it has had no weight for 1s220ms: no one is counted there"))
    }

    /// Gives the old color's first server something that does not end by itself.
    private func keepBusy(_ run: SimulatedRun, _ counters: @Sendable (inout ServerCounters) -> Void) async {
        await run.world.change { counters(&$0.backends["be_web"]!.servers[0].counters) }
    }
}
