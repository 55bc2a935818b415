import JSON
import Migration
import Schedules

/// Reports in the Static Analysis Results Interchange Format, which linters and scanners write.
///
/// Source: OASIS Standard "SARIF Version 2.1.0", 27 March 2020.
enum SARIF {
    /// - Throws: `Failure` when the text is no such report.
    static func finding(in text: String) throws(Failure) -> ReportFinding {
        let log: JSON
        do {
            log = try JSON(parsing: text)
        } catch {
            throw Failure("it is not JSON", details: ["\(error)"])
        }
        guard let version = log["version"]?.string, version.hasPrefix("2.1.") else {
            throw Failure("it is not SARIF 2.1: its `version` is \(log["version"]?.string ?? "missing")")
        }
        let runs = log["runs"]?.array ?? []
        guard !runs.isEmpty else { return .absent(reason: "it holds no run of a tool") }
        var report = ToolReport(tools: [])
        var ends: [Instant?] = []
        for run in runs {
            let name = tool(of: run)
            report.tools.append(name)
            let invocations = run["invocations"]?.array ?? []
            // `executionSuccessful`: whether the tool came to its end, whatever it found.
            guard !invocations.contains(where: { $0["executionSuccessful"]?.bool == false }) else {
                return .absent(reason: "\(name) says that it did not come to its end")
            }
            // `results` is null, or left out, where the run has no results because it did not begin or was not asked.
            guard let results = run["results"]?.array else {
                return .absent(reason: "the run of \(name) has no `results`, not even an empty list")
            }
            if let worst = invocations.compactMap({ $0["exitCode"]?.int }).first(where: { $0 != 0 }) {
                report.exitStatus = worst
            }
            report.results += results.compactMap { result(of: $0, in: run) }
            ends.append(invocations.compactMap { $0["endTimeUtc"]?.string }.compactMap { Instant(iso8601: $0) }.max())
        }
        // The oldest of several runs is as old as the report is.
        report.ended = ends.contains(nil) ? nil : ends.compactMap { $0 }.min()
        return .read(report)
    }

    private static func tool(of run: JSON) -> String {
        let driver = run["tool"]?["driver"]
        let version = driver?["semanticVersion"]?.string ?? driver?["version"]?.string
        return [driver?["name"]?.string ?? "a tool without a name", version].compactMap { $0 }.joined(separator: " ")
    }

    /// Nil for one that is no failure, is gone, or was accepted.
    private static func result(of result: JSON, in run: JSON) -> ToolReport.Result? {
        // Only those of kind `fail` have a level; it is the default.
        guard result["kind"]?.string ?? "fail" == "fail" else { return nil }
        // `absent`: it was there in an earlier run, and is not any more.
        guard result["baselineState"]?.string != "absent", !isSuppressed(result) else { return nil }
        let rule = rule(of: result, in: run)
        let word = result["level"]?.string ?? rule?["defaultConfiguration"]?["level"]?.string ?? "warning"
        guard word != "none" else { return nil }
        // A word that the standard does not know is not taken for less than the worst.
        let level = ToolReport.Level(rawValue: word) ?? .error
        return ToolReport.Result(
            level, rule: result["ruleId"]?.string ?? rule?["id"]?.string ?? "", at: place(of: result),
            text(of: result, rule))
    }

    /// Not where someone still looks at it, or has refused it.
    private static func isSuppressed(_ result: JSON) -> Bool {
        let suppressions = result["suppressions"]?.array ?? []
        return !suppressions.isEmpty
            && !suppressions.contains { ["underReview", "rejected"].contains($0["status"]?.string ?? "accepted") }
    }

    /// By its index in the tool's rules, or by its id, of which one may be a part: `CA2101/1` is of `CA2101`.
    private static func rule(of result: JSON, in run: JSON) -> JSON? {
        let reference = result["rule"]
        guard let rules = component(of: reference, in: run)?["rules"]?.array else { return nil }
        if let index = result["ruleIndex"]?.int ?? reference?["index"]?.int, rules.indices.contains(index) {
            return rules[index]
        }
        guard let id = result["ruleId"]?.string ?? reference?["id"]?.string else { return nil }
        return rules.first { rule in
            rule["id"]?.string.map { $0 == id || id.hasPrefix($0 + "/") } ?? false
        }
    }

    /// The tool itself, or one of its extensions.
    private static func component(of reference: JSON?, in run: JSON) -> JSON? {
        guard let index = reference?["toolComponent"]?["index"]?.int else { return run["tool"]?["driver"] }
        return run["tool"]?["extensions"]?[index]
    }

    private static func place(of result: JSON) -> String {
        let physical = result["locations"]?[0]?["physicalLocation"]
        guard let file = physical?["artifactLocation"]?["uri"]?.string else { return "" }
        return physical?["region"]?["startLine"]?.int.map { "\(file):\($0)" } ?? file
    }

    /// The text itself, or an id of the rule's texts.
    private static func text(of result: JSON, _ rule: JSON?) -> String {
        let message = result["message"]
        if let text = message?["text"]?.string { return line(text) }
        if let id = message?["id"]?.string, let text = rule?["messageStrings"]?[id]?["text"]?.string {
            return line(text)
        }
        return line(rule?["shortDescription"]?["text"]?.string ?? "")
    }

    private static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
