import Foundation
import JSON
import SandboxTesting
import Testing
import Transport

@Suite("Services of mesos-compose", .serialized)
struct ComposeTests {
    @Test(
        "are not taken for gone when its Redis is: nothing is stopped, nothing planned without them, and a resume goes on"
    )
    func redisIsGone() async throws {
        try await SandboxFixture.with { sandbox in
            let file = """
                services:
                  mailer:
                    image: mailer
                    command: exec sleep 1000
                    network: inner
                    environment: { MODE: live }
                    deploy: { replicas: 2 }
                networks: { inner: { external: true, name: weave } }
                """
            let folder = URL(filePath: sandbox.environmentFile).deletingLastPathComponent().path + "/compose"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try file.write(toFile: folder + "/tools.yaml", atomically: true, encoding: .utf8)
            let source =
                #"- compose: { url: "http://{{ control[0].address }}:{{ control[0].compose }}", user: rz, "#
                + #"password: "${file:${rz:home}/sandbox/password}", files: compose/*.yaml }"#
            let accept = "- match: tools/*\n      accept: { network: \"weave is on every agent\" }"
            try sandbox.edit(
                sandbox.environmentFile, replacing: "  overrides:\n",
                with: "    \(source)\n  overrides:\n    \(accept)\n")
            try sandbox.edit(sandbox.environmentFile, replacing: "cutOver: 0", with: "cutOver: 1")
            let answer = try await HTTPClient.shared.send(
                HTTPRequest(
                    .put, try api(sandbox, "127.0.11.10") + "/tools", body: Array(file.utf8),
                    credentials: try sandbox.credentials))
            #expect(answer.status == 200)
            let gone = sandbox.home + "/sandbox/servers/blue-control-1/data/compose.json.gone"

            try Data().write(to: URL(filePath: gone))
            let blind = try await sandbox.run("plan", "sandbox")
            #expect(blind.status == 1)
            #expect(
                blind.errors.contains("mesos-compose reports 0 tasks, and Mesos runs 2 more of its"), "\(blind.all)")
            try FileManager.default.removeItem(atPath: gone)

            let plan = try await sandbox.run("plan", "sandbox")
            #expect(plan.output.contains("unproven: the variables of tools/mailer"), "\(plan.all)")
            let rz = try sandbox.start(["update", "sandbox", "--yes", "--json"])
            try await rz.waitForOutput("\"type\":\"approval.requested\"")
            try Data().write(to: URL(filePath: gone))
            try await sandbox.succeed("approve", "--note", "CHG 1")
            let halted = try await rz.end()
            #expect(halted.status == 3, "\(halted.all)")
            #expect(halted.output.contains("mesos-compose reports 0 tasks"))
            let copies = try await tasks(sandbox, "127.0.12.10")
            #expect(copies.count == 2)
            for copy in copies {
                #expect(copy["State"] == "TASK_RUNNING")
                #expect(copy["networkinfo"]?[0]?["name"] == "weave")
            }
            try FileManager.default.removeItem(atPath: gone)
            let ended = try await sandbox.start(["resume", "--json"]).end()
            #expect(ended.status == 0, "\(ended.all)")
            #expect(try await tasks(sandbox, "127.0.12.10").count == 2)
        }
    }

    private func api(_ sandbox: SandboxFixture, _ address: String) throws -> String {
        "http://\(address):\(try sandbox.basePort + 12)/api/compose/v0"
    }

    private func tasks(_ sandbox: SandboxFixture, _ address: String) async throws -> [JSON] {
        let answer = try await HTTPClient.shared.send(
            HTTPRequest(.get, try api(sandbox, address) + "/tasks", credentials: try sandbox.credentials))
        return try JSON(parsing: answer.body).array ?? []
    }
}
