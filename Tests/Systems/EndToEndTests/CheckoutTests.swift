import Foundation
import SandboxTesting
import Testing

@Suite("A checkout that has to be clean")
struct CheckoutTests {
    @Test("stays clean with a plan saved in it, and is refused with any other file that Git does not know")
    func planInCheckout() async throws {
        try await SandboxFixture.with { sandbox in
            try sandbox.edit(sandbox.environmentFile, replacing: "requireClean: false", with: "requireClean: true")
            for arguments in [
                ["init", "-q"], ["add", "-A"],
                ["-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "-q", "-m", "Begin"],
            ] { try git(arguments, in: sandbox.root) }
            let file = sandbox.root + "/sandbox.plan"
            for _ in 0..<2 {
                let plan = try await sandbox.run("plan", "sandbox", "-o", file)
                #expect(plan.status == 2)
                #expect(!plan.output.contains("blocking"), "\(plan.all)")
            }
            let update = try await sandbox.run("update", "--plan", file, "--yes", "--until", "preflight")
            #expect(update.status == 3, "\(update.all)")
            try await sandbox.succeed("rollback")

            try "x".write(toFile: sandbox.root + "/note.txt", atomically: true, encoding: .utf8)
            let refused = try await sandbox.run("update", "sandbox", "--yes")
            #expect(refused.status == 5)
            #expect(refused.errors.contains("note.txt"), "\(refused.errors)")
        }
    }

    @Test("is copied once for a run, which refuses to go on from a copy that was changed, until it is made again")
    func changedCopy() async throws {
        try await SandboxFixture.with { sandbox in
            try await halted(sandbox)
            let source = sandbox.home + "/environments/sandbox/source"
            let copies = try FileManager.default.contentsOfDirectory(atPath: source)
            // The sandbox was built before there was a commit, from a copy of its own.
            let copy = try #require(copies.first { !$0.hasPrefix("changed-") })
            let file = "\(source)/\(copy)/environments/sandbox/environment.yaml"
            try sandbox.edit(file, replacing: "soak: 1s", with: "soak: 2s")

            for command in ["resume", "rollback"] {
                let refused = try await sandbox.run(command, "sandbox")
                #expect(refused.status == 5, "\(refused.all)")
                #expect(refused.errors.contains("The copy that the run works from was changed"), "\(refused.errors)")
            }
            try FileManager.default.moveItem(atPath: "\(source)/\(copy)", toPath: "\(source)/\(copy).changed")
            let resume = try await sandbox.run("resume", "sandbox", "--commit", String(copy.prefix(12)), "--dry-run")
            #expect(resume.status == 2, "\(resume.all)")
            try await sandbox.succeed("rollback")
        }
    }

    @Test(
        "is distinguished from another project with an environment of the same name; a clone of it is the same project")
    func otherProject() async throws {
        try await SandboxFixture.with { sandbox in
            try await halted(sandbox)
            try await sandbox.succeed("rollback")

            let clone = sandbox.folder + "/clone"
            try git(["clone", "-q", sandbox.root, clone], in: sandbox.root)
            let plan = try await sandbox.run("plan", "sandbox", "--root", clone)
            #expect(plan.status == 2, "\(plan.all)")

            let other = sandbox.folder + "/other"
            try FileManager.default.copyItem(atPath: sandbox.root, toPath: other)
            try FileManager.default.removeItem(atPath: other + "/.git")
            let refused = try await sandbox.run("plan", "sandbox", "--root", other)
            #expect(refused.status == 5, "\(refused.all)")
            #expect(refused.errors.contains("belongs to another project"), "\(refused.errors)")
        }
    }

    /// A run of a committed checkout that has halted after preflight.
    private func halted(_ sandbox: SandboxFixture) async throws {
        for arguments in [
            ["init", "-q"], ["add", "-A"],
            ["-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "-q", "-m", "Begin"],
        ] { try git(arguments, in: sandbox.root) }
        let update = try await sandbox.run("update", "sandbox", "--yes", "--until", "preflight")
        #expect(update.status == 3, "\(update.all)")
    }

    private func git(_ arguments: [String], in folder: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["git", "-C", folder] + arguments
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
