import ArgumentParser
import JSON
import Journal
import Migration

struct JournalRepairCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Put a new journal with every event that is proven instead of a damaged one.",
        discussion: """
            The damaged files are moved aside and never changed. First shows what is kept, what is lost, and what to \
            check by hand; then asks.

              rz journal repair shop
              rz journal repair shop --dry-run
            """)

    @Argument(help: "The environment.")
    var environment: String

    @Flag(name: .long, help: "Show what would be kept and lost; change nothing.")
    var dryRun = false

    @Flag(name: .long, help: "Do not ask.")
    var yes = false

    @Flag(name: .long, help: "Print one JSON object; does not ask, so it needs --yes or --dry-run.")
    var json = false

    func run() async throws {
        try await exiting {
            let home = try Places.trusted().home
            let repair: Repair
            let findings: Repair.Findings
            do throws(JournalError) {
                repair = try Repair(environment: environment, home: home)
                findings = try repair.look()
            } catch {
                throw error.failure
            }
            if findings.difference == nil {
                show(findings, nil)
                return .done
            }
            if dryRun {
                show(findings, nil)
                return .changes
            }
            if json, !yes {
                throw Failure(
                    "--json can't ask for confirmation, so nothing was changed",
                    advice: "Add --yes, or --dry-run to look.",
                    kind: .refused)
            }
            if !json { show(findings, nil) }
            guard yes || confirm("\nRepair the journal of \(environment)? Only `yes` does it:") else {
                throw Failure("Nothing was changed", kind: .refused)
            }
            let outcome: Repair.Outcome
            do throws(JournalError) { outcome = try repair.perform(at: SystemClock().now) } catch {
                throw error.failure
            }
            if json { show(outcome.findings, outcome) } else { report(outcome) }
            return .done
        }
    }

    private func show(_ findings: Repair.Findings, _ outcome: Repair.Outcome?) {
        let text = json ? RepairReport.json(findings, outcome) : RepairReport.text(findings, environment)
        Terminal.standardOutput.write(text + "\n")
    }

    private func report(_ outcome: Repair.Outcome) {
        var lines = [
            "",
            "Repaired: \(outcome.findings.keptEvents) events kept, \(outcome.added) added that make the run careful.",
            "The damaged journal, unchanged: \(outcome.aside)",
        ]
        lines.append(
            outcome.findings.checks.isEmpty
                ? "Go on as before: rz status \(environment)"
                : "Check what is named above, then: rz status \(environment)")
        Terminal.standardOutput.write(lines.joined(separator: "\n") + "\n")
    }
}

/// What a repair keeps and loses, in words and for machines.
enum RepairReport {
    /// So many lost events are listed; the rest is counted.
    private static let listed = 20

    static func text(_ findings: Repair.Findings, _ environment: String) -> String {
        guard let difference = findings.difference else {
            return "The journal of \(environment) is sound: \(findings.keptEvents) events. There is nothing to repair."
        }
        var lines = [difference, ""]
        lines.append("  kept   \(kept(findings))")
        lines.append("  lost   \(lost(findings))")
        lines += findings.readable.prefix(listed).map { "           \($0.sequence)  \($0.time)  \($0.run)  \($0.type)" }
        if findings.readable.count > listed { lines.append("           … \(findings.readable.count - listed) more") }
        if !findings.checks.isEmpty {
            lines += ["", "Check by hand" + (findings.run.map { " before \($0) goes on" } ?? "") + ":"]
            lines += findings.checks.map { "  - \($0)" }
        }
        return lines.joined(separator: "\n")
    }

    static func json(_ findings: Repair.Findings, _ outcome: Repair.Outcome?) -> String {
        let difference: JSON = if let text = findings.difference { .string(text) } else { .null }
        let lostEvents: JSON = if let count = findings.lostEvents { .number(JSONNumber(count)) } else { .null }
        let run: JSON = if let run = findings.run { .string(run.text) } else { .null }
        var object = Answer.object([])
        object["difference"] = difference
        object["keptEvents"] = .number(JSONNumber(findings.keptEvents))
        object["lostEvents"] = lostEvents
        object["readable"] = .array(findings.readable.map { .number(JSONNumber($0.sequence)) })
        object["keptPlans"] = .number(JSONNumber(findings.keptPlans))
        object["lostPlans"] = .array(findings.lostPlans.map(JSON.string))
        object["run"] = run
        object["checks"] = .array(findings.checks.map(JSON.string))
        if let outcome {
            object["aside"] = .string(outcome.aside)
            object["addedEvents"] = .number(JSONNumber(outcome.added))
            object["epoch"] = .number(JSONNumber(outcome.epoch))
        }
        return JSON.object(object).compact
    }

    private static func kept(_ findings: Repair.Findings) -> String {
        let events = findings.keptEvents == 0 ? "no event" : "events 1 to \(findings.keptEvents)"
        return "\(events), \(findings.keptPlans) \(findings.keptPlans == 1 ? "plan" : "plans")"
    }

    private static func lost(_ findings: Repair.Findings) -> String {
        let first = findings.keptEvents + 1
        var parts: [String] =
            switch findings.lostEvents {
            case 0?: ["no event"]
            case 1?: ["event \(first)"]
            case let count?: ["events \(first) to \(first + count - 1)"]
            case nil: ["every event from \(first) on; no one knows how many there were"]
            }
        parts += findings.lostPlans.map { "plan \($0)" }
        let text = parts.joined(separator: ", ")
        return findings.readable.isEmpty ? text : text + "; these can still be read, but not proven:"
    }
}
