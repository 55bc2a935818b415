import Foundation
import JSON
import SandboxTesting
import Testing
import Transport

@Suite("Services that only rz remembers", .serialized)
struct ConvergeKeptTests {
    @Test("are given back as the last run left them: an app that is gone, and a job whose framework keeps no versions")
    func givenBack() async throws {
        try await SandboxFixture.with { sandbox in
            let quiet =
                #"{"id":"/shop/quiet","cmd":"sleep 1000","portDefinitions":[],"instances":1,"cpus":0.1,"mem":16}"#
            #expect(try await ask(sandbox, "blue", "marathon", .post, "/v2/apps", quiet).status == 201)
            try await sandbox.succeed("update", "sandbox", "--yes")
            let path = try await jobPath(sandbox)
            let job = try await ask(sandbox, "green", "metronome", .get, path).body
            let left = try JSON(parsing: job)
            #expect(try await ask(sandbox, "green", "marathon", .delete, "/v2/apps/shop/quiet").isSuccess)
            try await changeCommand(of: left, at: path, sandbox)

            // Each look keeps what it saw, and what the run left stays beside it.
            for _ in 0..<2 {
                let check = try await sandbox.run("converge", "sandbox", "--check", "--only", "services")
                #expect(check.status == 2, "\(check.all)")
                #expect(check.output.contains("/shop/quiet") && check.output.contains("is gone"), "\(check.all)")
                #expect(check.output.contains("run.cmd") && check.output.contains("  → sleep 7"), "\(check.all)")
            }
            try await sandbox.succeed("converge", "sandbox", "--yes", "--only", "services")
            #expect(try await sandbox.run("converge", "sandbox", "--check", "--only", "services").status == 0)
            let app = try await JSON(parsing: ask(sandbox, "green", "marathon", .get, "/v2/apps/shop/quiet").body)[
                "app"]
            #expect(app?["cmd"]?.string == "sleep 1000" && app?["instances"]?.int == 1)
            let restored = try await JSON(parsing: ask(sandbox, "green", "metronome", .get, path).body)
            #expect(restored["run"] == left["run"])
        }
    }

    @Test("are not kept where the environment says so, and are named to a person")
    func notKept() async throws {
        try await SandboxFixture.with { sandbox in
            try sandbox.edit(sandbox.environmentFile, replacing: "services:\n", with: "services:\n  keep: false\n")
            try await sandbox.succeed("update", "sandbox", "--yes")
            let path = try await jobPath(sandbox)
            let left = try await JSON(parsing: ask(sandbox, "green", "metronome", .get, path).body)
            try await changeCommand(of: left, at: path, sandbox)
            let check = try await sandbox.run("converge", "sandbox", "--check", "--only", "services")
            #expect(check.output.contains("no earlier definition is kept"), "\(check.all)")
            let kept = sandbox.home + "/environments/sandbox/kept"
            #expect((try? FileManager.default.contentsOfDirectory(atPath: kept)) ?? [] == [])
        }
    }

    private func jobPath(_ sandbox: SandboxFixture) async throws -> String {
        let jobs = try await JSON(parsing: ask(sandbox, "green", "metronome", .get, "/v1/jobs").body).array
        return "/v1/jobs/" + (try #require(jobs?.first?["id"]?.string))
    }

    private func changeCommand(of job: JSON, at path: String, _ sandbox: SandboxFixture) async throws {
        var job = try #require(job.object)
        var run = try #require(job["run"]?.object)
        run["cmd"] = "sleep 7"
        job["run"] = .object(run)
        let answer = try await ask(sandbox, "green", "metronome", .put, path, JSON.object(job).compact)
        #expect(answer.isSuccess, "\(answer.text)")
    }

    private func ask(
        _ sandbox: SandboxFixture, _ color: String, _ framework: String, _ method: HTTPMethod, _ path: String,
        _ body: String? = nil
    ) async throws -> HTTPResponse {
        let url = try await sandbox.status()["colors"]?[color]?[framework]?.string ?? ""
        return try await HTTPClient.shared.send(
            HTTPRequest(
                method, url + path, headers: body == nil ? [] : [HTTPHeader("Content-Type", "application/json")],
                body: body.map { Array($0.utf8) } ?? [], credentials: try sandbox.credentials))
    }
}
