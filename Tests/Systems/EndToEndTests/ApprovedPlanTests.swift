import Foundation
import JSON
import Migration
import Planning
import SandboxTesting
import Testing

@Suite("What was approved is what runs", .serialized, SharedSandbox())
struct ApprovedPlanTests {
    private let sandbox: SandboxFixture

    init() throws { sandbox = try #require(SharedSandbox.current).sandbox }

    @Test("a saved plan is for its owner alone, also over a file that everyone could read")
    func mode() async throws {
        let file = sandbox.folder + "/open.plan"
        try "x".write(toFile: file, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
        let planned = try await sandbox.run("plan", "sandbox", "-o", file)
        #expect(planned.status == 2, "\(planned.all)")
        #expect(planned.output.contains("Saved in \(file)"), "\(planned.output)")
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test("an edited plan is refused with what was edited, sealed again too", arguments: [false, true])
    func edited(_ isSealedAgain: Bool) async throws {
        let original = try String(contentsOfFile: sandbox.environmentFile, encoding: .utf8)
        defer { try? original.write(toFile: sandbox.environmentFile, atomically: true, encoding: .utf8) }
        try sandbox.edit(sandbox.environmentFile, replacing: "cutOver: 0", with: "cutOver: 2")
        let file = sandbox.folder + "/edited-\(isSealedAgain).plan"
        #expect(try await sandbox.run("plan", "sandbox", "-o", file).status == 2)
        var plan = try PlanCoding.plan(from: Array(try Data(contentsOf: URL(filePath: file))))
        plan.environment.approvals["cutOver"] = .count(0)
        plan.steps.removeAll { $0.id == "cutOver/approval" }
        if isSealedAgain { plan.id = try plan.sealedID() }
        try PlanCoding.text(of: plan).write(toFile: file, atomically: true, encoding: .utf8)

        let refused = try await sandbox.run("update", "--plan", file, "--yes")
        #expect(refused.status == 5, "\(refused.all)")
        #expect(
            refused.errors.contains(isSealedAgain ? "is not what" : "was changed after it was made"),
            "\(refused.errors)")
        #expect(refused.errors.contains("environment.approvals.cutOver.count: 0 → 2"), "\(refused.errors)")
        #expect(refused.errors.contains("steps.cutOver/approval"), "\(refused.errors)")
        #expect(try await sandbox.run("history", "sandbox").output.isEmpty, "a refused run left a trace")
    }

    @Test("a saved plan is asked about like any other")
    func asks() async throws {
        let file = sandbox.folder + "/asked.plan"
        #expect(try await sandbox.run("plan", "sandbox", "-o", file).status == 2)
        let refused = try await sandbox.run("update", "--plan", file)
        #expect(refused.status == 5, "\(refused.all)")
        #expect(refused.errors.contains("Pass --yes"), "\(refused.errors)")
        // A dry run shows it, or a new one, as `rz plan` does.
        let planned = try await sandbox.run("plan", "sandbox", "--json")
        for named in [["--plan", file], ["sandbox"]] {
            let dry = try await sandbox.start(["update"] + named + ["--dry-run", "--json"]).end()
            #expect(dry.status == 2, "\(dry.all)")
            let (shown, made) = (try JSON(parsing: dry.output), try JSON(parsing: planned.output))
            #expect(shown["steps"] == made["steps"] && shown["services"] == made["services"])
        }
        #expect(try await sandbox.run("history", "sandbox").output.isEmpty, "a refused run left a trace")
    }
}

@Suite("A run that its own commit can't end")
struct AnotherCommitTests {
    @Test("goes on from a later commit with what was fixed there, and does not begin again")
    func fixed() async throws {
        try await SandboxFixture.with { sandbox in
            let site = "      - { id: site, use: configuration, timeout: 60m, retries: 1 }\n"
            let broken = "      - { id: own, exec: { command: [\"false\"] }, timeout: 1m }\n"
            try sandbox.edit(sandbox.runbookFile, replacing: site, with: site + broken)
            try git(["init", "-q"], sandbox)
            try commit(sandbox)
            let halted = try await sandbox.run("update", "sandbox", "--yes")
            #expect(halted.status == 3, "\(halted.all)")
            #expect(halted.output.contains("HALTED in configure"), "\(halted.output)")

            try sandbox.edit(sandbox.runbookFile, replacing: "[\"false\"]", with: "[\"true\"]")
            try commit(sandbox)
            // An edit does not reach a run by itself.
            #expect(try await sandbox.run("resume", "sandbox").status == 3)
            let moved = try await sandbox.run("resume", "sandbox", "--commit", "HEAD", "--yes")
            #expect(moved.status == 0, "\(moved.all)")
            #expect(
                moved.output.contains("steps.configure/own.action.command: [false] → [true]"), "\(moved.output)")
            #expect(try await sandbox.live() == "green")

            let run = try #require(moved.output.firstMatch(of: /r-\d{8}-\d{4}/)).output
            let events = try await sandbox.run("history", String(run), "--json").events
            let repinned = try #require(events.first { $0["type"]?.string == "run.repinned" })
            let head = try git(["rev-parse", "HEAD"], sandbox)
            #expect(repinned["commit"]?.string == head)
            let built = events.filter {
                $0["type"]?.string == "step.started" && $0["step"]?.string == "standUp/servers"
            }
            #expect(built.count == 1, "what was done is not done again")
        }
    }

    private func commit(_ sandbox: SandboxFixture) throws {
        try git(["add", "-A"], sandbox)
        try git(["-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "-q", "-m", "Change"], sandbox)
    }

    @discardableResult
    private func git(_ arguments: [String], _ sandbox: SandboxFixture) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["git", "-C", sandbox.root] + arguments
        process.standardOutput = output
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
