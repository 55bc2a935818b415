import ArgumentParser
import FoundationEssentials
import Migration
import Provisioning

struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Approve what a run waits for.",
        discussion: """
            Each person counts once: the user and host that the operating system knows, or the name that the \
            environment's signers give to the key of a signature. Behind root that is who logged in, or else who called \
            sudo. An environment may say which roles count, and that only signatures do.

              rz approve shop
              rz approve shop --note "CHG 4711, agreed with B. Meier"
              rz approve shop --sign ~/.ssh/id_ed25519
            """)

    @OptionGroup var target: TargetOptions

    @Option(
        name: [.customLong("note"), .customLong("as")],
        help: ArgumentHelp("What to write down beside it; it does not change who approves.", valueName: "text"))
    var note: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Sign it with this SSH key: a private one, or a public one whose private half an agent holds.",
            valueName: "file"))
    var sign: String?

    func validate() throws {
        if let note, !note.contains(where: { !$0.isWhitespace }) { throw ValidationError("The note is empty.") }
    }

    func run() async throws {
        try await exiting {
            let (runs, run) = try await Runs.find(target.target)
            let (plan, state) = try await runs.unfinished(run)
            guard let waiting = waiting(plan, state) else {
                throw Failure(
                    "\(state.run) is not waiting for approval", details: ["it is in \(state.phase)"],
                    kind: .refused)
            }
            let person = Person.operating
            let signature = try await signature(of: waiting, plan, state)
            let own = RunState.Approval(
                by: signature?.signer ?? person.description, at: SystemClock().now, person: person, note: note,
                signature: signature)
            try refuse(own, waiting, plan, state)
            try await runs.ask(
                .approvalGiven(
                    step: waiting.id, by: own.by, user: person.user, host: person.host, note: note,
                    signature: signature),
                of: state.run)
            let (_, after) = try await runs.load(state.run)
            let given = after.approvals(of: waiting, in: plan).map(\.by).joined(separator: ", ")
            Terminal.standardOutput.write(
                "\(waiting.title): approved by \(given)\(missing(waiting, plan, after)) (\(state.run))\n")
            return .done
        }
    }

    /// What people are asked now. A step that asked once and is done may still want a yes that no one needs any more.
    private func waiting(_ plan: Plan, _ state: RunState) -> Step? {
        let steps = plan.steps.filter { isWaiting($0, plan, state) }
        let asking = steps.first { if case .approval = $0.action { true } else { false } }
        return asking ?? steps.first { state.steps[$0.id]?.isSettled != true } ?? steps.first
    }

    private func isWaiting(_ step: Step, _ plan: Plan, _ state: RunState) -> Bool {
        if case .approval = step.action {
            guard step.phase == state.phase, state.steps[step.id]?.isSettled != true else { return false }
        }
        return plan.demand(of: step, in: state).people > state.approvals(of: step, in: plan).count
    }

    /// Nil for an approval that is not to be signed.
    private func signature(
        of step: Step, _ plan: Plan, _ state: RunState
    ) async throws -> ApprovalSignature? {
        guard let sign else { return nil }
        let environment = plan.environment
        guard let signers = environment.approvers?.signers else {
            throw Failure(
                "\(environment.name) names no keys that count", at: "approvers.signers of its environment.yaml",
                advice: "Approve without a signature: rz approve \(environment.name).", kind: .refused)
        }
        let folder = try Places.trusted().copy(plan.source, of: environment.name) + "/environments/\(environment.name)"
        let signatures = try SSHSignatures(environment, in: folder)
        let statement = ApprovalStatement(plan, state.run, step: step.id, note: note)
        let text = try await signatures.sign(statement, with: URL(filePath: sign).standardizedFileURL.path)
        guard let signer = try await signatures.signer(of: statement, text) else {
            throw Failure(
                "The key's signature does not count for \(environment.name)", at: sign,
                details: ["the run is pinned to the signers in \(folder)/\(signers)"],
                advice: "A line of \(signers) must give the key one name, without a pattern: "
                    + "`ada namespaces=\"\(ApprovalStatement.namespace)\" ssh-ed25519 AAAA…`. Commit it, then run: "
                    + "rz resume \(environment.name) --commit HEAD.", kind: .refused)
        }
        return ApprovalSignature(signer: signer, text: text)
    }

    /// Refuses a yes that would not count.
    private func refuse(
        _ own: RunState.Approval, _ step: Step, _ plan: Plan, _ state: RunState
    ) throws(Failure) {
        let missing = missing(step, plan, state)
        if state.approvals(of: step, in: plan).contains(where: own.isOfSamePerson) {
            throw Failure("\(own.by) has approved already\(missing)", kind: .refused)
        }
        let demand = plan.demand(of: step, in: state)
        guard !state.mayCount(own, demand, plan) else { return }
        if demand.isSigned, own.signature == nil {
            throw Failure(
                "Only a signed approval counts\(missing)",
                advice: "Sign it: rz approve \(plan.environment.name) --sign ~/.ssh/id_ed25519", kind: .refused)
        }
        if demand.othersOnly, state.isByStarter(own) {
            throw Failure(
                "\(own.by) started \(state.run), and others have to approve it\(missing)",
                details: ["`starterCounts: false` under approvals.\(step.phase)"], kind: .refused)
        }
        throw Failure(
            "\(own.by) has no role whose approval counts here\(missing)",
            details: demand.roles.map { "\($0): \(plan.members(of: $0).joined(separator: ", "))" }, kind: .refused)
    }

    /// How many people are missing yet: `; 1 more person is needed`.
    private func missing(_ step: Step, _ plan: Plan, _ state: RunState) -> String {
        let missing = plan.demand(of: step, in: state).people - state.approvals(of: step, in: plan).count
        if missing <= 0 { return "" }
        return missing == 1 ? "; 1 more person is needed" : "; \(missing) more people are needed"
    }
}
