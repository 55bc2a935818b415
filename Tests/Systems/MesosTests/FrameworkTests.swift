import Clusters
import Foundation
import JSON
import Testing
import Transport

@Suite(
    "The sandbox's scheduler as a framework of a real Mesos",
    .enabled(if: !RealMesos.isAbsent, "RZ_TEST_MESOS names no folder with a real Mesos"))
struct FrameworkTests {
    private static let web: JSON = [
        "id": "/shop/web", "instances": 2, "cpus": 0.1, "mem": 32,
        "cmd": "exec python3 -m http.server --bind $HOST $PORT0", "env": ["GREETING": "hi"],
        "labels": ["tier": "front"], "portDefinitions": [["port": 0, "name": "http"]],
        "healthChecks": [
            ["protocol": "HTTP", "path": "/", "portIndex": 0, "intervalSeconds": 1, "gracePeriodSeconds": 30]
        ],
    ]
    private static let sleeper: JSON = [
        "id": "/sleeper", "cmd": "exec sleep 1000", "cpus": 0.1, "mem": 32, "taskKillGracePeriodSeconds": 1,
    ]

    @Test("launches, scales, updates and ends real tasks")
    func lifecycle() async throws {
        try await RealMesos.with(agents: [RealMesos.AgentSpecification(), RealMesos.AgentSpecification()]) { mesos in
            try await MesosScheduler.with(mesos) { scheduler in
                try await scheduler.call(.post, "/v2/apps", Self.web)
                let tasks = try await scheduler.waitUntilReady("/shop/web", 2)
                let state = try await mesos.master.state()
                #expect(state.frameworks.map(\.id) == [try await scheduler.frameworkID()])
                #expect(state.tasks.map(\.id).sorted() == tasks)
                #expect(state.tasks.allSatisfy { $0.name == "web.shop" && $0.labels == ["tier": "front"] })
                #expect(state.tasks.allSatisfy { $0.state == .running && $0.resources.ports.count == 1 })
                // The core spreads the tasks of an app, and Mesos and Marathon agree about where they are.
                #expect(Set(state.tasks.map(\.agent)).count == 2)
                let known = try await scheduler.get("/v2/apps/shop/web/tasks")["tasks"]?.array ?? []
                for task in known {
                    let same = try #require(state.tasks.first { $0.id == task["id"]?.string })
                    #expect(same.agent == task["slaveId"]?.string)
                    #expect(same.resources.ports.first == task["ports"]?[0]?.int)
                }
                let claim = TaskClaim(
                    framework: state.frameworks[0].id, naming: .marathon, services: ["/shop/web"])
                #expect(Completeness(of: state, claims: [claim], ignored: []).isComplete)

                try await scheduler.call(.put, "/v2/apps/shop/web", ["instances": 4])
                #expect(Set(try await scheduler.waitUntilReady("/shop/web", 4)).isSuperset(of: tasks))
                try await scheduler.call(.put, "/v2/apps/shop/web", ["instances": 1])
                try await scheduler.waitUntilReady("/shop/web", 1)
                try await scheduler.call(.put, "/v2/apps/shop/web", ["env": ["GREETING": "ho"]])
                let renewed = try await scheduler.waitUntilReady("/shop/web", 1)
                #expect(Set(renewed).isDisjoint(with: tasks))
                try await eventually("only the new task runs") {
                    try await mesos.master.state().tasks.map(\.id) == renewed
                }
                try await scheduler.call(.delete, "/v2/apps/shop/web")
                try await eventually("nothing runs") { try await mesos.master.state().tasks.isEmpty }
            }
        }
    }

    @Test("has Mesos' executor perform the health checks that Marathon leaves to it")
    func health() async throws {
        try await RealMesos.with { mesos in
            try await MesosScheduler.with(mesos) { scheduler in
                var app = Self.sleeper.object ?? JSONObject()
                let flag = NSTemporaryDirectory() + "rz-flag-\(UUID().uuidString)"
                defer { try? FileManager.default.removeItem(atPath: flag) }
                app["healthChecks"] = [
                    [
                        "protocol": "COMMAND", "command": ["value": .string("test -e \(flag)")], "delaySeconds": 0,
                        "intervalSeconds": 1, "gracePeriodSeconds": 600,
                    ]
                ]
                try await scheduler.call(.post, "/v2/apps", .object(app))
                try await eventually("the task runs and is not healthy yet") {
                    let app = try await scheduler.get("/v2/apps/sleeper")["app"]
                    return app?["tasksRunning"] == 1 && app?["tasksHealthy"] == 0
                }
                try Data().write(to: URL(filePath: flag))
                try await scheduler.waitUntilReady("/sleeper", 1)
                #expect(try await mesos.master.state().tasks.first?.isHealthy == true)
            }
        }
    }

    @Test("waits for room, says for what, and leaves the offers to others while it has nothing to launch")
    func room() async throws {
        try await RealMesos.with { mesos in
            try await MesosScheduler.with(mesos) { scheduler in
                var large = Self.sleeper.object ?? JSONObject()
                large["mem"] = 1500
                large["instances"] = 2
                try await scheduler.call(.post, "/v2/apps", .object(large))
                try await eventually("one runs and one waits for memory") {
                    let entry = try await scheduler.get("/v2/queue")["queue"]?[0]
                    let reasons = entry?["processedOffersSummary"]?["rejectSummaryLastOffers"]?.array ?? []
                    return entry?["count"]?.int == 1
                        && reasons.contains { $0["reason"] == "InsufficientMemory" && $0["declined"] == 1 }
                }
                try await mesos.addAgent(RealMesos.AgentSpecification())
                try await scheduler.waitUntilReady("/sleeper", 2)
                // Another framework gets its offer, although this one was first.
                let script = try TaskScript(master: mesos.port, name: "other", taskID: "other.1", label: "x", role: "r")
                try await eventually("the other framework's task runs") {
                    try await mesos.master.state().tasks.contains { $0.id == "other.1" && $0.state == .running }
                }
                withExtendedLifetime(script) {}
            }
        }
    }

    @Test("takes its tasks over when it comes back")
    func restart() async throws {
        try await RealMesos.with { mesos in
            try await MesosScheduler.with(mesos) { scheduler in
                try await scheduler.call(.post, "/v2/apps", Self.web)
                let tasks = try await scheduler.waitUntilReady("/shop/web", 2)
                let framework = try await scheduler.frameworkID()
                await scheduler.stop()
                #expect(try await mesos.master.state().tasks.map(\.id).sorted() == tasks)
                let port = try #require(try await mesos.master.state().tasks.first?.resources.ports.first)
                #expect(try await HTTPClient.shared.send(HTTPRequest(.get, "http://127.0.0.1:\(port)/")).status == 200)
                try await scheduler.start()
                #expect(try await scheduler.waitUntilReady("/shop/web", 2) == tasks)
                #expect(try await scheduler.frameworkID() == framework)
                try await eventually("it knows its tasks again") {
                    try scheduler.logged("adopted").sorted() == tasks
                }
                #expect(try scheduler.logged("launched").sorted() == tasks)
            }
        }
    }

    @Test("replaces a task that ended while it was away")
    func endedWhileAway() async throws {
        try await RealMesos.with { mesos in
            try await MesosScheduler.with(mesos) { scheduler in
                var app = Self.sleeper.object ?? JSONObject()
                let marker = NSTemporaryDirectory() + "rz-marker-\(UUID().uuidString)"
                defer { try? FileManager.default.removeItem(atPath: marker) }
                app["cmd"] = .string("while test ! -e \(marker); do sleep 0.1; done; rm \(marker)")
                app["backoffSeconds"] = 0
                try await scheduler.call(.post, "/v2/apps", .object(app))
                let first = try await scheduler.waitUntilReady("/sleeper", 1)
                await scheduler.stop()
                try Data().write(to: URL(filePath: marker))
                try await eventually("the task ended") { !FileManager.default.fileExists(atPath: marker) }
                try await scheduler.start()
                try await eventually("another one runs") {
                    let ready = try await scheduler.ready("/sleeper")
                    return ready.count == 1 && ready != first
                }
            }
        }
    }
}
