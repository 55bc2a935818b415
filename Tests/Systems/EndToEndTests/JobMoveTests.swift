import Foundation
import JSON
import SandboxTesting
import Testing
import Waiting

/// The sandbox's job writes a line a minute to the data disk, which both colors share one after the other.
@Suite("A scheduled job", .serialized)
struct JobMoveTests {
    @Test("runs each minute exactly once while it moves to green, to blue, and back to green again")
    func everyMinuteOnce() async throws {
        try await SandboxFixture.with { sandbox in
            try await waitForRun(in: "blue", sandbox)
            let plan = try await sandbox.run("plan", "sandbox")
            #expect(plan.output.contains("⧗ shop.report  scheduled: copied disabled, armed at cutOver"), "\(plan.all)")
            try await sandbox.succeed("update", "sandbox", "--yes")
            #expect(try await holder(sandbox) == "green")
            #expect(try await sandbox.run("status").output.contains("shop.report  armed in green"))
            try await waitForRun(in: "green", sandbox)

            try sandbox.edit(sandbox.environmentFile, replacing: "soak: 1s", with: "soak: 10m")
            let rz = try sandbox.start(["update", "sandbox", "--yes", "--json"])
            try await rz.waitForOutput("\"type\":\"run.started\"")
            #expect(try await holder(sandbox) == "green", "armed where it was until its hand-over")
            try await rz.waitForOutput("\"type\":\"phase.entered\",\"phase\":\"soak\"")
            #expect(try await holder(sandbox) == "blue")
            try await sandbox.succeed("abort")
            #expect(try await rz.end().status == 4)
            #expect(try await holder(sandbox) == "green")
            try await waitForRun(in: "green", sandbox)

            let all = try runs(sandbox)
            for (one, next) in zip(all, all.dropFirst()) {
                #expect(next.minute.timeIntervalSince(one.minute) == 60, "\(all)")
            }
        }
    }

    private struct Run {
        var minute: Date
        var color: String
    }

    private func runs(_ sandbox: SandboxFixture) throws -> [Run] {
        let file = sandbox.home + "/sandbox/disks/db-data-0/report.jsonl"
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return [] }
        let formatter = DateFormatter()
        formatter.dateFormat = "yyyy-MM-dd'T'HH:mm"
        formatter.timeZone = TimeZone(identifier: "UTC")
        return try text.split(separator: "\n").map { line in
            let json = try JSON(parsing: String(line))
            let minute = formatter.date(from: json["minute"]?.string ?? "")
            return Run(minute: try #require(minute), color: json["color"]?.string ?? "")
        }
    }

    /// Waits for one more run than there are, in this color.
    private func waitForRun(in color: String, _ sandbox: SandboxFixture) async throws {
        let before = try runs(sandbox).count
        try await eventually("the job runs in \(color)", within: .seconds(90)) {
            try runs(sandbox).dropFirst(before).last?.color == color
        }
    }

    /// The color in which the job is armed, by the run.
    private func holder(_ sandbox: SandboxFixture) async throws -> String? {
        let status = try JSON(parsing: try await sandbox.succeed("status", "--json").output)
        return status["isSingleton"]?["shop.report"]?.string
    }
}
