import Migration
import Operations

/// What a rollback or an abort would do, for people who are asked.
public struct WayBack: Sendable {
    private let plan: Plan
    private let state: RunState
    private let heading: String
    private let end: [String]

    /// Everything that a rollback would undo, in its order.
    public static func rollback(_ plan: Plan, _ state: RunState) -> WayBack {
        let plan = plan.shown
        let undone = plan.steps.reversed().filter { step in
            step.undo == .costly && state.steps[step.id]?.isIntended == true
        }
        return WayBack(
            plan: plan, state: state, heading: "A rollback of \(state.run) would do:",
            end: undone.isEmpty
                ? ["end the run; nothing was built or launched"] : undone.map { "undo \($0.phase)  \($0.title)" })
    }

    public static func abort(_ plan: Plan, _ state: RunState) -> WayBack {
        let plan = plan.shown
        let handedOver = plan.steps.reversed().filter { step in
            step.isTakenBack && state.steps[step.id]?.isIntended == true
        }
        return WayBack(
            plan: plan, state: state, heading: "An abort of \(state.run) would do:",
            end: handedOver.map { "undo \($0.phase)  \($0.title)" }
                + ["end the run; \(plan.words.aborted(plan))"])
    }

    public var text: String {
        ([heading, "  " + traffic] + end.map { "  " + $0 }).joined(separator: "\n") + "\n"
    }

    private var traffic: String {
        let (old, new) = (plan.direction.old, plan.direction.new)
        if !plan.movesTraffic { return "no load balancer is changed" }
        let names = plan.environment.loadBalancers.map(\.name.text).joined(separator: ", ")
        if state.traffic.isShifted {
            return "all traffic back to \(old) on \(names): raised and read back there, then \(new) lowered"
        }
        return "the traffic stays on \(old)"
    }
}
