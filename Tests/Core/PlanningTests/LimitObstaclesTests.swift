import Migration
import Operations
import Testing

@testable import Planning

@Suite("A plan under limits")
struct LimitObstaclesTests {
    private func world(_ change: (inout Limits) -> Void) -> SmallWorld {
        var world = SmallWorld()
        change(&world.environment.limits)
        return world
    }

    @Test("is blocked by steps that are too fast, and says which are not")
    func pace() throws {
        let plan = try world { $0.maxStep = Percent(50) }.plan()
        #expect(plan.obstacles.count == 1)
        #expect(
            plan.obstacles[0].contains(
                "[{ share: 10%, bake: 1m }, { share: 60%, bake: 1m }, { share: 100%, bake: 30s }]"))
        #expect(try world { $0.maxStep = Percent(90) }.plan().obstacles == [])
    }

    @Test("gives a raise the time that it may have to wait")
    func deadline() throws {
        let plan = try world { $0.maxStep = Percent(90) }.plan()
        #expect(plan.step("cutOver/shift-10%")?.deadline == .minutes(7))
    }

    @Test("is blocked by a switch, which moves as a whole")
    func switched() throws {
        var world = world { $0.maxStep = Percent(90) }
        world.environment.traffic[0].switching = TrafficSwitch(
            map: "/map", key: "be", backends: [.blue: "b", .green: "g"])
        #expect(try world.plan().obstacles.first?.hasPrefix("be moves as a whole") == true)
    }

    @Test("is blocked by too few servers of the new color")
    func healthy() throws {
        let plan = try world { $0.minHealthyPart = Percent(80) }.plan()
        #expect(plan.obstacles == [])
        var observation = SmallWorld().observation
        observation.loadBalancers["edge-1"]?.backends["be"]?.servers.append(
            ServerState(name: "blue-2", address: "10.1.0.3:80", weight: 100))
        let small = world { $0.minHealthyPart = Percent(80) }
        let blocked = try Planner(
            environment: small.environment, runbook: Runbook(name: "rz-update", phases: small.phases),
            operation: Operation.rzUpdate
        ).plan(observation, at: small.time)
        #expect(
            blocked.obstacles == [
                "edge-1/be lists 1 server of green, and limits.minHealthy of 80 % asks for 2, as 2 of blue serve. Add "
                    + "servers, or let two people lift it: --lift minHealthy --reason WHY"
            ])
    }

    @Test("is blocked where the new color is not proved to take the peak")
    func headroom() throws {
        #expect(
            try world { $0.headroom = 1.3 }.plan().obstacles.first?.hasPrefix(
                "edge-1/be: the load balancer reports no peak")
                == true)
    }

    @Test("is blocked where a Prometheus is to report the peak and does not")
    func unknown() async throws {
        struct Silent: Prober {
            func ask(_ probe: Probe, target: String?, inventory: Inventory, other: Inventory) async -> GateSample {
                GateSample(gate: "probe", subject: "", verdict: .inconclusive, message: "last hour: no data")
            }
        }
        let query = PeakQuery(PrometheusQuery(name: "last hour", url: "http://p", query: "{{ backend }}", series: "up"))
        let small = world {
            $0.headroom = 1.3
            $0.peaks = [query]
        }
        var observation = small.observation
        await observation.peaks.ask(
            Silent(), [query], at: [PeakPlace("edge-1", small.environment.traffic[0], Direction(from: .blue))],
            Direction(from: .blue), [:])
        func plan(_ lifted: [LiftedLimit]) throws -> Plan {
            try Planner(
                environment: small.environment, runbook: Runbook(name: "rz-update", phases: small.phases),
                operation: Operation.rzUpdate
            ).plan(observation, at: small.time, lifting: lifted)
        }
        #expect(
            try plan([]).obstacles.first?.hasPrefix(
                "edge-1/be: the peak that limits.headroom asks for is not known: last hour: no data. ") == true)
        #expect(try plan([LiftedLimit(.headroom, reason: "CHG 4711", by: "ada@ctl-1")]).obstacles == [])
    }

    @Test("is not left by a commit that asks for fewer peaks")
    func fewerPeaks() {
        let query = PeakQuery(PrometheusQuery(name: "last hour", url: "http://p", query: "{{ backend }}", series: "up"))
        let strict = Limits(headroom: 1.3, peaks: [query])
        #expect(Limits(headroom: 1.3).looser(than: strict) == [.headroom])
        #expect(strict.looser(than: Limits(headroom: 1.3)) == [])
        #expect(strict.looser(than: strict) == [])
    }

    @Test("warns of a peak that was counted for a short time only")
    func short() throws {
        let small = world { $0.headroom = 1.3 }
        var observation = small.observation
        observation.loadBalancers["edge-1"]?.process = LoadBalancerProcess(pid: 7, uptime: .seconds(40))
        let plan = try Planner(
            environment: small.environment, runbook: Runbook(name: "rz-update", phases: small.phases),
            operation: Operation.rzUpdate
        ).plan(observation, at: small.time)
        #expect(
            plan.warnings.contains(
                "limits.headroom: edge-1 has counted for 40s only, since its process began, so the peak may be higher than it "
                    + "knows"))
    }

    @Test("that lifts one asks two people before anything else, though the environment waives approvals")
    func lifted() throws {
        let world = world { $0.maxStep = Percent(50) }
        let planner = Planner(
            environment: world.environment, runbook: Runbook(name: "rz-update", phases: world.phases),
            operation: Operation.rzUpdate)
        let lifted = [LiftedLimit(.maxStep, reason: "CHG 4711", by: "ada@ctl-1")]
        let plan = try planner.plan(world.observation, at: world.time, lifting: lifted)
        #expect(plan.obstacles == [])
        #expect(plan.warnings.first == "limits.maxStep is lifted for this run, asked for by ada@ctl-1: CHG 4711")
        #expect(plan.steps.first?.id == "preflight/lift-limits")
        #expect(plan.steps.first?.action == .approval(ApprovalDemand(2), reason: "to lift limits.maxStep: CHG 4711"))
        #expect(plan.step("preflight/checks")?.needs == ["preflight/lift-limits"])
        let read = try PlanCoding.plan(from: Array(try PlanCoding.text(of: plan).utf8))
        #expect(read == plan)
        #expect(try plan.sealedID() != world.plan().sealedID())
    }

    @Test("is not left by a commit that loosens a limit half way")
    func repinned() throws {
        let strict = world { $0.maxStep = Percent(90) }
        let plan = try strict.plan()
        let state = RunState(run: "r-1", phases: plan.phases)
        func moved(_ change: (inout Limits) -> Void) throws -> Plan {
            let world = world(change)
            return try Planner(
                environment: world.environment, runbook: Runbook(name: "rz-update", phases: world.phases),
                operation: Operation.rzUpdate
            ).plan(plan, movedTo: PinnedSource(commit: "abc"), in: state, at: world.time)
        }
        #expect(throws: Failure.self) { try moved { _ in } }
        #expect(throws: Failure.self) { try moved { $0.maxStep = Percent(95) } }
        #expect(throws: Failure.self) { try moved { $0.maxStep = Percent(50) } }
        #expect(try moved { $0.maxStep = Percent(90) }.steps.count == plan.steps.count)
    }
}
