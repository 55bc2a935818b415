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

    @Test("is what calls people when the run has halted, and not when it was stopped", arguments: [true, false])
    func halted(fails: Bool) async throws {
        try await SandboxFixture.with { sandbox in
            let checks = "- { id: checks, use: checks, timeout: 2m }"
            let program = fails ? "echo no space left >&2; exit 3" : "true"
            try sandbox.edit(
                sandbox.runbookFile, replacing: checks,
                with: checks + "\n      - { id: own, timeout: 1m, exec: { command: [ sh, -c, \"\(program)\" ] } }")
            let hook = """

                onHalt:
                  - { id: broken, timeout: 5s, exec: { command: [ "false" ] } }
                  - { id: page, timeout: 5s, exec: { command: [ sh, -c, "echo $RZ_RUN $0: $RZ_REASON > FOLDER/page", "{{ phase }}" ] } }

                """
            let runbook = try String(contentsOfFile: sandbox.runbookFile, encoding: .utf8)
            try (runbook + hook.replacing("FOLDER", with: sandbox.folder)).write(
                toFile: sandbox.runbookFile, atomically: true, encoding: .utf8)
            let update = try await sandbox.run("update", "sandbox", "--yes", "--until", "preflight")
            #expect(update.status == 3, "\(update.all)")
            let page = try? String(contentsOfFile: sandbox.folder + "/page", encoding: .utf8)
            guard fails else { return #expect(page == nil) }
            #expect(page?.hasPrefix("r-") == true)
            #expect(page?.hasSuffix(" preflight: sh failed: it ended with code 3\n") == true, "\(page ?? "")")
            #expect(
                update.output.contains("onHalt/broken: failed: false failed: it ended with code 1"), "\(update.all)")
            #expect(update.output.contains("onHalt/page: done"), "\(update.all)")
        }
    }

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
