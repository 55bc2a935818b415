import Engine
import Migration
import Operations
import Planning
import Testing
import Waiting

@Suite("An old color that does not answer")
struct UnreachableColorTests {
    // MARK: - The plan

    @Test("is planned by what was kept of it, with two approvals, a fence, and what no one can verify")
    func plan() async throws {
        let dead = try await DeadBlue()
        let plan = dead.run.plan
        let unreachable = try #require(plan.unreachable)
        #expect(unreachable.keptAt == DeadBlue.keptAt)
        #expect(unreachable.silent == ["the framework"])
        #expect(plan.services.map(\.id) == ["/shop/db", "/shop/web"])
        #expect(plan.phases.map(\.id).suffix(2) == ["cutOver", "drain"])
        #expect(plan.step("cutOver/approval")?.action == .approval(ApprovalDemand(2), reason: "before cutOver"))
        #expect(plan.steps(in: .drain).map(\.action) == [.fence])
        #expect(plan.destruction == nil)
        #expect(unreachable.unverified.contains { $0.contains("the framework of blue does not answer (connection") })
        #expect(unreachable.unverified.contains("edge-1/be_web: 0 of 2 servers of blue are up"))
        #expect(unreachable.unverified.contains { $0.hasPrefix("what changed on blue since 2026-11-23T") })
        #expect(await dead.run.world.log.isEmpty, "a plan changes nothing")
        // What the run goes on with from another commit is the same.
        let planner = Planner(environment: plan.environment, runbook: .update, operation: Operation.rzUpdate)
        let moved = try planner.plan(
            plan, movedTo: plan.source, in: RunState(run: "r-1", phases: plan.phases),
            at: Instant(milliseconds: 0))
        #expect(moved.steps.map(\.id) == plan.steps.map(\.id))
        #expect(moved.unreachable == unreachable)
    }

    @Test("counts more people where the environment says more, and others where it says others")
    func people() async throws {
        let dead = try await DeadBlue { $0.approvals = [.cutOver: .needed(ApprovalDemand(3, othersOnly: true))] }
        #expect(
            dead.run.plan.step("cutOver/approval")?.action
                == .approval(
                    ApprovalDemand(3, othersOnly: true), reason: "before cutOver by others than who started the run"))
    }

    @Test("is refused where it answers")
    func answers() async throws {
        let run = SimulatedRun()
        let failure = await #expect(throws: Failure.self) { try await DeadBlue.observe(run, kept: DeadBlue.kept) }
        #expect(failure?.kind == .refused)
        #expect(failure?.summary == "blue answers, so its users can be moved without hurting anyone")
        // A framework that is silent is enough, and so are most of the servers.
        await run.world.fail { $0.silent = [.blue] }
        _ = try await DeadBlue.observe(run, kept: DeadBlue.kept)
        await run.world.fail { $0.silent = [] }
        await run.world.change { $0.lose("blue-1", "blue-2") }
        _ = try await DeadBlue.observe(run, kept: DeadBlue.kept)
    }

    @Test("is refused where nothing was kept of it, with what to do")
    func nothingKept() async throws {
        let run = SimulatedRun()
        await run.world.fail { $0.silent = [.blue] }
        let failure = await #expect(throws: Failure.self) { try await DeadBlue.observe(run, kept: [:]) }
        #expect(failure?.kind == .refused)
        #expect(failure?.summary.hasPrefix("Nothing is known of blue's services") == true)
        #expect(failure?.advice?.contains("copy blue.json") == true)
    }

    @Test("is kept while it answers, and not where its services may be fewer than there are")
    func looks() async throws {
        let run = SimulatedRun(hasMesos: true)
        func look() async throws -> ServiceLook? {
            try await Observer(environment: run.plan.environment, drivers: run.drivers)
                .observe(PinnedSource(commit: "4f1c2e9")).look
        }
        let kept = try #require(try await look()).kept(at: DeadBlue.keptAt)
        #expect(kept.services.map(\.id) == ["/shop/db", "/shop/web"])
        #expect(kept.color == .blue)
        await run.world.fail { $0.forgotten[.blue] = ["/shop/db"] }
        #expect(try await look() == nil)
    }

    // MARK: - The run

    @Test("is left by all users, with nothing of it touched but on load balancers")
    func clean() async throws {
        let dead = try await DeadBlue()
        let state = try await dead.perform()
        #expect(state.status == .done)
        #expect(violations(of: state, dead.run.plan).isEmpty)
        let log = await dead.run.world.log
        #expect(!log.contains { $0.hasSuffix("in blue") || $0 == "destroy blue" })
        for name in ["edge-1", "edge-2"] {
            let servers = await dead.run.world.loadBalancers[LoadBalancerID(name)]?.backends["be_web"]?.servers ?? []
            #expect(servers.filter { $0.name.hasPrefix("blue") }.allSatisfy { $0.administration == .maint })
            #expect(servers.filter { $0.name.hasPrefix("green") }.allSatisfy { $0.weight == 100 })
        }
        // All of it with the first step: no one else can serve.
        let first = try #require(log.firstIndex { $0.contains("blue-1 weight(0)") })
        #expect(!log[..<first].contains { $0.contains("green") && $0.hasSuffix("weight(10)") })
        #expect(state.services[.green]?.count == 2)
    }

    @Test("waits for two different people")
    func twoPeople() async throws {
        let dead = try await DeadBlue()
        try await dead.approve("ada", "ada")
        let engine = dead.engine()
        let ended = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await dead.until("people are asked") { if case .approvalRequested = $0 { true } else { false } }
        #expect(await !dead.run.world.log.contains { $0.contains("weight") })
        await engine.interrupt(Failure("enough", kind: .cancelled))
        #expect(try await ended.value.halt().summary == "enough")
    }

    @Test("keeps its users where it answers again before the first of them is moved")
    func backAgain() async throws {
        let dead = try await DeadBlue()
        _ = try await dead.perform(until: .serviceGate)
        await dead.run.world.fail { $0.silent = [] }
        await dead.run.world.change { $0.find("blue-1", "blue-2") }
        let halted = try await dead.perform(epoch: 2, opening: .runResumed(by: "test"))
        let failure = try halted.halt()
        #expect(failure.summary == "blue answers again, so no user has to leave it without a drain")
        #expect(failure.details == ["the framework answers", "4 of 4 servers are up on the load balancers"])
        #expect(!halted.traffic.isShifted)
        for name in ["edge-1", "edge-2"] {
            let weights = await dead.run.world.weights(on: LoadBalancerID(name))
            #expect(weights["blue-1"] == 100 && weights["green-1"] == 0)
        }
        await dead.run.world.fail { $0.silent = [.blue] }
        #expect(try await dead.perform(epoch: 3, opening: .runResumed(by: "test")).status == .done)
    }

    @Test("gives no users up to a color that can't serve them, and all others back")
    func failedGate() async throws {
        let dead = try await DeadBlue(
            deadOn: ["edge-1"], analysis: [.loadBalancers(.init(errorRate: Percent("1%"), minRequests: 3))])
        await dead.run.world.fail { $0.errorRate[.green] = 0.5 }
        let halted = try await dead.perform()
        #expect(try halted.halt().summary.contains("errorRate"), "\(halted.status)")
        #expect(
            await dead.run.world.weights(on: "edge-1") == ["blue-1": 0, "blue-2": 0, "green-1": 100, "green-2": 100])
        #expect(
            await dead.run.world.weights(on: "edge-2") == ["blue-1": 100, "blue-2": 100, "green-1": 0, "green-2": 0])
        #expect(!canRollBack(halted, dead.run.plan))
        let notes = await dead.run.journal.events.compactMap {
            if case .noted(let text) = $0.kind { text } else { nil }
        }
        #expect(notes.contains("users of edge-1/be_web stay on green: blue does not serve them"), "\(notes)")

        await dead.run.world.fail { $0.errorRate = [:] }
        let before = await dead.run.world.log.count
        let state = try await dead.perform(epoch: 2, opening: .runResumed(by: "test"))
        #expect(state.status == .done)
        let log = await dead.run.world.log.dropFirst(before)
        #expect(!log.contains { $0.hasPrefix("edge-1 be_web/green") && $0.hasSuffix("weight(0)") }, "\(log)")
    }

    @Test("needs a green that carries every backend, whoever served it last")
    func uncarried() async throws {
        let dead = try await DeadBlue { $0.limits.minHealthy = 2 }
        _ = try await dead.perform(until: .serviceGate)
        await dead.run.world.change { $0.lose("green-2") }
        // It is waited for, in vain.
        let engine = dead.engine(epoch: 2)
        let ended = Task { try await engine.perform(opening: .runResumed(by: "test")) }
        try await dead.until("ready is begun") { kind in
            if case .stepIntended(let step, _) = kind { step == "cutOver/ready" } else { false }
        }
        await engine.interrupt(Failure("enough", kind: .cancelled))
        _ = try await ended.value
        #expect(
            await dead.run.world.weights(on: "edge-1") == ["blue-1": 100, "blue-2": 100, "green-1": 0, "green-2": 0])
    }

    @Test("is suspended where its framework answers after all, once its users have left")
    func answeringFramework() async throws {
        let dead = try await DeadBlue(silent: [])
        #expect(dead.run.plan.unreachable?.silent == [])
        let state = try await dead.perform()
        #expect(state.status == .done)
        let log = await dead.run.world.log
        let first = try #require(log.firstIndex { $0.hasSuffix("in blue") })
        #expect(
            log[first...].filter { $0.hasSuffix("in blue") } == [
                "suspend /shop/db in blue", "suspend /shop/web in blue",
            ])
        #expect(try #require(log.lastIndex { $0.contains("blue") && $0.contains("maint") }) < first)
        #expect(state.steps["drain/drain"]?.message.hasSuffix("its services are suspended") == true)
    }

    @Test("can be gone back to as long as green has no users")
    func rollback() async throws {
        let dead = try await DeadBlue()
        let state = try await dead.perform(until: .serviceGate)
        #expect(canRollBack(state, dead.run.plan))
        _ = try await dead.run.journal.append(
            [.rollbackRequested(by: "test")], run: "r-1", epoch: nil, at: Instant(milliseconds: 0))
        let back = try await dead.perform(epoch: 2, opening: .runResumed(by: "test"))
        #expect(back.status == .rolledBack)
        #expect(await dead.run.world.servers[.green]?.isEmpty == true)
    }

    // MARK: - What is left

    @Test("is destroyed later, where no user is on it, and never where users are")
    func takeDown() async throws {
        let dead = try await DeadBlue()
        let end = try await dead.perform()
        #expect(end.status == .done)
        // Until then nothing is built on it.
        let lastRun = try #require(LastRun(dead.run.plan, end))
        #expect(lastRun.ruins == .blue)
        let next = try await Observer(
            environment: dead.run.plan.environment, drivers: dead.run.drivers, lastRun: lastRun
        ).observe(PinnedSource(commit: "4f1c2e9"))
        #expect(
            next.obstacles.contains {
                $0.isBlocking && $0.text.hasSuffix("destroy them first: rz destroy test --color blue")
            }, "\(next.obstacles)")
        var run = SimulatedRun()
        run.world = dead.run.world
        let observer = Observer(environment: run.plan.environment, drivers: run.drivers)
        let live = await #expect(throws: Failure.self) {
            try await observer.observeTakeDown(of: .green, PinnedSource(commit: "4f1c2e9"))
        }
        #expect(live?.summary == "green carries the traffic, so none of its servers is destroyed")
        let planner = Planner(environment: run.plan.environment, runbook: .update, operation: Operation.takeDown)
        run.plan = try planner.plan(
            try await observer.observeTakeDown(of: .blue, PinnedSource(commit: "4f1c2e9")),
            at: Instant(milliseconds: 0))
        #expect(run.plan.steps.map(\.action) == [.checkIdle, .destroyIdleServers])
        #expect(run.plan.obstacles == [])
        #expect(Operation.all.contains { $0.name == run.plan.operation })
        // Someone gives it users after all.
        await run.world.change(["edge-2"]) { state in
            state.backends["be_web"]?.servers[0].administration = .ready
            state.backends["be_web"]?.servers[0].weight = 1
            state.backends["be_web"]?.servers[0].operation = .up
            state.backends["be_web"]?.servers[0].check = .passed
        }
        let refused = try await run.engine(epoch: 3).perform(opening: SimulatedRun.start).halt()
        #expect(refused.summary == "blue may have users, so none of its servers is destroyed")
        await run.world.change(["edge-2"]) { $0.backends["be_web"]?.servers[0].administration = .maint }
        let state = try await run.engine(epoch: 4).perform(opening: .runResumed(by: "test"))
        #expect(state.status == .done)
        #expect(await run.world.servers[.blue]?.isEmpty == true)
        #expect(await run.world.servers[.green]?.isEmpty == false)
    }
}

/// A world whose blue was looked at once, and is silent now, its servers dead where load balancers say so.
private struct DeadBlue {
    static let keptAt = Instant(milliseconds: 1_795_435_200_000)
    static var kept: [Color: KeptServices] {
        let services = ["/shop/db", "/shop/web"].map { id in
            Service(
                id: ServiceID(id), definition: "{}", instances: 2, dependencies: id == "/shop/web" ? ["/shop/db"] : [],
                fingerprint: id)
        }
        return [.blue: KeptServices(color: .blue, time: keptAt, services: services)]
    }

    var run: SimulatedRun
    private let drivers: Drivers

    init(
        deadOn names: [LoadBalancerID] = ["edge-1", "edge-2"], silent: Set<Color> = [.blue], analysis: [Analysis] = [],
        _ change: (inout Environment) -> Void = { _ in }
    ) async throws {
        run = SimulatedRun(analysis: analysis, change: change)
        await run.world.fail { $0.silent = silent }
        await run.world.change(names) { $0.lose("blue-1", "blue-2") }
        let seen = try await DeadBlue.observe(run, kept: DeadBlue.kept)
        run.plan = try Planner(environment: run.plan.environment, runbook: .update, operation: Operation.rzUpdate)
            .plan(seen, at: Instant(milliseconds: 0))
        let unreachable = try #require(run.plan.unreachable)
        let kept = try #require(DeadBlue.kept[.blue])
        try kept.refuseUnless(unreachable, at: "kept")
        drivers = run.drivers.keeping(kept, as: unreachable, run.plan.environment.services)
    }

    static func observe(_ run: SimulatedRun, kept: [Color: KeptServices]) async throws(Failure) -> Observation {
        try await Observer(environment: run.plan.environment, drivers: run.drivers)
            .observeUnreachable(PinnedSource(commit: "4f1c2e9"), kept: kept, at: keptAt)
    }

    func engine(epoch: Int = 1) -> Engine { run.engine(drivers, epoch: epoch) }

    func approve(_ people: String...) async throws {
        for person in people {
            _ = try await run.journal.append(
                [.approvalGiven(step: "cutOver/approval", by: "\(person)@ctl")], run: "r-1", epoch: nil,
                at: Instant(milliseconds: 0))
        }
    }

    /// With both approvals.
    func perform(
        epoch: Int = 1, opening: Event.Kind = SimulatedRun.start, until: PhaseID? = nil
    ) async throws -> RunState {
        if epoch == 1 { try await approve("ada", "grace") }
        return try await engine(epoch: epoch).perform(opening: opening, until: until)
    }

    func until(_ what: String, _ isIt: (Event.Kind) -> Bool) async throws {
        try await eventually(what) { await run.journal.events.contains { isIt($0.kind) } }
    }
}

extension LoadBalancerState {
    /// Checks of these servers fail.
    fileprivate mutating func lose(_ names: String...) {
        for index in backends["be_web"]?.servers.indices ?? 0..<0
        where names.contains(backends["be_web"]?.servers[index].name ?? "") {
            backends["be_web"]?.servers[index].operation = .down
            backends["be_web"]?.servers[index].check = .failed
        }
    }

    /// Checks of these servers pass again.
    fileprivate mutating func find(_ names: String...) {
        for index in backends["be_web"]?.servers.indices ?? 0..<0
        where names.contains(backends["be_web"]?.servers[index].name ?? "") {
            backends["be_web"]?.servers[index].operation = .up
            backends["be_web"]?.servers[index].check = .passed
        }
    }
}

extension Runbook {
    /// The shipped one, in short.
    fileprivate static var update: Runbook {
        func rule(_ uses: BuiltIn...) -> PhaseRule {
            PhaseRule(
                steps: uses.map { RunbookStep(id: $0.rawValue, work: .builtIn($0), timeout: .seconds(20)) })
        }
        return Runbook(
            name: "rz-update",
            phases: [
                .preflight: rule(.checks), .standUp: rule(.servers), .configure: rule(.configuration),
                .platformGate: rule(.platform), .replicate: rule(.launch), .serviceGate: rule(.health),
                .cutOver: rule(.ready, .shift), .drain: rule(.drain), .soak: rule(.soak),
                .tearDown: rule(.stop, .destroy),
            ])
    }
}
