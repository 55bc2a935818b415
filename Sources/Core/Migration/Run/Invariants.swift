/// The promises of the state machine that can be judged from a run's state alone. The engine asks before it acts,
/// and tests ask after every event.
public enum Invariant: String, Sendable, Hashable, CaseIterable {
    /// I1: the old color's weights are lowered only when the new color carries the share on every load balancer.
    case capacityFirst
    /// I2: nothing of the old color is stopped before drain is over.
    case oldColorUntouched
    /// I3: tear-down starts only after an observed quiet period.
    case quietBeforeTearDown
    /// I7: weights in doubt belong to a step under way, to a return, or to a halt that names them.
    case noForgottenFlip
    /// I8: each step has a deadline.
    case everyWaitEnds
}

/// A broken promise.
public struct Violation: Error, Sendable, Hashable, CustomStringConvertible {
    public var invariant: Invariant
    public var explanation: String

    public init(_ invariant: Invariant, _ explanation: String) {
        self.invariant = invariant
        self.explanation = explanation
    }

    public var description: String { "\(invariant.rawValue): \(explanation)" }
}

/// Every promise that a state breaks; empty when all hold.
public func violations(of state: RunState, _ plan: Plan) -> [Violation] {
    var violations: [Violation] = []
    let touched = plan.steps.filter { $0.closesWayBack && state.steps[$0.id]?.isIntended == true }
    for step in touched {
        let before = Set(plan.phases.before(step.phase).map(\.id))
        let unfinished = plan.steps.filter { before.contains($0.phase) && state.steps[$0.id]?.isSettled != true }
        if !unfinished.isEmpty {
            violations.append(
                Violation(.oldColorUntouched, "\(step.id) was begun before \(unfinished[0].id) was done"))
        }
        // Nothing of a color that does not answer is stopped: what closes the way back there is that users left it.
        if plan.unreachable != nil { continue }
        if state.traffic.quietSince == nil {
            violations.append(Violation(.quietBeforeTearDown, "\(step.id) was begun without a proof of quiet"))
        }
        if state.traffic.verified != .all {
            violations.append(Violation(.capacityFirst, "\(step.id) was begun while the traffic was not all moved"))
        }
    }
    if state.traffic.verified == nil, state.status.isEnded {
        violations.append(Violation(.noForgottenFlip, "the run ended with weights that were not read back"))
    }
    for step in plan.steps where step.deadline <= .zero {
        violations.append(Violation(.everyWaitEnds, "\(step.id) has no deadline"))
    }
    return violations
}
