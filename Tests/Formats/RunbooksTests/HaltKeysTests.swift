import Migration
import Runbooks
import Testing

@Suite("What a runbook has done on a halt")
struct HaltKeysTests {
    private static func runbook(_ hooks: String...) -> String {
        Sample.runbook + "\nonHalt:\n" + hooks.map { "  - \($0)\n" }.joined()
    }

    @Test("is a program or a request")
    func read() throws {
        let runbook = try Project().runbook(
            Self.runbook(
                "{ id: page, exec: { command: [ bin/page, \"{{ reason }}\" ] }, timeout: 30s, retries: 2 }",
                "{ id: tell, http: { method: POST, url: \"http://chat\", body: \"{{ run }}: {{ reason }}\" }, timeout: 5s }"
            ))
        #expect(
            runbook.onHalt == [
                RunbookStep(
                    id: "page", work: .exec(ExecWork(command: ["bin/page", "{{ reason }}"])), timeout: .seconds(30),
                    retries: 2),
                RunbookStep(
                    id: "tell",
                    work: .http(HTTPWork(method: "POST", url: "http://chat", body: "{{ run }}: {{ reason }}")),
                    timeout: .seconds(5)),
            ])
    }

    @Test(
        "is refused where it would change, need or say what there may not be",
        arguments: [
            ("{ id: a, exec: { command: [ b ] } }", "timeout"),
            ("{ id: a, wait: 1s, timeout: 1s }", "wait"),
            ("{ id: a, exec: { command: [ b ], affects: new }, timeout: 1s }", "affects"),
            ("{ id: a, exec: { command: [ b ], outputs: { c: text } }, timeout: 1s }", "outputs"),
            ("{ id: a, exec: { command: [ \"{{ control[0].address }}\" ] }, timeout: 1s }", "before there are servers"),
            ("{ id: a, exec: { command: [ \"{{ preflight/b.c }}\" ] }, timeout: 1s }", "no step is called preflight/b"),
            ("{ id: a, http: { url: \"http://b/{{ reason }}\" }, timeout: 1s }", "write it into the body"),
            ("{ id: a, exec: { command: [ b, \"{{ raeson }}\" ] }, timeout: 1s }", "did you mean \"reason\"?"),
        ])
    func refused(hook: String, expected: String) throws {
        let problems = try Project.problems(runbook: Self.runbook(hook))
        #expect(
            !problems.isEmpty && problems.allSatisfy { $0.contains(expected) || $0.contains("onHalt") }, "\(problems)")
        #expect(problems.contains { $0.contains(expected) }, "\(problems)")
    }

    @Test("has a name of its own, and steps know no reason")
    func names() throws {
        let page = "{ id: page, exec: { command: [ a ] }, timeout: 1s }"
        let twice = try Project.problems(runbook: Self.runbook(page, page))
        #expect(twice.count == 1 && twice[0].contains("page comes twice in onHalt"), "\(twice)")
        let checks = "- { id: checks, use: checks, timeout: 2m }"
        let step = "- { id: a, exec: { command: [ \"{{ reason }}\" ] }, timeout: 1m }"
        let problems = try Project.problems(runbook: Sample.runbook.changing(checks, to: "\(checks)\n      \(step)"))
        #expect(problems.count == 1 && problems[0].contains("{{ reason }} is neither"), "\(problems)")
    }
}
