import Foundation
import SandboxTesting
import Testing
import Waiting

/// Load balancers that know of the live color's servers only: rz puts the new color's into them.
@Suite("Servers that a run registers in the sandbox", .serialized)
struct RegisteringTests {
    private let backends = [
        (name: "be_web", group: "agent"), (name: "be_cart", group: "agent"), (name: "be_catalog", group: "agent"),
        (name: "be_ledger", group: "database"), (name: "be_search", group: "agent"),
    ]

    private func build(_ sandbox: SandboxFixture) async throws {
        try await sandbox.build { sandbox in
            let template = sandbox.balancerTemplate
            var lines = try String(contentsOfFile: template, encoding: .utf8).components(separatedBy: "\n")
            lines.removeAll { $0.contains("server green-") }
            for backend in backends {
                let begin = try #require(lines.firstIndex(of: "backend \(backend.name)"))
                let end = lines[begin...].firstIndex(of: "") ?? lines.endIndex
                let marks = SandboxFixture.marks(backend.name)
                lines.insert(marks[1], at: end)
                lines.insert(marks[0], at: begin + 1)
            }
            try lines.joined(separator: "\n").write(toFile: template, atomically: true, encoding: .utf8)
        }
        let file = sandbox.environmentFile
        let port = try sandbox.basePort + 20
        for (place, backend) in backends.enumerated() {
            func servers(_ color: String) -> String {
                "\(color): { from: \(backend.group), port: \(port + place), name: \"{{ name }}\", "
                    + "matches: \"\(color)-*\" }"
            }
            try sandbox.edit(
                file,
                replacing: "  - backend: \(backend.name)\n    servers: { blue: \"blue-*\", green: \"green-*\" }\n",
                with: "  - backend: \(backend.name)\n    servers: { \(servers("blue")), \(servers("green")) }\n")
        }
        try sandbox.nameConfigurations()
    }

    private func listed(_ sandbox: SandboxFixture) async throws -> Set<String> {
        Set(
            try await sandbox.weights(on: "edge-1").keys.map { server in
                String((server.split(separator: "/").last ?? "").prefix { $0 != "-" })
            })
    }

    private func configuration(_ sandbox: SandboxFixture) throws -> String {
        try String(contentsOfFile: "\(sandbox.home)/sandbox/haproxy/edge-1.cfg", encoding: .utf8)
    }

    @Test("get the users over reloads, one that forgot them included, and are alone at the end")
    func moves() async throws {
        try await SandboxFixture.with(build) { sandbox in
            try sandbox.edit(sandbox.environmentFile, replacing: "share: 50%, bake: 1s", with: "share: 50%, bake: 8s")
            let plan = try await sandbox.run("plan", "sandbox")
            #expect(plan.output.contains("servers of green listed in 5 backends"), "\(plan.all)")
            let users = try Users(sandbox)
            let rz = try sandbox.start(["update", "sandbox", "--yes", "--json"])
            try await rz.waitForOutput("\"loadBalancers\":[\"edge-1\",\"edge-2\"],\"share\":\"50%\"")
            let text = try configuration(sandbox)
            #expect(text.components(separatedBy: "server green-agent-1").count == 5)
            // A configuration that someone else has written again, without the servers of the run.
            let plain = text.components(separatedBy: "\n").filter { !$0.contains("server green-") }.joined(
                separator: "\n")
            try plain.write(
                toFile: "\(sandbox.home)/sandbox/haproxy/edge-1.cfg", atomically: true, encoding: .utf8)
            kill(try sandbox.master(of: "edge-1"), SIGUSR2)
            try await rz.waitForOutput("\"type\":\"traffic.reasserted\"")
            // And one that has them.
            kill(try sandbox.master(of: "edge-2"), SIGUSR2)
            let ended = try await rz.end()
            #expect(ended.status == 0, "\(ended.all.suffix(1500))")
            try await users.expectNoFailure()
            #expect(try await sandbox.live() == "green")
            #expect(try await listed(sandbox) == ["green"])
            let left = try configuration(sandbox)
            #expect(left.contains("server green-agent-1") && !left.contains("server blue-"), "\(left)")
            try await sandbox.succeed("update", "sandbox", "--yes")
            try await users.expectNoFailure()
            #expect(try await listed(sandbox) == ["blue"])
        }
    }

    @Test("are taken off by a rollback")
    func goesBack() async throws {
        try await SandboxFixture.with(build) { sandbox in
            let users = try Users(sandbox)
            let update = try await sandbox.run("update", "sandbox", "--yes", "--until", "drain")
            #expect(update.status == 3, "\(update.all.suffix(800))")
            #expect(try await listed(sandbox) == ["blue", "green"])
            try await sandbox.succeed("rollback")
            #expect(try await listed(sandbox) == ["blue"])
            #expect(try !configuration(sandbox).contains("server green-"))
            try await users.expectNoFailure()
        }
    }

    @Test("are refused before anything begins while no step puts them there, or no reload would find them")
    func refused() async throws {
        try await SandboxFixture.with(build) { sandbox in
            try sandbox.edit(
                sandbox.environmentFile,
                replacing: "      configuration: \"${rz:home}/sandbox/haproxy/edge-1.cfg\"\n", with: "")
            let plan = try await sandbox.run("plan", "sandbox")
            #expect(plan.status != 0 && plan.status != 2)
            let words = plan.all.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(
                words.contains("a reload of HAProxy forgets the servers that runs put into backend be_web"), "\(words)")
            var runbook = try String(contentsOfFile: sandbox.runbookFile, encoding: .utf8)
            runbook = runbook.components(separatedBy: "\n").filter { !$0.contains("use: register") }
                .joined(separator: "\n")
            try runbook.write(toFile: sandbox.runbookFile, atomically: true, encoding: .utf8)
            let validation = try await sandbox.run("validate", "sandbox")
            #expect(validation.all.contains("no step of serviceGate uses `register`"), "\(validation.all)")
        }
    }
}
