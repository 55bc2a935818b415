import Foundation
import SandboxTesting
import Testing

@Suite("A color that is built by itself")
struct BuildTests {
    @Test("stands without users, after a kill too; the update finds it there")
    func other() async throws {
        try await SandboxFixture.with { sandbox in
            let users = try Users(sandbox)
            let plan = try await sandbox.run("build", "sandbox", "--color", "green", "--dry-run")
            #expect(plan.status == 2, "\(plan.all)")
            #expect(plan.output.contains("Plan for sandbox: build green"), "\(plan.output)")
            #expect(!plan.output.contains("cutOver"))

            let rz = try sandbox.start(["build", "sandbox", "--color", "green", "--yes", "--json"])
            try await rz.waitForOutput("\"type\":\"step.started\",\"attempt\":1,\"step\":\"configure/")
            rz.signal(SIGKILL)
            _ = try await rz.end()
            let resumed = try await sandbox.succeed("resume")
            #expect(resumed.output.contains("green is built, and carries no traffic"), "\(resumed.all)")
            #expect(try servers(sandbox, "green-").count == servers(sandbox, "blue-").count)
            #expect(try await sandbox.live() == "blue")

            let update = try await sandbox.run("plan", "sandbox")
            #expect(update.output.contains("the servers of green already exist"), "\(update.output)")
            try await sandbox.succeed("update", "sandbox", "--yes")
            #expect(try await sandbox.live() == "green")
            #expect(try servers(sandbox, "blue-") == [])

            // blue is empty now. What is built is kept: its run is done.
            try await sandbox.succeed("build", "sandbox", "--color", "blue", "--yes")
            let back = try await sandbox.run("rollback", "sandbox", "--yes")
            #expect(back.status == 5)
            #expect(back.errors.contains("blue is built, and carries no traffic"), "\(back.errors)")
            try await users.expectNoFailure()
        }
    }

    @Test("is refused where users are, and taken down by a rollback while it is being built")
    func refused() async throws {
        try await SandboxFixture.with { sandbox in
            let live = try await sandbox.run("build", "sandbox", "--color", "blue", "--yes")
            #expect(live.status == 5, "\(live.all)")
            #expect(live.errors.contains("blue may have users"), "\(live.errors)")

            let rz = try sandbox.start(["build", "sandbox", "--color", "green", "--yes", "--json"])
            try await rz.waitForOutput("\"type\":\"step.started\",\"attempt\":1,\"step\":\"configure/")
            rz.signal(SIGINT)
            #expect(try await rz.end().status == 130)
            let status = try await sandbox.run("status", "sandbox")
            #expect(!status.output.contains("traffic"), "\(status.output)")
            let back = try await sandbox.run("rollback", "sandbox", "--yes")
            #expect(back.status == 0, "\(back.all)")
            #expect(back.output.contains("ROLLED BACK  green is gone"), "\(back.all)")
            #expect(try servers(sandbox, "green-") == [])
            #expect(try await sandbox.live() == "blue")
        }
    }

    private func servers(_ sandbox: SandboxFixture, _ prefix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: sandbox.home + "/sandbox/servers")
            .filter { $0.hasPrefix(prefix) }
    }
}
