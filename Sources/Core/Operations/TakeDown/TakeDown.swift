import Migration
import Planning

extension Operation {
    /// Destroys a color that no user is on: what is left of one that did not answer when its users were moved, or of one
    /// that a run built and left. It is the new one of the direction; load balancers are only read.
    package static let takeDown = Operation(
        name: "take-down",
        phases: [Phase(.preflight), Phase(.tearDown, [.afterNoReturn])],
        compensations: [],
        steps: [TakeDownChecksStep(), TakeDownDestroyStep()],
        words: OperationWords(
            title: { "destroy \($0.direction.new)" },
            heading: { plan in
                "live: \(plan.direction.old)      \(plan.direction.new): "
                    + Wording.count(plan.world.servers[plan.direction.new]?.count ?? 0, "server")
            },
            done: { plan, end in end(plan.direction.new) },
            aborted: { "what is left of \($0.direction.new) stays" },
            rolledBack: { plan, _ in "what is left of \(plan.direction.new) stays" },
            isSaved: false, afterwards: { _ in nil }),
        problems: { _, _ in [] },
        observe: { observer, source, request throws(Failure) in
            guard let color = request.color else {
                throw Failure("No color to destroy is named", advice: "Name it: --color blue", kind: .refused)
            }
            return try await observer.observeTakeDown(of: color, source)
        }, rule: takeDownRule)

    /// The two steps, with the times that the runbook gives them. What operators added is for an update.
    @Sendable
    private static func takeDownRule(_ phase: PhaseID, _ runbook: Runbook, _ scope: StepScope) -> PhaseRule? {
        let use: BuiltIn = phase == .preflight ? .checks : .destroy
        let known = runbook.phases[phase]?.steps.first { $0.work == .builtIn(use) }
        return PhaseRule(steps: [
            RunbookStep(
                id: known?.id ?? use.rawValue, work: .builtIn(use), timeout: known?.timeout ?? .minutes(60),
                retries: known?.retries ?? 1)
        ])
    }
}
