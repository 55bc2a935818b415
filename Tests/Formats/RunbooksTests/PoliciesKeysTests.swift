import Migration
import Runbooks
import Testing

@Suite("policies in environment.yaml")
struct PoliciesKeysTests {
    private func rules(_ text: String) throws -> PolicyRules? {
        try Project().environment(Sample.environment + "\npolicies: \(text)\n").policies
    }

    private func problems(_ text: String) throws -> [String] {
        let error = #expect(throws: ConfigurationError.self) { _ = try rules(text) }
        return error?.problems.map(\.message) ?? []
    }

    @Test("are none without the key, and warn with an empty one")
    func absent() throws {
        #expect(try Project().environment(Sample.environment).policies == nil)
        let rules = try #require(try rules("{}"))
        #expect(Policy.allCases.allSatisfy { rules[$0] == .warn })
        #expect(rules.waivers.isEmpty && rules.maxImageAge == nil)
    }

    @Test("have each its severity, and all others the one that is named")
    func severities() throws {
        let rules = try #require(
            try rules("{ severity: off, block: [ privileged, root ], warn: [ noDigest ], maxImageAge: 90d }"))
        #expect(rules[.privileged] == .block && rules[.root] == .block)
        #expect(rules[.noDigest] == .warn && rules[.oldImage] == .off)
        #expect(rules.maxImageAge == .hours(90 * 24))
    }

    @Test("may be waived for some services, with a reason, up to a day")
    func waivers() throws {
        let rules = try rules(
            "{ waivers: [ { policy: root, services: \"/infra/*\", reason: CHG 4711, until: 2027-03-01 } ] }")
        let day = try #require(Day("2027-03-01"))
        #expect(rules?.waivers == [.init(.root, services: "/infra/*", reason: "CHG 4711", until: day)])
    }

    @Test("refuse what contradicts itself, days that are none, and waivers without a reason")
    func refused() throws {
        #expect(try problems("{ block: [ root ], off: [ root ] }") == ["root stands under `block`, too"])
        #expect(try problems("{ block: [ rot ] }").first?.contains("“rot” must be one of") == true)
        let waiver = "policy: root, services: /a, reason: r"
        #expect(try problems("{ waivers: [ { \(waiver), until: 2027-02-30 } ] }") == ["there is no day 2027-02-30"])
        #expect(try problems("{ waivers: [ { \(waiver), until: soon } ] }").count == 1)
        #expect(
            try problems("{ waivers: [ { policy: root, services: /a, until: 2027-03-01 } ] }")
                == ["\"reason\" is missing"])
    }

    @Test("may demand reports, of a file or of a program")
    func reports() throws {
        let rules = try #require(
            try rules(
                "{ reports: [ { name: lint, run: [ ansible-lint, -f, sarif ], fails: warning, timeout: 2m }, "
                    + "{ name: scan, file: reports/scan.sarif, maxAge: 7d, severity: warn } ] }"))
        #expect(
            rules.reports == [
                ReportRule(
                    name: "lint", .program(["ansible-lint", "-f", "sarif"]), fails: .warning, timeout: .minutes(2)),
                ReportRule(name: "scan", .file("reports/scan.sarif"), maxAge: .hours(7 * 24), severity: .warn),
            ])
    }

    @Test("refuse reports of two origins or none, of one name, and of files that are elsewhere")
    func refusedReports() throws {
        #expect(try problems("{ reports: [ { name: a } ] }").count == 1)
        #expect(try problems("{ reports: [ { name: a, file: b, run: [ c ] } ] }").count == 1)
        #expect(
            try problems("{ reports: [ { name: a, file: b }, { name: a, file: c } ] }") == ["two reports are called a"])
        for path in ["/etc/passwd", "../other/scan.sarif", "a/../../scan.sarif", "\"${env:SCAN}\""] {
            #expect(try problems("{ reports: [ { name: a, file: \(path) } ] }").count == 1, "\(path)")
        }
    }
}
