import Migration
import Operations

/// Which color runs a single-color service (invariant I4), as far as a run knows.
public struct Holder: Sendable, Hashable {
    public var service: ServiceID
    public var mode: ServiceMode
    /// Nil while none does for certain.
    public var color: Color?
    /// For people: `armed in blue`, `armed in neither color for certain: hand-over in progress`.
    public var text: String
}

extension Holder {
    /// Every single-color service of a plan, in the order of the plan.
    public static func all(_ plan: Plan, _ state: RunState) -> [Holder] {
        plan.services.filter(\.mode.isSingleton).map { service in
            let (color, words) = place(of: service.id, plan, state)
            let word = service.mode == .scheduled ? "armed" : "runs"
            return Holder(service: service.id, mode: service.mode, color: color, text: "\(word) \(words)")
        }
    }

    private static func place(of id: ServiceID, _ plan: Plan, _ state: RunState) -> (Color?, String) {
        let old = plan.direction.old
        guard let known = state.handOvers[id] else {
            // A hand-over that found nothing to hand over: it did not run before, and does not now.
            let step = plan.steps.first { $0.action == .handOver(id) }
            let isOver = step.map { state.steps[$0.id]?.isSettled == true } ?? false
            return isOver ? (nil, "in neither color: it was suspended in \(old)") : (old, "in \(old)")
        }
        let due = known.due.map { ", due at \($0.clock)" } ?? ""
        guard let holder = known.holder else {
            return (nil, "in neither color for certain: hand-over in progress" + due)
        }
        return (holder, "in \(holder)" + (known.downtime.map { ", in neither for \($0) before" } ?? "") + due)
    }
}
