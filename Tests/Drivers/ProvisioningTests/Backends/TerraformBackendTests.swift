import Foundation
import Glibc
import JSON
import Migration
import Testing
import Waiting

@testable import Provisioning

@Suite("Terraform's states in a backend `http`", .enabled(if: terraformBinary != nil, "terraform is not installed"))
struct TerraformHTTPBackendTests {
    @Test("are three, and none is in rz's home; a second home sees what the first one built, and destroys it")
    func states() async throws {
        try await StateServer.with { server in
            try await withFolder { folder in
                let lab = try TerraformLab(folder, backend: server.backend, secrets: StateServer.secrets)
                let first = lab.terraform()
                #expect(try await first.observeServers(.blue).isEmpty)
                try await first.buildDisks { _ in }
                let blue = try await first.build(.blue) { _ in }
                let green = try await first.build(.green) { _ in }
                #expect(blue.groups["agent"]?.first?.name == "blue-agent-1")
                #expect(green.groups["agent"]?.first?.name == "green-agent-1")
                let requests = try await server.requests()
                for state in ["blue", "green", "disks"] { #expect(requests.contains("POST /shop/\(state)")) }

                // An output of the module, and what rz authenticates with.
                #expect(folder.files(containing: "never-to-be-seen") == ["environment/terraform/servers/main.tf"])
                #expect(folder.files(containing: StateServer.password).isEmpty)

                let second = lab.terraform(state: "home-2")
                #expect(try await second.observeServers(.blue) == blue)
                #expect(try await second.observeChanges(.blue).isEmpty)
                #expect(try await second.observeDestruction(of: .blue).count == 3)
                try await second.destroy(.blue) { _ in }
                #expect(try await first.observeServers(.blue).isEmpty)
                #expect(try await first.observeServers(.green) == green)
                #expect(!folder.exists("world/blue-agent-1") && folder.exists("world/green-agent-1/done"))
                #expect(folder.text("world/disk/data") == "data\n")
            }
        }
    }

    @Test("are locked for a second home, which names the holder, its operation, the time and the lock")
    func locked() async throws {
        try await StateServer.with { server in
            try await withFolder { folder in
                let lab = try TerraformLab(folder, backend: server.backend, secrets: StateServer.secrets)
                async let built = lab.terraform(variables: ["gate": "false"]).build(.blue) { _ in }
                try await eventually { folder.exists("world/blue-agent-1/begun") }
                let holder = try await server.lock("blue")
                let id = try #require(holder["ID"]?.string)
                let who = try #require(holder["Who"]?.string)
                let created = try #require(holder["Created"]?.string)

                let second = lab.terraform(variables: ["gate": "false"], state: "home-2")
                let failure = try await failure { _ = try await second.build(.blue) { _ in } }
                #expect(
                    failure.summary == "Terraform's state of the servers of blue is locked by \(who) since \(created)")
                #expect(failure.details.prefix(2) == ["operation: OperationTypeApply", "lock: \(id)"])
                #expect(failure.advice?.contains("terraform force-unlock \(id)") == true)
                #expect(failure.kind == .transient)
                #expect(try await server.lock("blue") == holder)
                // Who only looks needs no lock.
                _ = try await second.observeChanges(.blue)

                try lab.open()
                let inventory = try await built
                #expect(try await second.build(.blue) { _ in } == inventory)
                #expect(folder.text("world/blue-agent-1/begun") == "one\n")
            }
        }
    }

    @Test("stay locked by a Terraform that was killed; its lock is released as the message says, and the run resumes")
    func killed() async throws {
        try await StateServer.with { server in
            try await withFolder { folder in
                let lab = try TerraformLab(folder, backend: server.backend, secrets: StateServer.secrets)
                let terraform = lab.terraform(variables: ["gate": "false"])
                async let killed: Void = {
                    let failure = try await failure { _ = try await terraform.build(.blue) { _ in } }
                    #expect(failure.kind == .unknownEffect)
                }()
                try await eventually { folder.exists("world/blue-agent-1/begun") }
                kill(try #require(lab.process(of: .blue)), SIGKILL)
                try await killed
                try lab.open()

                let locked = try await failure { _ = try await terraform.build(.blue) { _ in } }
                let id = try #require(try await server.lock("blue")["ID"]?.string)
                #expect(locked.advice?.contains("cd \(folder["state/terraform/blue/store"]) && ") == true)
                let unlock = Process()
                unlock.executableURL = URL(filePath: try #require(terraformBinary))
                unlock.arguments = ["force-unlock", "-force", id]
                unlock.currentDirectoryURL = URL(filePath: folder["state/terraform/blue/store"])
                unlock.environment = ProcessInfo.processInfo.environment.merging([
                    "TF_HTTP_USERNAME": "op", "TF_HTTP_PASSWORD": StateServer.password,
                ]) { $1 }
                unlock.standardOutput = FileHandle.nullDevice
                try unlock.run()
                unlock.waitUntilExit()
                #expect(unlock.terminationStatus == 0)

                let built = try await terraform.build(.blue) { _ in }
                #expect(built.groups["agent"]?.count == 2)
                #expect(try await terraform.observeChanges(.blue).isEmpty)
                #expect(folder.exists("world/blue-agent-2/done"))
            }
        }
    }

    @Test("are refused when environment.yaml names another place than the one they are in")
    func moved() async throws {
        try await StateServer.with { server in
            try await withFolder { folder in
                let lab = try TerraformLab(folder, backend: server.backend, secrets: StateServer.secrets)
                _ = try await lab.terraform().build(.blue) { _ in }
                var other = lab
                other.backend = nil
                let gone = try await failure { _ = try await other.terraform().observeServers(.blue) }
                #expect(gone.kind == .refused && gone.details.contains("named now: rz's own folder"))

                try folder.write(
                    "state/terraform/green/terraform.tfstate", #"{"version":4,"resources":[{"type":"x"}]}"#)
                let left = try await failure { _ = try await lab.terraform().observeServers(.green) }
                #expect(left.summary == "The state of the servers of green is still in rz's own folder")

                try await lab.terraform(state: "home-2").destroy(.blue) { _ in }
            }
        }
    }

    @Test("are refused where the module has another backend")
    func undeclared() async throws {
        try await StateServer.with { server in
            try await withFolder { folder in
                var lab = try TerraformLab(folder)
                lab.backend = server.backend
                lab.secrets = StateServer.secrets
                let failure = try await failure { _ = try await lab.terraform().build(.blue) { _ in } }
                #expect(failure.advice?.contains("needs `terraform { backend \"http\" {} }`") == true)
                #expect(!folder.exists("world/blue-agent-1"))
            }
        }
    }
}

@Suite(
    "Terraform's states in PostgreSQL",
    .enabled(if: terraformBinary != nil && PostgresServer.programs != nil, "terraform or PostgreSQL is not installed"))
struct TerraformPostgresBackendTests {
    @Test(
        "are apart by their schemas; a locked one shows how to find the session; they are destroyed from another home")
    func states() async throws {
        try await PostgresServer.with { server in
            try await withFolder { folder in
                let lab = try TerraformLab(folder, backend: PostgresServer.backend, secrets: server.secrets)
                let first = lab.terraform(variables: ["gate": "false"])
                try lab.open()
                let blue = try await first.build(.blue) { _ in }
                Files.remove(folder["world/gate"])
                #expect(try server.rows("SELECT name FROM shop_blue.states") == ["default"])

                let second = lab.terraform(variables: ["gate": "false"], state: "home-2")
                #expect(try await second.observeServers(.blue) == blue)
                let newer = lab.terraform(variables: ["gate": "false"], colors: [.blue: ["image": "two"]])
                async let rebuilt = newer.build(.blue) { _ in }
                try await eventually { folder.text("world/blue-agent-1/begun")?.contains("two") == true }
                let failure = try await failure { _ = try await second.build(.blue) { _ in } }
                #expect(failure.summary == "Terraform's state of the servers of blue is locked")
                #expect(failure.kind == .transient)
                // The message does not name the one who was refused as the holder; its query finds the session.
                let query = TerraformLock.query(schema: "shop_blue")
                #expect(failure.advice?.contains(query) == true)
                let sessions = try server.rows(query)
                #expect(sessions.count == 1 && sessions[0].contains("|rz|127.0.0.1"))

                try lab.open()
                _ = try await rebuilt
                let green = try await second.build(.green) { _ in }
                try await second.destroy(.blue) { _ in }
                #expect(try await first.observeServers(.blue).isEmpty)
                #expect(try await first.observeServers(.green) == green)
                #expect(folder.files(containing: PostgresServer.password).isEmpty)
                #expect(folder.files(containing: "never-to-be-seen") == ["environment/terraform/servers/main.tf"])
            }
        }
    }
}
