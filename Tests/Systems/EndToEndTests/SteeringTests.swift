import Foundation
import JSON
import Journal
import Migration
import SandboxTesting
import Testing

@Suite("Steering a run from another terminal", .serialized)
struct SteeringTests {
    @Test("approve, lock, Ctrl-C, resume, pause, abort and rollback do what they say")
    func steering() async throws {
        try await SandboxFixture.with { sandbox in
            try sandbox.edit(sandbox.environmentFile, replacing: "cutOver: 0", with: "cutOver: 2")
            try sandbox.edit(sandbox.environmentFile, replacing: "share: 10%, bake: 1s", with: "share: 10%, bake: 6s")
            try sandbox.edit(
                sandbox.environmentFile, replacing: "share: 50%, bake: 1s",
                with: "share: 50%, bake: 1s, pause: { reason: Is the shop fine? }")
            try sandbox.edit(sandbox.environmentFile, replacing: "soak: 1s", with: "soak: 5m")
            let rz = try sandbox.start(["update", "sandbox", "--yes", "--json"])
            try await rz.waitForOutput("\"type\":\"approval.requested\"")

            let second = try await sandbox.run("update", "sandbox", "--yes")
            #expect(second.status == 5)
            #expect(second.errors.contains("locked by"), "\(second.errors)")
            #expect(second.errors.contains("pid \(rz.pid), since 20"), "\(second.errors)")

            try await sandbox.succeed("approve", "--note", "CHG 4711")
            let again = try await sandbox.run("approve", "--note", "CHG 4712")
            #expect(again.status == 5)
            #expect(again.errors.contains("has approved already; 1 more person is needed"), "\(again.errors)")
            #expect(!rz.output.contains("\"type\":\"traffic.intended\""))
            try await approve(sandbox, as: Person(user: "grace", host: "elsewhere"))

            try await rz.waitForOutput("\"share\":\"10%\"")
            rz.signal(SIGINT)
            let interrupted = try await rz.end()
            #expect(interrupted.status == 130)

            let resumed = try sandbox.start(["resume", "--json"])
            try await resumed.waitForOutput("\"type\":\"run.resumed\"")
            try await sandbox.succeed("pause")
            try await resumed.waitForOutput("\"type\":\"run.paused\"")
            #expect(try await sandbox.run("status").output.contains("PAUSED"))
            try await sandbox.succeed("resume")
            try await resumed.waitForOutput("\"reason\":\"to go on beyond 50 %: Is the shop fine?\"")
            let waiting = try await sandbox.run("status").output
            #expect(waiting.contains("Is the shop fine?") && waiting.contains("50 %"), "\(waiting)")
            #expect(!resumed.output.contains("\"type\":\"traffic.intended\",\"share\":\"100%\""))
            // A pause that is still awaited is shown, and can be withdrawn.
            try await sandbox.succeed("pause")
            #expect(try await sandbox.run("status").output.contains("A pause was requested"))
            try await sandbox.succeed("resume")
            #expect(try await !sandbox.run("status").output.contains("A pause was requested"))
            let pauses = resumed.output.split(separator: "\n").count { $0.contains("\"type\":\"run.paused\"") }
            try await sandbox.succeed("approve")
            try await resumed.waitForOutput("\"type\":\"phase.entered\",\"phase\":\"soak\"")
            #expect(
                resumed.output.split(separator: "\n").count { $0.contains("\"type\":\"run.paused\"") } == pauses)

            try await sandbox.succeed("abort")
            #expect(try await resumed.end().status == 4)
            #expect(try await sandbox.live() == "blue")

            try await sandbox.succeed("rollback")
            let left = try FileManager.default.contentsOfDirectory(atPath: sandbox.home + "/sandbox/servers")
            #expect(left.allSatisfy { $0.hasPrefix("blue-") })

            let story = try await sandbox.run("history", "r-\(day())-0001")
            for text in ["(CHG 4711)", "given by grace@elsewhere", "Interrupted", "paused", "ABORTED", "ROLLED BACK"] {
                #expect(story.output.contains(text), "the history does not tell: \(text)")
            }
        }
    }

    @Test(
        "a service that never gets healthy is named with its reason; the traffic stays, and a rollback removes the new color"
    )
    func sickService() async throws {
        try await SandboxFixture.with { sandbox in
            try sandbox.edit(
                sandbox.environmentFile, replacing: "  overrides:\n",
                with: "  overrides:\n    - match: /shop/search\n      set: { env.SICK: health }\n")
            try sandbox.edit(
                sandbox.runbookFile, replacing: "use: launch, timeout: 15m, retries: 2",
                with: "use: launch, timeout: 8s")
            let ended = try await sandbox.run("update", "sandbox", "--yes")
            #expect(ended.status == 3)
            #expect(ended.all.contains("/shop/search: 0 of 1 healthy"), "\(ended.all.suffix(900))")
            #expect(ended.output.contains("all traffic is on blue"))
            let weights = try await sandbox.weights(on: "edge-1")
            #expect(weights.filter { $0.key.contains("/green-") }.allSatisfy { $0.value == 0 })

            try await sandbox.succeed("rollback")
            let left = try FileManager.default.contentsOfDirectory(atPath: sandbox.home + "/sandbox/servers")
            #expect(left.allSatisfy { $0.hasPrefix("blue-") })
        }
    }

    /// What `rz approve` writes, typed by someone else.
    private func approve(_ sandbox: SandboxFixture, as person: Person) async throws {
        let journal = try Journal(environment: "sandbox", home: sandbox.home)
        let run = try #require(try await journal.latestRun())
        _ = try await journal.append(
            [
                .approvalGiven(
                    step: "cutOver/approval", by: person.description, user: person.user, host: person.host)
            ], run: run, epoch: nil, at: Instant(milliseconds: 1_795_435_200_000))
    }

    private func day() -> String {
        let formatter = DateFormatter()
        formatter.dateFormat = "yyyyMMdd"
        formatter.timeZone = TimeZone(identifier: "UTC")
        return formatter.string(from: Date())
    }
}
