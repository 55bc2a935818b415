import ArgumentParser
import Migration

struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Approve what a run waits for.",
        discussion: """
            Each person counts once: the user and host that the operating system knows. Behind root that is who logged \
            in, or else who called sudo.

              rz approve shop
              rz approve shop --note "CHG 4711, agreed with B. Meier"
            """)

    @OptionGroup var target: TargetOptions

    @Option(
        name: [.customLong("note"), .customLong("as")],
        help: ArgumentHelp("What to write down beside it; it does not change who approves.", valueName: "text"))
    var note: String?

    func validate() throws {
        if let note, !note.contains(where: { !$0.isWhitespace }) { throw ValidationError("The note is empty.") }
    }

    func run() async throws {
        try await exiting {
            let (runs, run) = try await Runs.find(target.target)
            let (plan, state) = try await runs.unfinished(run)
            guard let waiting = plan.steps.first(where: { isWaiting($0, plan, state) }) else {
                throw Failure(
                    "\(state.run) is not waiting for approval", details: ["it is in \(state.phase)"],
                    kind: .refused)
            }
            let person = Person.operating
            try refuse(person, waiting, plan, state)
            try await runs.ask(
                .approvalGiven(
                    step: waiting.id, by: person.description, user: person.user, host: person.host, note: note),
                of: state.run)
            let (_, after) = try await runs.load(state.run)
            let given = after.approvals(of: waiting, in: plan).map(\.by).joined(separator: ", ")
            Terminal.standardOutput.write(
                "\(waiting.title): approved by \(given)\(missing(waiting, plan, after)) (\(state.run))\n")
            return .done
        }
    }

    private func isWaiting(_ step: Step, _ plan: Plan, _ state: RunState) -> Bool {
        if case .approval = step.action {
            guard step.phase == state.phase, state.steps[step.id]?.isSettled != true else { return false }
        }
        return count(step, state) > state.approvals(of: step, in: plan).count
    }

    /// Steps of approval wait for people by themselves; any other may ask for them when it needs to.
    private func count(_ step: Step, _ state: RunState) -> Int {
        guard case .approval(let count, _) = step.action else { return state.approvalRequests[step.id]?.count ?? 0 }
        return count
    }

    /// Refuses a yes that would not count.
    private func refuse(_ person: Person, _ step: Step, _ plan: Plan, _ state: RunState) throws(Failure) {
        let own = RunState.Approval(by: person.description, at: SystemClock().now, person: person)
        if state.approvals[step.id, default: []].contains(where: own.isOfSamePerson) {
            throw Failure("\(person) has approved already\(missing(step, plan, state))", kind: .refused)
        }
        if plan.needsOthers(step), state.isByStarter(own) {
            throw Failure(
                "\(person) started \(state.run), and others have to approve it\(missing(step, plan, state))",
                details: ["`starterCounts: false` under approvals.\(step.phase)"], kind: .refused)
        }
    }

    /// How many people are missing yet: `; 1 more person is needed`.
    private func missing(_ step: Step, _ plan: Plan, _ state: RunState) -> String {
        let missing = count(step, state) - state.approvals(of: step, in: plan).count
        if missing <= 0 { return "" }
        return missing == 1 ? "; 1 more person is needed" : "; \(missing) more people are needed"
    }
}
