import Migration
import Operations
import Testing

@testable import Runbooks

@Suite("The keys of configure.ansible")
struct AnsibleKeysTests {
    private func environment(_ ansible: String, servers: String = "") -> String {
        let provision =
            servers.isEmpty ? "terraform: { root: terraform/servers }" : "static: { servers: { blue: \(servers) } }"
        return Sample.environment.replacing("terraform: { root: terraform/servers }", with: provision)
            .replacing("services:", with: "configure: { ansible: { playbook: site.yaml, \(ansible) } }\nservices:")
    }

    private func configure(_ ansible: String) throws -> Configure {
        try #require(try Project().environment(environment(ansible)).configure)
    }

    @Test("take `idempotenceCheck` as true or false, as ever")
    func flag() throws {
        #expect(try configure("idempotenceCheck: false") == Configure(playbook: "site.yaml", idempotenceCheck: false))
        #expect(try configure("idempotenceCheck: true") == Configure(playbook: "site.yaml"))
    }

    @Test("take `idempotenceCheck` with exceptions, each with its reason")
    func exceptions() throws {
        let found = try configure(
            "idempotenceCheck: { except: [ { task: \"docker : Restart\", reason: always }, { tag: touch, reason: time } ] }"
        )
        #expect(found.idempotenceCheck)
        #expect(
            found.exceptions == [
                IdempotenceException(.task("docker : Restart"), reason: "always"),
                IdempotenceException(.tag("touch"), reason: "time"),
            ])
    }

    @Test(
        "refuse exceptions that say too little, too much, or the same twice",
        arguments: [
            ("{ except: [ { task: a } ] }", "\"reason\" is missing"),
            ("{ except: [ { reason: why } ] }", "one of task, tag is needed here"),
            ("{ except: [ { task: a, tag: b, reason: why } ] }", "task and tag can't be given together"),
            ("{ except: [ { tag: a, reason: x }, { tag: a, reason: y } ] }", "tag “a” is excepted twice"),
            ("{ except: [] }", "at least 1 needed in this list"),
            ("{}", "\"except\" is missing"),
        ])
    func mistakes(_ written: String, _ message: String) throws {
        let problems = try Project.problems(environment: environment("idempotenceCheck: \(written)"))
        #expect(problems.count == 1)
        #expect(problems.first?.contains(message) == true, "\(problems)")
    }

    @Test(
        "take an inventory of the project, and when servers' addresses are given to Ansible",
        arguments: Configure.HostAddress.allCases)
    func inventory(_ rule: Configure.HostAddress) throws {
        let found = try configure("inventory: ansible/hosts, hostAddress: \(rule.rawValue)")
        #expect(found.inventory == "ansible/hosts")
        #expect(found.hostAddress == rule)
        #expect(try configure("variables: {}").hostAddress == nil)
    }

    @Test("leave variables of servers their types")
    func types() throws {
        let text = environment(
            "variables: {}",
            servers: "{ manager: [ { name: a, address: 10.0.0.1, id: \"7\", port: 5050, on: True, disks: [ sda, 1 ], "
                + "at: { rack: r1 } } ] }")
        let servers = try Project().environment(text).provision.static?.servers[.blue]
        #expect(
            servers?.groups["manager"] == [
                Host(
                    name: "a", address: "10.0.0.1",
                    variables: [
                        "id": "7", "port": "5050", "on": "true", "disks": "[\"sda\",1]", "at": "{\"rack\":\"r1\"}",
                    ],
                    structured: ["at", "disks", "on", "port"])
            ])
    }

    @Test("refuse two addresses of one server, and references that nothing resolves, at any depth")
    func servers() throws {
        let two = environment(
            "variables: {}",
            servers: "{ a: [ { name: x, address: 10.0.0.1 } ], b: [ { name: x, address: 10.0.0.2 } ] }")
        #expect(
            try Project.problems(environment: two).first?.contains("the server x has another address above: 10.0.0.1")
                == true)
        let reference = environment(
            "variables: {}", servers: "{ a: [ { name: x, address: 10.0.0.1, disks: [ { key: \"${env:A}\" } ] } ] }")
        #expect(try Project.problems(environment: reference).first?.contains("nothing resolves it here") == true)
    }
}
