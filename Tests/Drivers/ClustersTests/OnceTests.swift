import Foundation
import JSON
import Migration
import Testing
import Transport

@testable import Clusters

@Suite("A call that changes something, whose server reads it and closes the connection", .serialized)
struct OnceTests {
    @Test("was sent once, and its effect is unknown", arguments: UnsafeCall.all)
    func once(_ call: UnsafeCall) async throws {
        try await StubMarathon.with { stub in
            for answer in call.answers {
                try await stub.answers(answer.method, answer.path, answer.status, answer.body, text: answer.text)
            }
            try await stub.closes(call.method, call.path)
            for answer in call.answersBefore {
                try await stub.answers(answer.method, answer.path, answer.status, answer.body, text: answer.text)
            }
            // Connections to the server wait to be used again.
            for _ in 0..<2 { _ = try await HTTPClient.shared.send(HTTPRequest(.get, stub.url + "/v2/info")) }
            let failure = try await #require(throws: Failure.self) { try await call.make(stub.url) }
            #expect(failure.kind == call.kind)
            let sent = try await stub.recorded().filter { request in
                request.method == call.method && request.path.hasPrefix(call.path)
                    && !call.answersBefore.contains { request.path.hasPrefix($0.path) }
            }
            #expect(sent.count == 1)
        }
    }
}

/// One call of one driver that changes something.
struct UnsafeCall: Sendable, CustomTestStringConvertible {
    struct Answer: Sendable {
        let method: String
        let path: String
        var status = 200
        var body: JSON = [:]
        /// In the place of the body, where that is no JSON.
        var text: String?

        init(_ method: String, _ path: String, _ status: Int = 200, _ body: JSON = [:], text: String? = nil) {
            (self.method, self.path, self.status, self.body, self.text) = (method, path, status, body, text)
        }
    }

    let name: String
    let method: String
    let path: String
    /// What the server tells before it comes to that.
    var answers: [Answer] = []
    /// For paths that begin as the one whose connection is closed.
    var answersBefore: [Answer] = []
    var kind = Failure.Kind.unknownEffect
    /// Makes the call at a URL.
    let make: @Sendable (String) async throws -> Void

    var testDescription: String { "\(name): \(method) \(path)" }

    static let all = marathon + groups + metronome + chronos + compose
}

extension UnsafeCall {
    private static let app = Service(
        id: "/shop/web", definition: #"{"id":"/shop/web","cmd":"x","instances":2}"#, instances: 2, fingerprint: "f")
    private static let pod = Service(
        id: "/shop/pair", definition: ServiceDefinition(PodTests.pod), instances: 2, fingerprint: "f")

    private static func marathon(_ url: String) throws -> MarathonCluster {
        try MarathonCluster(
            ServiceSource.Marathon(url: Setting(url), group: "/"), inventory: Inventory(), resolver: resolver())
    }

    private static func withLogin(_ url: String) throws -> MarathonCluster {
        try MarathonCluster(
            ServiceSource.Marathon(
                url: Setting(url), user: "ada", password: "p", login: Setting(url + "/login")),
            inventory: Inventory(), resolver: resolver())
    }

    private static let marathon: [UnsafeCall] = [
        UnsafeCall(name: "Marathon, launch", method: "POST", path: "/v2/apps") { try await marathon($0).launch(app) },
        UnsafeCall(
            name: "Marathon, replace", method: "PUT", path: "/v2/apps/shop/web",
            answers: [Answer("POST", "/v2/apps", 409)]
        ) { try await marathon($0).launch(app) },
        UnsafeCall(name: "Marathon, launch a pod", method: "POST", path: "/v2/pods") {
            try await marathon($0).launch(pod)
        },
        UnsafeCall(
            name: "Marathon, replace a pod", method: "PUT", path: "/v2/pods/shop/pair",
            answers: [Answer("POST", "/v2/pods", 409)]
        ) { try await marathon($0).launch(pod) },
        UnsafeCall(name: "Marathon, stop", method: "DELETE", path: "/v2/apps/shop/web") {
            try await marathon($0).stop("/shop/web")
        },
        UnsafeCall(
            name: "Marathon, stop a pod", method: "DELETE", path: "/v2/pods/shop/pair",
            answers: [Answer("DELETE", "/v2/apps", 404)]
        ) { try await marathon($0).stop("/shop/pair") },
        UnsafeCall(
            name: "Marathon, suspend", method: "PUT", path: "/v2/apps/shop/web",
            answers: [Answer("GET", "/v2/apps/shop/web", 200, ["app": ["id": "/shop/web"]])]
        ) { try await marathon($0).suspend("/shop/web") },
        UnsafeCall(
            name: "Marathon, activate a pod", method: "PUT", path: "/v2/pods/shop/pair",
            answers: [
                Answer("GET", "/v2/apps/shop/pair", 404),
                Answer("GET", "/v2/pods/shop/pair", 200, ["id": "/shop/pair", "containers": []]),
            ]
        ) { try await marathon($0).activate("/shop/pair", instances: 2) },
        UnsafeCall(name: "DC/OS, log in", method: "POST", path: "/login", kind: .transient) {
            try await withLogin($0).launch(app)
        },
    ]

    private static let groups: [UnsafeCall] = {
        var service = app
        service.groups = [
            ServiceGroup(id: "/shop", definition: #"{"id":"/shop","dependencies":["/b"],"enforceRole":true}"#)
        ]
        let grouped = service
        let launch: @Sendable (String) async throws -> Void = { try await marathon($0).launch(grouped) }
        return [
            UnsafeCall(
                name: "Marathon, rehearse a group", method: "PUT", path: "/v2/groups/shop?dryRun",
                answers: [Answer("GET", "/v2/groups/shop", 404)], make: launch),
            UnsafeCall(
                name: "Marathon, change a group", method: "PUT", path: "/v2/groups/shop",
                answers: [Answer("GET", "/v2/groups/shop", 404)],
                answersBefore: [Answer("PUT", "/v2/groups/shop?dryRun", 200, ["steps": []])], make: launch
            ),
            UnsafeCall(
                name: "Marathon, change a group's role", method: "PATCH", path: "/v2/groups/shop",
                answers: [Answer("GET", "/v2/groups/shop", 200, ["id": "/shop", "enforceRole": false])],
                make: launch),
        ]
    }()

    private static let metronome: [UnsafeCall] = {
        let definition: JSON = [
            "id": "shop.report", "run": ["cmd": "x", "cpus": 0.1, "mem": 32],
            "schedules": [["id": "nightly", "cron": "20 0 * * *", "enabled": true]],
        ]
        @Sendable func launch(_ url: String) async throws {
            let job = try MetronomeJob(definition)
            try await cluster(url).launch(
                Service(
                    id: job.id, definition: ServiceDefinition(job.json), instances: 0, mode: .scheduled,
                    fingerprint: "f"))
        }
        @Sendable func cluster(_ url: String) throws -> MetronomeCluster {
            try MetronomeCluster(
                ServiceSource.Access(url: Setting(url)), inventory: Inventory(), resolver: resolver()
            ) { Instant(milliseconds: 0) }
        }
        func schedules(_ id: String, enabled: Bool) -> Answer {
            Answer(
                "GET", "/v1/jobs/shop.report/schedules", 200,
                [["id": .string(id), "cron": "0 0 * * *", "enabled": .bool(enabled)]])
        }
        let job = "/v1/jobs/shop.report"
        return [
            UnsafeCall(name: "Metronome, create", method: "POST", path: "/v1/jobs", make: launch),
            UnsafeCall(
                name: "Metronome, replace", method: "PUT", path: job, answers: [Answer("POST", "/v1/jobs", 409)],
                make: launch),
            UnsafeCall(
                name: "Metronome, create the schedule", method: "POST", path: job + "/schedules",
                answers: [Answer("POST", "/v1/jobs"), Answer("GET", job + "/schedules", 404)], make: launch),
            UnsafeCall(
                name: "Metronome, replace the schedule", method: "PUT", path: job + "/schedules/nightly",
                answers: [Answer("POST", "/v1/jobs"), schedules("nightly", enabled: true)], make: launch),
            UnsafeCall(
                name: "Metronome, remove the schedule", method: "DELETE", path: job + "/schedules/other",
                answers: [Answer("POST", "/v1/jobs"), schedules("other", enabled: true)], make: launch),
            UnsafeCall(
                name: "Metronome, stop", method: "DELETE", path: job,
                answers: [schedules("nightly", enabled: false)]
            ) { try await cluster($0).stop("shop.report") },
            UnsafeCall(
                name: "Metronome, suspend", method: "PUT", path: job + "/schedules/nightly",
                answers: [schedules("nightly", enabled: true)]
            ) { try await cluster($0).suspend("shop.report") },
            UnsafeCall(
                name: "Metronome, activate", method: "PUT", path: job + "/schedules/nightly",
                answers: [schedules("nightly", enabled: false)]
            ) { try await cluster($0).activate("shop.report", instances: 0) },
            UnsafeCall(name: "Metronome, run once", method: "POST", path: job + "/runs") {
                try await cluster($0).runOnce("shop.report")
            },
        ]
    }()

    private static let chronos: [UnsafeCall] = {
        @Sendable func cluster(_ url: String) throws -> ChronosCluster {
            try ChronosCluster(
                ServiceSource.Access(url: Setting(url)), inventory: Inventory(), resolver: resolver()
            ) { Instant(milliseconds: 0) }
        }
        @Sendable func launch(_ url: String, _ definition: JSON) async throws {
            let job = try ChronosJob(definition)
            try await cluster(url).launch(
                Service(
                    id: job.id, definition: ServiceDefinition(job.json), instances: 0, mode: .scheduled,
                    fingerprint: "f"))
        }
        func jobs(disabled: Bool) -> [Answer] {
            [
                Answer(
                    "GET", "/v1/scheduler/jobs", 200,
                    [["name": "a", "schedule": "R/2026-11-23T10:00:00Z/PT1H", "disabled": .bool(disabled)]]),
                Answer("GET", "/v1/scheduler/graph/csv", 200, text: ""),
            ]
        }
        let scheduler = "/v1/scheduler/"
        return [
            UnsafeCall(name: "Chronos, launch", method: "POST", path: scheduler + "iso8601") {
                try await launch($0, ["name": "a", "schedule": "R/2026-11-23T10:00:00Z/PT1H"])
            },
            UnsafeCall(
                name: "Chronos, launch one that waits for another", method: "POST", path: scheduler + "dependency"
            ) {
                try await launch($0, ["name": "b", "command": "c", "parents": ["a"]])
            },
            UnsafeCall(
                name: "Chronos, suspend", method: "POST", path: scheduler + "iso8601", answers: jobs(disabled: false)
            ) { try await cluster($0).suspend("chronos:a") },
            UnsafeCall(
                name: "Chronos, activate", method: "POST", path: scheduler + "iso8601", answers: jobs(disabled: true)
            ) { try await cluster($0).activate("chronos:a", instances: 0) },
            UnsafeCall(
                name: "Chronos, run once", method: "PUT", path: scheduler + "job/a", answers: jobs(disabled: true)
            ) { try await cluster($0).runOnce("chronos:a") },
            UnsafeCall(
                name: "Chronos, stop", method: "DELETE", path: scheduler + "job/a", answers: jobs(disabled: true)
            ) { try await cluster($0).stop("chronos:a") },
        ]
    }()

    private static let compose: [UnsafeCall] = {
        let file = "services: { web: { image: nginx } }"
        @Sendable func cluster(_ url: String) throws -> ComposeCluster {
            let folder = FileManager.default.temporaryDirectory.appending(path: "rz-once-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            try Data(file.utf8).write(to: folder.appending(path: "shop.yaml"))
            return try ComposeCluster(
                ServiceSource.Compose(access: ServiceSource.Access(url: Setting(url)), files: ["*.yaml"]),
                folder: folder.path, inventory: Inventory(), resolver: resolver())
        }
        @Sendable func launch(_ url: String) async throws {
            let all = try ComposeFiles.services(file, project: "shop", file: "shop.yaml")
            let web = all[0]
            try await cluster(url).launch(
                Service(
                    id: web.id, definition: ServiceDefinition(web.definition), instances: 2,
                    fingerprint: web.fingerprint))
        }
        func tasks(_ name: String, _ label: String = "") -> Answer {
            Answer(
                "GET", "/api/compose/v0/tasks", 200,
                [
                    [
                        "TaskID": "t1", "task_name": .string(name), "State": "TASK_RUNNING", "Instances": 1,
                        "container_image": "nginx", "container_type": "docker", "network_mode": "user",
                        "Restart": "unless-stopped", "Labels": [["key": "rz.fingerprint", "value": .string(label)]],
                    ]
                ])
        }
        let same = (try? ComposeFiles.services(file, project: "shop", file: "shop.yaml"))?.first?.fingerprint ?? ""
        let project = "/api/compose/v0/shop"
        return [
            UnsafeCall(
                name: "mesos-compose, launch", method: "PUT", path: project,
                answers: [Answer("GET", "/api/compose/v0/tasks", 200, [])], make: launch),
            UnsafeCall(
                name: "mesos-compose, update", method: "UPDATE", path: project,
                answers: [tasks("mc:shop:web", same)], make: launch),
            UnsafeCall(
                name: "mesos-compose, stop", method: "DELETE", path: project + "/web", answers: [tasks("mc:shop:web")]
            ) { try await cluster($0).stop("shop/web") },
            UnsafeCall(
                name: "mesos-compose, end a task", method: "DELETE", path: "/api/compose/v0/tasks/t1",
                answers: [tasks("mc:shop:web"), Answer("DELETE", project + "/web", 404)]
            ) { try await cluster($0).stop("shop/web") },
        ]
    }()
}
