import Engine
import Migration
import Testing
import Waiting

@Suite("What services need")
struct ReadinessTests {
    private static let kubernetes = DeclaredService(
        name: "kubernetes", mover: .playbook, method: "site.yaml", tasks: ["m3s/*"], probe: Probe(.command(["k8s"])))

    @Test("is waited for before the first service is launched, and named when the time is over")
    func platform() async throws {
        var run = SimulatedRun { environment in
            environment.gates.platform = ProbeGate(probes: [Probe(.command(["redis"]))], passes: 1)
        }
        run.endsSoon("platform")
        await run.world.fail { $0.deadAddresses = ["redis"] }
        let failure = try await run.engine().perform(opening: SimulatedRun.start).halt()
        #expect(failure.place == "platform")
        #expect(failure.details == ["waiting for refused"])
        #expect(await run.world.services[.green]?.isEmpty == true)
    }

    @Test("is asked for as often as the gate says, and the run goes on when it is there")
    func recovers() async throws {
        let run = SimulatedRun { environment in
            environment.gates.platform = ProbeGate(probes: [Probe(.command(["redis"]))], passes: 3)
        }
        await run.world.fail { $0.deadAddresses = ["redis"] }
        async let state = run.engine().perform(opening: SimulatedRun.start)
        try await eventually { await run.journal.events.contains { $0.kind.isWaiting(for: "refused") } }
        await run.world.fail { $0.deadAddresses = [] }
        #expect(try await state.status == .done)
    }

    @Test("moves by a playbook: the run waits for its probe before the first weight, and names it")
    func declared() async throws {
        var run = SimulatedRun { $0.services.declared = [Self.kubernetes] }
        run.endsSoon("health")
        await run.world.fail { $0.deadAddresses = ["k8s"] }
        let failure = try await run.engine().perform(opening: SimulatedRun.start).halt()
        #expect(failure.place == "health")
        #expect(failure.details == ["waiting for kubernetes (moves by playbook): refused"])
        #expect(await run.world.weights(on: "edge-1") == ["blue-1": 100, "blue-2": 100, "green-1": 0, "green-2": 0])
    }

    @Test("moves by a playbook: the run touches it in neither color")
    func untouched() async throws {
        let run = SimulatedRun { $0.services.declared = [Self.kubernetes] }
        let state = try await run.engine().perform(opening: SimulatedRun.start)
        #expect(state.status == .done)
        #expect(await !run.world.log.contains { $0.contains("kubernetes") || $0.contains("m3s") })
        let completed = await run.journal.events.compactMap { event -> String? in
            guard case .stepCompleted("health", let summary) = event.kind else { return nil }
            return summary
        }
        #expect(completed.first?.hasSuffix("; kubernetes (moves by playbook) answers") == true, "\(completed)")
    }
}

extension SimulatedRun {
    /// Gives a step that must not get ready a short deadline.
    fileprivate mutating func endsSoon(_ step: StepID) {
        for index in plan.steps.indices where plan.steps[index].id == step { plan.steps[index].deadline = .seconds(3) }
    }
}

extension Event.Kind {
    fileprivate func isWaiting(for reason: String) -> Bool {
        if case .stepWaiting(_, reason) = self { true } else { false }
    }
}
