import Engine
import Migration
import Operations
import Testing

@Suite("Configuring the new color")
struct ConfigureTests {
    private static let touch = ConfigurationTask(name: "marks : Touch", names: ["Touch"])
    private static let change = ConfigurationChange(host: "green-control-1", task: touch)

    private func notes(of run: SimulatedRun) async throws -> [String] {
        try await run.journal.events(of: "r-1", after: 0).compactMap { event in
            if case .noted(let text) = event.kind { text } else { nil }
        }
    }

    @Test("goes on when the second run changed only what is declared, and writes down each exception with its reason")
    func declared() async throws {
        let run = SimulatedRun { environment in
            environment.configure?.exceptions = [
                IdempotenceException(.task("Touch"), reason: "it notes the time"),
                IdempotenceException(.tag("restarts"), reason: "a restart"),
            ]
        }
        await run.world.fail { $0.configurationChanges = [Self.change] }
        let state = try await run.engine().perform(opening: SimulatedRun.start, until: .configure)
        #expect(
            state.steps["site"]?.message
                == "1 host, 1 change, second run changed only what is declared: 1 change by 1 exception")
        #expect(
            try await notes(of: run) == [
                "idempotence exception used: task “Touch”, 1 change on 1 server, because: it notes the time",
                "idempotence exception not needed: tag “restarts” was not met in the second run; "
                    + "look for a mistyped name. Declared because: a restart",
            ])
    }

    @Test("halts when the second run changed what is not declared, and names the task with its server")
    func undeclared() async throws {
        let run = SimulatedRun { environment in
            environment.configure?.exceptions = [IdempotenceException(.task("Other"), reason: "another")]
        }
        await run.world.fail { $0.configurationChanges = [Self.change] }
        let halt = try await run.engine().perform(opening: SimulatedRun.start).halt()
        #expect(halt.summary == "The second run of the playbook still changed something")
        #expect(halt.details == ["green-control-1: marks : Touch"])
        #expect(halt.advice?.contains("idempotenceCheck: { except: [") == true)
    }

    @Test("takes no second run where it is off")
    func off() async throws {
        let run = SimulatedRun { $0.configure?.idempotenceCheck = false }
        await run.world.fail { $0.configurationChanges = [Self.change] }
        let state = try await run.engine().perform(opening: SimulatedRun.start, until: .configure)
        #expect(state.steps["site"]?.message == "1 host, 1 change")
        #expect(await run.world.configurations == 1)
    }

    @Test("does not begin where names lead to the other color's servers")
    func otherColor() async throws {
        let run = SimulatedRun()
        await run.world.fail { $0.configuredAt = "127.0.11.10" }
        let halt = try await run.engine().perform(opening: SimulatedRun.start).halt()
        #expect(halt.summary.hasPrefix("Servers of green would be configured where those of blue are"))
        #expect(halt.details == ["green-control-1 and blue-control-1 have the same address 127.0.11.10"])
        #expect(halt.kind == .refused)
        #expect(await run.world.configurations == 0)
    }

    @Test("is looked at in preflight: what keeps it from beginning stops the run before it builds")
    func obstacles() async throws {
        let run = SimulatedRun()
        await run.world.fail {
            $0.configurationObstacles = [
                Obstacle("the playbook is not there", isBlocking: true), Obstacle("a remark", isBlocking: false),
            ]
        }
        let halt = try await run.engine().perform(opening: SimulatedRun.start).halt()
        #expect(halt.details == ["the playbook is not there"])
        #expect(await run.world.log == [])
    }
}
