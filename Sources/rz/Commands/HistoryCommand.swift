import ArgumentParser
import Foundation
import Journal
import Migration
import Reporting

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "List the runs, or tell the story of one: what happened when, and why.",
        discussion: """
              rz history
              rz history r-20261123-0007
              rz history r-20261123-0007 --json
            """)

    @Argument(help: "A run.")
    var run: String?

    @Option(name: .shortAndLong, help: "The environment, if several have runs.")
    var environment: String?

    @Flag(name: .long, help: "Print the events, one JSON object a line.")
    var json = false

    func run() async throws {
        try await exiting {
            let runs = try await open()
            if let run { try await tell(RunID(run), runs) } else { try await list(runs) }
            return .done
        }
    }

    /// A run's name says nothing of its environment: look for it in all.
    private func open() async throws -> Runs {
        guard let run, environment == nil else { return try await Runs.open(environment, readOnly: true) }
        for name in Places().environmentsWithRuns {
            let runs = try await Runs.open(name, readOnly: true)
            if try await !runs.journal.events(of: RunID(run), after: 0).isEmpty { return runs }
        }
        throw Failure("There is no run \(run)", advice: "See them all with: rz history.")
    }

    private func list(_ runs: Runs) async throws {
        let terminal = Terminal.standardOutput
        for run in try await runs.journal.runs().map(\.run) {
            let (plan, state) = try await runs.load(run)
            let took = state.startedAt.flatMap { start in state.endedAt.map { $0 - start } }
            let line = [
                run.text, plan.environment.name, "\(plan.direction)", state.startedAt?.description ?? "",
                took.map { "\(Int($0.seconds)) s" } ?? "", StatusJSON(plan, state, nil).word,
            ]
            terminal.write(line.joined(separator: "  ") + "\n")
        }
    }

    private func tell(_ run: RunID, _ runs: Runs) async throws {
        let terminal = Terminal.standardOutput
        let (plan, state) = try await runs.load(run)
        let events = try await runs.journal.events(of: run, after: 0)
        let lines = EventLines(plan, style: terminal.style)
        for event in events {
            if json {
                terminal.write(try EventCoding.line(for: event) + "\n")
            } else if let line = lines.line(for: event) {
                terminal.write(line + "\n")
            }
        }
        if !json { terminal.write("\n" + Outcome(plan, state, style: terminal.style).text) }
    }
}
