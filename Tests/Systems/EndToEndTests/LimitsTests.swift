import Foundation
import JSON
import Journal
import Migration
import SandboxTesting
import Testing

/// What two people can lift for a run, and no flag alone, on real HAProxies.
@Suite("Limits of a cutover in the sandbox", .serialized)
struct LimitsTests {
    @Test("a flip that takes too long is undone, and two people may lift the limit for a run")
    func flipWithin() async throws {
        try await SandboxFixture.with { sandbox in
            let text = try String(contentsOfFile: sandbox.environmentFile, encoding: .utf8)
            try (text + "\nlimits: { flipWithin: 1ms, minHealthy: 80%, maxStep: 100% }\n")
                .write(toFile: sandbox.environmentFile, atomically: true, encoding: .utf8)
            let users = try Users(sandbox)
            let halted = try await sandbox.run("update", "sandbox", "--yes")
            #expect(halted.status == 3, "\(halted.all.suffix(900))")
            #expect(halted.output.contains("limits: maxStep 100%, minHealthy 80%, flipWithin 1ms"), "\(halted.output)")
            #expect(halted.output.contains("The flip took longer than limits.flipWithin allows"), "\(halted.output)")
            #expect(halted.output.contains("The step was undone on every load balancer."), "\(halted.output)")
            for edge in ["edge-1", "edge-2"] {
                let weights = try await sandbox.weights(on: edge)
                #expect(weights.filter { $0.key.contains("/green-") }.allSatisfy { $0.value == 0 }, "\(weights)")
                #expect(weights.filter { $0.key.contains("/blue-") }.allSatisfy { $0.value == 100 }, "\(weights)")
            }
            try await sandbox.succeed("rollback")

            let silent = try await sandbox.run("update", "sandbox", "--yes", "--lift", "flipWithin")
            #expect(silent.errors.contains("Say why the limit is to be lifted"), "\(silent.all)")
            let unset = try await sandbox.run(
                "update", "sandbox", "--yes", "--lift", "headroom", "--reason", "CHG 4711")
            #expect(unset.status == 5)
            #expect(unset.errors.contains("does not set limits.headroom"), "\(unset.all)")

            let rz = try sandbox.start(
                ["update", "sandbox", "--yes", "--json", "--lift", "flipWithin", "--reason", "CHG 4711"])
            try await rz.waitForOutput("\"type\":\"approval.requested\"")
            try await sandbox.succeed("approve")
            let again = try await sandbox.run("approve")
            #expect(again.errors.contains("has approved already; 1 more person is needed"), "\(again.errors)")
            #expect(!rz.output.contains("\"step\":\"preflight/checks\""))
            try await approve(sandbox, as: Person(user: "grace", host: "elsewhere"))
            let ended = try await rz.end()
            #expect(ended.status == 0, "\(ended.all.suffix(900))")
            #expect(try await sandbox.live() == "green")
            try await users.expectNoFailure()

            let run = try #require(ended.all.firstMatch(of: /r-\d{8}-\d{4}/)).output
            let story = try await sandbox.run("history", String(run))
            #expect(story.output.contains("approval to lift limits.flipWithin: CHG 4711 given by grace@elsewhere"))
        }
    }

    @Test("a plan is blocked where the new color is not proved to take the peak")
    func headroom() async throws {
        try await SandboxFixture.with { sandbox in
            let text = try String(contentsOfFile: sandbox.environmentFile, encoding: .utf8)
            try (text + "\nlimits: { headroom: 1000 }\n")
                .write(toFile: sandbox.environmentFile, atomically: true, encoding: .utf8)
            let users = try Users(sandbox)
            let blocked = try await sandbox.run("update", "sandbox", "--yes")
            #expect(blocked.status == 5, "\(blocked.all.suffix(900))")
            #expect(blocked.all.contains("limits.headroom asks for"), "\(blocked.all.suffix(900))")
            #expect(blocked.all.contains("no maxconn"), "\(blocked.all.suffix(900))")
            let planned = try await sandbox.run("plan", "sandbox", "--lift", "headroom", "--reason", "CHG 4711")
            #expect(planned.status == 2, "\(planned.all)")
            #expect(planned.output.contains("needs 2 approvals to lift limits.headroom: CHG 4711"), "\(planned.output)")
            try await users.expectNoFailure()
        }
    }

    /// What `rz approve` writes, typed by someone else.
    private func approve(_ sandbox: SandboxFixture, as person: Person) async throws {
        let journal = try Journal(environment: "sandbox", home: sandbox.home)
        let run = try #require(try await journal.latestRun())
        _ = try await journal.append(
            [
                .approvalGiven(
                    step: "preflight/lift-limits", by: person.description, user: person.user, host: person.host)
            ], run: run, epoch: nil, at: Instant(milliseconds: 1_795_435_200_000))
    }
}
