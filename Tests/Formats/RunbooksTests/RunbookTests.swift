import Migration
import Operations
import Runbooks
import Testing

@Suite("A runbook file")
struct RunbookTests {
    private static let destroy = "- { id: destroy, use: destroy, timeout: 60m }"
    private static let checks = "- { id: checks, use: checks, timeout: 2m }"

    private func problems(_ old: String, _ new: String) throws -> [String] {
        try Project.problems(runbook: Sample.runbook.changing(old, to: new))
    }

    @Test("gives every kind of step its place")
    func kinds() throws {
        let steps = """
            onFailure: rollback
            steps:
              - { id: checks, use: checks, timeout: 2m, retries: 3 }
              - { id: smoke, exec: { command: [ a, "${env:B}" ], variables: { C: "" }, affects: new,
                  undo: [ a, "{{ run }}" ] }, timeout: 1m,
                  onFailure: continue, needs: [] }
              - { id: ask, approval: { count: 2, reason: Shall we? }, timeout: 8h, needs: [ checks, smoke ] }
              - { id: tell, timeout: 5s, onFailure: continue,
                  http: { method: POST, url: "https://a/b", headers: { X: y }, body: "{}", expect: 204 } }
              - { id: pause, wait: 30s }
              - { id: rest, wait: 30s, timeout: 5s }
            """.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
        let runbook = try Project().runbook(
            Sample.runbook.changing("    steps:\n      \(RunbookTests.checks)", to: steps))
        #expect(
            runbook.phases[.preflight]
                == PhaseRule(
                    steps: [
                        RunbookStep(id: "checks", work: .builtIn(.checks), timeout: .minutes(2), retries: 3),
                        RunbookStep(
                            id: "smoke",
                            work: .exec(
                                ExecWork(
                                    command: ["a", "${env:B}"], variables: ["C": ""], affects: .new,
                                    undo: ["a", "{{ run }}"])),
                            needs: [], timeout: .minutes(1), onFailure: .continue),
                        RunbookStep(
                            id: "ask", work: .approval(ApprovalDemand(2), reason: "Shall we?"),
                            needs: ["checks", "smoke"],
                            timeout: .hours(8)),
                        RunbookStep(
                            id: "tell",
                            work: .http(
                                HTTPWork(
                                    method: "POST", url: "https://a/b", headers: ["X": "y"], body: "{}", expect: 204)),
                            timeout: .seconds(5), onFailure: .continue),
                        RunbookStep(id: "pause", work: .wait(.seconds(30)), timeout: .seconds(10)),
                        RunbookStep(id: "rest", work: .wait(.seconds(30)), timeout: .seconds(5)),
                    ], onFailure: .rollback))
    }

    @Test("is refused with phases in another order")
    func order() throws {
        let soak = "  soak:\n    steps:\n      - { id: soak, use: soak, timeout: 5m }\n"
        let text = Sample.runbook.changing(soak, to: "").changing("  drain:\n", to: soak + "  drain:\n")
        #expect(
            try Project.problems(runbook: text) == [
                "31:3: drain comes before soak, always: the order of the phases can't be changed"
            ])
    }

    @Test(
        "is refused without a step that its phase can't do without",
        arguments: Operation.rzUpdate.steps.filter { $0.standsFor == nil }.map(\.use))
    func missing(builtIn: BuiltIn) throws {
        let lines = Sample.runbook.split(separator: "\n", omittingEmptySubsequences: false)
        let without = lines.map { line in
            line.contains("use: \(builtIn.rawValue),") ? "      - { id: other, wait: 1s }" : String(line)
        }
        let problems = try Project.problems(runbook: without.joined(separator: "\n"))
        let step = try #require(Operation.rzUpdate.step(builtIn))
        let isNeeded = ![.disks, .configuration, .register, .unregister].contains(builtIn)
        #expect(step.isRequired == isNeeded)
        #expect(problems.count == (isNeeded ? 1 : 0))
        for problem in problems { #expect(problem.contains("no step uses `\(builtIn)`, which \(step.phase)")) }
    }

    @Test(
        "is refused for unsafe or senseless steps, with the reason",
        arguments: [
            (checks, "- { id: checks, use: checks }", "no `timeout`: every wait must end"),
            (checks, "- { id: checks, use: checks, timeout: 0s }", "longer than nothing"),
            (checks, "- { id: checks, use: soak, timeout: 2m }", "`soak` belongs to the phase soak, not to preflight"),
            (
                checks, "- { id: checks, use: chekcs, timeout: 2m }",
                "“chekcs” must be one of checks; did you mean \"checks\"?"
            ),
            (checks, checks + "\n      - { id: c2, use: checks, timeout: 2m }", "`checks` is used more than once"),
            (checks, checks + "\n      - { id: checks, wait: 1s }", "the step checks comes twice in preflight"),
            (checks, checks + "\n      - { id: approval, wait: 1s }", "choose another id"),
            (checks, checks + "\n      - { id: a/b, wait: 1s }", "a name has letters"),
            (
                checks, checks + "\n      - { id: a, timeout: 1s }",
                "one of use, exec, approval, http, wait, part is needed"
            ),
            (
                checks, checks + "\n      - { id: a, wait: 1s, exec: { command: [ b ] } }",
                "exec and wait can't be given together"
            ),
            (checks, "- { id: checks, use: checks, timeout: 2m, onFailure: continue }", "can't go on without `checks`"),
            (
                "preflight:\n", "preflight:\n    onFailure: continue\n",
                "the run can't go on without `checks`, so it can't `continue`"
            ),
            (
                checks,
                checks + "\n      - { id: ask, approval: { count: 1, reason: x }, timeout: 1h, onFailure: continue }",
                "would go on without the approval ask"
            ),
            (
                checks, checks + "\n      - { id: a, exec: { command: [ b, \"{{ colour }}\" ] }, timeout: 1m }",
                "nor a word of the run: environment, run, color, oldColor, phase, step"
            ),
            (
                checks, checks + "\n      - { id: a, http: { url: \"http://b/{{ rnu }}\" }, timeout: 1m }",
                "did you mean \"run\"?"
            ),
            ("tearDown:\n", "tearDown:\n    onFailure: rollback\n", "there is no way back from tearDown"),
            (
                destroy, "- { id: destroy, use: destroy, timeout: 60m, onFailure: rollback }",
                "there is no way back from tearDown"
            ),
            (destroy, "- { id: destroy, use: destroy, timeout: 60m, needs: [] }", "destroy must need stop"),
            (
                "- { id: shift, use: shift, timeout: 15m }", "- { id: shift, use: shift, timeout: 15m, needs: [] }",
                "shift must need ready: traffic must not move"
            ),
            (
                "- { id: servers, use: servers, timeout: 60m }",
                "- { id: servers, use: servers, timeout: 60m, needs: [] }", "servers must need disks"
            ),
            (checks, "- { id: checks, use: checks, timeout: 2m, needs: [ checks ] }", "checks can't need itself"),
            (
                checks, "- { id: checks, use: checks, timeout: 2m, needs: [ a ] }\n      - { id: a, wait: 1s }",
                "a stands further down"
            ),
            (destroy, "- { id: destroy, use: destroy, timeout: 60m, needs: [ stpo, stop ] }", "did you mean \"stop\"?"),
            (
                destroy, "- { id: destroy, use: destroy, timeout: 60m, needs: [ stop, drain ] }",
                "drain is a step of drain; needs are within a phase"
            ),
        ])
    func refused(old: String, new: String, expected: String) throws {
        let problems = try problems(old, new)
        #expect(problems.count == 1, "\(problems)")
        #expect(problems.first?.contains(expected) == true, "\(problems)")
    }

    @Test("is refused when a step changes the old color before drain is over", arguments: [Phase].rzUpdate.map(\.id))
    func oldColor(phase: PhaseID) throws {
        for work in ["exec: { command: [ a ], affects: old }", "http: { url: \"http://a\", affects: old }"] {
            let text = Sample.runbook.changing(
                "  \(phase):\n    steps:\n", to: "  \(phase):\n    steps:\n      - { id: x, \(work), timeout: 1m }\n")
            let problems = try Project.problems(runbook: text)
            #expect(problems.count == (phase != .tearDown ? 1 : 0))
            #expect(problems.allSatisfy { $0.contains("the old color carries users' traffic until drain is over") })
        }
    }

    @Test("is refused when it is called otherwise than its file")
    func name() throws {
        #expect(
            try problems("name: rz-update", "name: update") == [
                "2:7: the name is \"update\", but the file is called \"rz-update\""
            ])
    }
}

@Suite("A runbook together with an environment")
struct ApprovalTests {
    private static let ask = "- { id: ask, approval: { count: 1, reason: Destroy? }, timeout: 8h"

    private func verdict(_ runbook: String, _ more: String = "") throws -> String? {
        let project = try Project()
        let environment = try project.environment(Sample.environment + more)
        let runbook = try project.runbook(runbook)
        do throws(ConfigurationError) {
            try validateRunbook(runbook, with: environment)
            return nil
        } catch {
            return error.description
        }
    }

    @Test("is refused when no one has to approve the destruction")
    func nobody() throws {
        let verdict = try verdict(Sample.runbook)
        #expect(
            verdict?.hasPrefix("runbooks/rz-update.yaml: tearDown destroys servers and no one has to approve") == true)
        #expect(try self.verdict(Sample.runbook, "approvals: { tearDown: 0 }\n") != nil)
        #expect(try self.verdict(Sample.runbook, "approvals: { cutOver: 2 }\n") != nil)
    }

    @Test("is fine with an approval of the environment, or a waiver")
    func environment() throws {
        #expect(try verdict(Sample.runbook, "approvals: { tearDown: 1 }\n") == nil)
        #expect(try verdict(Sample.runbook, "approvals: { tearDown: { waived: a test } }\n") == nil)
    }

    @Test("is fine with an approval that the destruction needs, directly or not")
    func needed() throws {
        let stop = "- { id: stop, use: stop, timeout: 15m"
        let before = Sample.runbook.changing(stop, to: ApprovalTests.ask + " }\n      " + stop)
        #expect(try verdict(before) == nil)
        #expect(try verdict(before.changing(stop, to: stop + ", needs: [ ask ]")) == nil)
    }

    @Test("is refused when the destruction does not wait for the approval")
    func notNeeded() throws {
        let stop = "- { id: stop, use: stop, timeout: 15m"
        let beside = Sample.runbook.changing(stop, to: ApprovalTests.ask + " }\n      " + stop + ", needs: []")
        #expect(try verdict(beside) != nil)
        let destroy = "- { id: destroy, use: destroy, timeout: 60m }\n"
        let after = Sample.runbook.changing(destroy, to: destroy + "      " + ApprovalTests.ask + " }\n")
        #expect(try verdict(after) != nil)
    }

    @Test("is refused when nothing configures the servers that should be configured")
    func configuration() throws {
        let without = Sample.runbook.changing("- { id: site, use: configuration, timeout: 60m }", to: "[]")
            .changing("configure:\n    steps:\n      []", to: "configure: { steps: [] }")
        let approvals = "approvals: { tearDown: 1 }\n"
        #expect(try verdict(without, approvals) == nil)
        let verdict = try verdict(without, approvals + "configure: { ansible: { playbook: site.yaml } }\n")
        #expect(verdict?.contains("the environment shop configures servers, but no step uses `configuration`") == true)
    }
}
