import Foundation
import JSON
import Migration
import Testing

@testable import Clusters

@Suite("What definitions say of containers")
struct ContainersTests {
    private func marathon(_ text: String) throws -> [ContainerFacts] {
        try MarathonDefinition(JSON(parsing: text)).containerFacts
    }

    @Test("is read of an app with a Docker container")
    func app() throws {
        let facts = try #require(
            try marathon(
                #"""
                { "id": "/shop/web", "user": "root", "mem": 128, "labels": { "org.opencontainers.image.created": "2026-01-02T03:04:05Z" },
                  "env": { "DB_PASSWORD": { "secret": "db" }, "API_TOKEN": "x", "EMPTY_SECRET": "" },
                  "networks": [ { "mode": "container/bridge" } ], "healthChecks": [ { "protocol": "TCP" } ],
                  "container": { "type": "DOCKER",
                    "docker": { "image": "shop/web:1", "privileged": true,
                                "parameters": [ { "key": "cap-add", "value": "SYS_ADMIN" } ] },
                    "volumes": [ { "hostPath": "/", "containerPath": "/host", "mode": "RO" },
                                 { "containerPath": "data", "persistent": { "size": 10 } } ] } }
                """#
            ).first)
        #expect(facts.place == "container.docker")
        #expect(facts.image == "shop/web:1")
        #expect(facts.isPrivileged && !facts.sharesHostNetwork)
        #expect(facts.user == "root")
        #expect(facts.capabilities == ["SYS_ADMIN"])
        #expect(facts.mounts == [.init("/", isReadOnly: true, at: "container.volumes.0")])
        #expect(facts.variables.filter(\.isOpen).map(\.place) == ["env.API_TOKEN"])
        #expect(facts.hasMemoryLimit)
        #expect(facts.isHealthChecked == true)
        #expect(facts.imageCreated == Instant("2026-01-02T03:04:05.000Z"))
    }

    @Test("is the network of the host where an app with an image names no other")
    func hostNetwork() throws {
        let image = #""container": { "docker": { "image": "a:1" } }"#
        #expect(try marathon(#"{ "id": "/a", \#(image) }"#).first?.sharesHostNetwork == true)
        #expect(
            try marathon(#"{ "id": "/a", "networks": [ { "mode": "host" } ], \#(image) }"#).first?.sharesHostNetwork
                == true)
        #expect(try marathon(#"{ "id": "/a", "cmd": "sleep 1" }"#).first?.sharesHostNetwork == false)
    }

    @Test("is read of each container of a pod, with what the pod says for all")
    func pod() throws {
        let facts = try marathon(
            #"""
            { "id": "/shop/pod", "user": "nobody", "environment": { "SHARED_SECRET": "x" },
              "networks": [ { "mode": "host" } ], "volumes": [ { "name": "docker", "host": "/var/run/docker.sock" } ],
              "containers": [
                { "name": "a", "image": { "kind": "DOCKER", "id": "a:1" }, "resources": { "cpus": 1, "mem": 32 },
                  "volumeMounts": [ { "name": "docker", "mountPath": "/d.sock" } ], "healthCheck": { "exec": {} } },
                { "name": "b", "exec": { "command": { "shell": "sleep 1" } }, "resources": { "cpus": 1, "mem": 32 },
                  "user": "root", "linuxInfo": { "effectiveCapabilities": { "capabilities": [ "SYS_PTRACE" ] } } } ] }
            """#)
        #expect(facts.map(\.place) == ["containers.0", "containers.1"])
        #expect(facts.map(\.user) == ["nobody", "root"])
        #expect(facts.map(\.sharesHostNetwork) == [true, false])
        #expect(facts.map(\.isHealthChecked) == [true, false])
        #expect(facts[0].mounts == [.init("/var/run/docker.sock", at: "volumes.0")])
        #expect(facts[1].capabilities == ["SYS_PTRACE"])
        #expect(facts.allSatisfy { $0.variables.map(\.name) == ["SHARED_SECRET"] })
    }

    @Test("is read of a job of Metronome and of Chronos, which no one asks whether they are well")
    func jobs() throws {
        let metronome = try MetronomeJob(
            JSON(
                parsing: #"""
                    { "id": "a", "run": { "cpus": 1, "mem": 32, "user": "root", "env": { "TOKEN": "x" },
                      "docker": { "image": "ubuntu", "parameters": [ { "key": "pid", "value": "host" } ] },
                      "volumes": [ { "hostPath": "/etc", "containerPath": "/e", "mode": "RW" } ] } }
                    """#)
        ).containerFacts
        #expect(metronome.first?.image == "ubuntu")
        #expect(metronome.first?.sharesHostProcesses == true)
        #expect(metronome.first?.mounts == [.init("/etc", at: "run.volumes.0")])
        #expect(metronome.first?.isHealthChecked == nil)
        let chronos = try ChronosJob(
            JSON(
                parsing: #"""
                    { "name": "a", "schedule": "R/2026-01-01T00:00:00Z/PT24H", "runAsUser": "root",
                      "environmentVariables": [ { "name": "DB_PASSWORD", "value": "x" } ],
                      "container": { "type": "DOCKER", "image": "a:1", "network": "HOST" } }
                    """#)
        ).containerFacts
        #expect(chronos.first?.user == "root")
        #expect(chronos.first?.sharesHostNetwork == true)
        #expect(chronos.first?.variables == [.init("DB_PASSWORD", isOpen: true, at: "environmentVariables.0")])
    }

    @Test("is read of a service of mesos-compose")
    func compose() throws {
        let service = try #require(
            try JSON(
                parsing: #"""
                    { "image": "shop/web:1", "privileged": true, "network_mode": "host", "cap_add": [ "net_admin" ],
                      "volumes": [ "/var/run/docker.sock:/var/run/docker.sock:ro", "data:/data" ],
                      "environment": { "A_TOKEN": "vault://secret/a#t", "B_TOKEN": "x" } }
                    """#
            ).object)
        let facts = ComposeService(project: "shop", name: "web", service: service, file: [:]).containerFacts
        #expect(facts.isPrivileged && facts.sharesHostNetwork)
        #expect(facts.capabilities == ["NET_ADMIN"])
        #expect(facts.mounts == [.init("/var/run/docker.sock", isReadOnly: true, at: "volumes.0")])
        #expect(facts.variables.filter(\.isOpen).map(\.name) == ["B_TOKEN"])
        #expect(facts.isHealthChecked == false)
    }
}
