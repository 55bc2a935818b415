import Foundation
import JSON
import Migration
import Synchronization
import Testing
import Transport
import Waiting

@testable import Clusters

@Suite("A copy in mesos-compose is what both sides report of it")
struct ComposeParityTests {
    /// Every field that a record tells.
    private static let full = """
        version: '3.9'
        x-base: &base { restart: on-failure, volumes: ["data:/var/lib/data:ro", "/srv/x:/x"] }
        services:
          full:
            <<: *base
            image: reg.example/full:1.10
            command: serve
            shell: true
            privileged: true
            hostname: full.example
            container_type: DOCKER
            network: inner
            networks: { inner: { aliases: [full] } }
            arguments: [--port, 80]
            environment: { WHO: full }
            labels: { team: shop, version: 1.10 }
            ports: [80, "127.0.0.1:8080:81/http", 90/udp]
            pull_policy: always
            ulimits: { nofile: { soft: 10, hard: 20 } }
            healthcheck: { delayseconds: 3, http: { port: 80, path: /health } }
            deploy:
              replicas: 3
              placement: { attributes: ["pool: services"], constraints: ["node.hostname==a1", unique] }
              resources: { limits: { cpus: .5, memory: 100 } }
          plain: { image: x }
        networks: { inner: { external: true, name: weave } }
        volumes: { data: { driver: s3 } }
        """

    private func cluster(_ frameworks: TestFrameworks, _ text: String) throws -> ComposeCluster {
        try text.write(toFile: frameworks.folder + "/shop.yaml", atomically: true, encoding: .utf8)
        return try ComposeCluster(
            ServiceSource.Compose(access: .init(url: Setting(frameworks.compose)), files: ["*.yaml"]),
            folder: frameworks.folder, inventory: Inventory(), resolver: { $0.text })
    }

    private func wanted(_ definition: ComposeService) -> Service {
        Service(
            id: definition.id, definition: ServiceDefinition(definition.definition),
            instances: max(1, definition.replicas),
            fingerprint: definition.fingerprint)
    }

    /// The file as a person sends it, whole, so that nothing of rz has a part in it.
    private func push(_ text: String, _ frameworks: TestFrameworks) async throws {
        let answer = try await HTTPClient.shared.send(
            HTTPRequest("PUT", frameworks.compose + "/api/compose/v0/shop", body: Array(text.utf8)))
        #expect(answer.status == 200)
    }

    @Test("what rz launches equals what the file makes when a person sends it, field by field")
    func same() async throws {
        var reported: [String: [RecordForm]] = [:]
        try await TestFrameworks.with(runsTasks: false) { frameworks in
            let cluster = try cluster(frameworks, Self.full)
            try await push(Self.full, frameworks)
            for service in try await cluster.observeServices() {
                #expect(try ComposeService(service.definitionJSON()).drift == [:], "\(service.definition)")
                reported[service.id.text] = try ComposeService(service.definitionJSON()).reported
            }
        }
        #expect(reported.keys.sorted() == ["shop/full", "shop/plain"])
        try await TestFrameworks.with(runsTasks: false) { frameworks in
            let cluster = try cluster(frameworks, Self.full)
            for file in cluster.files { try await cluster.launch(wanted(file)) }
            for service in try await cluster.observeServices() {
                #expect(try ComposeService(service.definitionJSON()).reported == reported[service.id.text])
            }
        }
    }

    /// One change of a file for each field that mesos-compose reports.
    private static let changes: [(from: String, to: String, path: String)] = [
        ("full:1.10", "full:1.11", "image"), ("command: serve", "command: other", "command"),
        ("shell: true", "shell: false", "shell"), ("privileged: true", "privileged: false", "privileged"),
        ("full.example", "other.example", "hostname"),
        ("container_type: DOCKER", "container_type: mesos", "container_type"),
        ("name: weave", "name: other", "networks"), ("name: weave", "name: weave, driver: bridge", "network_mode"),
        ("aliases: [full]", "aliases: [other]", "parameters.0"), ("--port, 80", "--port, 81", "arguments.1"),
        ("team: shop", "team: other", "labels.team"), ("81/http", "81/tcp", "ports.1"),
        ("pull_policy: always", "pull_policy: missing", "pull_policy"), ("hard: 20", "hard: 30", "parameters.1"),
        ("path: /health", "path: /other", "healthcheck.http.path"),
        ("delayseconds: 3", "delayseconds: 4", "healthcheck.delay_seconds"),
        ("pool: services", "pool: other", "attributes.pool"),
        ("node.hostname==a1", "node.hostname==a2", "labels.__mc_placement_node_hostname"),
        ("cpus: .5", "cpus: .6", "cpus"), ("memory: 100", "memory: 101", "memory"),
        ("restart: on-failure", "restart: always", "restart"), ("data:ro", "data", "volumes.0"),
        ("driver: s3", "driver: rbd", "volumes.0"),
    ]

    @Test("whatever one side reports otherwise is reported, whatever the label says", arguments: changes)
    func drift(from: String, to: String, path: String) async throws {
        try await TestFrameworks.with(runsTasks: false) { frameworks in
            let cluster = try cluster(frameworks, Self.full)
            try #require(Self.full.contains(from))
            let mark = try #require(cluster.files.first { $0.name == "full" }).fingerprint
            // Even with the label of the right definition.
            let other = Self.full.replacing(from, with: to)
                .replacing("labels: {", with: "labels: { rz.fingerprint: \"\(mark)\",")
            try await push(other, frameworks)
            let file = try #require(cluster.files.first { $0.name == "full" })
            let found = try #require(try await cluster.observeServices().first { $0.id == "shop/full" })
            #expect(try cluster.differences(wanted(file), found).map(\.path).contains(path))
            let findings = try cluster.judge(found, rewritten: found, in: PlacementContext(old: Inventory(), new: nil))
            #expect(findings.contains { $0.kind == .drift && $0.path == path && $0.judgement == .blocking })
        }
    }

    @Test("a launch that mesos-compose mixes up with another one is ended and not called done")
    func readBack() async throws {
        try await StubMarathon.with { stub in
            let folder = FileManager.default.temporaryDirectory.appending(path: "rz-mixed-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try "services: { web: { image: nginx } }".write(
                toFile: folder + "/shop.yaml", atomically: true, encoding: .utf8)
            let cluster = try ComposeCluster(
                ServiceSource.Compose(access: .init(url: Setting(stub.url)), files: ["*.yaml"]), folder: folder,
                inventory: Inventory(), resolver: { $0.text })
            let project = "/api/compose/v0/shop"
            let web = wanted(cluster.files[0])
            try await stub.answers("PUT", project, 200, ["Services": ["web": ["Image": "nginx"]]])
            try await stub.answers("GET", "/api/compose/v0/tasks", 200, .null)
            let lost = await #expect(throws: Failure.self) { try await cluster.launch(web) }
            #expect(lost?.summary == "mesos-compose accepted shop/web, but has no record of it")
            #expect(lost?.kind == .transient)
        }
    }

    @Test("twelve services launched at once, Vault answering at random, never share a field")
    func race() async throws {
        let rounds = Int(ProcessInfo.processInfo.environment["RZ_COMPOSE_ROUNDS"] ?? "") ?? 4
        let text = Self.twelve
        try await TestFrameworks.with(
            vaultDelay: { .milliseconds(Int.random(in: 0...4)) }, runsTasks: false
        ) { frameworks in
            for round in 0..<rounds {
                let services = try ComposeFiles.services(text, project: "round\(round)", file: "r.yaml")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    let cluster = try cluster(frameworks, text)
                    for service in services {
                        let wanted = wanted(service)
                        group.addTask { try await cluster.launch(wanted) }
                    }
                    try await group.waitForAll()
                }
                let tasks = try await cluster(frameworks, text).tasks()
                for service in services {
                    let own = tasks.filter { $0.belongs(to: service, prefix: "mc") }
                    #expect(own.isEmpty == false, "round \(round): \(service.name)")
                    let expected = RecordForm(expectedOf: service, prefix: "mc")
                    #expect(own.flatMap { expected.differences(to: $0.form) } == [], "round \(round)")
                }
                // The list of all rounds would be longer than that of any data centre.
                let round = try cluster(frameworks, text)
                for service in services { try await round.stop(service.id) }
                try await eventually { try await round.tasks().isEmpty }
            }
        }
    }

    @Test("the sandbox mixes up what arrives at once, as the real one does")
    func unkind() async throws {
        let services = try ComposeFiles.services(Self.twelve, project: "shop", file: "shop.yaml")
        try await TestFrameworks.with(vaultDelay: { .milliseconds(200) }, runsTasks: false) { frameworks in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for service in services {
                    let request = HTTPRequest(
                        "PUT", frameworks.compose + "/api/compose/v0/shop",
                        body: Array(service.body(replicas: 2).compact.utf8))
                    group.addTask { _ = try await HTTPClient.shared.send(request) }
                }
                try await group.waitForAll()
            }
            let tasks = try await cluster(frameworks, Self.twelve).tasks()
            let mixed = services.filter { service in
                let expected = RecordForm(expectedOf: service, prefix: "mc")
                return tasks.contains {
                    $0.belongs(to: service, prefix: "mc") && !expected.differences(to: $0.form).isEmpty
                }
            }
            #expect(mixed.count > 1)
        }
    }

    private static let twelve =
        "services:\n"
        + (0..<12).map { number in
            """
              s\(number):
                image: reg.example/s\(number):1.\(number)
                command: run s\(number)
                arguments: [--data, /srv/s\(number)]
                environment: { DB_PASSWORD: "vault://secret/data/s\(number):pw" }
                volumes: ["vol-s\(number):/srv/s\(number)"]
                ports: ["80\(number):8000/http"]
                healthcheck: { http: { port: 8000, path: /health/s\(number) } }
                deploy: { replicas: \(number % 3 + 1), resources: { limits: { cpus: 0.0\(number + 1), memory: 10\(number) } } }

            """
        }.joined()
}
