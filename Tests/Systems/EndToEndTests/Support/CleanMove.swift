import Foundation
import JSON
import SandboxTesting
import Testing
import Transport

/// Performs one whole move for all tests of a suite.
struct CleanMove: SuiteTrait, TestScoping {
    @TaskLocal static var record: Record?

    /// What was seen of the move.
    struct Record: Sendable {
        var update: Program.Ended
        var load: JSON
        var live: String
        var servers: [String]
        var launches: [String: Int]
        var recorders: Recorders
        /// The database's records.
        var dataBefore: [String]
        var dataAfter: [String]
        var nextPlan: Program.Ended
        /// What green's scheduler was told.
        var definitions: String
        var stepLog: String
        var serviceSecret: String
        var secrets: [String]
        /// Everything that rz printed, by command.
        var texts: [(String, String)]
        /// Every file that rz wrote for itself.
        var files: [String]

        /// The secrets as they are, and in hexadecimal; in base64 they are in the middle of something.
        var forms: [String] {
            secrets.flatMap { secret in
                [secret, secret.utf8.map { String($0, radix: 16) }.joined()]
                    + (0..<3).map { offset in
                        let encoded = Data((String(repeating: "x", count: offset) + secret).utf8).base64EncodedString()
                        return String(encoded.dropFirst(4).prefix(8))
                    }
            }
        }
    }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await SandboxFixture.with { sandbox in
            let record = try await CleanMove.perform(in: sandbox)
            try await CleanMove.$record.withValue(record) { try await function() }
        }
    }

    private static func perform(in sandbox: SandboxFixture) async throws -> Record {
        let secrets = ["SERVICE", "SERVERS", "SITE", "STEP", "LATER"].map {
            ($0, "s3cr\"t-\(UInt32.random(in: 0...UInt32.max))")
        }
        try addSecrets(to: sandbox)
        try secrets[4].1.write(toFile: sandbox.home + "/later", atomically: true, encoding: .utf8)
        let recorders = try await Recorders(sandbox)
        var variables = recorders.variables
        for (name, secret) in secrets { variables["RZ_E2E_\(name)"] = secret }

        for _ in 0..<3 { try await write(to: sandbox) }
        let dataBefore = try data(of: sandbox)
        let users = try sandbox.start(["sandbox", "load", "--rate", "60", "--duration", "600", "--json"])
        let planFile = sandbox.folder + "/move.plan"
        let plan = try await sandbox.run("plan", "sandbox", "-o", planFile, variables: variables)
        let planJSON = try await sandbox.run("plan", "sandbox", "--json", variables: variables)
        let update = try await sandbox.run("update", "--plan", planFile, "--yes", "--json", variables: variables)
        users.signal(SIGTERM)
        let load = try JSON(parsing: try await users.end().output)
        try await write(to: sandbox)

        let runs = try await sandbox.run("history", variables: variables)
        let run = try #require(update.events.first?["run"]?.string, "\(update.all)")
        let nextPlan = try await sandbox.run("plan", "sandbox", variables: variables)
        let texts = [
            ("plan", plan.all), ("plan -o", try String(contentsOfFile: planFile, encoding: .utf8)),
            ("plan --json", planJSON.all), ("update --json", update.all), ("history", runs.all),
            ("history RUN", try await sandbox.run("history", run, variables: variables).all),
            ("history RUN --json", try await sandbox.run("history", run, "--json", variables: variables).all),
            ("status", try await sandbox.run("status", variables: variables).all),
            ("status --json", try await sandbox.run("status", "--json", variables: variables).all),
            ("the next plan", nextPlan.all), ("arguments of tools", recorders.tools.joined(separator: "\n")),
        ]
        return Record(
            update: update, load: load, live: try await sandbox.live(variables), servers: try sandbox.servers,
            launches: try sandbox.launches(on: "green"), recorders: recorders, dataBefore: dataBefore,
            dataAfter: try data(of: sandbox), nextPlan: nextPlan,
            definitions: try String(
                contentsOfFile: sandbox.home + "/sandbox/servers/green-control-1/data/state.json", encoding: .utf8),
            stepLog: try String(contentsOfFile: sandbox.home + "/environments/sandbox/log/sh.log", encoding: .utf8),
            // Without its quote, so that no way of quoting hides it.
            serviceSecret: String(secrets[0].1.dropFirst(6)), secrets: secrets.map { String($0.1.dropFirst(6)) },
            texts: texts, files: ownFiles(of: sandbox))
    }

    /// A secret for a service, for Terraform, for Ansible, for a step that an operator added, and one for a step that
    /// comes later, which the step before it already shows, also in base64.
    private static func addSecrets(to sandbox: SandboxFixture) throws {
        let environment = sandbox.environmentFile
        try sandbox.edit(
            environment, replacing: "env.CACHE_HOST: \"{{ agent[0].address }}\"",
            with: "env.CACHE_HOST: \"{{ agent[0].address }}\", env.API_TOKEN: \"${env:RZ_E2E_SERVICE}\"")
        try sandbox.edit(
            environment, replacing: "variables: { sandbox:",
            with: "variables: { token: \"${env:RZ_E2E_SERVERS}\", sandbox:")
        let declaration = "\nvariable \"token\" {\n  type      = string\n  sensitive = true\n}\n"
        for module in ["servers/variables.tf", "disks/main.tf"] {
            let file = "\(sandbox.root)/environments/sandbox/terraform/\(module)"
            try (String(contentsOfFile: file, encoding: .utf8) + declaration).write(
                toFile: file, atomically: true, encoding: .utf8)
        }
        try sandbox.edit(
            environment, replacing: "idempotenceCheck: true",
            with: "idempotenceCheck: true, variables: { site_token: \"${env:RZ_E2E_SITE}\" }")
        let playbook = "\(sandbox.root)/environments/sandbox/ansible/site.yaml"
        let play = """

            - name: Say what must not be seen
              hosts: database
              gather_facts: false
              tasks:
                - name: Say it
                  ansible.builtin.debug: { msg: "site token {{ site_token }}" }
            """
        try (String(contentsOfFile: playbook, encoding: .utf8) + play + "\n").write(
            toFile: playbook, atomically: true, encoding: .utf8)
        try #"""
        echo "token is $TOKEN"
        echo "later is $(cat "$RZ_HOME/later")"
        printf 'Basic %s\n' "$(printf 'user:%s' "$(cat "$RZ_HOME/later")" | base64 -w 0)"
        printf 'bytes %s\n' "$(od -An -v -tx1 "$RZ_HOME/later" | tr -d ' \n')"
        printf '\033[2Jand a control\n'
        """#.write(
            toFile: "\(sandbox.root)/environments/sandbox/tell", atomically: true, encoding: .utf8)
        try sandbox.edit(
            sandbox.runbookFile, replacing: "      # For example, ask your monitoring",
            with: """
                      - id: tell
                        exec: { command: [sh, tell], variables: { TOKEN: "${env:RZ_E2E_STEP}" } }
                        timeout: 1m
                      - id: later
                        exec: { command: ["true"], variables: { TOKEN: "${file:${rz:home}/later}" } }
                        timeout: 1m
                      # For example, ask your monitoring
                """)
    }

    /// A record for the database, through the users' front door.
    private static func write(to sandbox: SandboxFixture) async throws {
        let url = "http://127.0.10.1:\(try sandbox.basePort + 1)/ledger"
        let answer = try await HTTPClient.shared.send(HTTPRequest(.post, url, body: Array("a test".utf8)))
        #expect(answer.status == 201, "\(answer.text)")
    }

    private static func data(of sandbox: SandboxFixture) throws -> [String] {
        try String(contentsOfFile: sandbox.home + "/sandbox/disks/db-data-0/ledger.jsonl", encoding: .utf8)
            .split(separator: "\n").map(String.init)
    }

    /// The services' definitions are the scheduler's, not rz's: what lies in `sandbox/` is outside.
    /// But for what is kept of services, which are definitions, for their owner alone.
    private static func ownFiles(of sandbox: SandboxFixture) -> [String] {
        ["journal", "environments"].flatMap { folder in
            let path = "\(sandbox.home)/\(folder)"
            return (FileManager.default.subpaths(atPath: path) ?? []).filter { !$0.contains("/kept/") }
                .map { "\(path)/\($0)" }
        }
    }
}
