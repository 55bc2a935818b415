import Foundation
import Migration
import Testing
import Waiting

@testable import Provisioning

/// What a program prints may hold secrets that its own settings do not: it can read files, and ask others.
@Suite("The output of programs that rz runs")
struct SecretsOfChildrenTests {
    private static let elsewhere = "canary-elsewhere"

    /// What rz resolved for another driver.
    private let known: KnownSecrets = {
        var secrets = Secrets()
        secrets.insert(SecretsOfChildrenTests.elsewhere)
        return secrets
    }

    @Test("of a step hides every secret that rz knows, in reports, logs and failures")
    func step() async throws {
        try await withFolder { folder in
            let runner = CommandStepRunner(
                environmentFolder: folder.path, logFolder: folder["logs"], resolve: resolver(), secrets: known
            ) { _, _ throws(Failure) in [:] }
            let lines = Lines()
            let failure = try await failure {
                _ = try await runner.run(
                    ExecWork(command: ["sh", "-c", "echo it is $0; exit 3", "canary-elsewhere"]),
                    inventory: Inventory(), report: lines.report)
            }
            #expect(await lines.all == ["it is •••"])
            #expect(failure.details == ["it is •••"])
            #expect(folder.files(containing: SecretsOfChildrenTests.elsewhere).isEmpty)
        }
    }

    @Test("of a program that makes servers hides every secret that rz knows")
    func staticServers() async throws {
        try await withFolder { folder in
            try folder.write(
                "servers.sh", "#!/bin/sh\necho it is canary-elsewhere >&2; exit 3\n", executable: true)
            let provisioner = StaticProvisioner(
                StaticServers(command: ["./servers.sh"]), environmentFolder: folder.path,
                stateFolder: folder["state"], resolve: resolver(), secrets: known)
            let lines = Lines()
            let failure = try await failure { try await provisioner.destroy(.blue, report: lines.report) }
            #expect(failure.details == ["it is •••"])
            #expect(folder.files(containing: SecretsOfChildrenTests.elsewhere) == ["servers.sh"])
        }
    }

    @Test("of a playbook hides every secret that rz knows", ansibleIsThere)
    func playbook() async throws {
        try await withFolder { folder in
            let ansible = try ansible(
                folder,
                """
                - hosts: all
                  gather_facts: false
                  tasks:
                    - name: Show canary-elsewhere
                      ansible.builtin.fail: {msg: "it is canary-elsewhere"}
                """, known: known)
            let lines = Lines()
            let failure = try await failure { _ = try await ansible.configure(.blue, servers, report: lines.report) }
            #expect(failure.details.contains { $0.hasSuffix("it is •••") }, "\(failure.details)")
            #expect(await !lines.contain("canary"))
            #expect(folder.files(containing: "canary-elsewhere") == ["environment/ansible/site.yaml"])
        }
    }

    @Test("shows no variable of rz's own that no one passed on")
    func variables() async throws {
        try await withFolder { folder in
            let mine = ["PATH": "/usr/bin:/bin", "OTHER_TOKEN": "canary", "NETBOX": "there", "TF_VAR_x": "canary"]
            let lines = Lines()
            let runner = CommandStepRunner(
                environmentFolder: folder.path, logFolder: folder["logs"],
                inherited: InheritedEnvironment(mine, passing: ["NETBOX"]), resolve: resolver()
            ) { _, _ throws(Failure) in [:] }
            _ = try await runner.run(
                ExecWork(command: ["sh", "-c", "env | sort"], variables: ["OWN": "x"]), inventory: Inventory(),
                report: lines.report)
            let seen = await lines.all
            #expect(seen.contains("NETBOX=there") && seen.contains("OWN=x"))
            #expect(!seen.contains { $0.contains("canary") })
        }
    }
}

@Suite("What an rz that was killed left behind")
struct LeftoversTests {
    @Test("is swept: plans and variables removed, secrets in logs masked")
    func sweep() async throws {
        try await withFolder { folder in
            for file in [
                "terraform/blue/plan.bin", "terraform/green/look/plan.bin", "ansible/blue/variables-3.json",
                "terraform/blue/stderr.log", "terraform/blue/events-2.jsonl", "ansible/blue/output-1.log",
                "log/hook.sh.log", "static/apply-blue.log",
            ] { try folder.write(file, "a canary-of-token b\n") }
            try folder.write("terraform/blue/terraform.tfstate", "stays")
            var secrets = Secrets()
            secrets.insert("canary-of-token")
            try Leftovers.sweep(folder.path, masking: secrets)
            #expect(folder.files(containing: "canary").isEmpty)
            #expect(folder.text("log/hook.sh.log") == "a ••• b\n")
            #expect(folder.text("terraform/blue/events-2.jsonl") == "a ••• b\n")
            #expect(!folder.exists("terraform/blue/plan.bin") && !folder.exists("ansible/blue/variables-3.json"))
            #expect(folder.text("terraform/blue/terraform.tfstate") == "stays")
        }
    }

    @Test("stays as it is while the program that writes it goes on")
    func running() async throws {
        try await withFolder { folder in
            let child = shell("touch begun; while test ! -e end; do sleep 0.02; done", in: folder)
            let record = ProcessRecord(path: folder["terraform/blue/running"])
            try Files.makeFolder(folder["terraform/blue"])
            let running = Task { try await child.run(output: try OutputFile(), record: record) }
            try await eventually("the child") { folder.exists("begun") && record.running != nil }
            try folder.write("terraform/blue/events-1.jsonl", "canary-of-token\n")
            try folder.write("terraform/blue/plan.bin", "x")
            var secrets = Secrets()
            secrets.insert("canary-of-token")
            try Leftovers.sweep(folder.path, masking: secrets)
            #expect(folder.text("terraform/blue/events-1.jsonl") == "canary-of-token\n")
            #expect(folder.exists("terraform/blue/plan.bin"))
            try folder.write("end", "")
            _ = try await running.value
        }
    }

    @Test("is not even there where a text was handed to a child: it has no name")
    func handed() throws {
        let handed = try HandedFile("canary")
        #expect(try String(contentsOfFile: handed.path, encoding: .utf8) == "canary")
        var status = stat()
        #expect(stat(handed.path, &status) == 0)
        #expect(status.st_nlink == 0 && status.st_mode & 0o777 == 0o600)
    }
}
