import ArgumentParser
import FoundationEssentials
import Glibc
import Migration
import Reporting

/// Which environment, or which run of it.
struct TargetOptions: ParsableArguments {
    @Argument(help: "The environment, or its latest run; needed if several have runs.")
    var target: String?
}

struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Roll a run back: traffic to the old color first, then take the new color down.",
        discussion: """
            Possible until the tear-down of the old color has begun. On a terminal it shows what it will do, and asks;
            with its output in a pipe it needs --yes there.

              rz rollback shop
              rz rollback shop --dry-run
            """)

    @OptionGroup var target: TargetOptions

    @Flag(name: .long, help: "Don't ask.")
    var yes = false

    @Flag(name: .long, help: "Show what would be done; change nothing.")
    var dryRun = false

    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await exiting {
            let (runs, run) = try await Runs.find(target.target, readOnly: dryRun)
            let (plan, state) = try await Steering.way(back: runs, named: run, after: nil)
            let terminal = Terminal.standardOutput
            if dryRun || terminal.isInteractive, !output.json {
                terminal.write(WayBack.rollback(plan, state).text)
            }
            if dryRun { return .changes }
            // Someone types, but could not be asked: a pipe takes what is shown.
            if !terminal.isInteractive, !output.json, !yes, isatty(STDIN_FILENO) == 1 {
                throw Failure(
                    "The output is no terminal, so you can't be asked; nothing was changed",
                    advice: "Pass --yes, or look first: \(Advice.rollback(plan.environment.name)) --dry-run",
                    kind: .refused)
            }
            if terminal.isInteractive, !output.json, !yes, !confirm("Roll back? Only `yes` does it:") {
                throw Failure("Not confirmed; nothing was changed", kind: .refused)
            }
            return try await Steering.ask(
                .rollbackRequested(by: operatorName), runs, plan, state, output: output.output)
        }
    }
}

struct AbortCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "abort",
        abstract: "End a run: traffic back to the old color at once; the new color stays up, without traffic.",
        discussion: """
            Asks nothing: it is for when users are hurt.

              rz abort shop
              rz abort shop --dry-run
            """)

    @OptionGroup var target: TargetOptions

    @Flag(name: .long, help: "Show what would be done; change nothing.")
    var dryRun = false

    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await exiting {
            let (runs, run) = try await Runs.find(target.target, readOnly: dryRun)
            let (plan, state) = try await Steering.way(back: runs, named: run, after: .aborted)
            if dryRun {
                Terminal.standardOutput.write(WayBack.abort(plan, state).text)
                return .changes
            }
            return try await Steering.ask(.abortRequested(by: operatorName), runs, plan, state, output: output.output)
        }
    }
}

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Pause a run after the steps in progress; weights stay as they are and stay watched.",
        discussion: """
              rz pause shop
              rz resume shop
            """)

    @OptionGroup var target: TargetOptions

    func run() async throws {
        try await exiting {
            let (runs, run) = try await Runs.find(target.target)
            let (_, state) = try await runs.unfinished(run)
            guard let performer = try await runs.performer() else {
                throw Failure(
                    "No rz process is executing \(state.run), so there is nothing to pause",
                    advice: "Go on with: \(Advice.resume(runs.environment)).", kind: .refused)
            }
            try await runs.ask(.pauseRequested(by: operatorName), of: state.run)
            Terminal.standardOutput.write(
                "Asked \(performer.host) (pid \(performer.pid)) to pause \(state.run). "
                    + "Go on with: \(Advice.resume(runs.environment))\n")
            return .done
        }
    }
}
