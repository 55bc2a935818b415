import Engine
import Migration
import Operations
import Testing
import Waiting

/// Invariants I1 and I12 where an entry of a map moves all users at once.
@Suite("A backend that is switched")
struct SwitchTests {
    private func run(bake: Period = .seconds(1)) async -> SimulatedRun {
        let item = TrafficSwitch(
            map: "/active.map", key: "active", backends: [.blue: "be_blue", .green: "be_green"])
        let run = SimulatedRun(deadline: .seconds(120)) {
            $0.traffic.append(TrafficRule(backend: "shop", servers: item.servers, switching: item))
            $0.gates.cutOver.steps = [
                .init(share: Percent(10), bake: .seconds(1)), .init(share: Percent(50), bake: .seconds(1)),
                .init(share: .all, bake: bake),
            ]
        }
        await run.world.change { state in
            state.backends["shop"] = BackendState(
                servers: Color.allCases.flatMap { color in
                    (1...2).map { index in
                        ServerState(
                            name: "be_\(color)/web-\(index)", address: "127.0.\(color == .blue ? 11 : 12).10:80",
                            weight: color == .blue ? 1 : 0, group: "be_\(color)")
                    }
                }, scale: .switch)
        }
        return run
    }

    private func shop(_ run: SimulatedRun) async -> [[Int]] {
        await run.world.loadBalancers.sorted { $0.key < $1.key }.map {
            $0.value.backends["shop"]?.servers.map(\.weight) ?? []
        }
    }

    @Test("moves with the last step, by one change on each load balancer, and is in maintenance at the end")
    func moves() async throws {
        let run = await run()
        let state = try await run.engine().perform(opening: SimulatedRun.start)
        #expect(state.status == .done)
        #expect(await shop(run) == [[0, 0, 1, 1], [0, 0, 1, 1]])
        for edge in ["edge-1", "edge-2"] {
            let weights = await run.world.log.filter { $0.hasPrefix(edge) && $0.contains("weight(") }
            let switched = weights.filter { $0.contains("shop/") }
            #expect(switched == (1...2).map { "\(edge) shop/be_green/web-\($0) weight(1)" })
            // Raised with the others at the last step, and nothing is left to be lowered.
            let raised = try #require(weights.firstIndex(of: "\(edge) be_web/green-2 weight(100)"))
            #expect(weights.firstIndex(of: switched[0]) == raised + 1)
        }
    }

    @Test("stays where it is while the new color can't serve there")
    func refused() async throws {
        let run = await run()
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await eventually { await engine.state.traffic.verified == Percent(50) }
        await run.world.change { state in
            for index in [2, 3] { state.backends["shop"]?.servers[index].check = .failed }
        }
        let state = try await task.value
        let halt = try state.halt()
        #expect("\(halt)".contains("shop"), "\(halt)")
        #expect(await shop(run) == [[1, 1, 0, 0], [1, 1, 0, 0]])
        let log = await run.world.log
        #expect(!log.contains { $0.contains("shop/be_green") && $0.contains("weight 1") })
    }

    @Test("goes back when the new color fails, as soon as the old one can serve, and not before")
    func returns() async throws {
        let run = await run(bake: .seconds(60))
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await eventually { await engine.state.traffic.verified == .all }
        await run.world.change { state in
            for index in [0, 1] { state.backends["shop"]?.servers[index].check = .failed }
            for index in [2, 3] { state.backends["shop"]?.servers[index].check = .failed }
        }
        try await eventually { await engine.state.traffic.isReturning }
        #expect(await shop(run) == [[0, 0, 1, 1], [0, 0, 1, 1]])
        await run.world.change { $0.backends["shop"]?.servers[0].check = .passed }
        let state = try await task.value
        #expect(try state.halt().summary.contains("carries"))
        #expect(await shop(run) == [[1, 1, 0, 0], [1, 1, 0, 0]])
    }
}
