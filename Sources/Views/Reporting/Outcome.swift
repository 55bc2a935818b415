import Migration
import Operations

/// What an operator reads when a run stops: how it stands, why, and what to type next.
public struct Outcome: Sendable {
    private let plan: Plan
    private let state: RunState
    private let style: Style
    private let standing: Standing

    public init(_ plan: Plan, _ state: RunState, style: Style = .plain) {
        self.plan = plan.shown
        self.state = state
        self.style = style
        standing = Standing(self.plan, state)
    }

    public var text: String { (lines + lifted).joined(separator: "\n") + "\n" }

    /// What the run did without, why, and who said yes.
    private var lifted: [String] {
        let people = state.liftedBy(plan).map(\.by).joined(separator: ", ")
        return plan.lifted.map { lifted in
            "  lifted   limits.\(lifted.limit.rawValue): \(lifted.reason) "
                + "(\(people.isEmpty ? "not approved yet" : "approved by \(people)"))"
        }
    }

    private var name: String { plan.environment.name }

    private var lines: [String] {
        let (old, new) = (plan.direction.old, plan.direction.new)
        switch state.status {
        case .done:
            let disks = standing.hasDisks ? ", the data disks stayed" : ""
            return [style.good("DONE") + "  \(plan.words.done(plan, standing.end))\(disks).  \(elapsed)"]
                + (plan.movesTraffic ? configuration : [])
                + list("left", standing.ruins) + list("unverified", standing.unverified)
        case .aborted where !standing.hasNewColor && !plan.buildsOrLaunches:
            return [style.careful("ABORTED") + "  \(plan.words.aborted(plan)).  \(elapsed)"]
                + (standing.undoable == 0 ? [] : [next(Advice.rollback(name), rollingBack)])
        case .aborted where !standing.hasNewColor:
            let traffic = plan.movesTraffic ? "the traffic is on \(old); " : ""
            return [
                style.careful("ABORTED") + "  \(traffic)nothing of \(new) was built or launched.  \(elapsed)"
            ]
        case .aborted:
            return [
                style.careful("ABORTED") + "  \(plan.words.aborted(plan)).  \(elapsed)",
                next(Advice.rollback(name), takingDown),
            ]
        case .rolledBack where state.isDrilled(plan):
            return [
                style.good("DRILLED") + "  \(new) carried all traffic; "
                    + "\(plan.words.rolledBack(plan, standing.end)).  \(elapsed)"
            ]
        case .rolledBack:
            return [style.careful("ROLLED BACK") + "  \(plan.words.rolledBack(plan, standing.end)).  \(elapsed)"]
        case .paused:
            return [style.careful("PAUSED") + " in \(state.phase)", next(Advice.resume(name), "go on")]
        case .halted(let failure):
            return halted(failure)
        case .running:
            return ["\(state.run) is at \(state.phase)"]
        case .rollingBack:
            return ["\(state.run) is rolling back"]
        }
    }

    /// What an operator must set by hand on a load balancer that keeps nothing over a reload.
    private var configuration: [String] {
        let forgetful = plan.environment.loadBalancers.filter { !$0.keepsWeights }.map(\.name.text)
        guard !forgetful.isEmpty else { return [] }
        return [
            "  next     in the configuration of \(forgetful.joined(separator: ", ")):",
            "           `weight 0` for the servers of \(plan.direction.old), a weight for those of \(plan.direction.new);",
            "           until then a reload gives the traffic back to \(plan.direction.old)",
        ]
    }

    private func list(_ heading: String, _ lines: [String]) -> [String] {
        lines.flatMap { line in
            line.wrapped(to: 80).enumerated().map { $0 == 0 ? "\u{B7} \($1)" : "  \($1)" }
        }.enumerated().map { "  \(($0 == 0 ? heading : "").padded(to: 12)) \($1)" }
    }

    private func halted(_ failure: Failure) -> [String] {
        let isVerified = state.traffic.verified != nil
        let traffic = isVerified ? standing.traffic : style.bad(standing.traffic)
        var lines = [style.bad("HALTED") + " in \(state.phase)" + (plan.movesTraffic ? ", \(traffic)" : ""), ""]
        lines.append("  why      " + Advice.naming(name, in: failure.summary))
        if let place = failure.place { lines.append("           at \(place)") }
        lines += failure.details.map { "           " + Advice.naming(name, in: $0) }
        if let advice = failure.advice, !isOnlyNext(advice) {
            let text = wrapped(Advice.naming(name, in: advice))
            lines += zip(["advice"] + text.dropFirst().map { _ in "      " }, text).map { "  \($0)   \($1)" }
        }
        lines.append("  state    \(standing.newColor)")
        if plan.movesTraffic { lines.append("           \(standing.oldColor)") }
        if state.traffic.isShifted {
            lines.append("           no one watches weights and errors until the run goes on")
        }
        lines += list("unverified", standing.unverified)
        lines.append(next(Advice.resume(name), resuming))
        if canRollBack(state, plan), !state.isRollingBack {
            if state.traffic.isShifted {
                lines.append(
                    next(Advice.abort(name), "traffic to \(plan.direction.old) at once, and end", isFirst: false))
            }
            lines.append(next(Advice.rollback(name), rollingBack, isFirst: false))
        }
        lines.append(next("rz history \(state.run) -e \(name)", "what happened when", isFirst: false))
        return lines
    }

    /// In lines that leave commands in one piece.
    private func wrapped(_ text: String) -> [String] {
        let commands = [Advice.resume(name), Advice.rollback(name), Advice.abort(name)]
        return commands.reduce(text) { $0.replacing($1, with: $1.replacing(" ", with: "\u{A0}")) }
            .wrapped(to: 88).map { $0.replacing("\u{A0}", with: " ") }
    }

    /// Whether an advice says nothing more than the first line of what is next.
    private func isOnlyNext(_ advice: String) -> Bool {
        advice == "Go on with: rz resume." || advice == "Go on with: \(Advice.resume(name))."
    }

    private var resuming: String {
        if state.isRollingBack { return "go on rolling back" }
        if state.traffic.isReturning {
            let users = plan.unreachable == nil ? "all traffic" : "users whom it serves"
            return "bring \(users) back to \(plan.direction.old), then go on"
        }
        return "go on from here"
    }

    private var rollingBack: String {
        if standing.isUntouched { return "end this run; nothing was changed" }
        let traffic = state.traffic.isShifted ? "traffic to \(plan.direction.old), then " : ""
        if standing.hasNewColor { return traffic + takingDown }
        return traffic + (standing.undoable == 0 ? "" : "undo \(Wording.count(standing.undoable, "step")), then ")
            + "end this run"
    }

    private var takingDown: String {
        standing.hasFixedServers
            ? "stop \(plan.direction.new)'s services" : "take \(plan.direction.new) down"
    }

    private func next(_ command: String, _ meaning: String, isFirst: Bool = true) -> String {
        (isFirst ? "  next     " : "           ") + command.padded(to: 28) + "  " + meaning
    }

    private var elapsed: String {
        guard let start = state.startedAt, let end = state.endedAt else { return "" }
        return "Took \(Wording.time(end - start))."
    }
}
