import ArgumentParser
import FoundationEssentials
import Glibc
import Migration
import Operations
import Reporting

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "List the runs, or show the history of one: what happened when, and why.",
        discussion: """
              rz history
              rz history shop
              rz history r-20261123-0007
              rz history r-20261123-0007 --json
            """)

    @Argument(help: "A run, or the environment whose runs to list; by default the runs of all.")
    var target: String?

    @Option(name: .shortAndLong, help: "The environment, if several have a run of this name.")
    var environment: String?

    @Flag(name: .long, help: "Print the events, one JSON object a line.")
    var json = false

    func run() async throws {
        try await exiting {
            if target == nil, environment == nil, case let all = try await Runs.all(), all.count > 1 {
                for runs in all { try await list(runs) }
                return .done
            }
            let (runs, run) = try await Runs.find(target, in: environment, readOnly: true)
            if let run { try await show(run, runs) } else { try await list(runs) }
            return .done
        }
    }

    private func list(_ runs: Runs) async throws {
        let terminal = Terminal.standardOutput
        for run in try await runs.store.runs() {
            let (plan, state) = try await runs.load(run)
            let took = state.startedAt.flatMap { start in state.endedAt.map { $0 - start } }
            let line = [
                run.text, plan.environment.name, plan.words.title(plan), state.startedAt?.description ?? "",
                took.map { "\(Int($0.seconds)) s" } ?? "", StatusJSON(plan, state, nil).word,
            ]
            terminal.write(line.joined(separator: "  ") + "\n")
        }
    }

    private func show(_ run: RunID, _ runs: Runs) async throws {
        let terminal = Terminal.standardOutput
        let (plan, state) = try await runs.load(run)
        let events = try await runs.store.events(of: run, after: 0)
        if json { terminal.write(EventJSON.opening + "\n") }
        let lines = EventLines(plan, style: terminal.style)
        for event in events {
            if json {
                terminal.write(try EventJSON.line(for: event) + "\n")
            } else if let line = lines.line(for: event) {
                terminal.write(line + "\n")
            }
        }
        if !json { terminal.write("\n" + Outcome(plan, state, style: terminal.style).text) }
    }
}
