import ArgumentParser
import Foundation
import Journal
import Migration
import Runbooks

struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Take a run back: traffic to the old color first, then take the new color down.",
        discussion: """
            Possible until the tear-down of the old color has begun.

              rz rollback
              rz rollback shop
            """)

    @Argument(help: "The environment, if several have runs.")
    var environment: String?
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await exiting {
            try await Steering.ask(
                .rollbackRequested(by: operatorName), environment: environment, needsWayBack: true,
                output: output.output)
        }
    }
}

struct AbortCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "abort",
        abstract: "End a run: traffic back to the old color at once; the new color stays up, without traffic.",
        discussion: """
              rz abort
              rz abort shop
            """)

    @Argument(help: "The environment, if several have runs.")
    var environment: String?
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await exiting {
            try await Steering.ask(
                .abortRequested(by: operatorName), environment: environment, needsWayBack: true, output: output.output)
        }
    }
}

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Hold a run after the steps under way; weights stay as they are and stay watched.",
        discussion: """
              rz pause
              rz resume
            """)

    @Argument(help: "The environment, if several have runs.")
    var environment: String?

    func run() async throws {
        try await exiting {
            let runs = try await Runs.open(environment)
            let (_, state) = try await runs.unfinished()
            guard let performer = try await runs.performer() else {
                throw Failure(
                    "Nobody performs \(state.run) now, so there is nothing to pause", advice: "Go on with: rz resume.",
                    kind: .refused)
            }
            try await runs.ask(.pauseRequested(by: operatorName), of: state.run)
            Terminal.standardOutput.write(
                "Asked \(performer.host) (pid \(performer.pid)) to pause \(state.run). Go on with: rz resume\n")
            return .done
        }
    }
}

struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Say yes to what a run waits for.",
        discussion: """
            Each person counts once.

              rz approve
              rz approve shop --as "B. Meier"
            """)

    @Argument(help: "The environment, if several have runs.")
    var environment: String?

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp("Who approves; by default the user at the keyboard.", valueName: "name"))
    var person: String?

    func run() async throws {
        try await exiting {
            let runs = try await Runs.open(environment)
            let (plan, state) = try await runs.unfinished()
            let waiting = plan.steps.first { step in
                guard case .approval(let count, _) = step.action, state.steps[step.id]?.isSettled != true,
                    step.phase == state.phase
                else { return false }
                return state.approvals[step.id, default: []].count < count
            }
            guard let waiting else {
                throw Failure(
                    "\(state.run) waits for no approval", details: ["it stands in \(state.phase)"], kind: .refused)
            }
            let name = person ?? operatorName
            try await runs.ask(.approvalGiven(step: waiting.id, by: name), of: state.run)
            let (_, after) = try await runs.load(state.run)
            let given = after.approvals[waiting.id, default: []]
            Terminal.standardOutput.write(
                "\(waiting.title): approved by \(given.map(\.by).joined(separator: ", ")) (\(state.run))\n")
            return .done
        }
    }
}
