import Foundation
import JSON
import Migration
import Testing

@testable import Clusters

/// Whatever an id holds: a call means that service and no other, or is not made.
@Suite("The id of a service in a URL")
struct ServiceIDTests {
    @Test(
        "that no Marathon can have is refused before a call is made",
        arguments: [
            "/shop/../web", "/shop/./web", "/shop/web?force=true", "/shop/web#x", "/shop/web%2fx", "/shop//web",
            "/shop/web/", "/shop/web\u{7}", "/Shop/web", "/shop/-web", "/", "shop",
        ])
    func marathon(_ text: String) async throws {
        try await StubMarathon.with { stub in
            let marathon = try marathon(stub)
            let id = ServiceID(text)
            let calls: [@Sendable () async throws -> Void] = [
                { try await marathon.stop(id) }, { try await marathon.suspend(id) },
                { try await marathon.activate(id, instances: 1) }, { _ = try await marathon.observeService(id) },
                { _ = try await marathon.observeHealth([id]) },
            ]
            for call in calls {
                let failure = try await #require(throws: Failure.self) { try await call() }
                #expect(failure.summary.hasPrefix("“\(text.visible)” can't be the id of a service of Marathon"))
                #expect(failure.kind == .refused)
            }
            #expect(try await stub.recorded().isEmpty)
        }
    }

    @Test("that Marathon reports though it can't have it stops the plan and is named")
    func reported() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/v2/apps", 200, ["apps": [["id": "/shop/a?b", "cmd": "x"]]])
            let failure = try await #require(throws: Failure.self) { try await marathon(stub).observeServices() }
            #expect(failure.summary.hasPrefix("“/shop/a?b” can't be the id of a service of Marathon"))
        }
    }

    @Test("of a group that Marathon can't have is refused before a call is made")
    func group() async throws {
        try await StubMarathon.with { stub in
            let marathon = try marathon(stub)
            var service = Service(
                id: "/shop/web", definition: #"{"id":"/shop/web","cmd":"x"}"#, instances: 1, fingerprint: "f")
            service.groups = [ServiceGroup(id: "/shop/../web", definition: #"{"id":"/shop/../web","x":1}"#)]
            let failure = try await #require(throws: Failure.self) {
                try await marathon.launch(service, suspended: false)
            }
            #expect(failure.summary.hasPrefix("“/shop/../web” can't be the id of a group of Marathon"))
            #expect(try await stub.recorded().isEmpty)
        }
    }

    @Test(
        "that no Metronome can have is refused before a call is made",
        arguments: ["..", ".", "a..b", "a?b", "a#b", "a%2fb", "Report", "a\u{0}b", ""])
    func metronome(_ text: String) async throws {
        try await StubMarathon.with { stub in
            let metronome = try MetronomeCluster(
                .init(url: Setting(stub.url)), inventory: Inventory(), resolver: { $0.text },
                now: { Instant(milliseconds: 0) })
            let id = ServiceID(text)
            let calls: [@Sendable () async throws -> Void] = [
                { try await metronome.stop(id) }, { try await metronome.suspend(id) },
                { try await metronome.runOnce(id) }, { _ = try await metronome.observeActivity([id]) },
            ]
            for call in calls {
                let failure = try await #require(throws: Failure.self) { try await call() }
                #expect(failure.summary.hasPrefix("“\(text.visible)” can't be the id of a job of Metronome"))
            }
            #expect(try await stub.recorded().isEmpty)
        }
    }

    @Test("of Chronos may hold spaces and #, which are escaped; one that means a folder is refused")
    func chronos() async throws {
        try await StubMarathon.with { stub in
            let chronos = try ChronosCluster(
                .init(url: Setting(stub.url)), inventory: Inventory(), resolver: { $0.text },
                now: { Instant(milliseconds: 0) })
            let jobs: [JSON] = ["night run #2", ".."].map { ["name": $0, "schedule": "R/2026-01-01T00:00:00Z/P1D"] }
            try await stub.answers("GET", "/v1/scheduler/jobs", 200, .array(jobs))
            try await stub.answers("PUT", "/v1/scheduler/job/", 204)
            try await chronos.runOnce("chronos:night run #2")
            let failure = try await #require(throws: Failure.self) { try await chronos.runOnce("chronos:..") }
            #expect(failure.summary.hasPrefix("“..” can't be the id of a job of Chronos"))
            let puts = try await stub.recorded().filter { $0.method == "PUT" }
            #expect(puts.map(\.path) == ["/v1/scheduler/job/night%20run%20%232"])
        }
    }

    @Test(
        "of mesos-compose is escaped part by part; one that means a folder is refused",
        arguments: ["../web", "shop/..", "shop/.", "./web", "/web", "shop/", "shop/a\u{1}"])
    func compose(_ text: String) async throws {
        try await StubMarathon.with { stub in
            let folder = FileManager.default.temporaryDirectory.appending(path: "rz-ids-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try "services: { web: { image: nginx } }".write(
                toFile: folder + "/shop.yaml", atomically: true, encoding: .utf8)
            let compose = try ComposeCluster(
                .init(access: .init(url: Setting(stub.url)), files: ["*.yaml"]), folder: folder,
                inventory: Inventory(), resolver: { $0.text })
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let task: JSON = ["task_name": .string("mc:\(parts[0]):\(parts[1])"), "TaskID": "t.1"]
            try await stub.answers("GET", "/api/compose/v0/tasks", 200, [task])
            let failure = try await #require(throws: Failure.self) { try await compose.stop(ServiceID(text)) }
            #expect(failure.summary.hasPrefix("“\(text.visible)” can't be the id of a service of mesos-compose"))
            #expect(try await stub.recorded().filter { $0.method != "GET" }.isEmpty)
        }
    }

    private func marathon(_ stub: StubMarathon) throws -> MarathonCluster {
        try MarathonCluster(.init(url: Setting(stub.url)), inventory: Inventory(), resolver: { $0.text })
    }
}
