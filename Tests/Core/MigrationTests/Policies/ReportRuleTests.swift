import Migration
import Testing

@Suite("Reports of tools")
struct ReportRuleTests {
    private let now = Instant(milliseconds: 1_796_000_000_000)

    private func objection(
        _ report: ToolReport, fails: ToolReport.Level = .error, maxAge: Period? = nil
    ) -> String? {
        ReportRule(name: "scan", .file("scan.sarif"), fails: fails, maxAge: maxAge)
            .objection(to: .read(report), now: now)
    }

    @Test("pass where nothing is as bad as what fails them")
    func pass() {
        #expect(objection(ToolReport(tools: ["t"])) == nil)
        #expect(objection(ToolReport(tools: ["t"], results: [.init(.warning, "w"), .init(.note, "n")])) == nil)
        let warning = ToolReport(tools: ["t"], results: [.init(.note, "n"), .init(.warning, rule: "W1", "w")])
        #expect(
            objection(warning, fails: .warning) == "report scan: 1 result of level warning or worse: W1 w")
        #expect(
            objection(warning, fails: .note) == "report scan: 2 results of level note or worse: W1 w; n")
    }

    @Test("name the worst results first, and how many more there are")
    func many() {
        let results =
            [ToolReport.Result(.warning, "w")]
            + (1...4).map { .init(.error, rule: "E\($0)", at: "main.tf:\($0)", "e") }
        #expect(
            objection(ToolReport(tools: ["t"], results: results), fails: .warning)
                == "report scan: 5 results of level warning or worse: main.tf:1 E1 e; main.tf:2 E2 e; main.tf:3 E3 e; and 2 more"
        )
    }

    @Test("fail where the tool itself says that they do, though no result does")
    func disagreement() {
        #expect(objection(ToolReport(tools: ["t"], exitStatus: 0)) == nil)
        let refused = ToolReport(tools: ["t"], results: [.init(.warning, rule: "load-failure", "w")], exitStatus: 2)
        #expect(objection(refused)?.hasPrefix("report scan: its tool exited with 2, though no result fails it") == true)
        #expect(objection(refused, fails: .warning)?.contains("load-failure") == true)
    }

    @Test("are absent, which is no pass, where they are too old, don't say their age, or could not be read")
    func absent() {
        let old = ToolReport(tools: ["t"], ended: now - .hours(25))
        #expect(objection(old) == nil)
        #expect(objection(old, maxAge: .hours(26)) == nil)
        #expect(
            objection(old, maxAge: .hours(24)) == "report scan is absent: it was made 1d1h ago, and may be 1d old")
        #expect(objection(ToolReport(tools: ["t"]), maxAge: .hours(24))?.hasPrefix("report scan is absent") == true)
        let rule = ReportRule(name: "scan", .file("scan.sarif"))
        #expect(rule.objection(to: .absent(reason: "no file"), now: now) == "report scan is absent: no file")
        #expect(rule.objection(to: nil, now: now) == "report scan is absent: it was not read")
    }
}
