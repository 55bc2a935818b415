import Migration

/// What an operator is told when a run stops: how it stands, why, and what to type next.
public struct Outcome: Sendable {
    private let plan: Plan
    private let state: RunState
    private let style: Style

    public init(_ plan: Plan, _ state: RunState, style: Style = .plain) {
        self.plan = plan
        self.state = state
        self.style = style
    }

    public var text: String { (lines).joined(separator: "\n") + "\n" }

    private var lines: [String] {
        let old = plan.direction.old
        let new = plan.direction.new
        switch state.status {
        case .done:
            return [style.good("DONE") + "  \(new) is live, \(old) is gone, the data disks stayed.  \(elapsed)"]
        case .aborted where !isBuilt:
            return [style.careful("ABORTED") + "  the traffic is on \(old); nothing of \(new) was built.  \(elapsed)"]
        case .aborted:
            return [
                style.careful("ABORTED") + "  the traffic is on \(old); \(new) runs on without any.  \(elapsed)",
                next("rz rollback", "stop \(new)'s services and destroy its servers"),
            ]
        case .rolledBack:
            return [style.careful("ROLLED BACK") + "  \(old) carries the traffic, \(new) is gone.  \(elapsed)"]
        case .paused:
            return [style.careful("PAUSED") + " in \(state.phase)", next("rz resume", "go on")]
        case .halted(let failure):
            return halted(failure)
        case .running:
            return ["\(state.run) is at \(state.phase)"]
        case .rollingBack:
            return ["\(state.run) is rolling back"]
        }
    }

    private func halted(_ failure: Failure) -> [String] {
        var lines = [style.bad("HALTED") + " in \(state.phase), \(traffic)", ""]
        lines.append("  why      " + failure.summary)
        if let place = failure.place { lines.append("           at \(place)") }
        lines += failure.details.map { "           \($0)" }
        if let advice = failure.advice { lines.append("  advice   \(advice)") }
        lines.append("  state    \(whatRuns)")
        lines.append(next("rz resume", resuming))
        lines.append(next("rz history \(state.run)", "what happened when", isFirst: false))
        if canRollBack(state, plan), !state.isGoingBack {
            lines.append(next("rz rollback", rollingBack, isFirst: false))
        }
        return lines
    }

    private var resuming: String {
        if state.isGoingBack { return "go on rolling back" }
        if state.traffic.isReturning { return "bring all traffic back to \(plan.direction.old), then go on" }
        return "go on from here"
    }

    private var rollingBack: String {
        if !isBuilt, !state.traffic.isShifted { return "end this run; nothing was changed" }
        return "traffic to \(plan.direction.old), then take \(plan.direction.new) down"
    }

    private var isBuilt: Bool {
        plan.steps.contains { $0.action == .buildServers && state.steps[$0.id]?.isIntended == true }
    }

    private var traffic: String {
        guard let share = state.traffic.verified else {
            return style.bad("the weights are in doubt: not every load balancer could be read back")
        }
        if share == .none { return "all traffic is on \(plan.direction.old)" }
        if share == .all { return "all traffic is on \(plan.direction.new)" }
        return "\(plan.direction.new) carries \(share), \(plan.direction.old) the rest"
    }

    private var whatRuns: String {
        let new = isBuilt ? "\(plan.direction.new) stands" : "nothing of \(plan.direction.new) was built"
        return "\(new); "
            + (canRollBack(state, plan)
                ? "servers and services of \(plan.direction.old) run on" : "\(plan.direction.old) is being taken down")
    }

    private func next(_ command: String, _ meaning: String, isFirst: Bool = true) -> String {
        (isFirst ? "  next     " : "           ") + command.padded(to: 28) + "  " + meaning
    }

    private var elapsed: String {
        guard let start = state.startedAt, let end = state.endedAt else { return "" }
        return "Took \(Wording.time(end - start))."
    }
}
