import Migration

/// `policies` of an environment.
enum PoliciesFormat {
    private static let standard = PolicyRules()
    private static let policy = Shape.choice(Policy.allCases.map(\.rawValue))

    static let shape = Shape.object([
        .optional(
            "severity", .choice(PolicyRules.Severity.allCases.map(\.rawValue)),
            "what a breach of a policy does that is not named below: the plan is blocked, or warns, or no one looks",
            default: standard.severity.rawValue, example: "warn"),
        .optional("block", .list(policy, atLeast: 1), "policies whose breach blocks the plan", example: "[privileged]"),
        .optional("warn", .list(policy, atLeast: 1), "those of which the plan warns", example: "[noHealthCheck]"),
        .optional("off", .list(policy, atLeast: 1), "those that no one looks at", example: "[noDigest]"),
        .optional(
            "maxImageAge", .periodAboveZero, "how old an image may be, by its own label; without it any age",
            example: "90d"),
        .optional("waivers", .list(waiver, atLeast: 1), "breaches that are allowed for a time"),
        .optional(
            "reports", .list(report, atLeast: 1),
            "reports of linters and scanners (SARIF 2.1.0) that must be there and pass"),
    ])

    private static let waiver = Shape.object([
        .required("policy", policy, "the policy", example: "root"),
        .required("services", .text, "ids of services, * for any text", example: "\"/infra/*\""),
        .required("reason", .text, "why it may be", example: "\"CHG 4711: the vendor's image\""),
        .required("until", .string(.day, references: false), "its last day, in UTC", example: "2027-03-01"),
    ])

    private static let standardReport = ReportRule(name: "", .file(""))

    private static let report = Shape.object(
        [
            .required("name", .text, "what people call it", example: "ansible-lint"),
            .optional(
                "run", .list(.text, atLeast: 1),
                "a program and its arguments, run in the environment's folder of the pinned commit, which writes the report "
                    + "to its standard output, or as `file` into the folder `{{ reports }}`",
                example: "[ansible-lint, --offline, -f, sarif, site.yaml]"),
            .optional(
                "file", .text(.innerPath),
                "the report, in the environment's folder of the pinned commit; with `run` in `{{ reports }}`",
                example: "reports/trivy.sarif"),
            .optional(
                "fails", .choice(ToolReport.Level.allCases.map(\.rawValue)), "the lowest level that fails",
                default: standardReport.fails.rawValue, example: "warning"),
            .optional(
                "maxAge", .periodAboveZero, "how old it may be, by its own `endTimeUtc`; without it any age",
                example: "7d"),
            .optional(
                "timeout", .periodAboveZero, "how long the program may take", default: standardReport.timeout,
                example: "2m"),
            .optional(
                "severity", .choice(PolicyRules.Severity.allCases.map(\.rawValue)),
                "what a report does that fails or is absent", default: standardReport.severity.rawValue,
                example: "warn"),
        ], rules: [.atLeastOne(["run", "file"], otherwise: "`run` or `file` says where the report comes from")])

    static func rules(_ value: Value, _ reader: inout Reader) -> PolicyRules {
        var rules = PolicyRules()
        if let severity = value["severity"].flatMap({ PolicyRules.Severity(rawValue: $0.text) }) {
            rules.severity = severity
        }
        for severity in PolicyRules.Severity.allCases {
            for name in value[severity.rawValue]?.list ?? [] {
                guard let policy = Policy(rawValue: name.text) else { continue }
                if let other = rules.severities.updateValue(severity, forKey: policy) {
                    reader.problem("\(policy.rawValue) stands under `\(other.rawValue)`, too", at: name)
                }
            }
        }
        rules.maxImageAge = value["maxImageAge"]?.period
        rules.waivers = (value["waivers"]?.list ?? []).compactMap { waiver in
            guard let policy = waiver["policy"].flatMap({ Policy(rawValue: $0.text) }),
                let day = reader.day(waiver["until"])
            else { return nil }
            return PolicyRules.Waiver(
                policy, services: waiver["services"]?.text ?? "", reason: waiver["reason"]?.text ?? "", until: day)
        }
        for entry in value["reports"]?.list ?? [] {
            let report = self.report(entry)
            if case .program(let words, .some) = report.origin, let run = entry["run"],
                !words.contains(where: { $0.contains(ReportRule.folderWord) })
            {
                reader.problem("`\(ReportRule.folderWord)` must stand in `run`: the folder for `file`", at: run)
            }
            if rules.reports.contains(where: { $0.name == report.name }), let name = entry["name"] {
                reader.problem("two reports are called \(report.name)", at: name)
            }
            rules.reports.append(report)
        }
        return rules
    }

    private static func report(_ value: Value) -> ReportRule {
        let origin: ReportRule.Origin =
            value["run"].map { .program($0.list.map(\.text), writes: value["file"]?.text) }
            ?? .file(value["file"]?.text ?? "")
        var report = ReportRule(name: value["name"]?.text ?? "", origin)
        report.fails = value["fails"].flatMap { ToolReport.Level(rawValue: $0.text) } ?? report.fails
        report.maxAge = value["maxAge"]?.period
        report.timeout = value["timeout"]?.period ?? report.timeout
        report.severity = value["severity"].flatMap { PolicyRules.Severity(rawValue: $0.text) } ?? report.severity
        return report
    }
}
