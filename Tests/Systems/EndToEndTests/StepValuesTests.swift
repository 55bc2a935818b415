import Foundation
import SandboxTesting
import Testing

@Suite("What steps of a runbook give to later ones")
struct StepValuesTests {
    /// Each of them in the phase whose own step it follows.
    private static let steps: [(after: String, line: String)] = [
        (
            "- { id: checks, use: checks, timeout: 2m }",
            """
            - { id: count, timeout: 1m, exec: { command: [ sh, -c, "echo rows=7 >> $RZ_OUTPUTS" ],
                outputs: { rows: integer } } }
            """
        ),
        (
            "- { id: platform, use: platform, timeout: 10m }",
            """
            - { id: info, timeout: 1m, http: { url: "http://{{ control[0].address }}:{{ control[0].mesos }}/version",
                headers: { Authorization: "${file:${rz:home}/credentials}" },
                outputs: { version: { type: text, at: /version } } } }
            """
        ),
        (
            "- { id: soak, use: soak, timeout: 5m }",
            """
            - { id: many, timeout: 1m, exec: { command: [ touch, "FOLDER/many" ] },
                when: [ { value: preflight/count.rows, above: 7 } ] }
            - { id: tell, timeout: 1m, when: [ { value: preflight/count.rows, below: 8 } ],
                exec: { command: [ sh, -c, "echo $0 $1 > FOLDER/told", "{{ preflight/count.rows }}", "{{ platformGate/info.version }}" ] } }
            """
        ),
    ]

    @Test("arrives, decides what is done, and is shown in plan and history")
    func arrives() async throws {
        try await SandboxFixture.with { sandbox in
            let password = try String(contentsOfFile: sandbox.home + "/sandbox/password", encoding: .utf8)
            try "Basic \(Data("rz:\(password.trimmingCharacters(in: .newlines))".utf8).base64EncodedString())".write(
                toFile: sandbox.home + "/credentials", atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600], ofItemAtPath: sandbox.home + "/credentials")
            for (line, added) in Self.steps {
                let lines = added.replacing("FOLDER", with: sandbox.folder).replacing("\n", with: "\n      ")
                try sandbox.edit(sandbox.runbookFile, replacing: line, with: "\(line)\n      \(lines)")
            }
            let plan = try await sandbox.run("plan", "sandbox")
            #expect(plan.output.contains("when preflight/count.rows is above 7"), "\(plan.all)")

            let update = try await sandbox.run("update", "sandbox", "--yes")
            #expect(update.status == 0, "\(update.all)")
            #expect(try String(contentsOfFile: sandbox.folder + "/told", encoding: .utf8) == "7 1.11.0\n")
            #expect(!FileManager.default.fileExists(atPath: sandbox.folder + "/many"))
            #expect(update.output.contains("preflight/count gives rows 7"), "\(update.all)")
            #expect(update.output.contains("not done: preflight/count.rows is 7"), "\(update.all)")
        }
    }
}
