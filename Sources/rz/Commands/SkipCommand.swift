import ArgumentParser
import Migration
import Operations
import Planning
import Reporting

struct SkipCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "skip",
        abstract: "Do without a step that your runbook added, once two people have approved it.",
        discussion: """
            For a program or a request that fails and is not worth a rollback. rz's own steps and approvals can't be \
            skipped. Both people type rz approve; then the run goes on with rz resume. To try a step again, just resume.

              rz skip shop standUp/announce --reason "CHG 4711: the chat is down"
            """)

    @Argument(help: "The environment, or its latest run.")
    var target: String

    @Argument(help: "The step: its phase and its id in the runbook.")
    var step: String

    @Option(name: .long, help: ArgumentHelp("Why, for those who approve.", valueName: "text"))
    var reason: String

    func validate() throws {
        if !reason.contains(where: { !$0.isWhitespace }) { throw ValidationError("The reason is empty.") }
    }

    func run() async throws {
        try await exiting {
            let (runs, run) = try await Runs.find(target)
            let (plan, state) = try await runs.unfinished(run)
            let step = try known(plan)
            try refuse(step, plan, state)
            try await runs.ask(.skipRequested(step: step.id, reason: reason, by: operatorName), of: state.run)
            Terminal.standardOutput.write(
                "\(step.id) is skipped once \(Plan.skippingPeople) people have typed: rz approve "
                    + "\(plan.environment.name) (\(state.run)). Then go on with: "
                    + "\(Advice.resume(plan.environment.name))\n")
            return .done
        }
    }

    private func known(_ plan: Plan) throws(Failure) -> Step {
        if let step = plan.step(StepID(step)) { return step }
        let others = plan.steps.filter(\.action.canBeSkipped).map(\.id.text)
        throw Failure(
            "The plan has no step \(step)", details: others.isEmpty ? [] : ["steps that can be skipped:"] + others,
            kind: .refused)
    }

    private func refuse(_ step: Step, _ plan: Plan, _ state: RunState) throws(Failure) {
        guard step.action.canBeSkipped else {
            throw Failure(
                "\(step.id) can't be skipped: what follows rests on it",
                details: ["only programs, requests and waits that a runbook added can be"],
                advice: "Fix what keeps it, then run: \(Advice.resume(plan.environment.name))", kind: .refused)
        }
        guard state.steps[step.id]?.isSettled != true else {
            throw Failure("\(step.id) is done already", kind: .refused)
        }
    }
}
