import Foundation
import JSON
import Migration
import Testing
import Transport
import Waiting

@testable import Clusters

@Suite("The driver of mesos-compose, against the sandbox's")
struct ComposeClusterTests {
    private let file = """
        version: "3.9"
        services:
          web:
            image: nginx:1.27
            command: exec sleep 1000
            environment: { MODE: "test", SECRET: "hush" }
            labels: { team: shop }
            ports: ["8080:80/http"]
            deploy: { replicas: 2, resources: { limits: { cpus: 0.1, memory: 32 } } }
            depends_on: [db]
          db:
            image: postgres:16
            command: exec sleep 1000
            mesos: { task_name: "mc:own-name" }
        """

    private func withCluster(
        password: String? = nil, _ body: (TestFrameworks, ComposeCluster) async throws -> Void
    ) async throws {
        try await TestFrameworks.with(password: password) { frameworks in
            try file.write(toFile: frameworks.folder + "/shop.yaml", atomically: true, encoding: .utf8)
            try await body(frameworks, try cluster(frameworks, password: password))
        }
    }

    private func cluster(_ frameworks: TestFrameworks, password: String? = nil) throws -> ComposeCluster {
        var access = ServiceSource.Access(url: Setting(frameworks.compose))
        if let password { (access.user, access.password) = ("rz", Setting(password)) }
        return try ComposeCluster(
            ServiceSource.Compose(access: access, files: ["*.yaml"]), folder: frameworks.folder,
            inventory: Inventory(), resolver: { $0.text })
    }

    private func wanted(_ name: String) throws -> Service {
        let all = try ComposeFiles.services(file, project: "shop", file: "shop.yaml")
        let service = try #require(all.first { $0.name == name })
        return Service(
            id: service.id, definition: ServiceDefinition(service.definition), instances: service.replicas,
            dependencies: service.dependencies, fingerprint: service.fingerprint)
    }

    private func awaitReady(_ id: ServiceID, in cluster: ComposeCluster) async throws {
        try await eventually { try await cluster.observeHealth([id])[id]?.isReady == true }
    }

    @Test("launches what is missing once, however often it is asked, and reads back the same service")
    func launches() async throws {
        try await withCluster { _, cluster in
            let web = try wanted("web")
            #expect(web.dependencies == ["shop/db"])
            for _ in 0..<3 { try await cluster.launch(web) }
            try await awaitReady(web.id, in: cluster)
            let found = try #require(try await cluster.observeServices().first)
            #expect(try cluster.differences(web, found) == [])
            #expect(found.instances == 2)
            #expect(try await cluster.tasks().count == 2)
        }
    }

    @Test("adds no task to a service whose tasks have a name of their own, and stops it")
    func ownName() async throws {
        try await withCluster { _, cluster in
            let db = try wanted("db")
            for _ in 0..<3 {
                try await cluster.launch(db)
                try await awaitReady(db.id, in: cluster)
            }
            #expect(try await cluster.tasks().map(\.name) == ["mc:own-name"])
            try await cluster.stop(db.id)
            try await eventually { try await cluster.tasks().isEmpty }
            try await cluster.stop(db.id)
        }
    }

    @Test("changes the number of tasks without touching those that run, and the definition by a restart")
    func changes() async throws {
        try await withCluster { _, cluster in
            var web = try wanted("web")
            try await cluster.launch(web)
            try await awaitReady(web.id, in: cluster)
            let before = Set(try await cluster.tasks().map(\.id))
            web.instances = 3
            try await cluster.launch(web)
            try await eventually { try await cluster.observeServices().first?.instances == 3 }
            #expect(Set(try await cluster.tasks().map(\.id)).isSuperset(of: before))

            let override = Override(match: .label(name: "team", value: "shop"), set: ["environment.MODE": "other"])
            let other = try cluster.rewrite(web, overrides: [override], inventory: nil)
            #expect(other.changes.map(\.path) == ["environment.MODE"])
            let failure = await #expect(throws: Failure.self) { try await cluster.launch(other) }
            #expect(failure?.summary == "shop/web is ended, to be launched with its new definition")
            #expect(failure?.kind == .transient)
            try await eventually {
                do { try await cluster.launch(other) } catch let failure as Failure where failure.kind == .transient {
                    return false
                }
                return try await cluster.observeServices().first.map { try cluster.differences(other, $0) } == []
            }
            try await awaitReady(web.id, in: cluster)
            #expect(Set(try await cluster.tasks().map(\.id)).isDisjoint(with: before))
        }
    }

    @Test("is reported to be refused also where authentication hides the status")
    func refusal() async throws {
        for password in [nil, "hush"] {
            try await withCluster(password: password) { _, cluster in
                var web = try wanted("web")
                web.definition = #"{"id":"shop/web","service":{"image":"x","environment":["A=b"]}}"#
                let failure = await #expect(throws: Failure.self) { try await cluster.launch(web) }
                #expect(failure?.summary.contains("rejected") == true, "\(failure?.description ?? "")")
            }
        }
    }

    @Test("names a task that no file reports, so that the plan is refused")
    func unknown() async throws {
        try await withCluster { frameworks, cluster in
            try await cluster.launch(try wanted("web"))
            let other = try ComposeFiles.services("services: { a: { image: b } }", project: "old", file: "old.yaml")[0]
            let body = Array(other.body(replicas: 1).compact.utf8)
            _ = try await HTTPClient.shared.send(
                HTTPRequest("PUT", frameworks.compose + "/api/compose/v0/old", body: body))
            let found = try await cluster.observeServices()
            #expect(found.map(\.id) == ["old/a", "shop/web"])
            let findings = try cluster.judge(
                found[0], rewritten: found[0], in: PlacementContext(old: Inventory(), new: nil))
            #expect(findings.map(\.kind) == [.refused])
        }
    }

    @Test("reports where what runs is not what the file says")
    func drift() async throws {
        try await withCluster { frameworks, cluster in
            let other = file.replacing("nginx:1.27", with: "nginx:1.25")
            let body = Array(other.utf8)
            _ = try await HTTPClient.shared.send(
                HTTPRequest("PUT", frameworks.compose + "/api/compose/v0/shop", body: body))
            let web = try #require(try await cluster.observeServices().first { $0.id == "shop/web" })
            let findings = try cluster.judge(web, rewritten: web, in: PlacementContext(old: Inventory(), new: nil))
            #expect(findings.filter { $0.judgement == .blocking }.map(\.path) == ["image"])
            #expect(findings.first?.text == "runs with nginx:1.25, the file says nginx:1.27")
        }
    }

    @Test("does not let a single-color service move")
    func exclusive() async throws {
        try await withCluster { _, cluster in
            let web = try wanted("web")
            let failure = #expect(throws: Failure.self) {
                try cluster.rewrite(
                    web, overrides: [Override(match: .id("shop/*"), mode: .exclusive)], inventory: nil)
            }
            #expect(
                failure?.summary
                    == "shop/web can't move in the mode exclusive: mesos-compose keeps no service that does not run")
        }
    }
}
