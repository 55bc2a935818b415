import Foundation
import JSON
import Migration
import Testing

@testable import Clusters

@Suite("What binds a service of mesos-compose to its environment")
struct ComposeJudgementTests {
    private func findings(_ service: String, _ rest: String = "", new: Inventory? = nil) throws -> [Finding] {
        let text = "services: { a: \(service) }\n\(rest)"
        let definition = try #require(try ComposeFiles.services(text, project: "p", file: "p.yaml").first)
        let old = Inventory(groups: ["agents": [Host(name: "blue-agent-1", address: "10.1.0.11")]])
        let judgement = ComposeJudgement(Judgement(PlacementContext(old: old, new: new)), prefix: "mc")
        return judgement.findings(
            of: definition, becoming: definition,
            as: Service(
                id: definition.id, definition: ServiceDefinition(definition.definition), instances: 1, fingerprint: "f")
        )
    }

    @Test(
        "is found as Marathon's is",
        arguments: [
            ("{ image: x:1, volumes: ['/data/db:/var/lib/db'] }", Finding.Kind.hostPath, "volumes.0"),
            ("{ image: x:1, volumes: ['data:/var/lib/db'] }", .hostPath, "volumes.0"),
            ("{ image: x:1, volumes: ['media:/media'] }", .singleAttachVolume, "volumes.0"),
            ("{ image: x:1, environment: { U: 'db://mc.shop.db.mc.mesos:5432' } }", .mesosName, "environment.U"),
            ("{ image: x:1, environment: { H: 10.1.0.11 } }", .oldAddress, "environment.H"),
            ("{ image: x:1, environment: { M: '10.9.0.1:5050' } }", .oldAddress, "environment.M"),
            ("{ image: x:1, environment: { Z: 'zk://a,b/mesos' } }", .zooKeeper, "environment.Z"),
            ("{ image: x:1, environment: { P: 'vault://secret/db:root' } }", .secret, "environment"),
            ("{ image: x:1, network: inner }", .network, "networks"),
            ("{ image: 'avhost/mesos-m3s:1' }", .framework, "image"),
            ("{ image: x:1, environment: { MESOS_MASTER: m, FRAMEWORK_NAME: f } }", .framework, "environment"),
            (
                "{ image: x:1, deploy: { placement: { constraints: ['node.hostname==blue-agent-1'] } } }", .constraint,
                "deploy.placement.constraints.0"
            ),
            ("{ image: x:1, networks: { inner: {}, other: {} } }", .refused, "networks"),
        ])
    func blocking(service: String, kind: Finding.Kind, path: String) throws {
        let rest = "networks: { inner: { name: weave }, other: { name: o } }\nvolumes: { media: { driver: rbd } }"
        let found = try findings(service, service.contains("network") ? rest : "volumes: { media: { driver: rbd } }")
        #expect(found.contains { $0.kind == kind && $0.path == path && $0.judgement == .blocking }, "\(found)")
    }

    @Test("is not found where there is nothing")
    func nothing() throws {
        let service = "{ image: 'x:1', network_mode: bridge, command: serve, ports: [80] }"
        #expect(try findings(service) == [])
        #expect(
            try findings("{ image: 'x:1', volumes: ['/etc/localtime:/l', 's:/s'] }", "volumes: { s: { driver: s3 } }")
                .allSatisfy { $0.judgement == .harmless })
    }

    @Test("a name that means other services too is refused", arguments: ["a*", "a:b", "a?", "[a]"])
    func names(name: String) throws {
        let definition = try #require(
            try ComposeFiles.services("services: { '\(name)': { image: x } }", project: "p", file: "p.yaml").first)
        let found = ComposeJudgement(Judgement(PlacementContext(old: Inventory(), new: nil)), prefix: "mc").findings(
            of: definition, becoming: definition,
            as: Service(
                id: definition.id, definition: ServiceDefinition(definition.definition), instances: 1, fingerprint: "f")
        )
        #expect(found.contains { $0.kind == .refused && $0.path == "name" })
    }

    @Test(
        "what mesos-compose reads otherwise than it looks is reported, and holds on both sides",
        arguments: [
            ("{ image: x:1, restart: never }", "restart"), ("{ image: x:1, container_type: none }", "container_type"),
            ("{ image: x:1, deploy: { replicas: two } }", "deploy.replicas"),
            ("{ image: x:1, ports: ['80-81:80-81'] }", "ports.0"), ("{ image: x:1, ports: ['80:80/sctp'] }", "ports.0"),
            ("{ image: x:1, volumes: [/data] }", "volumes.0"),
            ("{ image: x:1, healthcheck: { test: x } }", "healthcheck"),
            ("{ image: x:1, healthcheck: { delay_seconds: 3, command: { value: x } } }", "healthcheck.delay_seconds"),
            ("{ image: x:1, mesos: { task_name: own } }", "mesos.task_name"),
            ("{ image: x:1, entrypoint: x }", "entrypoint"),
        ])
    func misread(service: String, path: String) throws {
        let found = try findings(service)
        #expect(found.contains { $0.kind == .misread && $0.path == path && $0.judgement == .harmless }, "\(found)")
    }

    @Test("variables are named as unproven, and an image without a version")
    func unproven() throws {
        let found = try findings("{ image: x, environment: { A: b, C: d } }")
        #expect(found.map(\.kind) == [.image, .unproven])
        #expect(found.last?.text.hasPrefix("A, C: mesos-compose reports no variables") == true)
    }
}
