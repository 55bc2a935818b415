import Engine
import Migration
import Operations
import Testing
import Waiting

@Suite("Tasks that Mesos reports otherwise in the new color")
struct TaskParityTests {
    @Test("hold the gate, with the service and the field, until they are as in the old one")
    func held() async throws {
        let run = SimulatedRun(deadline: .seconds(120), hasMesos: true)
        await run.world.fail { $0.alteredTasks[.green] = ["/shop/web": ["container.docker.image": "shop:0.9"]] }
        let engine = run.engine()
        let task = Task { try await engine.perform(opening: SimulatedRun.start) }
        try await eventually {
            await engine.state.steps.values.contains {
                $0.message
                    == "/shop/web: green runs it otherwise, by Mesos: container.docker.image is shop:0.9, not shop:1"
            }
        }
        #expect(await !run.world.log.contains { $0.contains("be_web/green-1 weight") && !$0.hasSuffix("weight 0") })
        await run.world.fail { $0.alteredTasks = [:] }
        #expect(try await task.value.status == .done)
    }

    @Test("halt the run at the end of its time, and no one was moved")
    func halted() async throws {
        let run = SimulatedRun(deadline: .seconds(2), hasMesos: true)
        await run.world.fail { $0.alteredTasks[.green] = ["/shop/db": ["resources.cpus": "0.1"]] }
        let failure = try await run.engine().perform(opening: SimulatedRun.start).halt()
        #expect("\(failure)".contains("/shop/db: green runs it otherwise"), "\(failure)")
        #expect(await !run.world.log.contains { $0.contains("be_web/green-1 weight") && !$0.hasSuffix("weight 0") })
    }

    @Test("are judged only where Mesos reports")
    func unseen() async throws {
        let run = SimulatedRun()
        await run.world.fail { $0.alteredTasks[.green] = ["/shop/db": ["resources.cpus": "0.1"]] }
        #expect(try await run.engine().perform(opening: SimulatedRun.start).status == .done)
    }

    @Test("may differ in what an override accepts")
    func accepted() async throws {
        let run = SimulatedRun(hasMesos: true) {
            $0.services.overrides = [
                Override(match: .id("/shop/db"), accept: [.task: "the new agents round up"])
            ]
        }
        await run.world.fail { $0.alteredTasks[.green] = ["/shop/db": ["resources.cpus": "0.1"]] }
        #expect(try await run.engine().perform(opening: SimulatedRun.start).status == .done)
    }
}
