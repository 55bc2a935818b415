import Engine
import Migration
import Planning

/// A step of rz's own: everything that rz knows of it, in one file.
package protocol BuiltInStep: Sendable {
    /// Its name in a runbook: `use: launch`.
    var use: BuiltIn { get }
    /// The only phase in which it makes sense: that is what keeps the order of the state machine.
    var phase: PhaseID { get }
    /// Whether a runbook of its operation must have it.
    var isRequired: Bool { get }
    /// The step of the same phase in whose place it stands where the old color does not answer; runbooks name that one.
    var standsFor: BuiltIn? { get }
    /// The step of the same phase that must come first where the runbook has it, and why.
    var follows: (step: BuiltIn, reason: String)? { get }
    /// The name of the steps that it becomes, in plans.
    var kind: StepKind { get }
    /// Whether it makes calls that change something, so that each of them may fail: asked by `rz simulate`.
    var changesSomething: Bool { get }
    /// What steps that differ in their subject only have in common; nil where the line becomes one step.
    var each: String? { get }

    /// The steps of a plan that a line becomes; none where there is nothing to do.
    func expand(_ line: StepLine, in scope: StepScope) -> [Step]

    /// The work behind a step; nil where the step does not say what it is about.
    func work(_ step: Step) -> (any StepWork)?

    /// What a plan says of it; nil for what goes without saying.
    func line(_ plan: Plan) -> PlanLine?
}

extension BuiltInStep {
    package var isRequired: Bool { true }
    package var standsFor: BuiltIn? { nil }
    package var follows: (step: BuiltIn, reason: String)? { nil }
    package var changesSomething: Bool { true }
    package var each: String? { nil }
    package func line(_ plan: Plan) -> PlanLine? { nil }
}

/// A line of a plan as people read it, for views to lay out.
package struct PlanLine: Sendable, Hashable {
    package enum Tone: Sendable, Hashable { case plain, good, careful, bad }

    package struct Detail: Sendable, Hashable {
        package var mark: String
        package var tone: Tone
        package var text: String
        package var more: String

        package init(_ mark: String, _ text: String, _ more: String = "", _ tone: Tone = .plain) {
            self.mark = mark
            self.tone = tone
            self.text = text
            self.more = more
        }
    }

    /// One sign: what is added, what ends.
    package var mark: String
    package var tone: Tone
    package var text: String
    /// What the way back is, in a few words.
    package var undo: String
    package var details: [Detail]

    package init(
        _ text: String, mark: String = " ", _ tone: Tone = .plain, undo: String = "", details: [Detail] = []
    ) {
        self.text = text
        self.mark = mark
        self.tone = tone
        self.undo = undo
        self.details = details
    }
}

extension PlanLine.Detail {
    /// What a plan says of the drifts of an area: each with its difference.
    static func drifts(of area: Drift.Area, in plan: Plan) -> [PlanLine.Detail] {
        plan.drifts.filter { $0.area == area }.flatMap { drift in
            [PlanLine.Detail("!", drift.subject, drift.text, .careful)]
                + drift.diff.prefix(10).map { PlanLine.Detail(" ", $0) }
                + (drift.diff.count > 10 ? [PlanLine.Detail(" ", "… \(drift.diff.count - 10) more lines")] : [])
        }
    }
}
