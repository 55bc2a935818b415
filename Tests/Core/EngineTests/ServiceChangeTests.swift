import Engine
import Migration
import Operations
import Testing

@Suite("Services that change on the old color during a run")
struct ServiceChangeTests {
    @Test("are copied again before the service gate: another version, another scale, one that came, one that went")
    func beforeServiceGate() async throws {
        let run = SimulatedRun(hasMesos: true)
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .replicate)
        await change(run)
        let state = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"), until: .serviceGate)
        #expect(state.traffic.intended == .none)
        try await expectSame(run)
        #expect(await intents(run).contains { $0.contains("/shop/cart: added") && $0.contains("2 → 3 instances") })
    }

    @Test("are copied again before the new color gets its first traffic")
    func beforeFirstWeight() async throws {
        let run = SimulatedRun(hasMesos: true)
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .serviceGate)
        await change(run)
        let state = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"), until: .cutOver)
        #expect(state.traffic.verified == .all)
        try await expectSame(run)
        let end = try await run.engine(epoch: 3).perform(opening: .runResumed(by: "test"))
        #expect(end.status == .done)
        // The one that came was not in the plan, and is stopped with the others.
        #expect(await run.world.log.contains("stop /shop/cart in blue"))
    }

    @Test("give the new color no traffic as long as they can't be copied")
    func neverReady() async throws {
        let run = SimulatedRun(deadline: .seconds(8), hasMesos: true)
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .serviceGate)
        await change(run)
        await run.world.fail { $0.sickServices = ["/shop/cart"] }
        let state = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"))
        guard case .halted(let failure) = state.status else {
            Issue.record("not halted: \(state.status)")
            return
        }
        #expect(failure.description.contains("/shop/cart"))
        #expect(await !run.world.log.contains { $0.contains("green") && $0.hasSuffix("weight(20)") })
    }

    @Test("need a new plan where one may run in one color only")
    func isSingleton() async throws {
        let run = SimulatedRun()
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .replicate)
        await run.world.set(
            Service(id: "/shop/worker", definition: "{}", instances: 1, mode: .exclusive, fingerprint: "w"), in: .blue)
        let state = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"))
        guard case .halted(let failure) = state.status else {
            Issue.record("not halted: \(state.status)")
            return
        }
        #expect(failure.description.contains("/shop/worker: what may run in one color only came"))
        #expect(await !run.world.log.contains("launch /shop/worker in green"))
    }

    @Test("are not lost with the old color: what came after the copy, or is for a person to move, stops the tear-down")
    func lost() async throws {
        var run = SimulatedRun(hasMesos: true)
        let ledger = Service(id: "/shop/ledger", definition: "{}", instances: 1, mode: .manual, fingerprint: "l")
        run.plan.ignored = [IgnoredService(id: ledger.id, reason: "mode manual", isLeftToPeople: true)]
        await run.world.set(ledger, in: .blue)
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .soak)
        await change(run)
        let state = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test"))
        guard case .halted(let failure) = state.status else {
            Issue.record("not halted: \(state.status)")
            return
        }
        #expect(failure.description.contains("/shop/ledger: runs, and a person has to move it"))
        #expect(failure.description.contains("/shop/cart: came after green was copied"))
        #expect(
            await !run.world.log.contains { $0.hasSuffix("in blue") && $0.hasPrefix("stop") || $0 == "destroy blue" })
        await run.world.stop("/shop/ledger", in: .blue)
        await run.world.stop("/shop/cart", in: .blue)
        let end = try await run.engine(epoch: 3).perform(opening: .runResumed(by: "test"))
        #expect(end.status == .done)
    }

    @Test(
        "are launched by no step where a policy forbids what they became", arguments: [PhaseID.configure, .replicate])
    func forbidden(after phase: PhaseID) async throws {
        var run = SimulatedRun(hasMesos: true)
        run.plan.environment.policies = PolicyRules(severity: .block, severities: [.noDigest: .off])
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: phase)
        await run.world.set(
            Service(id: "/shop/web", definition: "privileged", instances: 2, fingerprint: "new"), in: .blue)
        let launches = await run.world.log.filter { $0.hasPrefix("launch /shop/web") }.count
        let failure = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test")).halt()
        #expect(
            failure.details.contains("/shop/web container.privileged: it is privileged (policy privileged)"),
            "\(failure)")
        #expect(failure.kind == .refused)
        #expect(await run.world.log.filter { $0.hasPrefix("launch /shop/web") }.count == launches)
    }

    /// `/shop/web` is scaled, `/shop/db` goes, `/shop/cart` comes.
    private func change(_ run: SimulatedRun) async {
        await run.world.set(Service(id: "/shop/web", definition: "{}", instances: 3, fingerprint: "new"), in: .blue)
        await run.world.set(Service(id: "/shop/cart", definition: "{}", instances: 1, fingerprint: "c"), in: .blue)
        await run.world.forget("/shop/db", in: .blue)
    }

    private func expectSame(_ run: SimulatedRun) async throws {
        let services = await run.world.services
        #expect(services[.green] == services[.blue])
        #expect(services[.green]?.keys.sorted() == ["/shop/cart", "/shop/web"])
    }

    private func intents(_ run: SimulatedRun) async -> [String] {
        await run.journal.events.compactMap { if case .stepIntended(_, let intent) = $0.kind { intent } else { nil } }
    }
}
