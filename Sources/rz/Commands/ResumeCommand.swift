import ArgumentParser
import FoundationEssentials
import Glibc
import Migration
import Reporting
import Runbooks

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Go on with a halted, interrupted or paused run, from exactly where it stopped.",
        discussion: """
            A run works from the commit that it began with. With --commit it goes on from another one: what is done \
            stays, what is left is as that commit says, and approvals are asked for again. Exits as update does.

              rz resume shop
              rz resume shop --dry-run
              rz resume shop --commit HEAD
            """)

    @OptionGroup var target: TargetOptions

    @Option(name: .shortAndLong, help: "The environment, if several have a run of this name.")
    var environment: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Go on from this commit: shows what it changes in the steps left, and asks.", valueName: "rev"))
    var commit: String?

    @Flag(name: .long, help: "Don't ask.")
    var yes = false

    @Flag(name: .long, help: "Show what would be done; change nothing.")
    var dryRun = false

    @OptionGroup var project: ProjectOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await exiting {
            let (runs, run) = try await Runs.find(target.target, in: environment, readOnly: dryRun)
            let (plan, state) = try await runs.unfinished(run)
            if let commit { return try await resume(runs, plan, state, from: commit) }
            if dryRun {
                show(plan, state)
                return .changes
            }
            let isPaused = state.status == .paused || state.pendingRequest == .pause
            if isPaused, let performer = try await runs.performer() {
                try await runs.ask(.resumeRequested(by: operatorName), of: state.run)
                Terminal.standardOutput.write(
                    "Asked \(performer.host) (pid \(performer.pid)) to go on. "
                        + "See: rz status \(runs.environment) --watch\n")
                return .done
            }
            return try await Steering.takeOver(
                runs, plan, state, asking: nil,
                confirm: { imported in
                    if !output.json { Terminal.standardOutput.write(imported.text) }
                    try ask("Go on with it on this host? Only `yes` does it:")
                }, output: output.output)
        }
    }

    private func resume(
        _ runs: Runs, _ plan: Plan, _ state: RunState, from commit: String
    ) async throws -> ExitStatus {
        if let performer = try await runs.performer() {
            throw Failure(
                "\(performer.host) (pid \(performer.pid)) is executing \(state.run), which must halt first",
                advice: "Halt it there with Ctrl-C, then again.", kind: .refused)
        }
        let move = try await Repinning(plan, state, to: commit, root: project.chosenRoot)
        let terminal = Terminal.standardOutput
        if dryRun || !output.json { terminal.write(move.text) }
        if dryRun { return .changes }
        try ask("Go on from this commit? Only `yes` does it:")
        return try await Steering.takeOver(
            runs, plan, state,
            asking: .runRepinned(plan: move.plan.id, commit: move.commit, by: operatorName),
            moved: (move.project, move.plan), output: output.output)
    }

    private func ask(_ question: String) throws(Failure) {
        if yes { return }
        guard Terminal.standardOutput.isInteractive, !output.json else {
            throw Failure("This is not a terminal, so no one can be asked", advice: "Pass --yes.", kind: .refused)
        }
        guard confirm(question) else { throw Failure("Not confirmed; nothing was changed", kind: .refused) }
    }

    private func show(_ plan: Plan, _ state: RunState) {
        let terminal = Terminal.standardOutput
        terminal.write(Outcome(plan, state, style: terminal.style).text)
        terminal.write("\nA resume would do:\n" + RemainingSteps(plan, state).text)
    }
}
