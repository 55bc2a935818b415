import ArgumentParser
import Foundation
import Journal
import KillPoints
import Migration
import Reporting
import Runbooks

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Go on with a halted, interrupted or paused run, from exactly where it stopped.",
        discussion: """
            Exits as update does.

              rz resume
              rz resume r-20261123-0007
              rz resume --dry-run
            """)

    @Argument(help: "The run; by default the unfinished one.")
    var run: String?

    @Option(name: .shortAndLong, help: "The environment, if several have unfinished runs.")
    var environment: String?

    @Flag(name: .long, help: "Show what would be done; change nothing.")
    var dryRun = false

    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await exiting {
            let runs = try await Runs.open(environment, readOnly: dryRun)
            let (plan, state) = try await runs.unfinished()
            if let run, run != state.run.text {
                throw Failure(
                    "\(run) is not the unfinished run of \(runs.environment)", details: ["that is \(state.run)"],
                    kind: .refused)
            }
            if dryRun {
                show(plan, state)
                return .changes
            }
            if state.status == .paused, let performer = try await runs.performer() {
                try await runs.ask(.resumeRequested(by: operatorName), of: state.run)
                Terminal.standardOutput.write(
                    "Asked \(performer.host) (pid \(performer.pid)) to go on. See: rz status --watch\n")
                return .done
            }
            return try await Steering.takeOver(runs, plan, state, asking: nil, output: output.output)
        }
    }

    private func show(_ plan: Plan, _ state: RunState) {
        let terminal = Terminal.standardOutput
        terminal.write(Outcome(plan, state, style: terminal.style).text)
        terminal.write("\nA resume would do:\n")
        for step in plan.steps where state.steps[step.id]?.isSettled != true {
            let known = state.steps[step.id]
            let note = known?.isIntended == true ? "  (begun: looks first what came of it)" : ""
            terminal.write("  \(step.phase)  \(step.title)\(note)\n")
        }
    }
}

/// Performing what was left by another process.
enum Steering {
    /// Takes the lock, writes down what is asked, and performs the run in this process.
    static func takeOver(
        _ runs: Runs, _ plan: Plan, _ state: RunState, asking wish: Event.Kind?, output: Performance.Output
    ) async throws -> ExitStatus {
        let project = try Project.resume(plan)
        let journal = try Runs.journal(of: runs.environment, project.places) { [settings = project.settings] in
            settings.secrets
        }
        return try await LockedRun.hold(journal, purpose: "run \(state.run)") { lock in
            if let wish {
                let store = KillPoints.active?.around(journal) ?? journal
                _ = try await store.append([wish], run: state.run, epoch: lock.epoch, at: SystemClock().now)
            }
            return try await Performance(
                project: project, plan: plan, run: state.run, journal: journal, lock: lock, output: output
            ).perform(opening: .runResumed(by: operatorName))
        }
    }

    /// Asks the process that performs the run, or performs what is asked in this one.
    static func ask(
        _ wish: Event.Kind, environment: String?, needsWayBack: Bool, output: Performance.Output
    ) async throws -> ExitStatus {
        let runs = try await Runs.open(environment)
        guard let (plan, state) = try await runs.latest(), isOpen(state.status) else {
            throw Failure("\(runs.environment) has no run that could be taken back", kind: .refused)
        }
        if needsWayBack, !canRollBack(state, plan) {
            throw Failure(
                "There is no way back: \(plan.direction.old) is being taken down", at: state.phase.rawValue,
                advice: "Go on with: rz resume.", kind: .refused)
        }
        if let performer = try await runs.performer() {
            try await runs.ask(wish, of: state.run)
            Terminal.standardOutput.write("Asked \(performer.host) (pid \(performer.pid)). See: rz status --watch\n")
            return .done
        }
        let status = try await takeOver(runs, plan, state, asking: wish, output: output)
        // What was asked for is success here, while an update that ended so did not do what it was for.
        return status == .rolledBack ? .done : status
    }

    private static func isOpen(_ status: RunState.Status) -> Bool {
        switch status {
        case .done, .rolledBack: false
        default: true
        }
    }
}
