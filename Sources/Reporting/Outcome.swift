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
        case .aborted:
            return [
                style.careful("ABORTED") + "  the traffic is on \(old); \(new) runs on without any.",
                next("rz rollback", "stop \(new)'s services and destroy its servers"),
            ]
        case .rolledBack:
            return [style.careful("ROLLED BACK") + "  \(old) carries the traffic, \(new) is gone.  \(elapsed)"]
        case .paused:
            return [style.careful("PAUSED") + " in \(state.phase)", next("rz resume", "go on")]
        case .halted(let failure):
            return halted(failure)
        case .running, .rollingBack:
            return ["\(state.run) is at \(state.phase)"]
        }
    }

    private func halted(_ failure: Failure) -> [String] {
        var lines = [style.bad("HALTED") + " in \(state.phase), \(traffic)", ""]
        lines.append("  why      " + failure.summary)
        if let place = failure.place { lines.append("           at \(place)") }
        lines += failure.details.map { "           \($0)" }
        if let advice = failure.advice { lines.append("  advice   \(advice)") }
        lines.append("  state    \(whatRuns)")
        lines.append("  next     rz resume".padded(to: 36) + "go on from here")
        lines.append("           rz history \(state.run)".padded(to: 36) + "what happened when")
        if canRollBack(state, plan) {
            lines.append(
                "           rz rollback".padded(to: 36)
                    + "traffic to \(plan.direction.old), then take \(plan.direction.new) down")
        }
        return lines
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
        let built = plan.steps.contains { $0.action == .buildServers && state.steps[$0.id]?.isIntended == true }
        let new = built ? "\(plan.direction.new) stands" : "nothing of \(plan.direction.new) was built"
        return "\(new); "
            + (canRollBack(state, plan)
                ? "\(plan.direction.old) is untouched" : "\(plan.direction.old) is being taken down")
    }

    private func next(_ command: String, _ meaning: String) -> String {
        "  next     \(command)".padded(to: 36) + meaning
    }

    private var elapsed: String {
        guard let start = state.startedAt, let end = state.endedAt else { return "" }
        return "Took \(Wording.time(end - start))."
    }
}
