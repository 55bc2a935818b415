import Migration
import Testing

@Suite("What a step gives")
struct StepOutputsTests {
    private let outputs = ["rows": StepOutput(.integer), "isFull": StepOutput(.boolean), "note": StepOutput(.text)]

    @Test("is taken in its type")
    func taken() throws {
        let values = try outputs.values(["rows": "+07", "isFull": "true", "note": "a = b"], of: "preflight/count")
        #expect(values == ["rows": "7", "isFull": "true", "note": "a = b"])
    }

    @Test("is refused when it is missing, of another type, or not declared: all at once")
    func refused() {
        let failure = #expect(throws: Failure.self) {
            try outputs.values(["rows": "many", "isFull": "yes", "more": "x"], of: "preflight/count")
        }
        #expect(
            failure?.details == [
                "more is not declared", "isFull is not true or false",
                "note is missing: a line of at most 1000 characters without $, { and }", "rows is not a whole number",
            ])
    }

    @Test(
        "holds nothing that would be filled in again, and no second line",
        arguments: ["${env:TOKEN}", "{{ run }}", "$", "}", "a\nb", "a\u{7}b", String(repeating: "x", count: 1_001)])
    func plain(text: String) { #expect(StepOutput(.text).value(text) == nil) }

    private func words(_ outputs: [StepID: [String: String]] = [:]) -> RunWords {
        RunWords(.ofOneStep, "r-20261201-0001", .announce, outputs: outputs)
    }

    @Test("is filled into commands and requests; what is missing is named")
    func filled() {
        let words = words(["preflight/count.all": ["rows": "7"]])
        let work = ExecWork(
            command: ["x", "{{ preflight/count.all.rows }}", "{{run}}"],
            undo: ["y", "{{ preflight/count.all.rows }}{{ preflight/ticket.id }}"])
        #expect(work.named(by: words).command == ["x", "7", "r-20261201-0001"])
        #expect(words.missing(in: work.settings).isEmpty)
        #expect(words.missing(in: work.undo ?? []) == ["preflight/ticket.id"])
        #expect(work.named(by: words.orEmpty).undo == ["y", "7"])
    }

    @Test(
        "decides whether a later step is done",
        arguments: [
            (Condition("color", is: "green"), nil), (Condition("color", isNot: "green"), "color is green, "),
            (Condition("a/b.rows", above: 6), nil), (Condition("a/b.rows", above: 7), "a/b.rows is 7, "),
            (Condition("a/b.rows", below: 8), nil), (Condition("a/b.rows", below: 7), "a/b.rows is 7, "),
            (Condition("a/b.rows", is: "7"), nil), (Condition("a/c.rows", isNot: "7"), "nothing gave a/c.rows"),
        ])
    func conditions(condition: Condition, reason: String?) {
        let unmet = condition.isUnmet(words(["a/b": ["rows": "7"]]))
        #expect((unmet == nil) == (reason == nil))
        if let reason { #expect(unmet?.hasPrefix(reason) == true, "\(unmet ?? "")") }
    }
}
