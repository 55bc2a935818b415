import Foundation
import Migration
import Testing
import Waiting

@testable import Provisioning

@Suite(
    "Terraform works on the color that is meant",
    .enabled(if: terraformBinary != nil, "neither terraform nor tofu is installed"))
struct TerraformTargetTests {
    @Test("though a terraform.tfvars names the live one: what rz hands beats it, in building and in destroying")
    func variablesFile() async throws {
        try await withFolder { folder in
            let terraform = try TerraformLab(folder).terraform()
            let green = try await terraform.build(.green) { _ in }
            for name in ["terraform.tfvars", "z.auto.tfvars"] {
                try folder.write("environment/terraform/servers/\(name)", "color = \"green\"\nimage = \"two\"\n")
            }
            let blue = try await terraform.build(.blue) { _ in }
            #expect(blue.hosts.map(\.name).sorted() == ["blue-agent-1", "blue-agent-2", "blue-database-1"])
            try await terraform.destroy(.blue) { _ in }
            #expect(try await terraform.observeServers(.green) == green)
            #expect(folder.text("world/green-agent-1/begun") == "one\n")
            #expect(folder.exists("world/green-agent-1/done"))
        }
    }

    @Test("or refuses, when something gives it another value than rz handed: the variable and both values are named")
    func overridden() async throws {
        try await withFolder { folder in
            let lab = try TerraformLab(folder)
            let wrapped = lab.terraform(binary: try lab.wrapper(more: "-var color=green"))
            for look in [false, true] {
                let failure = try await failure {
                    if look {
                        _ = try await wrapped.observeChanges(.blue)
                    } else {
                        _ = try await wrapped.build(.blue) { _ in }
                    }
                }
                #expect(failure.kind == .refused)
                #expect(failure.summary.contains("with other variables than it was handed; nothing was changed"))
                #expect(failure.details == ["color: “blue” was handed, “green” was planned"])
            }
            #expect(Folder(path: folder["world"]).files.isEmpty)
            #expect(Folder(path: folder["state"]).files.filter { $0.hasSuffix("plan.bin") }.isEmpty)
        }
    }

    @Test("and shows no value of a secret that differs")
    func overriddenSecret() async throws {
        try await withFolder { folder in
            let lab = try TerraformLab(folder, servers: TerraformLab.servers + "\nvariable \"token\" {}\n")
            let terraform = lab.terraform(
                variables: ["token": "${env:TOKEN}"], secrets: ["TOKEN": "s3cret-token"],
                binary: try lab.wrapper(more: "-var token=0ther-token"))
            let failure = try await failure { _ = try await terraform.build(.blue) { _ in } }
            #expect(failure.details == ["token: both values are secret"])
        }
    }

    @Test("or refuses a module that names the live color's servers, before anything is made")
    func moduleNamesLiveColor() async throws {
        try await withFolder { folder in
            let lab = try TerraformLab(folder)
            let green = try await lab.terraform().build(.green) { _ in }
            let servers = TerraformLab.servers.replacing(
                "name = \"${var.color}-database-1\"", with: "name = \"green-database-1\"")
            try folder.write("environment/terraform/servers/main.tf", servers)
            let failure = try await failure { _ = try await lab.terraform().build(.blue) { _ in } }
            #expect(failure.kind == .refused)
            #expect(
                failure.summary == "Terraform's plan for the servers of blue reaches into green; nothing was changed")
            #expect(failure.details.contains("both have a server green-database-1"))
            #expect(!folder.exists("world/blue-agent-1"))
            #expect(try await lab.terraform().observeServers(.green) == green)
        }
    }

    @Test("or refuses a resource that is a live server by its address, though the inventory reports nothing yet")
    func resourceOfLiveColor() async throws {
        try await withFolder { folder in
            let lab = try TerraformLab(folder)
            _ = try await lab.terraform().build(.green) { _ in }
            try folder.write(
                "environment/terraform/servers/more.tf",
                "resource \"terraform_data\" \"more\" {\n  input = { name = \"x\", address = \"127.0.12.1\" }\n}\n")
            let failure = try await failure { _ = try await lab.terraform().build(.blue) { _ in } }
            #expect(
                failure.details == [
                    "terraform_data.more: its address 127.0.12.1 is that of green's server green-agent-1"
                ])
            #expect(!folder.exists("world/blue-agent-1"))
        }
    }

    @Test("or refuses to destroy by a state that holds the live color's objects, whatever it is called")
    func stateOfLiveColor() async throws {
        try await withFolder { folder in
            let terraform = try TerraformLab(folder).terraform()
            let green = try await terraform.build(.green) { _ in }
            try folder.write(
                "state/terraform/blue/terraform.tfstate",
                try #require(folder.text("state/terraform/green/terraform.tfstate")))
            for look in [true, false] {
                let failure = try await failure {
                    if look {
                        _ = try await terraform.observeDestruction(of: .blue)
                    } else {
                        try await terraform.destroy(.blue) { _ in }
                    }
                }
                #expect(failure.kind == .refused)
                #expect(failure.summary.contains("reaches into green; nothing was changed"))
                #expect(failure.details.contains { $0.contains("terraform_data.server[\"agent-1\"]: it is ") })
            }
            #expect(try await terraform.observeServers(.green) == green)
            #expect(folder.exists("world/green-agent-1/done"))
        }
    }

    @Test("and says beforehand what it would destroy, without a trace")
    func destruction() async throws {
        try await withFolder { folder in
            let lab = try TerraformLab(folder)
            let terraform = lab.terraform()
            #expect(try await terraform.observeDestruction(of: .blue).isEmpty)
            _ = try await terraform.build(.blue) { _ in }
            let state = folder.text("state/terraform/blue/terraform.tfstate")
            let servers = ["agent-1", "agent-2", "database-1"].map { #"terraform_data.server["\#($0)"]"# }
            #expect(try await terraform.observeDestruction(of: .blue) == servers)
            #expect(folder.text("state/terraform/blue/terraform.tfstate") == state)
            #expect(!folder.exists("state/terraform/blue/look/plan.bin"))
        }
    }

    @Test("and says beforehand that it would refuse, where a server is protected")
    func protected() async throws {
        try await withFolder { folder in
            let servers = TerraformLab.servers.replacing(
                "triggers_replace = var.image",
                with: "triggers_replace = var.image\n  lifecycle {\n    prevent_destroy = true\n  }")
            let terraform = try TerraformLab(folder, servers: servers).terraform()
            _ = try await terraform.build(.blue) { _ in }
            let failure = try await failure { _ = try await terraform.observeDestruction(of: .blue) }
            #expect(failure.kind == .refused)
            #expect(failure.summary.contains("would have to destroy terraform_data.server"))
            #expect(failure.advice?.contains("commit, then: rz resume --commit HEAD") == true)
        }
    }
}

@Suite(
    "What surrounds Terraform", .enabled(if: terraformBinary != nil, "neither terraform nor tofu is installed"))
struct TerraformSurroundingsTests {
    @Test("does not change what it does: TF_ of the shell stays outside, credentials of providers reach it")
    func shell() async throws {
        try await withFolder { folder in
            let servers = TerraformLab.servers.replacing(
                "touch ${self.input}/done", with: "env > ${self.input}/done")
            let lab = try TerraformLab(folder, servers: servers)
            let shell = [
                "TF_WORKSPACE": "nosuch", "TF_CLI_ARGS_plan": "-destroy", "TF_CLI_ARGS": "-no-such-option",
                "TF_DATA_DIR": folder["elsewhere"], "TF_VAR_image": "two", "TF_LOG": "INFO", "TF_INPUT": "1",
                "TF_REATTACH_PROVIDERS": "{}", "RUBYOPT": "-w", "AWS_SECRET_ACCESS_KEY": "for-the-provider",
            ]
            let terraform = lab.terraform(shell: shell)
            #expect(try await terraform.observeVersion().contains(" 1."))
            let built = try await terraform.build(.blue) { _ in }
            #expect(try await terraform.observeServers(.blue) == built)
            #expect(try await terraform.observeChanges(.blue).isEmpty)
            #expect(folder.text("world/blue-agent-1/begun") == "one\n")
            #expect(!folder.exists("elsewhere"))
            let seen = try #require(folder.text("world/blue-agent-1/done"))
            #expect(seen.contains("AWS_SECRET_ACCESS_KEY=for-the-provider"))
            for name in shell.keys where name != "AWS_SECRET_ACCESS_KEY" && name != "TF_DATA_DIR" {
                #expect(!seen.contains("\(name)=\(shell[name] ?? "")\n"), "\(name)")
            }
        }
    }

    @Test("may write to standard error: outputs, plan and version are read without it")
    func wordsOnStandardError() async throws {
        try await withFolder { folder in
            let lab = try TerraformLab(folder)
            let terraform = lab.terraform(binary: try lab.wrapper(before: "echo 'Resolved version 1.11' >&2"))
            #expect(try await terraform.observeVersion().contains(" 1."))
            let built = try await terraform.build(.blue) { _ in }
            #expect(try await terraform.observeServers(.blue) == built)
            #expect(try await terraform.observeChanges(.blue).isEmpty)
        }
    }

    @Test("sees no secret: not in the list of processes, nor in a file that others may read, nor in one that is left")
    func secrets() async throws {
        try await withFolder { folder in
            let lab = try TerraformLab(folder, servers: TerraformLab.servers + "\nvariable \"token\" {}\n")
            let seen = folder["seen"]
            let record = """
                echo "$@" >> \(seen)
                for argument; do case $argument in
                  -var-file=*) stat -L -c 'variables %a' "${argument#-var-file=}" >> \(seen);;
                  -out=*) stat -c 'plan %a' "${argument#-out=}" >> \(seen);;
                  *.bin) stat -c 'saved %a' "$argument" >> \(seen);;
                esac; done
                """
            let terraform = lab.terraform(
                variables: ["token": "${env:TOKEN}"], secrets: ["TOKEN": "s3cret-token"],
                binary: try lab.wrapper(before: record))
            _ = try await terraform.build(.blue) { _ in }
            _ = try await terraform.observeChanges(.blue)
            let text = try #require(folder.text("seen"))
            #expect(!text.contains("s3cret"))
            let modes = Set(text.split(separator: "\n").filter { $0.contains(/^(variables|plan|saved) \d+$/) })
            #expect(modes == ["variables 600", "plan 600", "saved 600"])
            let plans = text.split(separator: "\n").filter { $0.hasPrefix("plan ") && $0.contains("-out=") }
            #expect(plans.count == 2)
            #expect(plans.filter { !$0.contains(/\ -var-file=\/proc\/\d+\/fd\/\d+$/) }.isEmpty, "what comes last wins")
            let left = Folder(path: folder["state"]).files
            #expect(left.contains("terraform/blue/terraform.tfstate"))
            #expect(left.filter { $0.contains("plan.bin") || $0.contains("tfvars") }.isEmpty)
        }
    }

    @Test("keeps no plan of an apply that failed")
    func noPlanIsLeft() async throws {
        try await withFolder { folder in
            let servers = TerraformLab.servers.replacing("touch ${self.input}/done", with: "exit 3")
            let terraform = try TerraformLab(folder, servers: servers).terraform()
            _ = try await failure { _ = try await terraform.build(.blue) { _ in } }
            let left = Folder(path: folder["state"]).files
            #expect(left.contains("terraform/blue/terraform.tfstate"))
            #expect(left.filter { $0.contains("plan.bin") }.isEmpty)
        }
    }

    @Test("hands texts as they are, and lists and maps in Terraform's language")
    func values() async throws {
        try await withFolder { folder in
            let module = """
                terraform {
                  backend "local" {}
                }
                variable "color" {}
                variable "world" {}
                variable "text" { type = string }
                variable "document" {
                  description = "type of nothing"
                  type        = string
                }
                variable "untyped" {}
                variable "map" { type = map(number) }
                variable "list" { type = list(string) }
                output "inventory" {
                  value = { agent = [{
                    name = "${var.color}-1", address = "127.0.11.1", text = var.text, document = var.document
                    untyped = var.untyped, sum = var.map.a + var.map.b, second = var.list[1]
                  }] }
                }
                """
            let text = "a${b}%{c}\"d\\e\nf{{ g }}ä$${h}"
            let terraform = try TerraformLab(folder, servers: module).terraform(
                variables: [
                    "text": "${env:TEXT}", "document": #"{"a": 1}"#, "untyped": "[1]", "map": "{a = 1, b = 2}",
                    "list": #"["x", "y"]"#,
                ], secrets: ["TEXT": text])
            let host = try #require(try await terraform.build(.blue) { _ in }.hosts.first)
            #expect(
                host.variables == [
                    "text": text, "document": #"{"a": 1}"#, "untyped": "[1]", "sum": "3", "second": "y",
                ])
        }
    }

    @Test("may be several rz that look at once, beside one that builds")
    func lookingTogether() async throws {
        try await withFolder { folder in
            let lab = try TerraformLab(folder)
            let building = Task { try await lab.terraform(variables: ["gate": "false"]).build(.blue) { _ in } }
            try await eventually("the build to begin") { folder.exists("world/blue-agent-1/begun") }
            let changes = try await withThrowingTaskGroup(of: ProvisioningChanges.self) { group in
                for _ in 0..<4 {
                    group.addTask { try await lab.terraform(colors: [:]).observeChanges(.green) }
                    group.addTask { try await lab.terraform(variables: ["gate": "false"]).observeChanges(.blue) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(changes.count == 8)
            #expect(changes.filter { $0.add.count == 3 }.count >= 4, "green is not there")
            try lab.open()
            #expect(try await building.value.hosts.count == 3)
        }
    }
}

@Suite("The provisioner of a color")
struct RecordedProvisionerTests {
    /// A provisioner that has the servers which it built.
    private func program(_ folder: Folder, _ name: String) throws -> StaticProvisioner {
        try folder.write(
            "\(name).sh",
            """
            #!/bin/sh
            case $1 in
              apply) touch \(name)-$2 ;;
              destroy) rm \(name)-$2 ;;
              output) test -e \(name)-$2 && echo '{"agent":[{"name":"'$2'-1","address":"'$2'.test"}]}' || echo '{}' ;;
            esac
            """, executable: true)
        return StaticProvisioner(
            StaticServers(command: [Setting("./\(name).sh")]),
            environmentFolder: folder.path, stateFolder: folder["state"], resolve: resolver())
    }

    @Test("is what built it: another one is refused, in looking, building and destroying, and the servers stay")
    func another() async throws {
        try await withFolder { folder in
            let first = RecordedProvisioner(try program(folder, "a"), .terraform, stateFolder: folder["state"])
            let second = RecordedProvisioner(try program(folder, "b"), .static, stateFolder: folder["state"])
            _ = try await first.build(.blue) { _ in }
            #expect(ProvisionerKind.recorded(of: .blue, in: folder["state"]) == .terraform)
            let attempts: [() async throws -> Void] = [
                { _ = try await second.observeServers(.blue) }, { _ = try await second.observeChanges(.blue) },
                { _ = try await second.observeDestruction(of: .blue) },
                { _ = try await second.build(.blue) { _ in } }, { try await second.destroy(.blue) { _ in } },
            ]
            for attempt in attempts {
                let failure = try await failure(of: attempt)
                #expect(
                    failure.summary == "blue was built by Terraform, not by the program under provision.static")
                #expect(failure.kind == .refused)
            }
            #expect(folder.exists("a-blue") && !folder.exists("b-blue"))
            _ = try await second.build(.green) { _ in }
            try await first.destroy(.blue) { _ in }
            #expect(ProvisionerKind.recorded(of: .blue, in: folder["state"]) == nil)
            #expect(try await second.observeServers(.blue).isEmpty)
        }
    }

    @Test("is recorded before its first server, so that a build that is cut off counts")
    func cutOff() async throws {
        try await withFolder { folder in
            let failing = StaticProvisioner(
                StaticServers(command: ["false"]), environmentFolder: folder.path, stateFolder: folder["state"],
                resolve: resolver())
            let recorded = RecordedProvisioner(failing, .terraform, stateFolder: folder["state"])
            _ = try await failure { _ = try await recorded.build(.blue) { _ in } }
            #expect(ProvisionerKind.recorded(of: .blue, in: folder["state"]) == .terraform)
        }
    }

    @Test("is Terraform where only its state reports, and nothing where that state is empty")
    func stateAlone() async throws {
        try await withFolder { folder in
            let state = folder["state"]
            #expect(ProvisionerKind.recorded(of: .blue, in: state) == nil)
            try folder.write("state/terraform/blue/terraform.tfstate", #"{"version":4,"resources":[{"type":"a"}]}"#)
            try folder.write("state/terraform/green/terraform.tfstate", #"{"version":4,"resources":[]}"#)
            #expect(ProvisionerKind.recorded(of: .blue, in: state) == .terraform)
            #expect(ProvisionerKind.recorded(of: .green, in: state) == nil)
        }
    }
}
