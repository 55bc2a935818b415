import ALBTesting
import Foundation
import SandboxTesting
import Testing
import Transport
import Waiting

/// A third load balancer of another kind, which counts nothing, and which the same run moves.
@Suite(
    "An AWS ALB in front of the sandbox", .serialized,
    .enabled(if: StandInALB.isHere, "there is no moto: run scripts/setup"))
struct ALBTests {
    private func with(_ test: (SandboxFixture, StandInALB) async throws -> Void) async throws {
        let made = Made()
        try await SandboxFixture.with { sandbox in
            let outer = OuterALB(sandbox)
            try await sandbox.build { try outer.addWithoutAnalysis(to: $0) }
            made.alb = try await outer.start(sandbox)
        } _: { sandbox in
            let alb = try #require(made.alb)
            defer { alb.stop() }
            try await eventually("users to be served") {
                (try? await HTTPClient.shared.send(HTTPRequest(.get, alb.url + "/health")))?.status == 200
            }
            try await test(sandbox, alb)
        }
    }

    private final class Made { var alb: StandInALB? }

    @Test("is moved step by step with the others, fails no request, and reports no one its secrets")
    func moves() async throws {
        try await with { sandbox, alb in
            let plan = try await sandbox.run("plan", "sandbox")
            #expect(plan.status == 2, "\(plan.all)")
            let words = plan.all.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(words.contains("edge-3: an ALB reports neither requests nor sessions"), "\(plan.all)")
            let changes = try await alb.calls().keys.filter { !$0.hasPrefix("Describe") }
            #expect(changes == [], "a plan changes nothing")
            let (others, users) = (try Users(sandbox), SteadyUsers(alb.url + "/health"))
            let rz = try sandbox.start(["update", "sandbox", "--yes", "--json"])
            try await rz.waitForOutput("\"loadBalancers\":[\"edge-1\",\"edge-2\",\"edge-3\"],\"share\":\"50%\"")
            #expect(try await alb.weights() == ["web-blue": 50, "web-green": 50])
            let ended = try await rz.end()
            #expect(ended.status == 0, "\(ended.all.suffix(1500))")
            #expect(ended.output.contains("blue counts as quiet on edge-3 once it has had no weight for 11s"))
            let (answered, failures) = await users.leave()
            #expect(failures == [])
            #expect(answered > 100)
            try await others.expectNoFailure()
            #expect(try await alb.weights() == ["web-blue": 0, "web-green": 100])
            let tags = try await alb.tags()
            #expect(tags["rz-epoch-sandbox"] != nil)
            #expect(tags.values.contains("maint:0"), "\(tags)")
            #expect(try await sandbox.live() == "green")
            let check = try await sandbox.run("converge", "sandbox", "--check", "--only", "loadBalancers")
            #expect(check.status == 0, "\(check.all)")
            for text in [plan.all, ended.all, check.all, try secretsAtRest(sandbox)] {
                #expect(!text.contains(StandInALB.secretKey) && !text.contains(OuterALB.token))
            }
        }
    }

    /// What rz wrote down, whatever its form.
    private func secretsAtRest(_ sandbox: SandboxFixture) throws -> String {
        let files = FileManager.default.enumerator(atPath: sandbox.home)?.allObjects as? [String] ?? []
        return files.compactMap { FileManager.default.contents(atPath: "\(sandbox.home)/\($0)") }
            .map { String(decoding: $0, as: UTF8.self) }.filter {
                $0.contains(OuterALB.token) || $0.contains(StandInALB.secretKey)
            }
            .joined()
    }

    @Test("killed in the middle of the cutover and of the drain, and resumed, ends as if nothing had happened")
    func killed() async throws {
        try await with { sandbox, alb in
            let users = SteadyUsers(alb.url + "/health")
            for (index, step) in ["cutOver", "drain"].enumerated() {
                let before = try await alb.calls()["ModifyRule", default: 0]
                let rz = try sandbox.start(
                    index == 0 ? ["update", "sandbox", "--yes", "--json"] : ["resume", "--json"])
                try await rz.waitForOutput("\"type\":\"step.started\",\"attempt\":1,\"step\":\"\(step)/")
                try await eventually("a change") { try await alb.calls()["ModifyRule", default: 0] > before }
                rz.signal(SIGKILL)
                _ = try await rz.end()
            }
            try await sandbox.succeed("resume")
            #expect(try await alb.weights() == ["web-blue": 0, "web-green": 100])
            let (answered, failures) = await users.leave()
            #expect(failures == [])
            #expect(answered > 100)
        }
    }

    @Test("goes back with a rollback to the weights that were found, and fails no request")
    func goesBack() async throws {
        try await with { sandbox, alb in
            let users = SteadyUsers(alb.url + "/health")
            let update = try await sandbox.run("update", "sandbox", "--yes", "--until", "drain")
            #expect(update.status == 3, "\(update.all.suffix(1500))")
            #expect(try await alb.weights() == ["web-blue": 0, "web-green": 100])
            try await sandbox.succeed("rollback")
            #expect(try await alb.weights() == ["web-blue": 100, "web-green": 0])
            #expect(try await alb.tags().keys.filter { $0.hasPrefix("rz-resting") } == [])
            let (answered, failures) = await users.leave()
            #expect(failures == [])
            #expect(answered > 100)
        }
    }

    @Test("is no place where an analysis by counters could judge: the plan is blocked")
    func judged() async throws {
        try await with { sandbox, _ in
            try sandbox.edit(
                sandbox.environmentFile, replacing: "    analysis:\n      []",
                with: "    analysis:\n      - loadBalancers: { errorRate: { max: 1% } }")
            let plan = try await sandbox.run("plan", "sandbox")
            let words = plan.all.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(
                words.contains("web: the analysis `loadBalancers` judges by what load balancers count"), "\(plan.all)")
        }
    }
}
