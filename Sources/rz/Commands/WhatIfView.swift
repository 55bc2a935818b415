import JSON
import Migration
import Operations
import Reporting
import Simulation

/// What would become of a plan under each assumed fault, for people: by phase and kind of step, what comes to the same
/// in one line.
struct WhatIfView {
    private let plan: Plan
    private let outcomes: [WhatIf.Outcome]
    private let style: Style

    init(_ plan: Plan, _ outcomes: [WhatIf.Outcome], style: Style) {
        self.plan = plan
        self.outcomes = outcomes.filter(\.happened)
        self.style = style
    }

    var text: String {
        var lines = [
            style.strong("what if") + "  \(plan.environment.name): \(plan.direction.old) → \(plan.direction.new), "
                + "\(Wording.count(plan.steps.count, "step")), \(Wording.count(outcomes.count, "fault")), each in a run of its own",
            style.faint("✓ no one notices   ! customers notice   ✗ does not end well"),
        ]
        for phase in plan.phases.map(\.id) {
            let rows = self.rows(of: phase)
            guard !rows.isEmpty else { continue }
            lines += ["", style.strong(phase.rawValue)]
            var lastStep = ""
            let width = rows.map(\.fault.count).max() ?? 0
            for row in rows {
                if row.step != lastStep { lines.append("  \(row.step)") }
                lastStep = row.step
                let fault = row.fault.padding(to: width)
                lines.append(
                    "    \(fault)  \(row.mark(style)) \(row.outcome)" + (row.count > 1 ? " (×\(row.count))" : ""))
            }
        }
        return (lines + ["", summary]).joined(separator: "\n") + "\n"
    }

    private var summary: String {
        let halted = outcomes.count { $0.halt != nil }
        let hurt = outcomes.count(where: \.hurts)
        let broken = outcomes.count { !$0.broken.isEmpty || !$0.isMended }
        var parts = [
            "\(outcomes.count - halted) go on or resume by themselves", "\(halted) halt first",
            hurt == 0 ? "customers notice none" : style.careful("customers notice \(hurt)"),
        ]
        if broken > 0 { parts.append(style.bad("\(broken) do not end well")) }
        return parts.joined(separator: ", ") + "."
    }

    // MARK: - Rows

    private struct Row {
        var step: String
        var fault: String
        var outcome: String
        var hurts: Bool
        var isMended: Bool
        var count = 1

        func mark(_ style: Style) -> String {
            if !isMended { return style.bad("✗") }
            return hurts ? style.careful("!") : style.good("✓")
        }
    }

    private func rows(of phase: PhaseID) -> [Row] {
        var rows: [Row] = []
        for outcome in outcomes {
            guard let step = plan.step(outcome.whatIf.step), step.phase == phase else { continue }
            let row = Row(
                step: step.action.each ?? outcome.whatIf.step.text, fault: outcome.whatIf.fault.text(plan.direction),
                outcome: self.text(of: outcome), hurts: outcome.hurts, isMended: outcome.isMended)
            let same = rows.firstIndex { $0.step == row.step && $0.fault == row.fault && $0.outcome == row.outcome }
            if let same { rows[same].count += 1 } else { rows.append(row) }
        }
        return rows
    }

    private func text(of outcome: WhatIf.Outcome) -> String {
        var parts: [String] = []
        if outcome.retries > 0 { parts.append("tried again") }
        if !outcome.restored.isEmpty { parts.append("weights restored") }
        if let halt = outcome.halt {
            parts.append("halts: \(named(halt.summary, outcome))")
            if let returned = outcome.returned {
                parts.append("all traffic back on \(plan.direction.old) in \(returned)")
            } else if outcome.shareAtHalt > .none {
                parts.append("\(plan.direction.new) keeps \(outcome.shareAtHalt)")
            }
        }
        if outcome.failedRequests > 0 { parts.append("\(outcome.failedRequests) requests find no server") }
        if outcome.wrongAnswers > 0 { parts.append("\(outcome.wrongAnswers) answers are errors") }
        switch outcome.end {
        case .done where outcome.halt != nil: parts.append("done after rz resume")
        case .done where outcome.whatIf.fault == .killed: parts.append("goes on with rz resume")
        case .done where parts.isEmpty: parts.append("goes on")
        case .done: break
        case .halted(let failure) where failure.summary != outcome.halt?.summary:
            parts.append("then \(named(failure.summary, outcome))")
        default: parts.append("rz resume does not help")
        }
        if let broken = outcome.broken.first { parts.append("breaks a promise: \(broken)") }
        return parts.joined(separator: "; ")
    }

    /// The load balancer by a word that is the same for each, so that what happens to any of them is shown once.
    private func named(_ text: String, _ outcome: WhatIf.Outcome) -> String {
        guard let name = outcome.whatIf.fault.loadBalancer else { return text }
        return text.replacing(name.text, with: "it")
    }

    // MARK: - For machines

    /// One object a fault, one line each.
    var json: String {
        outcomes.map { outcome in
            var object = Answer.object([
                ("step", .string(outcome.whatIf.step.text)), ("fault", .string(outcome.whatIf.fault.word)),
                ("end", .string(outcome.isMended ? "done" : "not done")),
                ("retries", .number(JSONNumber(outcome.retries))),
                ("failedRequests", .number(JSONNumber(outcome.failedRequests))),
                ("wrongAnswers", .number(JSONNumber(outcome.wrongAnswers))),
                ("newShareAtHalt", .string("\(outcome.shareAtHalt)")),
            ])
            if let name = outcome.whatIf.fault.loadBalancer { object["loadBalancer"] = .string(name.text) }
            if let halt = outcome.halt { object["halt"] = .string(halt.summary) }
            if let broken = outcome.broken.first { object["broken"] = .string("\(broken)") }
            return JSON.object(object).compact + "\n"
        }.joined()
    }
}

extension WhatIf.Outcome {
    var isMended: Bool { end == .done && broken.isEmpty }
}

extension WhatIf.Fault {
    var loadBalancer: LoadBalancerID? {
        switch self {
        case .loadBalancerDown(let name, _), .loadBalancerReloaded(let name): name
        default: nil
        }
    }

    func text(_ direction: Direction) -> String {
        switch self {
        case .callFails: "a call fails once"
        case .callKeepsFailing: "its calls keep failing"
        case .answerLost: "an answer is lost"
        case .killed: "rz is killed"
        case .loadBalancerDown(_, let length): "a load balancer does not answer for \(length)"
        case .loadBalancerReloaded: "a load balancer is reloaded"
        case .newColorLost(let length): "\(direction.new) loses its servers for \(length)"
        case .newColorErrors(let share, let length): "\(share) of \(direction.new)'s answers are errors for \(length)"
        }
    }

    var word: String {
        switch self {
        case .callFails: "callFails"
        case .callKeepsFailing: "callKeepsFailing"
        case .answerLost: "answerLost"
        case .killed: "killed"
        case .loadBalancerDown: "loadBalancerDown"
        case .loadBalancerReloaded: "loadBalancerReloaded"
        case .newColorLost: "newColorLost"
        case .newColorErrors: "newColorErrors"
        }
    }
}

extension Action {
    /// What steps that differ only in the service have in common.
    fileprivate var each: String? { kind.flatMap { Operation.builtInStep(of: $0) }?.each }
}

extension String {
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
