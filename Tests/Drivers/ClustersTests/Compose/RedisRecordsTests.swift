import Foundation
import JSON
import Migration
import RedisTesting
import Testing

@testable import Clusters

@Suite(
    "The Redis of mesos-compose, a real one",
    .enabled(if: TestRedis.isHere, "redis-tools is not installed: run scripts/setup"))
struct RedisRecordsTests {
    @Test("is only read: records of tasks, but nothing that the framework keeps of itself")
    func reads() async throws {
        try await TestRedis.ofCompose { redis in
            // More than one answer to SCAN holds.
            let count = 1200
            try await redis.hold(["mc:framework": "{}", "mc:framework_config": "{}", "other:list": "no JSON"])
            try await redis.hold(
                Dictionary(uniqueKeysWithValues: (0..<count).map { ("mc:shop:web:shop_web.u.\($0)", record($0)) }))
            try await redis.forgetCommands()
            let tasks = try await records(redis, password: "hush").tasks()
            #expect(tasks.count == count)
            #expect(Set(tasks.map(\.id)).count == count)
            #expect(Set(tasks.map(\.name)) == ["mc:shop:web"])
            let service = ComposeService(tasks[0], id: "shop/web")
            #expect(service.service["environment"] == ["MODE": "test"])
            #expect(service.service["ports"] == ["80:80/tcp"])
            let calls = try await redis.commands()
            #expect(Set(calls.keys).subtracting(["config|resetstat", "info"]) == ["auth", "select", "scan", "get"])
            #expect(calls["get"] == count + 1, "what the framework keeps of itself is not asked for")
            #expect(calls["scan"].map { $0 > 1 } == true)
        }
    }

    @Test("proves the variables of both sides, and reports no value of them")
    func variables() async throws {
        try await TestRedis.ofCompose { redis in
            try await StubMarathon.with { stub in
                let folder = FileManager.default.temporaryDirectory.appending(path: "rz-sealed-\(UUID().uuidString)")
                    .path
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                defer { try? FileManager.default.removeItem(atPath: folder) }
                let file = "services: { web: { image: nginx, environment: { MODE: live, OLD: a, PW: 'vault://s:k' } } }"
                try file.write(toFile: folder + "/shop.yaml", atomically: true, encoding: .utf8)
                let cluster = try ComposeCluster(
                    ServiceSource.Compose(
                        access: .init(url: Setting(stub.url)), files: ["*.yaml"],
                        redis: ServiceSource.Redis(address: Setting(redis.address), password: "hush")),
                    folder: folder, inventory: Inventory(), resolver: { $0.text })
                try await redis.hold(["mc:shop:web:shop_web.u.1": record(1)])
                let task = try JSON(parsing: record(1)).object.map { object in
                    var shown = object
                    shown["environment"] = [:]
                    return JSON.object(shown)
                }
                try await stub.answers("GET", "/api/compose/v0/tasks", 200, [try #require(task)])
                let web = try #require(try await cluster.observeServices().first)
                let findings = try cluster.judge(web, rewritten: web, in: PlacementContext(old: Inventory(), new: nil))
                let drift = findings.filter { $0.kind == .drift && $0.path.hasPrefix("environment") }
                #expect(drift.map(\.path) == ["environment.MODE", "environment.OLD", "environment.PW"])
                #expect(drift.map(\.text).contains { $0.contains("test") || $0.contains("live") } == false)
                let unproven = findings.filter { $0.kind == .unproven }
                #expect(unproven.count == 1 && unproven[0].text.hasPrefix("PW: "))
                let wanted = cluster.files[0]
                let changes = cluster.differences(wanted, try ComposeService(web.definitionJSON()))
                #expect(changes.map(\.path).filter { $0.hasPrefix("environment") } == drift.map(\.path))
                #expect(web.definition.text.contains("\"test\"") == false)
            }
        }
    }

    @Test("refuses a wrong password with a failure that reports none")
    func wrongPassword() async throws {
        try await TestRedis.ofCompose { redis in
            let failure = await #expect(throws: Failure.self) { try await records(redis, password: "s3cret").tasks() }
            #expect(failure?.summary == "Redis rejected the user or the password")
            #expect(failure?.details.first?.hasPrefix("WRONGPASS") == true)
            #expect(failure?.description.contains("s3cret") == false)
        }
    }

    private func record(_ number: Int) -> String {
        """
        {"TaskID":"shop_web.u.\(number)","task_name":"mc:shop:web","container_image":"nginx","State":"TASK_RUNNING",
         "Instances":1200,"environment":{"variables":[{"name":"MODE","value":"test"}]},
         "port_mappings":[{"host_port":31005,"container_port":80,"protocol":"tcp"}]}
        """
    }

    private func records(_ redis: TestRedis, password: Setting) throws -> RedisRecords {
        try RedisRecords(
            ServiceSource.Redis(address: Setting(redis.address), password: password),
            inventory: Inventory(), resolver: { $0.text })
    }
}
