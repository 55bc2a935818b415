import Foundation
import JSON
import SandboxTesting
import Testing
import Transport

@Suite("A sandbox on a shared host", .serialized)
struct DoorsTests {
    @Test("lets no one use its schedulers without its password, and no page of the Web; curl -K has both")
    func network() async throws {
        try await SandboxFixture.with { sandbox in
            for (offset, path) in [(10, "/v2/apps"), (11, "/v1/jobs"), (12, "/api/compose/v0/tasks"), (13, "/state")] {
                let url = "http://127.0.11.10:\(try sandbox.basePort + offset)\(path)"
                #expect(try await HTTPClient.shared.send(HTTPRequest(.get, url)).status == 401, "\(url)")
                let known = try await HTTPClient.shared.send(
                    HTTPRequest(.get, url, credentials: try sandbox.credentials))
                #expect(known.status == 200, "\(url)")
                let foreign = try await HTTPClient.shared.send(
                    HTTPRequest(
                        .get, url, headers: [HTTPHeader("Host", "sandbox.example.org")],
                        credentials: try sandbox.credentials))
                #expect(foreign.status == 403, "\(url)")
            }
            let status = try await sandbox.status()
            let url = (status["colors"]?["blue"]?["marathon"]?.string ?? "") + "/v2/apps"
            let curl = try Program(
                ["-s", "-f", "-K", status["credentials"]?["curl"]?.string ?? "", url], variables: [:],
                folder: sandbox.folder, executable: "/usr/bin/curl")
            #expect(try await curl.end().output.contains("/shop/web"))
        }
    }

    @Test("gives its processes no variable of who builds it, and its files and sockets to no one else")
    func processes() async throws {
        try await SandboxFixture.with({ fixture in
            try await fixture.build(variables: ["RZ_TEST_CANARY": "canary-7f3a"])
        }) { sandbox in
            let mark = "RZ_SANDBOX=\(try sandbox.description["id"]?.string ?? "?")"
            let environments = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { name in
                pid_t(name) == nil ? nil : FileManager.default.contents(atPath: "/proc/\(name)/environ")
            }.map { $0.split(separator: 0).map { String(decoding: $0, as: UTF8.self) } }.filter { $0.contains(mark) }
            #expect(environments.count > 10)
            for variables in environments {
                #expect(!variables.contains { $0.contains("canary-7f3a") }, "\(variables)")
            }

            let home = sandbox.home + "/sandbox"
            for name in ["", "/password", "/curl.conf"]
                + ["edge-1", "edge-2"].flatMap({ edge in
                    ["/haproxy/\(edge).sock", "/haproxy/\(edge).proc"]
                })
            {
                var status = stat()
                #expect(stat(home + name, &status) == 0, "\(name) is missing")
                #expect(status.st_mode & 0o077 == 0, "\(name) has mode \(String(status.st_mode & 0o777, radix: 8))")
            }
            await #expect(throws: TransportError.self) {
                try await StreamSocket.connect(to: .tcp(host: "127.0.10.2", port: sandbox.basePort + 2)).close()
            }
        }
    }

    @Test("has an admin port on TCP where it is asked for")
    func adminPort() async throws {
        try await SandboxFixture.with({ try await $0.build(options: ["--admin-port"]) }) { sandbox in
            let answer = try await askHAProxy("tcp:127.0.10.2:\(try sandbox.basePort + 2)", "show info")
            #expect(answer.contains("Name: HAProxy"), "\(answer.prefix(200))")
        }
    }
}
