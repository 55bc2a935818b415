import Migration

/// The steps that a run has not done yet, one line each.
public struct RemainingSteps: Sendable {
    private let plan: Plan
    private let state: RunState

    public init(_ plan: Plan, _ state: RunState) {
        self.plan = plan.shown
        self.state = state
    }

    public var text: String {
        plan.steps.filter { state.steps[$0.id]?.isSettled != true }.map { step in
            let isBegun = state.steps[step.id]?.isIntended == true
            return "  \(step.phase)  \(step.title)" + (isBegun ? "  (begun: looks first what came of it)" : "") + "\n"
        }.joined()
    }
}
