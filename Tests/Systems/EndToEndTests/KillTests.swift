import Foundation
import JSON
import SandboxTesting
import Testing
import Transport

@Suite("A whole move in the sandbox")
struct KillTests {
    private let phases = [
        "preflight", "standUp", "configure", "platformGate", "replicate", "serviceGate", "cutOver", "drain", "soak",
        "tearDown",
    ]

    @Test("killed in the middle of each phase and resumed, ends as if nothing had happened; no request fails")
    func killedInEachPhase() async throws {
        try await SandboxFixture.with { sandbox in
            let users = try Users(sandbox)
            for (index, phase) in phases.enumerated() {
                let arguments = index == 0 ? ["update", "sandbox", "--yes", "--json"] : ["resume", "--json"]
                let rz = try sandbox.start(arguments)
                // Its first step has begun: something is under way.
                try await rz.waitForOutput("\"type\":\"step.started\",\"attempt\":1,\"step\":\"\(phase)/")
                rz.signal(SIGKILL)
                _ = try await rz.end()
            }
            try await sandbox.succeed("resume")
            try await users.expectNoFailure()

            #expect(try await sandbox.live() == "green")
            let left = try FileManager.default.contentsOfDirectory(atPath: sandbox.home + "/sandbox/servers")
            #expect(left.allSatisfy { $0.hasPrefix("green-") })
            #expect(
                try sandbox.launches(on: "green") == [
                    "/shop/web": 3, "/shop/cart": 2, "/shop/catalog": 2, "/shop/search": 1, "/shop/ledger": 1,
                    "/infra/metrics": 1,
                ])
        }
    }

    @Test("leaves no process, file or socket behind, even when everything was killed")
    func down() async throws {
        try await SandboxFixture.with { sandbox in
            let id = try JSON(
                parsing: try String(contentsOfFile: sandbox.home + "/sandbox/sandbox.json", encoding: .utf8))["id"]
            let mark = "RZ_SANDBOX=\(id?.string ?? "?")"
            let before = processes(marked: mark)
            #expect(before.count > 10)
            let listeners = try [0, 1, 10].map { try sandbox.basePort + $0 }
            for pid in before { kill(pid, SIGKILL) }
            try await sandbox.succeed("sandbox", "down")
            #expect(processes(marked: mark).isEmpty)
            #expect(!FileManager.default.fileExists(atPath: sandbox.home))
            for port in listeners {
                for host in ["127.0.10.1", "127.0.10.2", "127.0.11.10"] {
                    await #expect(throws: TransportError.self, "\(host):\(port) is still open") {
                        try await StreamSocket.connect(to: .tcp(host: host, port: port)).close()
                    }
                }
            }
        }
    }

    private func processes(marked mark: String) -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { pid in
            guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/environ") else { return false }
            return data.split(separator: 0).contains { String(decoding: $0, as: UTF8.self) == mark }
        }
    }
}
