import Foundation
import JSON
import Migration
import Testing
import Transport

@testable import Clusters

@Suite("A list of mesos-compose that lacks tasks is no observation")
struct ComposeEmptinessTests {
    private func with(
        _ text: String = "services: { web: { image: 'nginx:1' }, db: { image: 'postgres:16' } }",
        _ source: (String) -> ServiceSource.Compose = { url in
            ServiceSource.Compose(access: .init(url: Setting(url)), files: ["*.yaml"])
        }, _ body: (StubMarathon, ComposeCluster) async throws -> Void
    ) async throws {
        try await StubMarathon.with { stub in
            let folder = FileManager.default.temporaryDirectory.appending(path: "rz-empty-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try text.write(toFile: folder + "/shop.yaml", atomically: true, encoding: .utf8)
            let cluster = try ComposeCluster(
                source(stub.url), folder: folder, platform: .init(url: Setting(stub.url)), inventory: Inventory(),
                resolver: { $0.text })
            try await body(stub, cluster)
        }
    }

    private func record(_ service: String, _ state: String = "TASK_RUNNING", instances: Int = 1, _ number: Int = 0)
        -> JSON
    {
        [
            "TaskID": .string("shop_\(service).u.\(number)"), "task_name": .string("mc:shop:\(service)"),
            "State": .string(state), "Instances": .number(JSONNumber(instances)),
        ]
    }

    private func running(_ services: String..., state: String = "TASK_RUNNING") -> JSON {
        [
            "tasks": .array(
                services.map { service in
                    [
                        "id": .string("shop_\(service).u.0"), "name": .string("mc:shop:\(service)"),
                        "state": .string(state), "statuses": [],
                    ]
                })
        ]
    }

    @Test("while Mesos runs tasks that it does not report", arguments: [JSON.null, []])
    func empty(list: JSON) async throws {
        try await with { stub, cluster in
            try await stub.answers("GET", "/api/compose/v0/tasks", 200, list)
            try await stub.answers("GET", "/tasks", 200, running("web", "db"))
            let failure = await #expect(throws: Failure.self) { try await cluster.observeServices() }
            #expect(failure?.summary == "mesos-compose reports 0 tasks, and Mesos runs 2 more of its")
            #expect(failure?.kind == .transient)
            #expect(failure?.advice?.contains("Redis") == true)
        }
    }

    @Test("nor is half a list")
    func half() async throws {
        try await with { stub, cluster in
            try await stub.answers("GET", "/api/compose/v0/tasks", 200, [record("web")])
            try await stub.answers("GET", "/tasks", 200, running("web", "db"))
            let failure = await #expect(throws: Failure.self) { try await cluster.observeServices() }
            #expect(failure?.details == ["mc:shop:db: shop_db.u.0"])
        }
    }

    @Test("and is one where Mesos runs nothing more, or only what has ended")
    func trueLists() async throws {
        try await with { stub, cluster in
            try await stub.answers("GET", "/api/compose/v0/tasks", 200, [record("web")])
            try await stub.answers("GET", "/tasks", 200, running("web", "db", state: "TASK_KILLED"))
            #expect(try await cluster.observeServices().map(\.id) == ["shop/web"])
            #expect(cluster.servicesInFiles == ["shop/db", "shop/web"])
        }
    }

    @Test("Mesos's answer without a list of tasks is a failure, and not an empty one")
    func mesosWithoutList() async throws {
        try await with { stub, cluster in
            try await stub.answers("GET", "/api/compose/v0/tasks", 200, .null)
            try await stub.answers("GET", "/tasks", 200, [:])
            let failure = await #expect(throws: Failure.self) { try await cluster.observeServices() }
            #expect(failure?.summary == "Mesos' answer holds no `tasks`")
        }
    }

    @Test("a service has the instances that are wanted, whatever runs of it")
    func wanted() async throws {
        try await with { stub, cluster in
            let records: [JSON] = [
                record("web", instances: 3, 0), record("web", instances: 3, 1), record("web", "", instances: 3, 2),
            ]
            try await stub.answers("GET", "/api/compose/v0/tasks", 200, .array(records))
            try await stub.answers("GET", "/tasks", 200, ["tasks": []])
            let web = try #require(try await cluster.observeServices().first)
            #expect(web.instances == 3)
            #expect(web.isDeploying)
        }
    }

    @Test("a service that is being ended is no service any more, and not ended before its tasks are")
    func ending() async throws {
        try await with { stub, cluster in
            try await stub.answers("GET", "/api/compose/v0/tasks", 200, [record("web", "__KILL", instances: 0)])
            try await stub.answers("GET", "/tasks", 200, running("web"))
            #expect(try await cluster.observeServices() == [])
            #expect(try await cluster.observeHealth(["shop/web"])["shop/web"]?.isDeploying == true)
            // Its record is gone, its task is not.
            try await stub.answers("GET", "/api/compose/v0/tasks", 200, .null)
            let left = try #require(try await cluster.observeHealth(["shop/web"])["shop/web"])
            #expect(left.running == 1)
            #expect(left.reasons == ["Mesos runs shop_web.u.0, of which mesos-compose has no record"])
            try await stub.answers("GET", "/tasks", 200, ["tasks": []])
            #expect(try await cluster.observeHealth(["shop/web"]) == [:])
        }
    }

    @Test("of a framework whose tasks are named apart from it, the API reports nothing: Redis has to")
    func apart() async throws {
        let failure = await #expect(throws: Failure.self) {
            try await with(
                "services: { web: { image: nginx } }",
                { url in
                    ServiceSource.Compose(access: .init(url: Setting(url)), files: ["*.yaml"], framework: "compose")
                },
                { _, _ in })
        }
        #expect(failure?.advice == "Add `redis` to this source, which has all records.")
    }
}
