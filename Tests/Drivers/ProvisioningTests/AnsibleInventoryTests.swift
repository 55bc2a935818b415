import Foundation
import JSON
import Migration
import Testing

@testable import Provisioning

/// Writes what each server is called, as a role would that sets its host name.
private let naming = """
    - hosts: all
      gather_facts: false
      roles: [naming]
    """

private func writeNaming(_ folder: Folder) throws {
    try folder.write(
        "environment/ansible/roles/naming/tasks/main.yml",
        """
        - name: Set the host name
          ansible.builtin.copy:
            dest: "{{ world }}/{{ inventory_hostname }}"
            content: "set-hostname {{ ansible_host }}"
            mode: "0600"
        """)
}

@Suite("The address at which Ansible finds a server", .serialized, ansibleIsThere)
struct AnsibleAddressTests {
    /// Of blue-agent-1, blue-agent-2 and blue-database-1; only the first one's name leads to its address.
    private static let known = [
        "blue-agent-1": ["127.0.11.21"], "blue-agent-2": ["127.0.11.99"],
        "blue-database-1": ["127.0.11.31", "127.0.11.32"],
    ]

    @Test(
        "is given to Ansible only where its name does not lead to exactly that, or always, or never",
        arguments: [
            (nil, ["blue-agent-1", "127.0.11.22", "127.0.11.31"]),
            (.whenNeeded, ["blue-agent-1", "127.0.11.22", "127.0.11.31"]),
            (.always, ["127.0.11.21", "127.0.11.22", "127.0.11.31"]),
            (.never, ["blue-agent-1", "blue-agent-2", "blue-database-1"]),
        ] as [(Configure.HostAddress?, [String])])
    func rule(_ rule: Configure.HostAddress?, _ expected: [String]) async throws {
        try await withFolder { folder in
            try writeNaming(folder)
            let driver = try ansible(folder, naming, names: Self.known, hostAddress: rule)
            _ = try await driver.configure(.blue, servers) { _ in }
            let texts = ["blue-agent-1", "blue-agent-2", "blue-database-1"].map { folder.text($0) ?? "" }
            #expect(texts == expected.map { "set-hostname \($0)" })
        }
    }

    @Test("is the provisioner's own `ansible_host`, whatever rz would say", arguments: Configure.HostAddress.allCases)
    func provisioners(_ rule: Configure.HostAddress) async throws {
        try await withFolder { folder in
            try writeNaming(folder)
            let driver = try ansible(folder, naming, hostAddress: rule)
            let own = servers.mapping { $0.variables["ansible_host"] = "mesos-\($0.name)" }
            _ = try await driver.configure(.blue, own) { _ in }
            #expect(folder.text("blue-agent-1") == "set-hostname mesos-blue-agent-1")
        }
    }

    @Test("counts with what `host_vars` say, and each address that a name leads to; rz's own machine has none")
    func reached() async throws {
        try await withFolder { folder in
            let driver = try ansible(folder, naming, names: ["blue-agent-2": ["127.0.12.1", "127.0.12.2"]])
            try folder.write("environment/ansible/host_vars/blue-agent-1.yaml", "ansible_host: 127.0.12.21\n")
            var remote = servers.mapping { $0.variables["ansible_connection"] = "ssh" }
            remote.groups["database"]?[0].variables["ansible_connection"] = "local"
            remote.groups["agent"]?[1].variables["ansible_port"] = "2202"
            let found = try await driver.reached(remote)
            #expect(found.map { $0.variables["ansible_host"] } == ["127.0.12.21", "127.0.11.22"])
            #expect(found.map { $0.variables["ansible_port"] } == [nil, "2202"])
            let byName = try ansible(
                folder, naming, names: ["blue-agent-2": ["127.0.12.1", "127.0.12.2"]], hostAddress: .never)
            let places = try await byName.reached(remote).filter { $0.name == "blue-agent-2" }
            #expect(places.map { $0.variables["ansible_host"] } == ["127.0.12.1", "127.0.12.2"])
            #expect(Files.names(in: folder["state/ansible"]) == ["ansible.cfg"])
        }
    }

    @Test("is looked up as the machine does: an address is itself")
    func system() async {
        #expect(await NameService.system.addresses("127.0.40.1") == ["127.0.40.1"])
        #expect(await NameService.system.addresses("localhost").contains { $0 == "127.0.0.1" || $0 == "::1" })
    }
}

@Suite("Groups and variables of a playbook", .serialized, ansibleIsThere)
struct AnsibleInventoryTests {
    private static let show = """
        - hosts: all
          gather_facts: false
          tasks:
            - ansible.builtin.copy:
                dest: "{{ world }}/{{ inventory_hostname }}"
                content: "{{ shown | to_json }}"
                mode: "0600"
              vars:
                shown:
                  groups: "{{ group_names }}"
                  disks: "{{ disks | default('none') }}"
                  port: "{{ port | default('none') }}"
                  master: "{{ master | default('none') }}"
                  beside_playbook: "{{ beside_playbook | default('none') }}"
                  beside_inventory: "{{ beside_inventory | default('none') }}"
                  of_parent: "{{ of_parent | default('none') }}"
                  of_host: "{{ of_host | default('none') }}"
        """

    /// What a server wrote of itself.
    private func shown(_ folder: Folder, _ name: String = "blue-agent-1") throws -> JSON {
        try JSON(parsing: try #require(folder.text(name)))
    }

    /// What a provisioner's output says, as rz reads it: one server in two groups.
    private func mesos() throws -> Inventory {
        let local = try #require(servers.hosts.first).variables.filter { $0.key.hasPrefix("ansible_") }
        func server(_ name: String, _ address: String, _ more: [(String, JSON)]) -> JSON {
            let connection = local.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) }
            return .object(JSONObject([("name", .string(name)), ("address", .string(address))] + more + connection))
        }
        let master = server(
            "blue-agent-1", "127.0.11.21",
            [("disks", ["sda", ["size": 20, "label": "{{ 7*7 }}"]]), ("port", 5050), ("master", true)])
        return try InventoryFormat.inventory(
            ["manager": [master], "zookeeper": [master], "worker": [server("blue-agent-2", "127.0.11.22", [])]],
            at: "output", advice: "")
    }

    @Test("keep numbers, flags, lists and maps, and a server is in each of its groups")
    func typed() async throws {
        try await withFolder { folder in
            let result = try await ansible(folder, Self.show).configure(.blue, try mesos()) { _ in }
            #expect(result.changed == ["blue-agent-1": 1, "blue-agent-2": 1])
            let seen = try shown(folder)
            #expect(seen["groups"] == ["manager", "zookeeper"])
            #expect(seen["disks"] == ["sda", ["size": 20, "label": "{{ 7*7 }}"]])
            #expect(seen["port"] == 5050)
            #expect(seen["master"] == true)
            #expect(try mesos().fill("{{ manager[0].port }}") == "5050")
            #expect(try mesos().hosts.map(\.name) == ["blue-agent-1", "blue-agent-2"])
        }
    }

    @Test("are those beside the playbook and those of the project's inventory, with groups of groups")
    func project() async throws {
        try await withFolder { folder in
            let driver = try ansible(folder, Self.show, inventory: "ansible/inventory/groups.yaml")
            try folder.write(
                "environment/ansible/inventory/groups.yaml",
                """
                all:
                  children:
                    mesos:
                      vars: { of_parent: 3 }
                      children: { manager: {}, worker: {} }
                """)
            try folder.write("environment/ansible/inventory/group_vars/mesos.yaml", "beside_inventory: [a, b]\n")
            try folder.write("environment/ansible/inventory/host_vars/blue-agent-1.yaml", "of_host: { myid: 1 }\n")
            try folder.write("environment/ansible/group_vars/manager.yaml", "beside_playbook: yes\n")
            _ = try await driver.configure(.blue, try mesos()) { _ in }
            let seen = try shown(folder)
            #expect(seen["groups"] == ["manager", "mesos", "zookeeper"])
            #expect(seen["of_parent"] == 3)
            #expect(seen["beside_inventory"] == ["a", "b"])
            #expect(seen["of_host"] == ["myid": 1])
            #expect(seen["beside_playbook"] == true)
            let worker = try shown(folder, "blue-agent-2")
            #expect(worker["groups"] == ["mesos", "worker"])
            #expect(worker["beside_inventory"] == ["a", "b"])
        }
    }

    @Test("may stand in a folder that has variables only, which Ansible by itself refuses")
    func variablesOnly() async throws {
        try await withFolder { folder in
            let driver = try ansible(folder, Self.show, inventory: "vars")
            try folder.write("environment/vars/group_vars/manager/main.yaml", "beside_inventory: 1\n")
            _ = try await driver.configure(.blue, try mesos()) { _ in }
            #expect(try shown(folder)["beside_inventory"] == 1)
        }
    }

    @Test("add no servers: those that the provisioner does not know are named, and nothing is configured")
    func foreign() async throws {
        try await withFolder { folder in
            let driver = try ansible(folder, Self.show, inventory: "ansible/hosts")
            try folder.write("environment/ansible/hosts", "[manager]\nblue-agent-1\ngreen-agent-1\n")
            let failure = try await failure { _ = try await driver.configure(.blue, try mesos()) { _ in } }
            #expect(failure.summary == "The project's inventory has servers that the provisioner does not report")
            #expect(failure.details == ["green-agent-1"])
            #expect(failure.kind == .refused)
            #expect(!folder.exists("blue-agent-1"))
        }
    }

    @Test("may be called `all`, which is above every group")
    func everyone() async throws {
        try await withFolder { folder in
            let all = Inventory(groups: ["all": servers.hosts])
            let result = try await ansible(folder, Self.show).configure(.blue, all) { _ in }
            #expect(result.changed == ["blue-agent-1": 1, "blue-agent-2": 1, "blue-database-1": 1])
        }
    }

    @Test("of one server must agree on its address")
    func twoAddresses() async throws {
        let failure = try await failure {
            _ = try InventoryFormat.inventory(
                [
                    "manager": [["name": "a", "address": "10.0.0.1"]],
                    "worker": [["name": "a", "address": "10.0.0.2"]],
                ], at: "output", advice: "Correct it.")
        }
        #expect(failure.summary == "Server a has two addresses: 10.0.0.1 and 10.0.0.2")
    }
}
