import Foundation
import SandboxTesting
import Testing
import Waiting

/// A backend for each color, and an entry of a map that names one: beside backends that weights move.
@Suite("A switched backend in the sandbox", .serialized)
struct SwitchTests {
    private func build(_ sandbox: SandboxFixture) async throws {
        try await sandbox.build { sandbox in
            try sandbox.leadSearchByMap()
            let template = sandbox.balancerTemplate
            // Of the one backend's servers the second half is the other color's.
            var text = try String(contentsOfFile: template, encoding: .utf8)
            let place = try #require(text.range(of: "    server green-agent-1 127.0.12.21:@P24@"))
            text.insert(contentsOf: "\nbackend be_search_green\n", at: place.lowerBound)
            text = text.replacingOccurrences(of: ":@P24@ weight 0", with: ":@P24@ weight 100")
            try text.write(toFile: template, atomically: true, encoding: .utf8)
            try sandbox.edit(
                sandbox.environmentFile,
                replacing: "  - backend: be_search\n    servers: { blue: \"blue-*\", green: \"green-*\" }\n",
                with: """
                      - backend: search
                        loadBalancers: [edge-1]
                        switch: { map: "${rz:home}/sandbox/haproxy/edge-1.map", key: search, \
                    backends: { blue: be_search_blue, green: be_search_green } }
                      - backend: search-2
                        loadBalancers: [edge-2]
                        switch: { map: "${rz:home}/sandbox/haproxy/edge-2.map", key: search, \
                    backends: { blue: be_search_blue, green: be_search_green } }

                    """)
        }
        for edge in edges {
            try await write("be_search_blue", for: edge, in: sandbox)
            try await sandbox.addSearchEntry(on: edge)
        }
    }

    private let edges = ["edge-1", "edge-2"]

    private func ask(_ edge: String, _ command: String, _ sandbox: SandboxFixture) async throws -> String {
        try await askHAProxy(sandbox.adminSocket(of: edge), command)
    }

    /// Gives the entry in the file another value, as whoever forgot what was set.
    private func write(_ value: String, for edge: String, in sandbox: SandboxFixture) async throws {
        let path = sandbox.map(of: edge)
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            .filter { !$0.hasPrefix("search ") }
        try (lines + ["search \(value)"]).map { "\($0)\n" }.joined()
            .write(toFile: path, atomically: true, encoding: .utf8)
    }

    /// What each load balancer itself says.
    private func entries(_ sandbox: SandboxFixture) async throws -> [String] {
        var values: [String] = []
        for edge in edges {
            let answer = try await ask(edge, "get map \(sandbox.map(of: edge)) search", sandbox)
            values.append(
                answer.contains("value=\"be_search_green\"") ? "green" : answer.contains("blue") ? "blue" : "?")
        }
        return values
    }

    @Test("moves with the last step, is put right after a reload that forgot it, and fails no request")
    func moves() async throws {
        try await SandboxFixture.with(build) { sandbox in
            try sandbox.edit(
                sandbox.environmentFile, replacing: "share: 100%, bake: 1s", with: "share: 100%, bake: 6s")
            let users = try Users(sandbox)
            let rz = try sandbox.start(["update", "sandbox", "--yes", "--json"])
            try await rz.waitForOutput("\"share\":\"50%\"")
            #expect(try await entries(sandbox) == ["blue", "blue"])
            try await rz.waitForOutput("\"loadBalancers\":[\"edge-1\",\"edge-2\"],\"share\":\"100%\"")
            #expect(try await entries(sandbox) == ["green", "green"])
            let file = try String(contentsOfFile: sandbox.map(of: "edge-1"), encoding: .utf8)
            #expect(file.contains("search be_search_green\n"))
            try await write("be_search_blue", for: "edge-1", in: sandbox)
            kill(try sandbox.master(of: "edge-1"), SIGUSR2)
            try await rz.waitForOutput("\"type\":\"traffic.reasserted\"")
            #expect(try await entries(sandbox) == ["green", "green"])
            let ended = try await rz.end()
            #expect(ended.status == 0, "\(ended.all.suffix(800))")
            try await users.expectNoFailure()
            #expect(try await sandbox.live() == "green")
            let check = try await sandbox.run("converge", "sandbox", "--check", "--only", "loadBalancers")
            #expect(check.status == 0, "\(check.all)")
        }
    }

    @Test("goes back with a rollback, after which it is as it was found")
    func goesBack() async throws {
        try await SandboxFixture.with(build) { sandbox in
            let users = try Users(sandbox)
            let update = try await sandbox.run("update", "sandbox", "--yes", "--until", "drain")
            #expect(update.status == 3, "\(update.all.suffix(800))")
            #expect(try await entries(sandbox) == ["green", "green"])
            try await sandbox.succeed("rollback")
            #expect(try await entries(sandbox) == ["blue", "blue"])
            let states = try await ask("edge-1", "show servers state be_search_blue", sandbox)
            let administration = states.split(separator: "\n").map { $0.split(separator: " ") }
                .filter { $0.count > 7 && $0[3].hasPrefix("blue") }.map { $0[6] }
            #expect(administration == ["0", "0", "0"], "\(states)")
            try await users.expectNoFailure()
        }
    }

    @Test("is refused before anything begins while no load balancer knows its entry")
    func unknown() async throws {
        try await SandboxFixture.with(build) { sandbox in
            try sandbox.edit(sandbox.environmentFile, replacing: "key: search", with: "key: seek")
            let plan = try await sandbox.run("plan", "sandbox")
            #expect(plan.status != 0 && plan.status != 2)
            #expect(plan.output.contains("⇄ search  switched with the last step"))
            let words = plan.all.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(words.contains("seek in \(sandbox.map(of: "edge-1")) is not there"), "\(plan.all)")
        }
    }
}
