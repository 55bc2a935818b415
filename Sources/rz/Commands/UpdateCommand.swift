import ArgumentParser
import FoundationEssentials
import Glibc
import Journal
import Migration
import Operations
import Planning
import Reporting
import Runbooks

struct UpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Run a full update: stand up the other color, move the traffic, take the old color down.",
        discussion: """
            Exits with 0 done, 3 halted (resumable), 4 rolled back, 5 refused, 130 interrupted (resumable).

              rz update shop
              rz update --plan shop.plan --yes
              rz update shop --yes --until serviceGate
            """)

    @Argument(help: "The environment to update.")
    var environment: String?

    @Option(name: .long, help: ArgumentHelp("Run exactly this saved plan; a stale one is refused.", valueName: "file"))
    var plan: String?

    @Flag(name: .long, help: "Don't ask.")
    var yes = false

    @Option(name: .long, help: ArgumentHelp("Halt after this phase.", valueName: "phase"))
    var until: PhaseID?

    @OptionGroup var project: ProjectOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if environment == nil, plan == nil { throw ValidationError("Name an environment, or a plan with --plan.") }
    }

    func run() async throws {
        try await exiting {
            let saved = try plan.map { try Plan.read($0) }
            if let environment, let saved, saved.environment.name != environment {
                throw Failure(
                    "\(plan ?? "") is a plan for \(saved.environment.name), not for \(environment)", kind: .refused)
            }
            let name = environment ?? saved?.environment.name ?? ""
            let project = try await Project.load(name, root: self.project.chosenRoot, planFile: plan)
            let journal = try Runs.journal(of: name, project.places) { [settings = project.settings] in settings.secrets
            }
            return try await LockedRun.hold(journal, purpose: "rz update \(name)") { lock in
                try project.sweep()
                try await refuseIfUnfinished(Runs(environment: name, journal: journal))
                let plan = try await decide(project, saved)
                try await project.claim?.make()
                let run = try await Interposition.aroundWrite("name the run") {
                    try await journal.newRun(at: SystemClock().now)
                }
                try await Steering.save(plan, journal)
                return try await RunSession(
                    project: project, plan: plan, run: run, journal: journal, lock: lock, output: output.output
                ).perform(
                    opening: .runStarted(
                        environment: name, plan: plan.id, from: plan.direction.old, to: plan.direction.new,
                        by: operatorName),
                    until: until)
            }
        }
    }

    private func refuseIfUnfinished(_ runs: Runs) async throws {
        guard let (_, state) = try await runs.latest(), !state.status.isEnded else { return }
        throw Failure(
            "\(state.run) of \(runs.environment) is not finished: it is in \(state.phase)",
            advice: "Go on with: \(Advice.resume(runs.environment)). "
                + "Go back with: \(Advice.rollback(runs.environment)).", kind: .refused)
    }

    /// The saved plan if it still fits, or a new one that the operator has said yes to.
    private func decide(_ project: Project, _ saved: Plan?) async throws -> Plan {
        let plan: Plan
        if let saved {
            plan = try await project.approved(saved, at: self.plan ?? "")
        } else {
            plan = try await project.plan()
        }
        let terminal = Terminal.standardOutput
        if !output.json {
            terminal.write(
                PlanView(plan, style: terminal.style, width: terminal.width).text + "\n",
                within: yes ? .seconds(2) : nil)
        }
        try refuseIfBlocked(plan)
        if yes { return plan }
        guard terminal.isInteractive, !output.json else {
            throw Failure("This is not a terminal, so no one can be asked", advice: "Pass --yes.", kind: .refused)
        }
        guard confirm("Run this plan? Only `yes` runs it:") else {
            throw Failure("Not confirmed; nothing was changed", kind: .refused)
        }
        return plan
    }

    private func refuseIfBlocked(_ plan: Plan) throws {
        guard plan.obstacles.isEmpty else {
            throw Failure(
                "\(plan.obstacles.count == 1 ? "Something blocks" : "\(plan.obstacles.count) things block") this plan",
                details: plan.obstacles, advice: "Fix it, then plan again.", kind: .refused)
        }
    }
}

extension PhaseID: ExpressibleByArgument {
    public init?(argument: String) { self.init(rawValue: argument) }
    public static var allValueStrings: [String] { Operation.rzUpdate.phases.map(\.id.rawValue) }
}
