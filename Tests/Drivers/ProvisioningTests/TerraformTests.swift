import Foundation
import Migration
import Testing
import Waiting

@testable import Provisioning

@Suite("Servers by Terraform", .enabled(if: terraformBinary != nil, "neither terraform nor tofu is installed"))
struct TerraformTests {
    @Test("says its version")
    func version() async throws {
        try await withFolder { folder in
            let version = try await TerraformLab(folder).terraform().observeVersion()
            #expect(version.hasPrefix("Terraform 1.") || version.hasPrefix("OpenTofu 1."))
        }
    }

    @Test("are built, reported as an inventory, changed by a variable and destroyed")
    func wholeLife() async throws {
        try await withFolder { folder in
            let lab = try TerraformLab(folder)
            let lines = Lines()
            let built = try await lab.terraform().build(.blue, report: lines.report)
            #expect(built.groups.keys.sorted() == ["agent", "database"])
            let agent = try #require(built.groups["agent"]?.first)
            #expect(
                agent
                    == Host(
                        name: "blue-agent-1", address: "127.0.11.1", variables: ["rack": "7", "spot": "true"],
                        structured: ["rack", "spot"]))
            #expect(built.groups["database"]?.first?.variables == ["disks": #"["db-data-0"]"#])
            #expect(try await lab.terraform().observeServers(.blue) == built)
            #expect(await lines.contain("3 of 3 servers:"))
            #expect(await lines.contain("agent-1 creating"))
            #expect(folder.text("world/blue-agent-1/begun") == "one\n")

            #expect(try await lab.terraform().observeChanges(.blue).isEmpty)
            let newer = lab.terraform(colors: [.blue: ["image": "two"]])
            let changes = try await newer.observeChanges(.blue)
            #expect(changes.replace.count == 3 && changes.add.isEmpty && changes.inDoubt.isEmpty)
            _ = try await newer.build(.blue, report: lines.report)
            #expect(folder.text("world/blue-agent-1/begun") == "two\n")

            try await newer.destroy(.blue, report: lines.report)
            #expect(try await newer.observeServers(.blue).isEmpty)
            #expect(!folder.exists("world/blue-agent-1"))
        }
    }

    @Test("of both colors are built at once, each in a state of its own")
    func colorsApart() async throws {
        try await withFolder { folder in
            let terraform = try TerraformLab(folder).terraform()
            async let blue = terraform.build(.blue) { _ in }
            async let green = terraform.build(.green) { _ in }
            #expect(try await blue.groups["agent"]?.first?.name == "blue-agent-1")
            #expect(try await green.groups["agent"]?.first?.name == "green-agent-1")
            try await terraform.destroy(.blue) { _ in }
            #expect(try await terraform.observeServers(.blue).isEmpty)
            #expect(try await terraform.observeServers(.green) == green)
            #expect(folder.exists("world/green-agent-1/done"))
        }
    }

    @Test("may go, their disks stay")
    func disksSurvive() async throws {
        try await withFolder { folder in
            let terraform = try TerraformLab(folder).terraform()
            try await terraform.buildDisks { _ in }
            _ = try await terraform.build(.blue) { _ in }
            try await terraform.destroy(.blue) { _ in }
            try await terraform.buildDisks { _ in }
            #expect(folder.text("world/disk/data") == "data\n")
        }
    }

    @Test("may change their disks' module, but a disk is never destroyed or replaced, prevent_destroy or not")
    func disksAreNeverReplaced() async throws {
        try await withFolder { folder in
            let lab = try TerraformLab(folder)
            try await lab.terraform().buildDisks { _ in }
            let unprotected = TerraformLab.disks.replacing("lifecycle { prevent_destroy = true }", with: "")
            for module in [
                unprotected.replacing("input =", with: "triggers_replace = 2\n  input ="),
                "terraform {\n  backend \"local\" {}\n}\n",
            ] {
                try folder.write("environment/terraform/disks/main.tf", module)
                let failure = try await failure { try await lab.terraform().buildDisks { _ in } }
                #expect(failure.summary == "Data disks would be destroyed: terraform_data.disk; nothing was changed")
                #expect(failure.kind == .refused)
            }
            #expect(folder.text("world/disk/data") == "data\n")
        }
    }

    @Test("wait for someone to look at a disk that an interrupted run began")
    func disksInDoubt() async throws {
        try await withFolder { folder in
            let terraform = try TerraformLab(folder).terraform()
            try await terraform.buildDisks { _ in }
            let begun = #"{"type":"apply_start","hook":{"action":"update","resource":{"addr":"terraform_data.disk"}}}"#
            let events = try folder.write("state/terraform/disks/events-2.jsonl", begun + "\n")
            let failure = try await failure { try await terraform.buildDisks { _ in } }
            #expect(failure.summary.contains("may be unfinished: terraform_data.disk"))
            #expect(failure.details == [events] && failure.kind == .refused)
            Files.remove(events)
            try await terraform.buildDisks { _ in }
            #expect(folder.text("world/disk/data") == "data\n")
        }
    }

    @Test("that never were are looked for without a trace")
    func observingLeavesNothing() async throws {
        try await withFolder { folder in
            let lab = try TerraformLab(folder)
            let before = folder.files
            #expect(try await lab.terraform().observeServers(.green).isEmpty)
            #expect(folder.files == before)
        }
    }

    @Test("are planned without a trace in the environment's folder, and without a state")
    func planningLeavesNothing() async throws {
        try await withFolder { folder in
            let lab = try TerraformLab(folder)
            let environment = Folder(path: folder["environment"])
            let before = environment.files
            let changes = try await lab.terraform().observeChanges(.green)
            #expect(changes.add.count == 3)
            #expect(environment.files == before)
            #expect(!folder.exists("state/terraform/green/terraform.tfstate"))
            #expect(try await lab.terraform().observeServers(.green).isEmpty)
        }
    }

    @Test("never bring a sensitive output or a secret variable into a log")
    func secretsStayHidden() async throws {
        try await withFolder { folder in
            let servers =
                TerraformLab.servers.replacing("echo ${var.image}", with: "echo ${var.token}")
                + "\nvariable \"token\" {}\n"
            let lab = try TerraformLab(folder, servers: servers)
            let lines = Lines()
            let terraform = lab.terraform(
                variables: ["token": "${env:TOKEN}"], secrets: ["TOKEN": "s3cret-token"])
            _ = try await terraform.build(.blue, report: lines.report)
            let state = Folder(path: folder["state"])
            #expect(state.files(containing: "s3cret").isEmpty)
            #expect(state.files(containing: "never-to-be-seen") == ["terraform/blue/terraform.tfstate"])
            #expect(await !lines.contain("s3cret"))
        }
    }
}

@Suite("A failing Terraform", .enabled(if: terraformBinary != nil, "neither terraform nor tofu is installed"))
struct TerraformFailureTests {
    @Test("whose state is locked says by whom, and can be tried again")
    func locked() async throws {
        try await withFolder { folder in
            let lab = try TerraformLab(folder)
            let first = Task { try await lab.terraform(variables: ["gate": "false"]).build(.blue) { _ in } }
            try await eventually("the first apply") { folder.exists("world/blue-agent-1/begun") }
            let terraform = lab.terraform()
            let failure = try await failure { _ = try await terraform.save(terraform.runner(.color(.blue)), []) }
            #expect(failure.summary.contains("Terraform's state of the servers of blue is locked by "))
            #expect(failure.kind == .transient)
            #expect(failure.advice?.contains("force-unlock") == true)
            try lab.open()
            _ = try await first.value
        }
    }

    @Test("with a stale plan applies nothing")
    func stale() async throws {
        try await withFolder { folder in
            let lab = try TerraformLab(folder)
            let terraform = lab.terraform()
            let runner = try terraform.runner(.color(.blue))
            try await runner.initialise()
            let plan = try await terraform.save(runner, []).answer
            let saved = try #require(FileManager.default.contents(atPath: runner.folder.plan))
            _ = try await terraform.build(.blue) { _ in }
            try saved.write(to: URL(fileURLWithPath: runner.folder.plan))
            let failure = try await failure { try await terraform.perform(plan, runner) { _ in } }
            #expect(failure.summary.contains("changed after it was planned, so nothing was applied"))
            #expect(failure.kind == .refused)
            #expect(folder.text("world/blue-agent-1/begun") == "one\n")
        }
    }

    @Test("that would destroy a protected resource names it and changes nothing")
    func preventDestroy() async throws {
        try await withFolder { folder in
            let servers = TerraformLab.servers.replacing(
                "triggers_replace = var.image",
                with: "triggers_replace = var.image\n  lifecycle {\n    prevent_destroy = true\n  }")
            let terraform = try TerraformLab(folder, servers: servers).terraform()
            _ = try await terraform.build(.blue) { _ in }
            let failure = try await failure { try await terraform.destroy(.blue) { _ in } }
            #expect(failure.summary.contains("would have to destroy terraform_data.server"))
            #expect(failure.summary.contains("nothing was changed"))
            #expect(failure.kind == .refused)
            #expect(failure.place?.contains("main.tf:") == true)
            #expect(folder.exists("world/blue-agent-1/done"))
        }
    }

    @Test("in a provisioner gives its words, and the next build makes the server again")
    func provisioner() async throws {
        try await withFolder { folder in
            let broken = TerraformLab.servers.replacing(
                "touch ${self.input}/done", with: "test -e ${var.world}/mended || { echo no such image; exit 7; }")
            let lab = try TerraformLab(folder, servers: broken)
            let failure = try await failure { _ = try await lab.terraform().build(.blue) { _ in } }
            #expect(failure.summary.contains("The provisioner of terraform_data.server["))
            #expect(failure.description.contains("exit status 7"))
            #expect(failure.description.contains("no such image"))
            #expect(failure.kind == .permanent)
            #expect(try await !lab.terraform().observeServers(.blue).isEmpty)
            try folder.write("world/mended", "")
            #expect(try await lab.terraform().build(.blue) { _ in }.hosts.count == 3)
        }
    }

    @Test("without a backend that rz can direct is refused before anything is built")
    func noBackend() async throws {
        try await withFolder { folder in
            let servers = TerraformLab.servers.replacing("backend \"local\" {}", with: "")
            let terraform = try TerraformLab(folder, servers: servers).terraform()
            let failure = try await failure { _ = try await terraform.build(.blue) { _ in } }
            #expect(failure.advice?.contains("backend \"local\" {}") == true)
            #expect(!folder.exists("world/blue-agent-1"))
        }
    }

    @Test("for want of a variable says which")
    func missingVariable() async throws {
        try await withFolder { folder in
            let servers = TerraformLab.servers + "\nvariable \"region\" {}\n"
            let failure = try await failure {
                _ = try await TerraformLab(folder, servers: servers).terraform().build(.blue) { _ in }
            }
            #expect(failure.description.contains("\"region\""))
            #expect(failure.advice?.contains("provision.terraform.variables") == true)
        }
    }

    @Test("that shares its module with the disks is refused")
    func sharedModule() async throws {
        let root = TerraformRoot(root: "terraform", disks: "./terraform/")
        let terraform = Terraform(
            binary: "terraform", root: root, environmentFolder: "/", stateFolder: "/nowhere", resolve: resolver())
        let failure = try await failure { try await terraform.destroy(.blue) { _ in } }
        #expect(failure.kind == .refused)
    }

    @Test("that is not installed says so")
    func notInstalled() async throws {
        let terraform = Terraform(
            binary: "no-such-terraform", root: TerraformRoot(root: "."), environmentFolder: "/",
            stateFolder: "/nowhere",
            resolve: resolver())
        let failure = try await failure { _ = try await terraform.observeVersion() }
        #expect(failure.summary.contains("no-such-terraform is not installed"))
    }
}

@Suite("An interrupted Terraform", .enabled(if: terraformBinary != nil, "neither terraform nor tofu is installed"))
struct TerraformInterruptionTests {
    @Test("killed with all its children: what it had begun is built again, what was done is kept")
    func killed() async throws {
        try await withFolder { folder in
            let lab = try TerraformLab(folder)
            let gated = lab.terraform(variables: ["gate": "false", "first": "agent-1"])
            let building = Task { try await gated.build(.blue) { _ in } }
            try await eventually("all servers to be begun") {
                ["agent-1", "agent-2", "database-1"].allSatisfy { folder.exists("world/blue-\($0)/begun") }
            }
            // Once one server is done, Terraform saves the others as well, as if they were done too.
            try folder.write("world/first", "")
            try await eventually("the state to be saved") {
                folder.text("state/terraform/blue/terraform.tfstate")?.contains(#""index_key": "agent-2""#) == true
            }
            kill(-(try #require(lab.process(of: .blue))), SIGKILL)
            let failure = try await failure { _ = try await building.value }
            #expect(failure.kind == .unknownEffect)
            #expect(!folder.exists("world/blue-agent-2/done"))

            let doubt = ["agent-2", "database-1"].map { #"terraform_data.server["\#($0)"]"# }
            #expect(try await gated.observeChanges(.blue).inDoubt == doubt)
            let lines = Lines()
            try lab.open()
            _ = try await gated.build(.blue, report: lines.report)
            #expect(await lines.contain("builds again what an interrupted run began: 2"))
            #expect(folder.exists("world/blue-agent-2/done") && folder.exists("world/blue-database-1/done"))
            #expect(folder.text("world/blue-agent-1/begun") == "one\n")
            #expect(try await gated.observeChanges(.blue).isEmpty)
        }
    }

    @Test("by a cancellation leaves a state that can be gone on with, and no process")
    func cancelled() async throws {
        try await withFolder { folder in
            let lab = try TerraformLab(folder)
            let building = Task { try await lab.terraform(variables: ["gate": "false"]).build(.blue) { _ in } }
            try await eventually("a server to be begun") { folder.exists("world/blue-agent-1/begun") }
            building.cancel()
            let failure = try await failure { _ = try await building.value }
            #expect(failure.kind == .cancelled)
            #expect(!isRunning(folder.path))
            #expect(lab.process(of: .blue) == nil)
            #expect(try await lab.terraform().build(.blue) { _ in }.hosts.count == 3)
            #expect(folder.exists("world/blue-database-1/done"))
        }
    }

    @Test("left running by an rz that was killed is waited for")
    func leftRunning() async throws {
        try await withFolder { folder in
            let lab = try TerraformLab(folder)
            try folder.write(
                "wait.sh", "#!/bin/sh\nwhile ! test -e world/gate; do sleep 0.05; done\n", executable: true)
            let record = ProcessRecord(path: folder["state/terraform/blue/running"])
            try Files.makeFolder(folder["state/terraform/blue"])
            let leftover = Task {
                let command = Command(
                    "./wait.sh", [], environment: InheritedEnvironment().variables, folder: folder.path)
                return try await ChildProcess(command).run(output: try OutputFile(), record: record)
            }
            try await eventually("the leftover") { record.running != nil }
            let lines = Lines()
            let building = Task { try await lab.terraform().build(.blue, report: lines.report) }
            try await eventually("the build to notice") {
                await lines.contain("waits for the Terraform of an interrupted run")
            }
            #expect(!folder.exists("world/blue-agent-1"))
            try lab.open()
            #expect(try await building.value.hosts.count == 3)
            _ = try await leftover.value
        }
    }
}
