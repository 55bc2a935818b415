import JSON
import Migration
import Testing
import Waiting

@testable import Clusters

@Suite("The tasks of a service of Marathon")
struct TasksTests {
    @Test("are reported with the ports that they were given, by the definition's names")
    func ports() async throws {
        try await TestScheduler.with { scheduler in
            let marathon = try MarathonCluster(
                .init(url: Setting(scheduler.url)), inventory: Inventory(), resolver: resolver())
            try await eventually { try await marathon.observePlatform().isReady }
            let definition = try MarathonDefinition(
                JSON(
                    parsing: #"""
                        {"id":"/shop/web","cmd":"while :; do sleep 1; done","instances":2,"cpus":0.1,"mem":16,
                         "portDefinitions":[{"port":0,"name":"http"},{"port":0,"name":"admin"}]}
                        """#))
            try await marathon.launch(
                Service(
                    id: definition.id, definition: ServiceDefinition(definition.json), instances: 2, fingerprint: "f"))
            try await eventually { try await marathon.observeTasks(of: "/shop/web").count == 2 }
            let tasks = try await marathon.observeTasks(of: "/shop/web")
            #expect(tasks.allSatisfy { $0.ports.map(\.name) == ["http", "admin"] && !$0.host.isEmpty }, "\(tasks)")
            #expect(
                Set(tasks.flatMap { task in task.ports.map { "\(task.host):\($0.number)" } }).count == 4, "\(tasks)")
            #expect(try await marathon.observeTasks(of: "/shop/none").isEmpty)
        }
    }

    private func cluster(_ stub: StubMarathon) throws -> MarathonCluster {
        try MarathonCluster(.init(url: Setting(stub.url)), inventory: Inventory(), resolver: resolver())
    }

    @Test("may be given users while they run, and are healthy where they are checked")
    func healthy() async throws {
        func task(_ port: Int, _ state: String, _ alive: [JSON]) -> JSON {
            [
                "host": "10.2.0.21", "ports": [JSON.number(JSONNumber(port))], "state": .string(state),
                "healthCheckResults": .array(alive.map { ["alive": $0] }),
            ]
        }
        let tasks: [JSON] = [
            task(31_001, "TASK_RUNNING", [true]), task(31_002, "TASK_RUNNING", [true, false]),
            task(31_003, "TASK_RUNNING", []), task(31_004, "TASK_KILLING", [true]), task(31_005, "TASK_STAGING", []),
        ]
        func app(_ checks: JSON) -> JSON {
            [
                "app": [
                    "id": "/a", "tasks": .array(tasks), "healthChecks": checks,
                    "container": ["portMappings": [["containerPort": 80, "hostPort": 0, "name": "http"]]],
                ]
            ]
        }
        for (checks, ports) in [([["protocol": "HTTP"]], [31_001]), ([], [31_001, 31_002, 31_003])] as [(JSON, [Int])] {
            try await StubMarathon.with { stub in
                try await stub.answers("GET", "/v2/apps/a?embed=app.tasks", 200, app(checks))
                let found = try await cluster(stub).observeTasks(of: "/a")
                #expect(found.map(\.ports) == ports.map { [.init($0, name: "http")] })
            }
        }
    }
}
