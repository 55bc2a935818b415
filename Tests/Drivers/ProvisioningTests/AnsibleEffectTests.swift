import Foundation
import Migration
import Testing
import Waiting

@testable import Provisioning

@Suite(
    "A playbook that ends well", .serialized,
    .enabled(if: ansibleBinary != nil, "ansible-playbook is not installed"))
struct AnsibleEffectTests {
    @Test("has run, whatever tags and settings the shell brings along")
    func shell() async throws {
        try await withFolder { folder in
            let shell = [
                "ANSIBLE_RUN_TAGS": "web", "ANSIBLE_SKIP_TAGS": "all", "ANSIBLE_CHECK_MODE_MARKERS": "1",
                "ANSIBLE_CONFIG": try folder.write("elsewhere.cfg", "[tags]\nrun = web\n"),
                "ANSIBLE_GATHERING": "explicit",
            ]
            let driver = try ansible(folder, touching(gatherFacts: true), shell: shell)
            _ = try await driver.configure(.blue, servers) { _ in }
            #expect(folder.exists("blue-agent-1") && folder.exists("blue-database-1"))
        }
    }

    @Test("ran a task: where tags of the repository leave all of them out, that is the reason given")
    func tags() async throws {
        try await withFolder { folder in
            for gatherFacts in [true, false] {
                let driver = try ansible(folder, touching(gatherFacts: gatherFacts))
                try folder.write("environment/ansible/ansible.cfg", "[tags]\nrun = web\n")
                let failure = try await failure { _ = try await driver.configure(.blue, servers) { _ in } }
                #expect(failure.summary == "No task of the playbook ran")
                #expect(failure.details == ["Touch: applies to 3 servers, and none of its tasks ran"])
                #expect(failure.advice?.contains("tags") == true)
            }
        }
    }

    @Test("has no play for a group that is not there")
    func noSuchGroup() async throws {
        try await withFolder { folder in
            let driver = try ansible(
                folder, touching(gatherFacts: false) + "- hosts: databases\n  tasks:\n    - ping:\n")
            let failure = try await failure { _ = try await driver.configure(.blue, servers) { _ in } }
            #expect(failure.description.contains("databases"))
            #expect(failure.kind == .permanent)
        }
    }

    @Test("finds the roles and collections of the user who runs rz")
    func userRoles() async throws {
        try await withFolder { folder in
            try folder.write(
                "home/.ansible/roles/acme_base/tasks/main.yml",
                "- ansible.builtin.file: {path: '{{ world }}/{{ inventory_hostname }}', state: touch, mode: '0600'}\n")
            try folder.write(
                "home/.ansible/collections/ansible_collections/acme/tools/roles/more/tasks/main.yml",
                "- ansible.builtin.file: {path: '{{ world }}/more', state: touch, mode: '0600'}\n")
            let driver = try ansible(
                folder, "- hosts: all\n  gather_facts: false\n  roles: [acme_base, acme.tools.more]\n",
                shell: ["HOME": folder["home"]])
            _ = try await driver.configure(.blue, servers) { _ in }
            #expect(folder.exists("blue-agent-1") && folder.exists("more"))
            #expect(!folder.exists("home/.ansible/tmp"))
        }
    }

    @Test("reached every server, also where its tasks ignore that they did not")
    func ignoredUnreachable() async throws {
        try await withFolder { folder in
            let driver = try ansible(
                folder,
                """
                - hosts: all
                  gather_facts: false
                  ignore_unreachable: true
                  tasks:
                    - ansible.builtin.ping:
                """)
            var partly = servers
            // Nothing listens on this port of the loopback network.
            partly.groups["agent"]?[1].variables = ["ansible_connection": "ssh", "ansible_port": "1"]
            let failure = try await failure { _ = try await driver.configure(.blue, partly) { _ in } }
            #expect(failure.summary == "Ansible can't reach 1 of 3 servers: blue-agent-2")
            #expect(failure.kind == .transient)
        }
    }

    @Test("ran a task on every server: one that a play only let pass is named with that play")
    func passedOver() async throws {
        try await withFolder { folder in
            let driver = try ansible(
                folder,
                """
                - name: First
                  hosts: all
                  gather_facts: false
                  tasks:
                    - ansible.builtin.meta: end_host
                      when: inventory_hostname == "blue-agent-2"
                    - ansible.builtin.ping:
                """)
            let failure = try await failure { _ = try await driver.configure(.blue, servers) { _ in } }
            #expect(failure.summary == "The playbook left out 1 of 3 servers: blue-agent-2")
            #expect(failure.details == ["blue-agent-2: First: no task of it ran there (tags, run_once, meta)"])
        }
    }

    @Test("ended with code 0: a run whose hosts all did well and whose Ansible did not is none")
    func exitCode() async throws {
        let stats = AnsibleEvent.stats(["a": .init(changed: 0, failures: 0, unreachable: 0)])
        func verdict(_ status: ProcessEnd.Status) -> AnsibleVerdict {
            AnsibleVerdict(
                playbook: "site.yaml", expected: ["a"],
                events: [.play("p", hosts: ["a"]), .done(host: "a", task: "t", outcome: "ok"), stats],
                end: ProcessEnd(status: status, reason: .itself), errors: ["words"])
        }
        #expect(try verdict(.exited(0)).result().changed == ["a": 0])
        let failure = try await failure { _ = try verdict(.exited(3)).result() }
        #expect(failure.summary == "Ansible failed although no host did: it ended with code 3")
    }

    @Test("handed its values on as they were: none is a template")
    func values() async throws {
        try await withFolder { folder in
            let driver = try ansible(
                folder,
                """
                - hosts: all
                  gather_facts: false
                  tasks:
                    - ansible.builtin.copy:
                        dest: "{{ world }}/{{ inventory_hostname }}"
                        content: "{{ password }}|{{ label }}"
                        mode: "0600"
                """, variables: ["password": "${env:PASSWORD}"],
                secrets: ["PASSWORD": "a{#b#}c{{ 7*7 }}d{{.Names}}{% raw %}\"\\ä"])
            var labelled = servers
            labelled.groups["database"]?[0].variables["label"] = "x{{ 7*7 }}{#y#}"
            for index in [0, 1] { labelled.groups["agent"]?[index].variables["label"] = "plain" }
            _ = try await driver.configure(.blue, labelled) { _ in }
            #expect(folder.text("blue-database-1") == "a{#b#}c{{ 7*7 }}d{{.Names}}{% raw %}\"\\ä|x{{ 7*7 }}{#y#}")
            #expect(folder.text("blue-agent-1")?.hasSuffix("|plain") == true)
        }
    }
}

@Suite(
    "Handlers of a configuration that did not end well", .serialized,
    .enabled(if: ansibleBinary != nil, "ansible-playbook is not installed"))
struct AnsibleHandlerTests {
    /// A task changes a file and notifies; then `second` comes; the handler writes down that it ran.
    private func playbook(_ second: String) -> String {
        """
        - hosts: database
          gather_facts: false
          tasks:
            - ansible.builtin.copy: {dest: "{{ world }}/config", content: new, mode: "0600"}
              notify: Restart
            - \(second)
          handlers:
            - name: Restart
              ansible.builtin.file: {path: "{{ world }}/restarted", state: touch, mode: "0600"}
        """
    }

    private let database = Inventory(groups: ["database": servers.groups["database"] ?? []])

    @Test("run although a later task fails")
    func failure() async throws {
        try await withFolder { folder in
            let driver = try ansible(folder, playbook("ansible.builtin.fail:"))
            let failed = try await ProvisioningTests.failure {
                _ = try await driver.configure(.blue, database) { _ in }
            }
            #expect(failed.summary.hasPrefix("Ansible failed on 1 of 1 servers"))
            #expect(folder.exists("restarted"))
            let mended = try ansible(folder, playbook("ansible.builtin.ping:"))
            #expect(try await mended.configure(.blue, database) { _ in }.changed == ["blue-database-1": 0])
        }
    }

    @Test("are named before a run passes that found the file as it should be, until someone answered for them")
    func cutOff() async throws {
        try await withFolder { folder in
            let wait = "ansible.builtin.command: {argv: [sh, -c, 'touch $0/begun; sleep 600', '{{ world }}']}"
            let endless = try ansible(folder, playbook(wait))
            let configuring = Task { try await endless.configure(.blue, database) { _ in } }
            try await eventually("the second task") { folder.exists("begun") }
            configuring.cancel()
            _ = try await ProvisioningTests.failure { _ = try await configuring.value }

            let driver = try ansible(folder, playbook("ansible.builtin.ping:"))
            let file = folder["state/ansible/blue/unfinished.json"]
            for _ in 1...2 {
                let failure = try await ProvisioningTests.failure {
                    _ = try await driver.configure(.blue, database) { _ in }
                }
                #expect(failure.summary == "1 handler of an interrupted configuration never ran")
                #expect(failure.details == ["Restart on blue-database-1"])
                #expect(failure.advice?.contains("delete \(file), then: rz resume") == true)
            }
            #expect(!folder.exists("restarted"))
            Files.remove(file)
            _ = try await driver.configure(.blue, database) { _ in }
        }
    }

    @Test("count although rz was killed too, and no longer once the servers are new")
    func crash() async throws {
        try await withFolder { folder in
            let begun = #"{"event":"notified","host":"blue-database-1","names":["Restart"]}"#
            func crash() throws {
                try folder.write("state/ansible/blue/events-1.jsonl", begun + "\n")
                try folder.write("state/ansible/blue/begun", "1\n")
            }
            let driver = try ansible(folder, playbook("ansible.builtin.ping:"))
            try folder.write("config", "new")
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: folder["config"])
            try crash()
            let failure = try await ProvisioningTests.failure {
                _ = try await driver.configure(.blue, database) { _ in }
            }
            #expect(failure.details == ["Restart on blue-database-1"])
            try await driver.discardUnfinished(of: .blue)
            _ = try await driver.configure(.blue, database) { _ in }
            try crash()
            try await driver.discardUnfinished(of: .blue)
            _ = try await driver.configure(.blue, database) { _ in }
        }
    }
}

private func touching(gatherFacts: Bool) -> String {
    """
    - name: Touch
      hosts: all
      gather_facts: \(gatherFacts)
      tasks:
        - ansible.builtin.file: {path: "{{ world }}/{{ inventory_hostname }}", state: touch, mode: "0600"}

    """
}
