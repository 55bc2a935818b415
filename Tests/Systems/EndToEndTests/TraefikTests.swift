import Foundation
import SandboxTesting
import Testing
import Waiting

/// A third load balancer of another kind, which the same run moves.
@Suite(
    "A Traefik in front of the sandbox", .serialized,
    .enabled(if: OuterTraefik.isHere, "there is no traefik: run scripts/setup"))
struct TraefikTests {
    private func with(_ test: (SandboxFixture, OuterTraefik) async throws -> Void) async throws {
        let made = Made()
        try await SandboxFixture.with { sandbox in
            let traefik = try OuterTraefik(sandbox)
            try await sandbox.build { try traefik.add(to: $0) }
            made.traefik = traefik
            made.process = try await traefik.start(sandbox)
        } _: { sandbox in
            try await test(sandbox, try #require(made.traefik))
            // Until here it lives.
            _ = made.process
        }
    }

    private final class Made {
        var traefik: OuterTraefik?
        var process: Program?
    }

    @Test("is moved step by step with the others, and fails no request")
    func moves() async throws {
        try await with { sandbox, traefik in
            let plan = try await sandbox.run("plan", "sandbox")
            #expect(plan.status == 2, "\(plan.all)")
            let words = plan.all.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(words.contains("edge-3: Traefik does not report sessions by service"), "\(plan.all)")
            let (others, users) = (try Users(sandbox), SteadyUsers(traefik.url))
            let rz = try sandbox.start(["update", "sandbox", "--yes", "--json"])
            try await rz.waitForOutput("\"share\":\"50%\"")
            try await rz.waitForOutput("\"loadBalancers\":[\"edge-1\",\"edge-2\",\"edge-3\"],\"share\":\"50%\"")
            #expect(try await traefik.weights() == ["web-blue": 50, "web-green": 50])
            let ended = try await rz.end()
            #expect(ended.status == 0, "\(ended.all.suffix(1500))")
            #expect(ended.output.contains("blue counts as quiet on edge-3 once no request of it has ended for 1s"))
            let (answered, failures) = await users.leave()
            #expect(failures == [])
            #expect(answered > 100)
            try await others.expectNoFailure()
            #expect(try await traefik.weights() == ["web-blue": 0, "web-green": 100])
            let file = try String(contentsOfFile: traefik.file, encoding: .utf8)
            #expect(file.contains("web@file/web-blue=maint:0"), "\(file)")
            #expect(try await sandbox.live() == "green")
            let check = try await sandbox.run("converge", "sandbox", "--check", "--only", "loadBalancers")
            #expect(check.status == 0, "\(check.all)")
        }
    }

    @Test("killed in the middle of the cutover and of the drain, and resumed, ends as if nothing had happened")
    func killed() async throws {
        try await with { sandbox, traefik in
            let users = SteadyUsers(traefik.url)
            for (index, step) in ["cutOver", "drain"].enumerated() {
                let rz = try sandbox.start(
                    index == 0 ? ["update", "sandbox", "--yes", "--json"] : ["resume", "--json"])
                try await rz.waitForOutput("\"type\":\"step.started\",\"attempt\":1,\"step\":\"\(step)/")
                // A change waits for the next check: it is under way.
                let before = try String(contentsOfFile: traefik.file, encoding: .utf8)
                try await eventually("a change") {
                    try String(contentsOfFile: traefik.file, encoding: .utf8) != before
                }
                rz.signal(SIGKILL)
                _ = try await rz.end()
            }
            try await sandbox.succeed("resume")
            #expect(try await traefik.weights() == ["web-blue": 0, "web-green": 100])
            let (answered, failures) = await users.leave()
            #expect(failures == [])
            #expect(answered > 100)
        }
    }

    @Test("goes back with a rollback to the weights that were found, and fails no request")
    func goesBack() async throws {
        try await with { sandbox, traefik in
            let users = SteadyUsers(traefik.url)
            let update = try await sandbox.run("update", "sandbox", "--yes", "--until", "drain")
            #expect(update.status == 3, "\(update.all.suffix(1500))")
            #expect(try await traefik.weights() == ["web-blue": 0, "web-green": 100])
            try await sandbox.succeed("rollback")
            #expect(try await traefik.weights() == ["web-blue": 100, "web-green": 0])
            let (answered, failures) = await users.leave()
            #expect(failures == [])
            #expect(answered > 100)
        }
    }
}
