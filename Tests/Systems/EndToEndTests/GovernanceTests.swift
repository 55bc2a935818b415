import Foundation
import JSON
import Journal
import Migration
import Planning
import SandboxTesting
import Testing

@Suite("Who may ask for what, and of which run")
struct GovernanceTests {
    @Test(
        "a mistyped environment makes nothing and gets the nearest name",
        arguments: [
            ["approve"], ["pause"], ["abort"], ["rollback"], ["resume"], ["status"], ["history"],
            ["unlock", "--id", "7f3a1234"], ["journal", "verify"],
        ])
    func mistyped(_ command: [String]) async throws {
        let desk = try Desk()
        try await desk.keep("halted-soak")
        var arguments = command
        arguments.insert("sandbux", at: command[0] == "journal" ? 2 : 1)
        let ended = try await Program(
            arguments, variables: ["RZ_HOME": desk.home, "RZ_ROOT": desk.folder], folder: desk.folder
        ).end()
        #expect(ended.status == 1, "\(ended.all)")
        #expect(ended.errors.contains("There is no environment sandbux"), "\(ended.errors)")
        #expect(ended.errors.contains("Did you mean sandbox?"), "\(ended.errors)")
        #expect(try desk.journals == ["sandbox.sqlite"])
    }

    @Test("several environments are shown together, each with a command that works as it is printed")
    func several() async throws {
        let desk = try Desk()
        try await desk.keep("halted-soak")
        try await desk.copyJournal(to: "shop")
        let status = try await desk.run("status")
        #expect(status.status == 0, "\(status.all)")
        #expect(status.output.split(separator: "\n").count == 2)
        #expect(status.output.contains("next: rz resume sandbox"), "\(status.output)")
        #expect(status.output.contains("next: rz resume shop"), "\(status.output)")
        let history = try await desk.run("history")
        #expect(history.status == 0, "\(history.all)")
        #expect(history.output.split(separator: "\n").count == 2)

        let run = try #require(history.output.firstMatch(of: /r-\d{8}-\d{4}/)).output
        let two = try await desk.run("history", String(run))
        #expect(two.status == 1)
        #expect(two.errors.contains("the name of 2 runs"), "\(two.errors)")
        let one = try await desk.run("history", String(run), "-e", "sandbox")
        #expect(one.status == 0, "\(one.all)")
        #expect(one.output.contains("rz resume sandbox"), "\(one.output.suffix(900))")
    }

    @Test("an environment and a run are taken by every command that steers")
    func targets() async throws {
        let desk = try Desk()
        try await desk.keep("halted-soak")
        let history = try await desk.run("history", "sandbox")
        let run = String(try #require(history.output.firstMatch(of: /r-\d{8}-\d{4}/)).output)
        for command in ["resume", "rollback", "abort"] {
            for target in ["sandbox", run] {
                let ended = try await desk.run(command, target, "--dry-run")
                #expect(ended.status == 2, "\(command) \(target): \(ended.all)")
            }
        }
    }

    @Test("a rollback that can't ask who types, as its output goes elsewhere, is not begun without --yes")
    func rollbackIntoPipe() async throws {
        let desk = try Desk()
        try await desk.keep("halted-soak")
        let before = try await desk.events()
        let terminal = try PseudoTerminal()
        let keyboard = try String(cString: #require(ttyname(terminal.screen)))
        let ended = try await desk.run("rollback", input: keyboard)
        #expect(ended.status == 5, "\(ended.all)")
        #expect(ended.errors.contains("Pass --yes, or look first: rz rollback sandbox --dry-run"), "\(ended.all)")
        #expect(try await desk.events() == before)
    }

    @Test("a dry run of the way back shows what would be done, and changes nothing")
    func dryRun() async throws {
        let desk = try Desk()
        try await desk.keep("halted-soak")
        let before = try await desk.events()
        let rollback = try await desk.run("rollback", "--dry-run")
        #expect(rollback.status == 2)
        #expect(rollback.output.contains("all traffic back to blue on edge-1, edge-2"), "\(rollback.output)")
        #expect(rollback.output.contains("undo standUp  servers of green"), "\(rollback.output)")
        let abort = try await desk.run("abort", "--dry-run")
        #expect(abort.status == 2)
        #expect(abort.output.contains("stays up but receives no traffic"), "\(abort.output)")
        #expect(!abort.output.contains("undo standUp"), "\(abort.output)")
        #expect(try await desk.events() == before)
    }

    @Test(
        "a run that has ended takes no more requests",
        arguments: [
            ("aborted", "abort", "is aborted already"), ("done", "rollback", "To go back is another update"),
            ("done", "abort", "is done: green is live"), ("rolledBack", "rollback", "is rolled back already"),
            ("rolledBack", "abort", "is rolled back already"), ("aborted", "pause", "has ended: aborted"),
            ("done", "approve", "has ended: done"), ("done", "resume", "has ended: done"),
        ])
    func ended(_ sample: String, _ command: String, _ says: String) async throws {
        let desk = try Desk()
        try await desk.keep(sample)
        let before = try await desk.events()
        let refused = try await desk.run(command)
        #expect(refused.status == 5, "\(refused.all)")
        #expect(refused.errors.contains(says), "\(refused.errors)")
        #expect(try await desk.events() == before)
    }

    // MARK: - Approvals

    /// A run that waits for two people before the cutover.
    private func waiting(
        _ rule: ApprovalRule = .count(2), startedBy starter: String = "ada@elsewhere", approvers: Approvers? = nil
    ) async throws -> Desk {
        let desk = try Desk()
        let file = Program.checkout.appending(path: "Tests/Stores/JournalTests/Samples-b870475/plan.json")
        var plan = try PlanCoding.plan(from: Array(try Data(contentsOf: file)))
        plan.environment.approvals["cutOver"] = rule
        plan.environment.approvers = approvers
        for index in plan.steps.indices where plan.steps[index].id == "cutOver/approval" {
            plan.steps[index].action = .approval(rule.demand ?? ApprovalDemand(2), reason: "before cutOver")
        }
        plan.id = try plan.sealedID()
        let journal = try Journal(environment: "sandbox", home: desk.home)
        let now = Instant(milliseconds: 1_795_435_200_000)
        let run = try await journal.newRun(at: now)
        try await journal.save(plan: try PlanCoding.text(of: plan), id: plan.id)
        _ = try await journal.append(
            [
                .runStarted(environment: "sandbox", plan: plan.id, from: .blue, to: .green, by: starter),
                .phaseEntered(phase: "cutOver"), .stepStarted(step: "cutOver/approval", attempt: 1),
                .approvalRequested(step: "cutOver/approval", count: 2, reason: "before cutOver"),
            ], run: run, epoch: nil, at: now)
        return desk
    }

    @Test("the same person counts once, and learns how many more are needed")
    func onePerson() async throws {
        let desk = try await waiting()
        let first = try await desk.run("approve", "sandbox", "--note", "CHG 4711")
        #expect(first.status == 0, "\(first.all)")
        #expect(first.output.contains("; 1 more person is needed"), "\(first.output)")
        let before = try await desk.events()
        // Another note is no other person.
        let second = try await desk.run("approve", "sandbox", "--as", "Grace")
        #expect(second.status == 5, "\(second.all)")
        #expect(second.errors.contains("has approved already; 1 more person is needed"), "\(second.errors)")
        #expect(try await desk.events() == before)
        let empty = try await desk.run("approve", "sandbox", "--as", " ")
        #expect(empty.status == 64)
        #expect(empty.errors.contains("The note is empty"), "\(empty.errors)")
        let events = try await desk.run("history", "r-20261123-0001", "--json").events
        let approval = try #require(events.first { $0["type"]?.string == "approval.given" })
        #expect(approval["note"]?.string == "CHG 4711")
        #expect(approval["user"]?.string?.isEmpty == false)
        #expect(approval["by"]?.string == "\(approval["user"]?.string ?? "")@\(approval["host"]?.string ?? "")")
    }

    @Test("who started the run does not count where the environment wants others")
    func starter() async throws {
        let first = try await waiting()
        let output = try await first.run("approve", "sandbox").output
        let person = String(try #require(output.firstMatch(of: /approved by (\S+);/)).output.1)
        let desk = try await waiting(.needed(ApprovalDemand(2, othersOnly: true)), startedBy: person)
        let refused = try await desk.run("approve", "sandbox")
        #expect(refused.status == 5, "\(refused.all)")
        #expect(refused.errors.contains("\(person) started r-"), "\(refused.errors)")
        #expect(refused.errors.contains("2 more people are needed"), "\(refused.errors)")
        #expect(refused.errors.contains("starterCounts: false"), "\(refused.errors)")
    }

    @Test("a yes is for what the run waits for, whatever a step that is done asked for once")
    func settled() async throws {
        let desk = try await waiting()
        let journal = try Journal(environment: "sandbox", home: desk.home)
        _ = try await journal.append(
            [.skipRequested(step: "preflight/checks", reason: "CHG 4711", by: "ada@elsewhere")],
            run: "r-20261123-0001", epoch: nil, at: Instant(milliseconds: 1_795_435_200_000))
        let approved = try await desk.run("approve", "sandbox")
        #expect(approved.status == 0, "\(approved.all)")
        let events = try await desk.run("history", "r-20261123-0001", "--json").events
        let given = events.first { $0["type"]?.string == "approval.given" }
        #expect(given?["step"]?.string == "cutOver/approval")
    }

    @Test("a role that a person does not have is named with those who have it")
    func roles() async throws {
        let desk = try await waiting(
            .needed(ApprovalDemand(2, roles: ["leads"])),
            approvers: Approvers(roles: ["leads": ["grace", "edsger@ctl-1"]]))
        let refused = try await desk.run("approve", "sandbox")
        #expect(refused.status == 5, "\(refused.all)")
        #expect(refused.errors.contains("has no role whose approval counts here; 2 more people"), "\(refused.errors)")
        #expect(refused.errors.contains("leads: grace, edsger@ctl-1"), "\(refused.errors)")
    }

    @Test("a signature counts for whose key it is, and for no one where the key is not one person's")
    func signatures() async throws {
        let desk = try await waiting(
            .needed(ApprovalDemand(2, isSigned: true)), approvers: Approvers(signers: "approvers.keys"))
        let sample = Program.checkout.appending(path: "Tests/Stores/JournalTests/Samples-b870475/plan.json")
        let copy = try PlanCoding.plan(from: Array(try Data(contentsOf: sample))).source.copy
        let place = "\(desk.home)/environments/sandbox/source/\(copy)/environments/sandbox"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        var signers = ""
        for name in ["grace", "shared", "stranger"] {
            let key = "\(desk.folder)/\(name)"
            try run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key)
            let half = try String(contentsOfFile: key + ".pub", encoding: .utf8)
            if name != "stranger" { signers += (name == "shared" ? "ada,bo" : name) + " " + half }
        }
        try signers.write(toFile: place + "/approvers.keys", atomically: true, encoding: .utf8)

        let unsigned = try await desk.run("approve", "sandbox")
        #expect(unsigned.status == 5, "\(unsigned.all)")
        #expect(unsigned.errors.contains("Only a signed approval counts"), "\(unsigned.errors)")
        for name in ["shared", "stranger"] {
            let refused = try await desk.run("approve", "sandbox", "--sign", "\(desk.folder)/\(name)")
            #expect(refused.status == 5, "\(refused.all)")
            #expect(refused.errors.contains("The key's signature does not count"), "\(refused.errors)")
        }
        let missing = try await desk.run("approve", "sandbox", "--sign", "\(desk.folder)/nowhere")
        #expect(missing.status == 5, "\(missing.all)")
        #expect(missing.errors.contains("can't be signed with this key"), "\(missing.errors)")

        let signed = try await desk.run("approve", "sandbox", "--sign", "\(desk.folder)/grace", "--note", "CHG 4711")
        #expect(signed.status == 0, "\(signed.all)")
        #expect(signed.output.contains("approved by grace; 1 more person is needed"), "\(signed.output)")
        let twice = try await desk.run("approve", "sandbox", "--sign", "\(desk.folder)/grace")
        #expect(twice.status == 5, "\(twice.all)")
        #expect(twice.errors.contains("grace has approved already"), "\(twice.errors)")
    }

    // MARK: - The lock

    @Test("the lock of a process that lives on this host is not taken away by its id alone")
    func unlock() async throws {
        let desk = try Desk()
        try await desk.keep("halted-soak")
        let journal = try Journal(environment: "sandbox", home: desk.home)
        let lock = try await journal.acquire(purpose: "a test", at: Instant(milliseconds: 1_795_435_200_000))
        let refused = try await desk.run("unlock", "sandbox", "--id", lock.id)
        #expect(refused.status == 5, "\(refused.all)")
        #expect(refused.errors.contains("lives on this host: pid \(getpid())"), "\(refused.errors)")
        #expect(try await journal.currentLock() == lock)
        let resume = try await desk.run("rollback", "sandbox", "--dry-run")
        #expect(resume.status == 2, "\(resume.all)")
        let forced = try await desk.run("unlock", "sandbox", "--id", lock.id, "--force")
        #expect(forced.status == 0, "\(forced.all)")
        #expect(try await journal.currentLock() == nil)
    }

    // MARK: - Another commit

    @Test("what another commit changes in the steps left is shown, and a commit without the steps done is refused")
    func anotherCommit() async throws {
        let desk = try Desk()
        try await desk.keep("halted-configure")
        let before = try await desk.events()
        let root = desk.folder + "/root"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        for name in ["environments", "runbooks"] {
            try FileManager.default.copyItem(
                atPath: Program.checkout.appending(path: name).path, toPath: "\(root)/\(name)")
        }
        try commit(root)
        // The run has done steps that this runbook does not have.
        let refused = try await desk.run("resume", "sandbox", "--commit", "HEAD", "--dry-run", root: root)
        #expect(refused.status == 5, "\(refused.all)")
        #expect(refused.errors.contains("preflight/silence"), "\(refused.errors)")

        let runbook = root + "/runbooks/rz-update.yaml"
        let text = try String(contentsOfFile: runbook, encoding: .utf8).replacingOccurrences(
            of: "      - { id: checks, use: checks, timeout: 2m }\n",
            with: """
                      - { id: checks, use: checks, timeout: 2m }
                      - { id: silence, exec: { command: ["true"] }, timeout: 1m, onFailure: continue }
                      - { id: breathe, wait: 1s, timeout: 10s }

                """)
        try text.write(toFile: runbook, atomically: true, encoding: .utf8)
        let environment = root + "/environments/sandbox/environment.yaml"
        try String(contentsOfFile: environment, encoding: .utf8)
            .replacingOccurrences(of: "atDeadline: hold", with: "atDeadline: force")
            .write(toFile: environment, atomically: true, encoding: .utf8)
        try commit(root)
        let shown = try await desk.run("resume", "sandbox", "--commit", "HEAD", "--dry-run", root: root)
        #expect(shown.status == 2, "\(shown.all)")
        #expect(shown.output.contains("environment.drain.atDeadline: hold → force"), "\(shown.output)")
        #expect(shown.output.contains("steps.serviceGate/ask: removed"), "\(shown.output)")
        #expect(!shown.output.contains("preflight/silence"), "what is done stays as it was: \(shown.output)")
        let unasked = try await desk.run("resume", "sandbox", "--commit", "HEAD", root: root)
        #expect(unasked.status == 5)
        #expect(unasked.errors.contains("Pass --yes"), "\(unasked.errors)")
        let unknown = try await desk.run("resume", "sandbox", "--commit", "nowhere", root: root)
        #expect(unknown.status == 1)
        #expect(unknown.errors.contains("no commit nowhere"), "\(unknown.errors)")
        #expect(try await desk.events() == before)
    }

    @Test("a run past the point of no return can be moved to a commit that lets it end")
    func pastTheEnd() async throws {
        let desk = try Desk()
        try await desk.keep("halted-tearDown")
        #expect(try await desk.run("rollback", "--dry-run").status == 5)
        let root = desk.folder + "/root"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        for name in ["environments", "runbooks"] {
            try FileManager.default.copyItem(
                atPath: Program.checkout.appending(path: name).path, toPath: "\(root)/\(name)")
        }
        let runbook = root + "/runbooks/rz-update.yaml"
        var text = try String(contentsOfFile: runbook, encoding: .utf8)
        func add(_ step: String, after line: String) throws {
            try #require(text.contains(line))
            text = text.replacingOccurrences(of: line, with: line + "      - { \(step) }\n")
        }
        try add(#"id: breathe, wait: 1s, timeout: 10s"#, after: "      - { id: checks, use: checks, timeout: 2m }\n")
        try add(
            #"id: silence, exec: { command: ["true"] }, timeout: 1m"#,
            after: "      - { id: checks, use: checks, timeout: 2m }\n")
        try add(
            #"id: ask, http: { url: "http://127.0.0.1/" }, timeout: 1m"#,
            after: "      - { id: health, use: health, timeout: 15m }\n")
        try add(
            #"id: broken, exec: { command: ["true"] }, timeout: 1m"#,
            after: "      - { id: stop, use: stop, timeout: 15m, retries: 2 }\n")
        try text.write(toFile: runbook, atomically: true, encoding: .utf8)
        try commit(root)
        let shown = try await desk.run("resume", "sandbox", "--commit", "HEAD", "--dry-run", root: root)
        #expect(shown.status == 2, "\(shown.all)")
        #expect(shown.output.contains("steps.tearDown/broken.action.command: [false] → [true]"), "\(shown.output)")
        #expect(shown.output.contains("Left to do:\n  tearDown  true"), "\(shown.output)")
    }

    private func commit(_ root: String) throws {
        for arguments in [
            ["init", "-q"], ["add", "-A"],
            ["-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "-q", "-m", "Change"],
        ] {
            try run(["git", "-C", root] + arguments)
        }
    }

    private func run(_ words: String...) throws { try run(words) }

    private func run(_ words: [String]) throws {
        let program = Process()
        program.executableURL = URL(filePath: "/usr/bin/env")
        program.arguments = words
        try program.run()
        program.waitUntilExit()
        try #require(program.terminationStatus == 0)
    }
}
