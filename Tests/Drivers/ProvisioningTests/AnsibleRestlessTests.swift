import Migration
import Testing

@testable import Provisioning

/// A site that behaves as many grown ones do: some of its tasks change something in every run.
private enum RestlessSite {
    static let playbook = """
        - name: Every server
          hosts: all
          gather_facts: false
          roles: [hosts, { role: mesos, tags: [mesos] }]
        """

    static func write(to folder: Folder) throws {
        try folder.write(
            "environment/ansible/roles/hosts/tasks/main.yml",
            """
            - name: Set the host name
              ansible.builtin.copy:
                dest: "{{ world }}/hostname-{{ inventory_hostname }}"
                content: "{{ ansible_host }}"
                mode: "0600"
            - name: Mark the server
              ansible.builtin.file: { path: "{{ world }}/mark-{{ inventory_hostname }}", state: touch, mode: "0600" }
              notify: note the mark
            """)
        try folder.write(
            "environment/ansible/roles/hosts/handlers/main.yml",
            """
            - name: note the mark
              ansible.builtin.command: { argv: ["true"] }
            """)
        try folder.write(
            "environment/ansible/roles/mesos/tasks/main.yml",
            """
            - name: Restart the agent
              ansible.builtin.command: { argv: ["true"] }
              when: inventory_hostname == "blue-agent-1"
              tags: [restarts]
            - name: Try what is not there
              ansible.builtin.command: { argv: ["false"] }
              ignore_errors: true
              run_once: true
            """)
    }
}

@Suite("A playbook that changes something in every run", .serialized, ansibleIsThere)
struct AnsibleRestlessTests {
    private func secondRun(_ folder: Folder) async throws -> ConfigurationResult {
        try RestlessSite.write(to: folder)
        let driver = try ansible(folder, RestlessSite.playbook)
        _ = try await driver.configure(.blue, servers) { _ in }
        return try await driver.configure(.blue, servers) { _ in }
    }

    @Test("passes its second run with each of these tasks declared, by name or tag, and the uses are counted")
    func declared() async throws {
        try await withFolder { folder in
            let result = try await secondRun(folder)
            let verdict = IdempotenceVerdict(
                result,
                exceptions: [
                    IdempotenceException(.task("hosts : Mark the server"), reason: "it notes the time"),
                    IdempotenceException(.tag("restarts"), reason: "the role always restarts it"),
                    IdempotenceException(.task("Try what is not there"), reason: "it asks, and changes nothing"),
                    IdempotenceException(.task("Set the host name"), reason: "once"),
                    IdempotenceException(.task("Mark the servr"), reason: "a typing error"),
                ])
            #expect(verdict.undeclared == [])
            #expect(verdict.uses.map(\.changes) == [3, 1, 1, 0, 0])
            #expect(verdict.uses.map(\.consequences) == [3, 0, 0, 0, 0])
            #expect(verdict.uses.map(\.servers.count) == [3, 1, 1, 0, 0])
            #expect(verdict.uses.map(\.isMet) == [true, true, true, true, false])
            #expect(verdict.summary == "second run changed only what is declared: 8 changes by 3 exceptions")
            #expect(
                verdict.notes.first
                    == "idempotence exception used: task “hosts : Mark the server” and 3 handlers that it notified, "
                    + "6 changes on 3 servers, because: it notes the time")
            #expect(
                verdict.notes.last
                    == "idempotence exception not needed: task “Mark the servr” was not met in the second run; "
                    + "look for a mistyped name. Declared because: a typing error")
        }
    }

    @Test("reports what of it is not declared, on which server, a handler that such a task notified too")
    func undeclared() async throws {
        try await withFolder { folder in
            let result = try await secondRun(folder)
            let verdict = IdempotenceVerdict(
                result,
                exceptions: [
                    IdempotenceException(.tag("mesos"), reason: "restarts"),
                    IdempotenceException(.task("note the mark"), reason: "only the handler"),
                ])
            #expect(
                Set(verdict.undeclared)
                    == Set(
                        ["blue-agent-1", "blue-agent-2", "blue-database-1"].map { "\($0): hosts : Mark the server" }))
            let none = IdempotenceVerdict(result, exceptions: [])
            #expect(none.undeclared.contains("blue-agent-1: mesos : Restart the agent"))
            #expect(none.undeclared.contains("blue-agent-1: hosts : note the mark"))
            #expect(none.undeclared.count == 8)
        }
    }
}

@Suite("Collections that a playbook needs", .serialized, ansibleIsThere)
struct AnsibleCollectionTests {
    private static let needy = """
        - import_playbook: more.yaml
        - hosts: all
          gather_facts: false
          roles: [disks]
          tasks:
            - ansible.builtin.debug: {}
            - block:
                - example.network.bridge: { name: br0 }
            - ansible.builtin.command: { argv: ["true"] }
              loop: [{ net.ipv4.ip_forward: 1 }]
        """

    private func write(_ folder: Folder) throws {
        try folder.write(
            "environment/ansible/more.yaml", "- hosts: all\n  tasks:\n    - action: example.first.module a=b\n")
        try folder.write(
            "environment/ansible/roles/disks/tasks/main.yml",
            "- example.storage.disk: {}\n- ansible.builtin.include_tasks: sometimes.yml\n  when: false\n")
        try folder.write("environment/ansible/roles/disks/tasks/sometimes.yml", "- example.optional.thing: {}\n")
        try folder.write("environment/ansible/requirements.yml", "collections: [{ name: example.filters }]\n")
    }

    private func make(_ collection: String, in folder: Folder, _ place: String) throws {
        try folder.write("\(place)/ansible_collections/\(collection)/plugins/modules/x.py", "")
    }

    @Test("and that are nowhere are named before anything is built, with the command that installs them")
    func missing() async throws {
        try await withFolder { folder in
            let driver = try ansible(folder, Self.needy, shell: ["HOME": folder["home"]])
            try write(folder)
            let found = try await driver.observeObstacles()
            #expect(
                found.filter(\.isBlocking).map(\.text)
                    == [
                        ("example.filters", "ansible/requirements.yml"), ("example.first", "ansible/more.yaml"),
                        ("example.network", "ansible/site.yaml"),
                        ("example.storage", "ansible/roles/disks/tasks/main.yml"),
                    ].map { name, place in
                        "the Ansible collection \(name), which \(place) needs, is not installed; install it: "
                            + "ansible-galaxy collection install \(name)"
                    })
            #expect(found.filter { !$0.isBlocking }.map(\.text).count == 1)
            #expect(found.contains { $0.text.contains("example.optional") && !$0.isBlocking })
        }
    }

    @Test("are found beside the playbook, in the folders of the project's ansible.cfg, and in the user's")
    func found() async throws {
        try await withFolder { folder in
            let driver = try ansible(folder, Self.needy, shell: ["HOME": folder["home"]])
            try write(folder)
            try folder.write(
                "environment/ansible/ansible.cfg", "[defaults]\ncollections_path = ../vendored:~/.ansible/collections\n"
            )
            try make("example/first", in: folder, "environment/ansible/collections")
            try make("example/network", in: folder, "environment/vendored")
            try make("example/filters", in: folder, "environment/vendored")
            try make("example/storage", in: folder, "home/.ansible/collections")
            try make("example/optional", in: folder, "home/.ansible/collections")
            #expect(try await driver.observeObstacles() == [])
        }
    }

    @Test("are found in the user's folder without any settings")
    func users() async throws {
        try await withFolder { folder in
            let driver = try ansible(
                folder, "- hosts: all\n  tasks: [{ example.first.module: {} }]\n", shell: ["HOME": folder["home"]])
            try make("example/first", in: folder, "home/.ansible/collections")
            #expect(try await driver.observeObstacles() == [])
        }
    }

    @Test("of roles in the project's roles_path count too")
    func rolesPath() async throws {
        try await withFolder { folder in
            let driver = try ansible(folder, "- hosts: all\n  roles: [far]\n", shell: ["HOME": folder["home"]])
            try folder.write("environment/ansible/ansible.cfg", "[defaults]\nroles_path = ../shared\n")
            try folder.write("environment/shared/far/tasks/main.yml", "- example.far.module: {}\n")
            #expect(try await driver.observeObstacles().map(\.isBlocking) == [true])
        }
    }

    @Test("do not matter while the playbook or the inventory is not there")
    func noPlaybook() async throws {
        try await withFolder { folder in
            let driver = try ansible(folder, "", inventory: "hosts")
            Files.remove(folder["environment/ansible/site.yaml"])
            #expect(
                try await driver.observeObstacles().map(\.text) == [
                    "the playbook ansible/site.yaml is not there: correct `configure.ansible` in environment.yaml",
                    "the inventory hosts is not there: correct `configure.ansible` in environment.yaml",
                ])
        }
    }
}
