import Foundation
import Migration
import Testing
import Waiting

@testable import Provisioning

@Suite(
    "Servers configured by Ansible", .serialized,
    .enabled(if: ansibleBinary != nil, "ansible-playbook is not installed"))
struct AnsibleTests {
    @Test("change once, and not a second time")
    func idempotence() async throws {
        try await withFolder { folder in
            let ansible = try ansible(
                folder,
                """
                - hosts: all
                  gather_facts: false
                  tasks:
                    - name: Write the rack
                      ansible.builtin.copy:
                        dest: "{{ world }}/{{ inventory_hostname }}"
                        content: "{{ rack }} {{ ansible_host }} {{ token }}"
                """,
                variables: ["world": Setting(folder.path), "token": "${env:TOKEN}"],
                secrets: ["TOKEN": "s3cret-token"])
            #expect(try await ansible.observeVersion().hasPrefix("Ansible 2."))
            let lines = Lines()
            let first = try await ansible.configure(.blue, servers, report: lines.report)
            #expect(first.changed == ["blue-agent-1": 1, "blue-agent-2": 1, "blue-database-1": 1])
            #expect(folder.text("blue-agent-2") == "r2 127.0.11.22 s3cret-token")
            #expect(await lines.contain("Write the rack: 3 of 3 servers"))
            let second = try await ansible.configure(.blue, servers, report: lines.report)
            #expect(second.changed == ["blue-agent-1": 0, "blue-agent-2": 0, "blue-database-1": 0])
            let state = Folder(path: folder["state"])
            #expect(state.files(containing: "s3cret-token").isEmpty)
            #expect(Folder(path: folder["environment"]).files == ["ansible", "ansible/site.yaml"])
        }
    }

    @Test("fail with the task's words, but never with those of a task under no_log")
    func noLog() async throws {
        try await withFolder { folder in
            let ansible = try ansible(
                folder,
                """
                - hosts: agent
                  gather_facts: false
                  tasks:
                    - name: Set the password
                      ansible.builtin.command:
                        argv: [sh, -c, "echo hidden-words {{ password }} >&2; exit 3"]
                      no_log: true
                - hosts: database
                  gather_facts: false
                  tasks:
                    - name: Check the disk
                      ansible.builtin.fail:
                        msg: "no disk on {{ rack }}"
                """,
                variables: ["password": "${env:PASSWORD}"], secrets: ["PASSWORD": "s3cret-password"])
            let lines = Lines()
            let failure = try await failure { _ = try await ansible.configure(.blue, servers, report: lines.report) }
            #expect(failure.kind == .permanent)
            #expect(failure.summary.hasPrefix("Ansible failed on "))
            #expect(failure.details.contains("blue-agent-1: Set the password: the reason is hidden by no_log"))
            #expect(!failure.description.contains("hidden-words"))
            #expect(!failure.description.contains("s3cret"))
            #expect(Folder(path: folder["state"]).files(containing: "s3cret").isEmpty)
            #expect(Folder(path: folder["state"]).files(containing: "hidden-words").isEmpty)
            #expect(await !lines.contain("s3cret"))
        }
    }

    @Test("that fail in a loop say which words")
    func loop() async throws {
        try await withFolder { folder in
            let ansible = try ansible(
                folder,
                """
                - hosts: all
                  gather_facts: false
                  tasks:
                    - name: Try
                      ansible.builtin.command: {argv: [sh, -c, "echo broken-{{ item }} >&2; exit {{ item }}"]}
                      loop: [0, 4]
                """)
            let failure = try await failure { _ = try await ansible.configure(.blue, servers) { _ in } }
            #expect(failure.description.contains("broken-4"))
        }
    }

    @Test(
        "that can't be reached are named, and can be tried again",
        .enabled(if: program("ssh") != nil, "ssh is not installed"))
    func unreachable() async throws {
        try await withFolder { folder in
            let ansible = try ansible(folder, "- hosts: all\n  gather_facts: false\n  tasks:\n    - ping:\n")
            var partly = servers
            // Nothing listens on this port of the loopback network.
            partly.groups["agent"]?[1].variables = ["ansible_connection": "ssh", "ansible_port": "1"]
            let failure = try await failure { _ = try await ansible.configure(.blue, partly) { _ in } }
            #expect(failure.summary == "Ansible can't reach 1 of 3 servers: blue-agent-2")
            #expect(failure.kind == .transient)
        }
    }

    @Test("are all meant: a playbook that leaves some out fails")
    func leftOut() async throws {
        try await withFolder { folder in
            let ansible = try ansible(folder, "- hosts: agent\n  gather_facts: false\n  tasks:\n    - ping:\n")
            let failure = try await failure { _ = try await ansible.configure(.blue, servers) { _ in } }
            #expect(failure.summary == "The playbook left out 1 of 3 servers: blue-database-1")
        }
    }

    @Test("that are none at all are an error, though not for Ansible")
    func none() async throws {
        try await withFolder { folder in
            let ansible = try ansible(folder, "- hosts: all\n  tasks: []\n")
            let failure = try await failure { _ = try await ansible.configure(.blue, Inventory()) { _ in } }
            #expect(failure.summary == "There are no servers of blue to configure")
        }
    }

    @Test("by a playbook that can't be parsed: Ansible's own words")
    func syntaxError() async throws {
        try await withFolder { folder in
            let ansible = try ansible(folder, "- hosts: all\n  tasks:\n    - no_such_module_at_all:\n")
            let failure = try await failure { _ = try await ansible.configure(.blue, servers) { _ in } }
            #expect(failure.summary.contains("could not run the playbook"))
            #expect(failure.description.contains("no_such_module_at_all"))
        }
    }

    @Test("by nothing where it has no task, which a look at the playbook says before")
    func noTasks() async throws {
        try await withFolder { folder in
            let empty = try ansible(folder, "- hosts: all\n  gather_facts: false\n  tasks: []\n")
            let obstacle = try #require(try await empty.observePlaybook())
            #expect(obstacle.text.contains("has no task: nothing would be configured"))
            #expect(!obstacle.isBlocking)
            let full = try ansible(
                folder, "- hosts: none\n  tasks: []\n- hosts: all\n  pre_tasks:\n    - ping:\n")
            #expect(try await full.observePlaybook() == nil)
        }
    }

    @Test("by a playbook that is not there: its path")
    func missingPlaybook() async throws {
        try await withFolder { folder in
            let ansible = try ansible(folder, "")
            Files.remove(folder["environment/ansible/site.yaml"])
            let failure = try await failure { _ = try await ansible.configure(.blue, servers) { _ in } }
            #expect(failure.summary == "The playbook is not there")
            #expect(failure.place == folder["environment/ansible/site.yaml"])
        }
    }

    @Test("until they are cancelled: no process is left")
    func cancelled() async throws {
        try await withFolder { folder in
            let ansible = try ansible(
                folder,
                """
                - hosts: all
                  gather_facts: false
                  tasks:
                    - name: Wait
                      ansible.builtin.command:
                        argv: [sh, -c, "touch $0/begun; while :; do sleep 0.1; done", "{{ world }}"]
                """,
                variables: ["world": Setting(folder.path)])
            let configuring = Task { try await ansible.configure(.blue, servers) { _ in } }
            try await eventually("the task") { folder.exists("begun") }
            #expect(!folder.exists("state/ansible/blue/variables-1.json"), "Ansible has read them")
            configuring.cancel()
            let failure = try await failure { _ = try await configuring.value }
            #expect(failure.kind == .cancelled)
            #expect(!folder.exists("state/ansible/blue/running"))
            #expect(!isRunning(folder.path), "Ansible's workers have sessions of their own")
        }
    }

    @Test("until Ansible is killed: its tasks end with it")
    func killed() async throws {
        try await withFolder { folder in
            let ansible = try ansible(folder, endless, variables: ["world": Setting(folder.path)])
            let configuring = Task { try await ansible.configure(.blue, servers) { _ in } }
            try await eventually("the tasks") {
                ["blue-agent-1", "blue-agent-2", "blue-database-1"].allSatisfy { folder.exists("begun-\($0)") }
            }
            let record = ProcessRecord(path: folder["state/ansible/blue/running"])
            kill(try #require(record.running), SIGKILL)
            let failure = try await failure { _ = try await configuring.value }
            #expect(failure.summary == "Ansible was killed (signal 9)")
            #expect(!isRunning(folder.path))
        }
    }

    @Test("until rz is killed: the next one ends the playbook with its tasks")
    func leftRunning() async throws {
        try await withFolder { folder in
            let ansible = try ansible(folder, endless, variables: ["world": Setting(folder.path)])
            let leftover = Task { try await ansible.configure(.blue, servers) { _ in } }
            try await eventually("the tasks") { folder.exists("begun-blue-database-1") }
            let record = ProcessRecord(path: folder["state/ansible/blue/running"])
            let stopping = Stopping(
                signalsGroup: false, afterInterrupt: .seconds(30), afterTerminate: .seconds(10), followsChildren: true)
            try await record.waitForLeftover(deadline: .minutes(1), atOnce: true, stopping: stopping)
            #expect(!isRunning(folder.path))
            _ = try await failure { _ = try await leftover.value }
        }
    }

    @Test("use an ansible.cfg that stands beside the playbook")
    func ownConfiguration() async throws {
        try await withFolder { folder in
            let ansible = try ansible(
                folder, "- hosts: all\n  gather_facts: false\n  roles: [marker]\n",
                variables: ["world": Setting(folder.path)])
            try folder.write("environment/ansible/ansible.cfg", "[defaults]\nroles_path = ../elsewhere\n")
            try folder.write(
                "environment/elsewhere/marker/tasks/main.yml",
                "- ansible.builtin.file: {path: '{{ world }}/{{ inventory_hostname }}', state: touch}\n")
            _ = try await ansible.configure(.blue, servers) { _ in }
            #expect(folder.exists("blue-agent-1"))
        }
    }
}

/// Tasks that end only with their processes.
private let endless = """
    - hosts: all
      gather_facts: false
      tasks:
        - name: Wait
          ansible.builtin.command:
            argv: [sh, -c, "touch $0/begun-$1; while :; do sleep 0.1; done", "{{ world }}", "{{ inventory_hostname }}"]
    """

@Suite("A playbook of an rz that was stopped while another took over")
struct StaleAnsibleTests {
    @Test("takes none of the other's files away when it ends at last")
    func keepsFiles() async throws {
        try await withFolder { folder in
            let stale = try AnsibleFolder(path: folder["ansible"])
            try stale.write(variables: ["token": "a"])
            _ = try folder.write("ansible/events-1.jsonl", "")
            let successor = try AnsibleFolder(path: folder["ansible"])
            #expect(!Files.exists(stale.variables), "what a dead rz left may hold secrets")
            try successor.write(variables: ["token": "b"])
            Files.remove(stale.variables)
            #expect(Files.exists(successor.variables))
            try Files.write("\(getpid()) 1\n", to: successor.record.path)
            stale.record.remove(of: getpid() + 1)
            #expect(Files.exists(successor.record.path))
            successor.record.remove(of: getpid())
            #expect(!Files.exists(successor.record.path))
        }
    }
}
