import JSON
import SandboxTesting
import Testing

@Suite("A drill", .serialized)
struct DrillTests {
    @Test("moves users there and back, fails none of them, and is what the next plan knows was proved")
    func thereAndBack() async throws {
        try await SandboxFixture.with { sandbox in
            try sandbox.edit(sandbox.environmentFile, replacing: "soak: 1s", with: "soak: 1s\ndrill: { every: 30d }")
            let unproved = try await sandbox.run("plan", "sandbox")
            #expect(unproved.output.contains("the way back was never proved"), "\(unproved.output)")
            let due = try await sandbox.run("drill", "sandbox", "--calendar", "--json")
            #expect(due.status == 2, "\(due.all)")

            let users = try Users(sandbox)
            let before = try sandbox.launches(on: "blue")
            let drill = try await sandbox.run("drill", "sandbox", "--yes")
            #expect(drill.status == 0, "\(drill.all.suffix(900))")
            #expect(drill.output.contains("DRILLED  green carried all traffic"), "\(drill.output.suffix(900))")
            try await users.expectNoFailure()
            #expect(try await sandbox.live() == "blue")
            #expect(
                try await sandbox.weights(on: "edge-1").filter { $0.key.contains("green") }.values.allSatisfy {
                    $0 == 0
                })
            #expect(try sandbox.launches(on: "blue") == before, "blue's services were not launched again")

            let proved = try await sandbox.run("plan", "sandbox")
            #expect(!proved.output.contains("was never proved"), "\(proved.output)")
            let calendar = try await sandbox.run("drill", "sandbox", "--calendar", "--json")
            #expect(calendar.status == 0, "\(calendar.all)")
            let proofs = try #require(try JSON(parsing: calendar.output)["proofs"]?.array)
            #expect(
                proofs.filter { $0["run"]?.string != nil }.compactMap { $0["part"]?.string } == [
                    "build", "cutOver", "wayBack",
                ])
        }
    }

    @Test("is not needed to learn that a move would be blocked: the plan is evaluated, and drift looked for")
    func evaluated() async throws {
        try await SandboxFixture.with { sandbox in
            let fine = try await sandbox.run("drill", "sandbox", "--evaluate")
            #expect(fine.output.contains("A move of sandbox to green could begin now."), "\(fine.all.suffix(900))")
            #expect(fine.status == (fine.output.contains("\n  ? ") ? 2 : 0), "\(fine.all.suffix(900))")
            try sandbox.edit(
                sandbox.environmentFile, replacing: "soak: 1s",
                with: "soak: 1s\npolicies: { reports: [ { name: scan, file: scan.sarif } ] }")
            let blocked = try await sandbox.run("drill", "sandbox", "--evaluate", "--json")
            #expect(blocked.status == 5, "\(blocked.all.suffix(900))")
            let lines = blocked.output.split(separator: "\n")
            let verdict = try JSON(parsing: String(try #require(lines.last)))
            #expect(verdict["blocked"]?.bool == true && verdict["obstacles"]?[0]?.string?.contains("scan") == true)
        }
    }

    @Test("that is killed on the way goes on as a drill, and comes back")
    func resumed() async throws {
        try await SandboxFixture.with { sandbox in
            let users = try Users(sandbox)
            let drill = try sandbox.start(["drill", "sandbox", "--yes", "--json"])
            try await drill.waitForOutput("\"type\":\"phase.entered\",\"phase\":\"drain\"")
            drill.signal(9)
            _ = try await drill.end()
            let resumed = try await sandbox.run("resume", "sandbox")
            #expect(resumed.status == 0, "\(resumed.all.suffix(900))")
            #expect(resumed.output.contains("DRILLED"), "\(resumed.output.suffix(900))")
            try await users.expectNoFailure()
            #expect(try await sandbox.live() == "blue")
        }
    }
}
