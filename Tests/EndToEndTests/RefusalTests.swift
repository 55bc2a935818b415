import Foundation
import JSON
import Testing

@Suite("What can't work is told before anything is changed", .serialized)
struct RefusalTests {
    @Test("with the place and the next step; secrets show nowhere")
    func refusals() async throws {
        try await SandboxFixture.with { sandbox in
            let original = try String(contentsOfFile: sandbox.environmentFile, encoding: .utf8)
            func changed(_ old: String, _ new: String) throws {
                try original.write(toFile: sandbox.environmentFile, atomically: true, encoding: .utf8)
                try sandbox.edit(sandbox.environmentFile, replacing: old, with: new)
            }

            try changed("runbook: rz-update", "runbok: rz-update\ndrain: [")
            await expect(sandbox, ["validate", "sandbox"], status: 1, says: ["environment.yaml:"])

            try changed("runbook: rz-update", "runbok: rz-update")
            await expect(
                sandbox, ["plan", "sandbox"], status: 1,
                says: ["environment.yaml:", "unknown key \"runbok\"; did you mean \"runbook\"?"])

            try changed("env.CACHE_HOST: \"{{ agent[0].address }}\"", "env.TOKEN: \"${env:RZ_E2E_ABSENT}\"")
            await expect(sandbox, ["plan", "sandbox"], status: 1, says: ["RZ_E2E_ABSENT is not set", "export"])

            try changed(":{{ control[0].marathon }}", ":9")
            await expect(
                sandbox, ["plan", "sandbox"], status: 1, says: ["Marathon does not answer", "http://127.0.11.10:9"])

            try changed("  # In place of Terraform", "  # In place")
            try sandbox.edit(sandbox.environmentFile, replacing: "  static: {", with: "  # static: {")
            await expect(
                sandbox, ["plan", "sandbox"], status: 5, variables: ["PATH": try pathWithoutTerraform(sandbox)],
                says: ["terraform nor tofu"])

            try changed("requireClean: false", "requireClean: true")
            await expect(
                sandbox, ["update", "sandbox", "--yes"], status: 5,
                says: ["blocks this plan", "not in a Git repository"])

            try changed("name: sandbox\n", "name: sandbox\n")
            await expect(
                sandbox, ["plan", "sandbocks"], status: 1, says: ["no environment sandbocks", "Did you mean sandbox?"])
            #expect(try await sandbox.run("history").output.isEmpty, "a refused run left a trace")
            #expect(try await sandbox.live() == "blue")

            try changed("env.CACHE_HOST: \"{{ agent[0].address }}\"", "env.API_TOKEN: \"${env:RZ_E2E_SECRET}\"")
            try await expectSecretHidden(sandbox)
        }
    }

    private func expectSecretHidden(_ sandbox: SandboxFixture) async throws {
        let secret = "s3cr\"t-\(UInt32.random(in: 0...UInt32.max))"
        let variables = ["RZ_E2E_SECRET": secret]
        var texts: [String] = []
        let plan = sandbox.folder + "/p.plan"
        texts.append(try await sandbox.run("plan", "sandbox", "-o", plan, variables: variables).all)
        texts.append(try await sandbox.run("plan", "sandbox", "--json", variables: variables).all)
        let run = try await sandbox.run("update", "sandbox", "--yes", "--json", variables: variables)
        #expect(run.status == 0, "\(run.all.suffix(600))")
        texts.append(run.all)
        texts.append(try await sandbox.run("history").all)
        texts.append(try await sandbox.run("status", "--json").all)
        texts.append(try String(contentsOfFile: plan, encoding: .utf8))

        // The service got it: that is what it is for.
        let state = sandbox.home + "/sandbox/servers/green-control-1/data/state.json"
        let definition = try String(contentsOfFile: state, encoding: .utf8)
        let tail = String(secret.dropFirst(6))
        #expect(definition.contains(tail))
        for text in texts { #expect(!text.contains(tail)) }
        for folder in ["journal", "environments"] {
            for case let file as URL in FileManager.default.enumerator(
                at: URL(filePath: "\(sandbox.home)/\(folder)"), includingPropertiesForKeys: nil) ?? .init()
            {
                guard let data = FileManager.default.contents(atPath: file.path) else { continue }
                #expect(data.range(of: Data(tail.utf8)) == nil, "\(file.path) holds the secret")
            }
        }
    }

    private func expect(
        _ sandbox: SandboxFixture, _ arguments: [String], status: Int32, variables: [String: String] = [:],
        says texts: [String]
    ) async {
        do {
            let ended = try await sandbox.start(arguments, variables: variables).end()
            #expect(ended.status == status, "\(arguments): \(ended.all)")
            for text in texts { #expect(ended.errors.contains(text), "\(arguments): \(ended.all)") }
        } catch {
            Issue.record(error)
        }
    }

    /// A PATH with everything but Terraform.
    private func pathWithoutTerraform(_ sandbox: SandboxFixture) throws -> String {
        let bin = sandbox.folder + "/few"
        try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
        for name in ["git", "tar", "python3", "sh"] {
            if let path = Recorders.find(name, in: ProcessInfo.processInfo.environment["PATH"] ?? "") {
                try FileManager.default.createSymbolicLink(atPath: "\(bin)/\(name)", withDestinationPath: path)
            }
        }
        return bin
    }
}
