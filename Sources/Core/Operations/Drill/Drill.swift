import Migration
import Planning

extension Operation {
    /// A move there and back: everything of an update up to the end of its soak, then all of the way back. The live color
    /// stays; nothing of it is stopped for good or destroyed.
    package static let drill = Operation(
        name: "drill", phases: [Phase].rzUpdate.filter { !$0.traits.contains(.afterNoReturn) },
        compensations: rzUpdate.compensations,
        steps: rzUpdate.steps.filter { $0.phase != .tearDown && $0.standsFor == nil } + [GoBackStep()],
        words: OperationWords(
            title: { "drill \($0.direction), and back" }, heading: rzUpdate.words.heading,
            done: { plan, _ in "\(plan.direction.new) carries the traffic" }, aborted: rzUpdate.words.aborted,
            rolledBack: rzUpdate.words.rolledBack, isSaved: false, afterwards: { _ in nil }),
        problems: { _, _ in [] },
        observe: { observer, source, _ throws(Failure) in try await observer.observe(source) }, rule: drillRule)

    /// Those of an update; after the soak the way back.
    @Sendable
    private static func drillRule(_ phase: PhaseID, _ runbook: Runbook, _ scope: StepScope) -> PhaseRule? {
        guard var rule = runbook.phases[phase] else { return nil }
        if phase == .soak {
            rule.steps.append(RunbookStep(id: "go-back", work: .builtIn(.goBack), timeout: .minutes(5)))
        }
        return rule
    }
}

extension Plan {
    /// Whether its run comes back by itself.
    package var isDrill: Bool { operation == Operation.drill.name }
}

extension RunState {
    /// Whether a drill went there and back: what was rolled back before its end was no drill.
    package func isDrilled(_ plan: Plan) -> Bool {
        guard plan.isDrill, status == .rolledBack else { return false }
        return plan.steps.contains { $0.action == .goBack && steps[$0.id]?.isIntended == true }
    }
}
