import Migration
import Operations

/// A plan as people read it before they say yes.
public struct PlanView: Sendable {
    private let plan: Plan
    private let style: Style
    private let width: Int
    private let file: String?
    private let runsNow: Bool
    /// What knows the words for the plan's steps; nil for a plan of an operation that this rz does not know.
    private let operation: Operation?

    /// - Parameters:
    ///   - file: where the plan was saved.
    ///   - runsNow: whether it is shown to be run, so that no one has to save it.
    public init(
        _ plan: Plan, style: Style = .plain, width: Int = 100, savedAs file: String? = nil, runsNow: Bool = false
    ) {
        self.file = file
        self.runsNow = runsNow
        self.plan = plan.shown
        operation = try? Operation.of(plan)
        self.style = style
        self.width = width
    }

    public var text: String {
        (heading + [""] + phases + notes).joined(separator: "\n") + "\n"
    }

    // MARK: - Heading

    private var heading: [String] {
        let name = "Plan for \(plan.environment.name): \(plan.words.title(plan))"
        let commit = plan.source.commit.map { "commit \($0.prefix(7)) (\(sourceState))" } ?? "no Git repository"
        return [
            style.strong(name.padded(to: 46)) + "  \(commit)  \(Plan.short(plan.id))",
            plan.words.heading(plan),
        ]
    }

    private var sourceState: String {
        let state =
            plan.source.changed.isEmpty ? "clean" : Wording.count(plan.source.changed.count, "file") + " changed"
        return state + (plan.source.isSigned ? ", signed" : "")
    }

    // MARK: - Phases

    private var phases: [String] { plan.phases.isEmpty ? [] : plan.phases.flatMap(phase) + [""] }

    private func phase(_ phase: Phase) -> [String] {
        let steps = plan.steps(in: phase.id)
        let planned = operation?.lines(of: phase.id, plan) ?? []
        let noReturn = phase.traits.contains(.afterNoReturn) ? style.bad("POINT OF NO RETURN") : ""
        var lines: [String] = []
        for (number, line) in (planned.isEmpty ? [PlanLine("")] : planned).enumerated() {
            let name = number == 0 ? phase.id.rawValue : ""
            let estimate = number == 0 ? plan.estimate(of: phase.id) : .zero
            lines += self.lines(name, line, estimate, number == 0 && !noReturn.isEmpty ? noReturn : line.undo)
            if number == 0 { lines += approvals(steps) }
            lines += line.details.flatMap { detail(colored($0.mark, $0.tone), $0.text, $0.more) }
        }
        let own = steps.filter { Self.isOperators($0.action) }
        return lines + own.flatMap { detail("·", "\($0.title)" + ($0.undo == .none ? "   can't be undone" : "")) }
    }

    private func colored(_ text: String, _ tone: PlanLine.Tone) -> String {
        switch tone {
        case .plain: text
        case .good: style.good(text)
        case .careful: style.careful(text)
        case .bad: style.bad(text)
        }
    }

    /// A line of a phase, with more lines where one is not enough for it.
    private func lines(_ name: String, _ line: PlanLine, _ estimate: Period, _ undo: String) -> [String] {
        let space = max(30, width - 46)
        let body = line.text.wrapped(to: space)
        let time = estimate > .zero ? Wording.estimate(estimate) : ""
        let first =
            "\(name.padded(to: 13)) \(colored(line.mark, line.tone)) \((body.first ?? "").padded(to: space)) "
            + time.padded(to: 9) + undo
        return [first.trimmedAtEnd] + body.dropFirst().map { indent + $0 }
    }

    private func approvals(_ steps: [Step]) -> [String] {
        steps.flatMap { step -> [String] in
            guard case .approval(let demand, let reason) = step.action else { return [] }
            return detail(style.careful("?"), "needs \(Wording.count(demand.people, "approval")) \(reason)")
        }
    }

    private let indent = String(repeating: " ", count: 16)

    /// One line, or two where one is not enough.
    private func detail(_ mark: String, _ text: String, _ more: String = "") -> [String] {
        let space = max(20, width - 18)
        let whole = more.isEmpty ? text : "\(text)  \(more)"
        if whole.count <= space { return ["\(indent)\(mark) \(whole)"] }
        let rest = more.isEmpty ? [] : more.wrapped(to: space - 2).map { "\(indent)    \($0)" }
        return ["\(indent)\(mark) \(text.cut(to: space))"] + rest
    }

    private static func isOperators(_ action: Action) -> Bool {
        switch action {
        case .exec, .http, .wait: true
        default: false
        }
    }

    // MARK: - Notes

    private func note(_ mark: String, _ text: String, room: Int = 10) -> [String] {
        let lines = text.wrapped(to: max(20, width - room))
        return ["\(mark) \(lines.first ?? "")"] + lines.dropFirst().map { String(repeating: " ", count: 10) + $0 }
    }

    private var notes: [String] {
        var lines: [String] = []
        for text in plan.obstacles { lines += note(style.bad("blocking:"), text) }
        for text in plan.unreachable?.unverified ?? [] {
            lines += note(style.careful("unverified:"), text, room: 12)
        }
        for text in plan.warnings { lines += note(style.careful("warning:"), text) }
        if let capacity = plan.capacity { lines += note("capacity:", capacity) }
        if let windows = plan.limits.windows {
            lines += note("windows:", "each phase after the first begins in one: \(windows.words)")
        }
        for hook in plan.onHalt { lines += note("on halt:", hook.title) }
        if plan.steps.isEmpty { return lines + ["There is nothing to do."] }
        let waits = plan.steps.contains { if case .approval = $0.action { true } else { false } }
        lines.append(
            "Estimated \(Wording.estimate(plan.estimate).dropFirst())\(waits ? ", and until people approve" : "").")
        if let file {
            lines.append("Saved in \(file). Run exactly this: rz update --plan \(file)")
        } else if plan.obstacles.isEmpty, plan.words.isSaved, !runsNow {
            lines.append("Save with -o FILE and run exactly this: rz update --plan FILE")
        } else if !plan.obstacles.isEmpty {
            lines.append("This plan can't be run until what blocks it is fixed.")
        }
        return lines
    }
}
