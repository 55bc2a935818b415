import Foundation
import JSON
import Migration
import Testing
import Waiting

@testable import Clusters

@Suite("Services on the sandbox's scheduler")
struct SchedulerTests {
    @Test("are forgotten by a Marathon without its state: all, half of them, or with null in the place of lists")
    func forgotten() async throws {
        try await TestScheduler.with { scheduler in
            let marathon = try MarathonCluster(
                .init(url: Setting(scheduler.url), group: "/shop"), inventory: Inventory(), resolver: resolver())
            try await eventually { try await marathon.observePlatform().isReady }
            for name in ["a", "b"] {
                try await marathon.launch(try service(#"{"id":"/shop/\#(name)","cmd":"sleep 1000","instances":0}"#))
            }
            func shrink(_ how: String) throws {
                try Data(how.utf8).write(to: URL(fileURLWithPath: scheduler.stateFile + ".shrunk"))
            }
            #expect(try await marathon.observeServices().map(\.id) == ["/shop/a", "/shop/b"])
            #expect(try await marathon.observeDoubts().isEmpty)
            try shrink("half")
            #expect(try await marathon.observeServices().map(\.id) == ["/shop/b"])
            #expect(try await marathon.observeService("/shop/a") == nil)
            try shrink("all")
            #expect(try await marathon.observeServices().isEmpty)
            #expect(try await marathon.observeDoubts().first?.contains("has no group /shop") == true)
            try shrink("null")
            let failure = await #expect(throws: Failure.self) { try await marathon.observeServices() }
            #expect(failure?.summary == "Marathon's answer holds no list of apps")
            try FileManager.default.removeItem(atPath: scheduler.stateFile + ".shrunk")
            #expect(try await marathon.observeServices().count == 2)
        }
    }

    @Test("are launched, read back as the same, changed, launched again without effect, and stopped")
    func life() async throws {
        try await TestScheduler.with { scheduler in
            let marathon = try MarathonCluster(
                .init(url: Setting(scheduler.url)), inventory: Inventory(), resolver: resolver())
            try await eventually { try await marathon.observePlatform().isReady }
            #expect(try await marathon.observeServices().isEmpty)

            let worker = try service(
                #"""
                {"id":"/shop/worker","cmd":"while :; do sleep 1; done","instances":2,"cpus":0.1,"mem":16,"env":{"A":"ä \" b"},
                 "labels":{"team":"shop"},"portDefinitions":[{"port":10017,"protocol":"tcp"}],"dependencies":["/shop/db"]}
                """#)
            try await marathon.launch(worker)
            try await eventually { try await marathon.observeHealth(["/shop/worker"])["/shop/worker"]?.isReady == true }
            let read = try #require(try await marathon.observeServices().first)
            #expect(read.fingerprint == worker.fingerprint, "\(read.definition.text)")
            #expect(try await marathon.observeService("/shop/worker") == read)
            #expect(try await marathon.observeService("/shop/other") == nil)
            #expect(read.instances == 2)
            #expect(read.dependencies == ["/shop/db"])
            // The service port is the one it had.
            #expect(read.definition.text.contains("10017"))

            try await marathon.launch(worker)
            try await eventually { try await marathon.observeHealth(["/shop/worker"])["/shop/worker"]?.isReady == true }
            let changed = try marathon.rewrite(
                read, overrides: [Override(match: .id("/shop/*"), set: ["env.A": "b", "instances": "1"])],
                inventory: nil)
            #expect(changed.changes.map(\.path) == ["env.A", "instances"])
            try await marathon.launch(changed)
            try await eventually {
                let health = try await marathon.observeHealth(["/shop/worker"])["/shop/worker"]
                return health?.isReady == true && health?.expected == 1
            }
            #expect(try await marathon.observeServices().first?.fingerprint == changed.fingerprint)

            try await marathon.stop("/shop/worker")
            try await eventually { try await marathon.observeServices().isEmpty }
            try await marathon.stop("/shop/worker")
        }
    }

    @Test("that are stopped are under way until their last task has ended, however long that takes")
    func gracefulEnd() async throws {
        try await TestScheduler.with { scheduler in
            let marathon = try MarathonCluster(
                .init(url: Setting(scheduler.url)), inventory: Inventory(), resolver: resolver())
            let go = NSTemporaryDirectory() + "rz-go-\(UUID().uuidString)"
            defer { try? FileManager.default.removeItem(atPath: go) }
            try await marathon.launch(
                service(
                    #"""
                    {"id":"/db","cpus":0.1,"mem":16,"instances":1,"taskKillGracePeriodSeconds":300,
                     "cmd":"trap 'while [ ! -e \#(go) ]; do sleep 0.1; done; exit 0' TERM; while :; do sleep 0.1; done"}
                    """#))
            try await eventually { try await marathon.observeHealth(["/db"])["/db"]?.isReady == true }
            try await marathon.stop("/db")
            try await eventually { try await marathon.observeServices().isEmpty }
            for few in [["/db"], ["/db", "/a", "/b", "/c"]] as [[ServiceID]] {
                let health = try #require(try await marathon.observeHealth(few)["/db"])
                #expect(health.isDeploying && !health.isReady)
            }
            _ = FileManager.default.createFile(atPath: go, contents: nil)
            try await eventually { try await marathon.observeHealth(["/db"]).isEmpty }
        }
    }

    @Test("that find no place say why")
    func stuck() async throws {
        try await TestScheduler.with { scheduler in
            let marathon = try MarathonCluster(
                .init(url: Setting(scheduler.url)), inventory: Inventory(), resolver: resolver())
            try await marathon.launch(service(#"{"id":"/huge","cmd":"sleep 1","cpus":0.1,"mem":999999,"instances":1}"#))
            try await eventually {
                try await marathon.observeHealth(["/huge"])["/huge"]?.description.contains("InsufficientMemory") == true
            }
        }
    }

    private func service(_ text: String) throws -> Service {
        let definition = try definition(text)
        return Service(
            id: definition.id, definition: ServiceDefinition(definition.json), instances: definition.instances,
            dependencies: definition.dependencies, fingerprint: definition.fingerprint)
    }
}
