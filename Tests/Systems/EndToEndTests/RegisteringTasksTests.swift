import Foundation
import JSON
import Migration
import SandboxTesting
import Testing
import Transport
import Waiting

/// Load balancers that know the live color's servers only, where the new color's come otherwise than as a group: by what
/// Marathon says of a service's tasks, and into the backend to which an entry of a map leads.
@Suite("Servers that a run registers by their tasks, and in a switch", .serialized)
struct RegisteringTasksTests {
    private let edges = ["edge-1", "edge-2"]

    private func build(_ sandbox: SandboxFixture) async throws {
        try await sandbox.build { sandbox in
            try sandbox.leadSearchByMap()
            var lines = try String(contentsOfFile: sandbox.balancerTemplate, encoding: .utf8).components(
                separatedBy: "\n")
            lines.removeAll { $0.contains("server green-") && ($0.contains("@P20@") || $0.contains("@P24@")) }
            let web = try #require(lines.firstIndex(of: "backend be_web"))
            lines.insert(contentsOf: SandboxFixture.marks("be_web"), at: web + 1)
            let search = try #require(lines.firstIndex(of: "backend be_search_blue"))
            lines.insert(contentsOf: SandboxFixture.marks("be_search_blue"), at: search + 1)
            lines += ["", "backend be_search_green"] + SandboxFixture.marks("be_search_green") + [""]
            try lines.joined(separator: "\n").write(toFile: sandbox.balancerTemplate, atomically: true, encoding: .utf8)
        }
        try sandbox.edit(
            sandbox.environmentFile,
            replacing: "  - backend: be_web\n    servers: { blue: \"blue-*\", green: \"green-*\" }\n",
            with: """
                  - backend: be_web
                    servers:
                      blue: "blue-*"
                      green: { tasks: /shop/web, port: http, name: "{{ name }}", matches: "green-*" }

                """)
        try sandbox.edit(
            sandbox.environmentFile,
            replacing: "  - backend: be_search\n    servers: { blue: \"blue-*\", green: \"green-*\" }\n",
            with: try edges.map { edge in
                let port = try sandbox.basePort + 24
                func servers(_ color: String) -> String {
                    "\(color): { from: agent, port: \(port), name: \"{{ name }}\" }"
                }
                return """
                      - backend: search-\(edge)
                        loadBalancers: [\(edge)]
                        switch:
                          map: "${rz:home}/sandbox/haproxy/\(edge).map"
                          key: search
                          backends: { blue: be_search_blue, green: be_search_green }
                          servers: { \(servers("blue")), \(servers("green")) }

                    """
            }.joined())
        try sandbox.nameConfigurations()
        try sandbox.edit(sandbox.environmentFile, replacing: "max: 1%", with: "max: 50%")
        try sandbox.edit(sandbox.environmentFile, replacing: "share: 50%, bake: 1s", with: "share: 50%, bake: 20s")
        for edge in edges {
            let map = sandbox.map(of: edge)
            let known = try String(contentsOfFile: map, encoding: .utf8)
            try (known + "search be_search_blue\n").write(toFile: map, atomically: true, encoding: .utf8)
            try await sandbox.addSearchEntry(on: edge)
        }
    }

    /// The servers of a backend that are green's.
    private func green(_ backend: String, on edge: String, _ sandbox: SandboxFixture) async throws -> Set<String> {
        Set(
            try await sandbox.weights(on: edge).keys.filter { $0.hasPrefix("\(backend)/green-") }.map {
                String($0.dropFirst(backend.count + 1))
            })
    }

    private func scaleWeb(to instances: Int, _ sandbox: SandboxFixture) async throws {
        let url = try #require(try await sandbox.status()["colors"]?["green"]?["marathon"]?.string)
        let answer = try await HTTPClient.shared.send(
            HTTPRequest(
                .put, url + "/v2/apps/shop/web?force=true", headers: [HTTPHeader("Content-Type", "application/json")],
                body: Array("{\"instances\": \(instances)}".utf8), credentials: try sandbox.credentials))
        #expect(answer.isSuccess, "\(answer.status)")
    }

    @Test("get the users, follow the tasks, and are alone at the end")
    func moves() async throws {
        try await SandboxFixture.with(build) { sandbox in
            let all: Set = ["green-agent-1", "green-agent-2", "green-agent-3"]
            let plan = try await sandbox.run("plan", "sandbox")
            #expect(plan.status == 2, "\(plan.all)")
            #expect(try await green("be_web", on: "edge-1", sandbox).isEmpty)
            let users = try Users(sandbox)
            let rz = try sandbox.start(["update", "sandbox", "--yes", "--json"])
            try await rz.waitForOutput("\"loadBalancers\":[\"edge-1\",\"edge-2\"],\"share\":\"50%\"")
            #expect(try await green("be_web", on: "edge-2", sandbox) == all)
            #expect(try await green("be_search_green", on: "edge-2", sandbox) == all)
            try await scaleWeb(to: 2, sandbox)
            try await eventually("one task fewer to be listed") {
                try await green("be_web", on: "edge-1", sandbox).count == 2
            }
            try await scaleWeb(to: 3, sandbox)
            try await eventually("the new task to be listed, with a weight") {
                let weights = try await sandbox.weights(on: "edge-2").filter { $0.key.hasPrefix("be_web/green-") }
                return weights.count == 3 && weights.values.allSatisfy { $0 > 0 }
            }
            let ended = try await rz.end()
            #expect(ended.status == 0, "\(ended.all.suffix(1500))")
            #expect(ended.all.contains("tasks moved: "), "\(ended.all.suffix(1500))")
            try await users.expectNoFailure()
            #expect(try await sandbox.live() == "green")
            for edge in edges {
                let names = try await sandbox.weights(on: edge).keys.filter { $0.hasPrefix("be_search_") }
                #expect(Set(names) == Set(all.map { "be_search_green/\($0)" }), "\(names)")
            }
            let left = try String(contentsOfFile: "\(sandbox.home)/sandbox/haproxy/edge-1.cfg", encoding: .utf8)
            #expect(left.components(separatedBy: "server green-agent-1").count == 5, "\(left)")
        }
    }

    @Test("are taken off by a rollback")
    func goesBack() async throws {
        try await SandboxFixture.with(build) { sandbox in
            let users = try Users(sandbox)
            let update = try await sandbox.run("update", "sandbox", "--yes", "--until", "drain")
            #expect(update.status == 3, "\(update.all.suffix(800))")
            try await sandbox.succeed("rollback")
            for edge in edges {
                #expect(try await green("be_web", on: edge, sandbox).isEmpty)
                #expect(try await green("be_search_green", on: edge, sandbox).isEmpty)
            }
            try await users.expectNoFailure()
        }
    }
}
