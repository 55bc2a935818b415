import Clusters
import Foundation
import JSON
import Migration
import Testing
import Transport

@Suite("A real Mesos master", .enabled(if: !RealMesos.isAbsent, "RZ_TEST_MESOS names no folder with a real Mesos"))
struct MasterTests {
    @Test("reports its agents, frameworks and tasks, the same by every API")
    func everything() async throws {
        let reserved = RealMesos.AgentSpecification(
            attributes: "dc:green;rack:r2;level:7", resources: "cpus:2;cpus(db):1;mem:1024;mem(db):512;disk:100")
        try await RealMesos.with(agents: [RealMesos.AgentSpecification(), reserved]) { mesos in
            let script = try TaskScript(
                master: mesos.port, name: "cart.shop", taskID: "shop_cart.instance-1._app.1", label: "cart")
            try await eventually("the task runs and is healthy") {
                try await mesos.master.state().tasks.first.map { $0.state == .running && $0.isHealthy == true } ?? false
            }
            let state = try await mesos.master.state()
            #expect(state.version == "1.11.0")
            #expect(state.leader?.hasSuffix(":\(mesos.port)") == true)
            let framework = try #require(state.frameworks.first)
            #expect(framework.name == "cart.shop")
            #expect(framework.isActive && framework.isConnected)
            #expect(framework.roles == ["svc"])
            #expect(framework.webUI == "http://127.0.0.1:1/")
            let task = try #require(state.tasks.first)
            #expect(task.id == "shop_cart.instance-1._app.1")
            #expect(task.labels == ["svc": "cart"])
            #expect(task.framework == framework.id)
            #expect(task.resources.cpus == 0.1 && task.resources.mem == 64 && task.resources.ports.count == 1)
            let agents = Dictionary(uniqueKeysWithValues: state.agents.map { ($0.attributes["dc"] ?? "", $0) })
            let plain = try #require(agents["blue"])
            let green = try #require(agents["green"])
            #expect(green.attributes == ["dc": "green", "rack": "r2", "level": "7.0"])
            #expect(green.pools["db"]?.total == MesosResources(cpus: 1, mem: 512))
            #expect(green.pools["*"]?.total.cpus == 2)
            let host = task.agent == plain.id ? plain : green
            #expect(host.used.cpus == 0.1 && host.pools["*"]?.free.mem == (host.pools["*"]?.total.mem ?? 0) - 64)
            #expect(host.pools["*"]?.free.ports.count == 3)

            let asked = try await mesos.master.askForAgents()
            #expect(asked.sorted { $0.id < $1.id } == state.agents.sorted { $0.id < $1.id })
            #expect(try await mesos.master.askForFrameworks() == state.frameworks)
            #expect(try await mesos.master.frameworks() == state.frameworks)
            #expect(try await mesos.master.askForTasks() == state.tasks)
            #expect(try await mesos.master.tasks() == state.tasks)
            withExtendedLifetime(script) {}
        }
    }

    @Test("answers every question of the operator API that only looks")
    func questions() async throws {
        try await RealMesos.with { mesos in
            for question in MesosMaster.Question.allCases { _ = try await mesos.master.ask(question) }
            #expect(try await mesos.master.ask(.health)["healthy"] == true)
            #expect(try await mesos.master.ask(.master)["master_info"]?["port"]?.int == mesos.port)
            #expect(try await mesos.master.version() == "1.11.0")
            #expect(await mesos.master.isAlive())
            #expect(try await mesos.master.leader().hasSuffix(":\(mesos.port)"))
            #expect(try await mesos.master.tasks(limit: 1, order: .oldestFirst).isEmpty)
        }
    }

    @Test("that requires authentication gets it, and refusals say so")
    func authentication() async throws {
        let credentials = NSTemporaryDirectory() + "rz-credentials-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: credentials) }
        try #"{"credentials":[{"principal":"mesos","secret":"hidden"}]}"#.write(
            toFile: credentials, atomically: true, encoding: .utf8)
        let settings = [
            "MESOS_AUTHENTICATE_HTTP_READONLY": "true", "MESOS_AUTHENTICATE_HTTP_READWRITE": "true",
            "MESOS_CREDENTIALS": credentials,
        ]
        try await RealMesos.with(agents: [], settings: settings) { mesos in
            let known = MesosMaster(url: mesos.url, credentials: .basic(user: "mesos", password: "hidden"))
            // Without agents to wait for, it may still be reading its registry.
            try await eventually("the master to answer") { try await known.ask(.health)["healthy"] == true }
            #expect(try await known.state().version == "1.11.0")
            for stranger in [mesos.master, MesosMaster(url: mesos.url, credentials: .basic(user: "x", password: "y"))] {
                let failure = try await #require(throws: Failure.self) { try await stranger.state() }
                #expect(failure.summary == "Mesos requires authentication (HTTP 401)")
            }
        }
    }
}
