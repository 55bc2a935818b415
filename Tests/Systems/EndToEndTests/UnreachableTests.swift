import Foundation
import JSON
import Migration
import SandboxTesting
import Testing
import Transport
import Waiting

@Suite("A live color that does not answer", .serialized)
struct UnreachableTests {
    @Test("is left by all its users, fenced, and taken down later")
    func burning() async throws {
        try await SandboxFixture.with { sandbox in
            // Nothing is known yet: refused in words.
            try burn("blue", services: ["/shop/cart"], in: sandbox)
            let unknown = try await sandbox.run("plan", "sandbox", "--old-unreachable")
            #expect(unknown.status == 5, "\(unknown.all)")
            #expect(unknown.errors.contains("Nothing is known of blue's services"), "\(unknown.errors)")
        }
        try await SandboxFixture.with { sandbox in
            // While it answers it is kept, and the short way is refused.
            try await sandbox.run("plan", "sandbox")
            let kept = sandbox.home + "/environments/sandbox/kept/blue.json"
            let attributes = try FileManager.default.attributesOfItem(atPath: kept)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            let refused = try await sandbox.run("update", "sandbox", "--old-unreachable", "--yes")
            #expect(refused.status == 5, "\(refused.all)")
            #expect(refused.errors.contains("blue answers"), "\(refused.errors)")

            try burn("blue", services: ["/shop/cart"], in: sandbox)
            try await eventually("users of the cart fail") { try await ask("/cart", sandbox) >= 500 }
            let usual = try await sandbox.run("plan", "sandbox")
            #expect(usual.status == 1, "\(usual.all)")

            let rz = try sandbox.start(["update", "sandbox", "--old-unreachable", "--yes", "--json"])
            try await rz.waitForOutput("\"type\":\"approval.requested\"")
            #expect(try await sandbox.live() == "blue")
            let first = try await sandbox.run("approve", "sandbox", variables: ["SUDO_USER": "daemon"])
            #expect(first.output.contains("1 more person is needed"), "\(first.all)")
            let again = try await sandbox.run("approve", "sandbox", variables: ["SUDO_USER": "daemon"])
            #expect(again.status == 5, "\(again.all)")
            let second = try await sandbox.run("approve", "sandbox", variables: ["SUDO_USER": "bin"])
            #expect(second.status == 0, "\(second.all)")
            let update = try await rz.end()
            #expect(update.status == 0, "\(update.all.suffix(2000))")
            #expect(try await sandbox.live() == "green")

            let users = try Users(sandbox)
            let run = try #require(update.events.first?["run"]?.string)
            let report = try await sandbox.run("history", run)
            #expect(report.output.contains("  unverified   · what changed on blue since "), "\(report.output)")
            #expect(report.output.contains("rz destroy sandbox --color blue"), "\(report.output)")
            for edge in ["edge-1", "edge-2"] {
                let states = try await administration(on: edge, sandbox)
                #expect(states.filter { $0.key.contains("/blue-") }.allSatisfy { $0.value & 1 == 1 }, "\(states)")
                #expect(!states.filter { $0.key.contains("/blue-") }.isEmpty)
            }
            #expect(
                try sandbox.launches(on: "green") == [
                    "/shop/web": 3, "/shop/cart": 2, "/shop/catalog": 2, "/shop/search": 1, "/shop/ledger": 1,
                    "/infra/metrics": 1,
                ])
            #expect(try sandbox.servers.contains { $0.hasPrefix("blue-") }, "nothing of blue was destroyed")
            let back = try await sandbox.run("rollback", "sandbox", "--yes")
            #expect(back.status == 5, "\(back.all)")

            try await sandbox.succeed("destroy", "sandbox", "--color", "blue", "--yes")
            #expect(try sandbox.servers.allSatisfy { $0.hasPrefix("green-") })
            let live = try await sandbox.run("destroy", "sandbox", "--color", "green", "--yes")
            #expect(live.status == 5, "\(live.all)")
            try await users.expectNoFailure()
        }
    }

    /// A color's control server dies, and every task of some services.
    private func burn(_ color: String, services: [String], in sandbox: SandboxFixture) throws {
        let control = "SERVER=\(sandbox.home)/sandbox/servers/\(color)-control-1"
        let tasks = services.map { "MARATHON_APP_ID=\($0)" }
        let folder = "\(sandbox.home)/sandbox/servers/\(color)-"
        for pid in pids() {
            let variables = variables(of: pid)
            let isControl = variables.contains(control)
            let isTask = variables.contains { tasks.contains($0) } && variables.contains { $0.contains(folder) }
            if isControl || isTask { kill(pid, SIGKILL) }
        }
    }

    private func pids() -> [pid_t] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
    }

    private func variables(of pid: pid_t) -> [String] {
        (FileManager.default.contents(atPath: "/proc/\(pid)/environ") ?? Data()).split(separator: 0)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    private func ask(_ path: String, _ sandbox: SandboxFixture) async throws -> Int {
        let url = "http://127.0.10.1:\(try sandbox.basePort + 1)\(path)"
        return try await HTTPClient.shared.send(HTTPRequest(.get, url)).status
    }

    /// HAProxy's administrative state, whose lowest bit is maintenance, by `backend/server`.
    private func administration(on edge: String, _ sandbox: SandboxFixture) async throws -> [String: Int] {
        let table = try await askHAProxy("unix:\(sandbox.home)/sandbox/haproxy/\(edge).sock", "show servers state")
        var states: [String: Int] = [:]
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ").map(String.init)
            if fields.count > 7, let state = Int(fields[6]) { states["\(fields[1])/\(fields[3])"] = state }
        }
        return states
    }
}
