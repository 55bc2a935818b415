import Engine
import Migration
import Operations
import Testing

@Suite("A source that reports fewer services than there are")
struct ShrunkSourceTests {
    @Test("stops nothing on the new color, and halts the run with its likely cause", arguments: [false, true])
    func beforeTheGate(hasMesos: Bool) async throws {
        let run = SimulatedRun(hasMesos: hasMesos)
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .replicate)
        await run.world.fail { $0.forgotten[.blue] = ["/shop/db", "/shop/web"] }
        let failure = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test")).halt()
        #expect(failure.summary == "blue reports fewer services than it runs, as far as is known")
        #expect(failure.details.contains { $0.contains("0 of 2 services that were there") })
        #expect(failure.details.contains(Shrinkage.likelyCauses))
        #expect(failure.advice?.contains("rz resume test --commit HEAD") == true)
        #expect(await !run.world.log.contains { $0.hasSuffix("in green") && $0.hasPrefix("stop") })
        await run.world.fail { $0.forgotten = [:] }
        let end = try await run.engine(epoch: 3).perform(opening: .runResumed(by: "test"))
        #expect(end.status == .done)
        #expect(await run.world.services[.green]?.keys.sorted() == ["/shop/db", "/shop/web"])
    }

    @Test(
        "is not believed for a single service that Mesos still runs, nor where no Mesos reports",
        arguments: [false, true])
    func single(hasMesos: Bool) async throws {
        let run = SimulatedRun(hasMesos: hasMesos)
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .serviceGate)
        await run.world.fail { $0.forgotten[.blue] = ["/shop/db"] }
        let failure = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test")).halt()
        #expect(
            failure.details.contains(
                hasMesos
                    ? "/shop/db is in no source"
                    : "without `platform.mesos` no one but the source itself can report what runs"))
        #expect(await !run.world.log.contains("stop /shop/db in green"))
    }

    @Test("spoils a run before anything is built")
    func preflight() async throws {
        let run = SimulatedRun()
        await run.world.fail { $0.forgotten[.blue] = ["/shop/db", "/shop/web"] }
        let failure = try await run.engine().perform(opening: SimulatedRun.start).halt()
        #expect(failure.summary == "blue reports fewer services than it runs, as far as is known")
        #expect(await !run.world.log.contains("build green"))
    }

    @Test("ends no old color")
    func tearDown() async throws {
        let run = SimulatedRun()
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .soak)
        await run.world.fail { $0.forgotten[.blue] = ["/shop/db", "/shop/web"] }
        let failure = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test")).halt()
        #expect(failure.summary == "blue reports fewer services than it runs, as far as is known")
        #expect(failure.advice?.contains("rz rollback") == false)
        #expect(await !run.world.log.contains("destroy blue"))
    }

    @Test("ends no old color either that runs what no source ever reported")
    func neverTold() async throws {
        let run = SimulatedRun(hasMesos: true)
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .soak)
        await run.world.set(Service(id: "/shop/cart", definition: "{}", instances: 1, fingerprint: "c"), in: .blue)
        await run.world.fail { $0.forgotten[.blue] = ["/shop/cart"] }
        let failure = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test")).halt()
        #expect(failure.summary == "Services run on blue only, and would be lost")
        #expect(failure.details == ["/shop/cart is in no source"])
    }

    @Test("is overruled by people: what `services.ignore` names is gone, and is not launched any more")
    func declared() async throws {
        var run = SimulatedRun()
        _ = try await run.engine().perform(opening: SimulatedRun.start, until: .platformGate)
        await run.world.forget("/shop/db", in: .blue)
        let failure = try await run.engine(epoch: 2).perform(opening: .runResumed(by: "test")).halt()
        #expect(failure.summary == "blue does not report /shop/db any more")
        run.plan.environment.services.ignore = ["/shop/db"]
        let end = try await run.engine(epoch: 3).perform(opening: .runResumed(by: "test"))
        #expect(end.status == .done)
        #expect(await run.world.services[.green]?.keys.sorted() == ["/shop/web"])
    }
}
