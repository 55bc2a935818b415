import Migration
import Operations
import Runbooks
import Testing

@Suite("What steps of a runbook give to each other")
struct OutputsKeysTests {
    private static let checks = "- { id: checks, use: checks, timeout: 2m }"
    private static let soak = "- { id: soak, use: soak, timeout: 5m }"
    private static let count =
        "- { id: count, timeout: 1m, exec: { command: [ bin/count ], outputs: { rows: integer, full: boolean, id: text } } }"

    /// With the counting step in preflight, and lines after it and in soak.
    private static func runbook(preflight: String = "", soak line: String = "") -> String {
        let preflight = ([checks, count] + (preflight.isEmpty ? [] : [preflight])).joined(separator: "\n      ")
        let soak = (line.isEmpty ? [soak] : [soak, line]).joined(separator: "\n      ")
        return Sample.runbook.changing(checks, to: preflight).changing(Self.soak, to: soak)
    }

    private static func exec(_ word: String) -> String {
        "- { id: say, timeout: 1m, exec: { command: [ say, \"{{ \(word) }}\" ] } }"
    }

    private static func wait(_ condition: String) -> String { "- { id: more, wait: 1m, when: [ { \(condition) } ] }" }

    @Test("is read, and what is done only where something holds")
    func read() throws {
        let http =
            "- { id: ticket, timeout: 1m, http: { url: \"http://t\", outputs: { id: { type: text, at: /ticket/id } } } }"
        let runbook = try Project().runbook(
            Self.runbook(
                preflight: http,
                soak:
                    "- { id: more, wait: 1h, when: [ { value: preflight/count.rows, above: 1000 }, { value: color, is: green } ] }"
            ))
        let steps = runbook.phases[.preflight]?.steps ?? []
        #expect(
            steps[1].work
                == .exec(
                    ExecWork(
                        command: ["bin/count"],
                        outputs: ["rows": StepOutput(.integer), "full": StepOutput(.boolean), "id": StepOutput(.text)]))
        )
        #expect(
            steps[2].work == .http(HTTPWork(url: "http://t", outputs: ["id": StepOutput(.text, at: "/ticket/id")])))
        #expect(
            runbook.phases[.soak]?.steps.last?.when
                == [Condition("preflight/count.rows", above: 1000), Condition("color", is: "green")])
    }

    @Test(
        "may be used below in the phase, in every later one, and by what takes the step itself back",
        arguments: [
            runbook(preflight: exec("preflight/count.rows")), runbook(soak: exec("preflight/count.id")),
            runbook(
                preflight: "- { id: t, timeout: 1m, exec: { command: [ a ], undo: [ b, \"{{ preflight/t.id }}\" ], "
                    + "outputs: { id: text } } }"),
            runbook(soak: wait("value: preflight/count.full, is: true")),
            runbook(soak: wait("value: oldColor, isNot: blue")),
        ])
    func used(text: String) throws { #expect(try Project.problems(runbook: text) == []) }

    @Test(
        "is refused where no step gives it in time, or where it can't be what it is compared with",
        arguments: [
            (runbook(soak: exec("preflight/cont.rows")), "no step is called preflight/cont; did you mean"),
            (runbook(soak: exec("preflight/count.row")), "preflight/count gives full, id, rows; did you mean"),
            (runbook(soak: exec("preflight/checks.x")), "preflight/checks gives nothing"),
            (runbook(preflight: exec("soak/soak.x")), "soak/soak gives nothing before this step is done"),
            (
                runbook(
                    preflight:
                        "- { id: say, timeout: 1m, needs: [], exec: { command: [ \"{{ preflight/count.id }}\" ] } }"),
                "preflight/count gives nothing before this step is done"
            ),
            (runbook(soak: wait("value: preflight/count.id, above: 3")), "preflight/count.id is no number"),
            (runbook(soak: wait("value: color, above: 3")), "color is no number"),
            (runbook(soak: wait("value: preflight/count.full, is: yes")), "is never “yes”: it is true or false"),
            (runbook(soak: wait("value: colour, is: green")), "did you mean \"color\""),
            (runbook(soak: wait("value: color")), "one of is, isNot, above, below is needed"),
            (runbook(soak: wait("value: color, is: green, isNot: blue")), "is and isNot can't be given together"),
            (
                runbook().changing(
                    soak, to: "- { id: soak, use: soak, timeout: 5m, when: [ { value: color, is: green } ] }"),
                "soak is never left out"
            ),
            (
                runbook(preflight: "- { id: a, timeout: 1m, exec: { command: [ b ], outputs: { a-b: text } } }"),
                "the name of an output has letters"
            ),
            (
                runbook(preflight: "- { id: a, timeout: 1m, exec: { command: [ b ], outputs: { c: float } } }"),
                "must be one of text, integer, boolean"
            ),
            (
                runbook(
                    preflight:
                        "- { id: a, timeout: 1m, http: { url: \"http://b\", outputs: { c: { type: text, at: c } } } }"),
                "a JSON pointer is written as /hosts/0/name"
            ),
        ])
    func refused(text: String, expected: String) throws {
        let problems = try Project.problems(runbook: text)
        #expect(problems.count == 1, "\(problems)")
        #expect(problems.first?.contains(expected) == true, "\(problems)")
    }
}
