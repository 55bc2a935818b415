import Foundation
import Journal
import Migration
import Planning
import SandboxTesting
import Testing

@Suite("A run that was imported from another host", .serialized)
struct ImportTests {
    @Test("is compared with its commit and shown before the first resume, which needs a yes")
    func honest() async throws {
        try await imported { sandbox in
            let unasked = try await sandbox.run("resume", "sandbox")
            #expect(unasked.status == 5, "\(unasked.all)")
            #expect(unasked.output.contains("was imported from another host"), "\(unasked.output)")
            #expect(unasked.output.contains("tearDown"), "what is left is not shown: \(unasked.output)")
            #expect(unasked.errors.contains("Pass --yes"), "\(unasked.errors)")

            let halted = try await sandbox.run("resume", "sandbox", "--yes")
            #expect(halted.status == 3, "\(halted.all)")
            #expect(halted.output.contains("HALTED in preflight"), "\(halted.output)")
            // Once looked at, it is a run like any other.
            let again = try await sandbox.run("resume", "sandbox")
            #expect(again.status == 3, "\(again.all)")
            #expect(!again.output.contains("imported"), "\(again.output)")
            try await sandbox.succeed("rollback")
        }
    }

    @Test("does nothing that its commit does not say", arguments: ["resume", "rollback", "abort"])
    func doctored(_ command: String) async throws {
        try await imported { plan in
            guard let step = plan.steps.firstIndex(where: { $0.id == "standUp/servers" }) else { return }
            plan.steps[step].action = .exec(ExecWork(command: [Setting("true")]))
            plan.environment.soak = .seconds(0)
        } _: { sandbox in
            let yes = command == "resume" ? ["--yes"] : []
            let refused = try await sandbox.start([command, "sandbox"] + yes).end()
            #expect(refused.status == 5, "\(refused.all)")
            #expect(refused.errors.contains("is not what"), "\(refused.errors)")
            #expect(refused.errors.contains("environment.soak: 0s → 1s"), "\(refused.errors)")
            #expect(refused.errors.contains("steps.standUp/"), "\(refused.errors)")
            #expect(!(try await sandbox.run("history", "sandbox").output.contains("resumed")))
        }
    }

    /// A halted run whose journal is lost, and made again from an export.
    private func imported(
        _ change: (inout Plan) -> Void = { _ in }, _ body: (SandboxFixture) async throws -> Void
    ) async throws {
        try await SandboxFixture.with { sandbox in
            let checks = "      - { id: checks, use: checks, timeout: 2m }\n"
            try sandbox.edit(
                sandbox.runbookFile, replacing: checks,
                with: checks + "      - { id: own, exec: { command: [\"false\"] }, timeout: 1m }\n")
            let halted = try await sandbox.run("update", "sandbox", "--yes")
            #expect(halted.status == 3, "\(halted.all)")

            let export = sandbox.folder + "/export.jsonl"
            do {
                let journal = try Journal(environment: "sandbox", home: sandbox.home)
                let run = try #require(try await journal.latestRun())
                let id = RunState(run: run, events: try await journal.events(of: run, after: 0)).planID
                let stored = try #require(try await journal.plan(id))
                var plan = try PlanCoding.plan(from: Array(stored.utf8))
                change(&plan)
                try await journal.save(plan: try PlanCoding.text(of: plan), id: id)
            }
            try await sandbox.succeed("journal", "export", "-o", export)
            let files = try FileManager.default.contentsOfDirectory(atPath: sandbox.home + "/journal")
            for file in files where file.hasPrefix("sandbox.sqlite") {
                try FileManager.default.removeItem(atPath: "\(sandbox.home)/journal/\(file)")
            }
            try await sandbox.succeed("journal", "import", export)
            try await body(sandbox)
        }
    }
}
