import Foundation
import Migration
import Testing

@testable import Provisioning

@Suite("What a program of a runbook gives")
struct ProgramOutputsTests {
    private let inventory = Inventory()

    private func runner(_ folder: Folder, secrets: [String: String] = [:]) -> CommandStepRunner {
        CommandStepRunner(
            environmentFolder: folder.path, logFolder: folder["logs"], resolve: resolver(secrets)
        ) { _, _ throws(Failure) in [:] }
    }

    @Test("is what it appends to a file of its own, the last value of a name")
    func outputs() async throws {
        try await withFolder { folder in
            let script = "echo rows=7 >> $RZ_OUTPUTS; echo 'note=a=b c' >> $RZ_OUTPUTS; echo rows=8 >> $RZ_OUTPUTS"
            let work = ExecWork(
                command: ["sh", "-c", Setting("\(script); echo $RZ_OUTPUTS")], outputs: ["rows": StepOutput(.integer)])
            let lines = Lines()
            let given = try await runner(folder).run(work, inventory: inventory, report: lines.report)
            #expect(given == ["rows": "8", "note": "a=b c"])
            let path = try #require(await lines.all.first)
            #expect(path.hasPrefix("/") && !FileManager.default.fileExists(atPath: path))
            let silent = ExecWork(command: ["true"], outputs: ["rows": StepOutput(.integer)])
            let none = try await runner(folder).run(silent, inventory: inventory) { _ in }
            #expect(none == [:])
        }
    }

    @Test("has no file where the runbook names no outputs")
    func noOutputs() async throws {
        try await withFolder { folder in
            let lines = Lines()
            let work = ExecWork(command: ["sh", "-c", "echo [$RZ_OUTPUTS]"])
            let given = try await runner(folder).run(work, inventory: inventory, report: lines.report)
            #expect(given == [:])
            #expect(await lines.all == ["[]"])
        }
    }

    @Test(
        "is never a secret, nor what is no NAME=VALUE",
        arguments: [
            ("id=x-$TOKEN-y", "What the step gives holds a secret"),
            ("whatever", "sh wrote no outputs that can be read"),
            ("=x", "sh wrote no outputs that can be read"),
        ])
    func wrongOutputs(line: String, summary: String) async throws {
        try await withFolder { folder in
            let work = ExecWork(
                command: ["sh", "-c", Setting("echo \"\(line)\" >> $RZ_OUTPUTS")], variables: ["TOKEN": "${env:TOKEN}"],
                outputs: ["id": StepOutput(.text)])
            let failure = try await failure {
                _ = try await runner(folder, secrets: ["TOKEN": "s3cret"]).run(work, inventory: inventory) { _ in }
            }
            #expect(failure.summary == summary)
            #expect(!"\(failure)".contains("s3cret"))
        }
    }
}
