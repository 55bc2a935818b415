extension Plan {
    /// The limits that a run of it keeps: those of its environment, without what was lifted.
    public var limits: Limits { environment.limits.without(lifted.map(\.limit)) }

    /// How many people lift a limit, whatever the environment says of approvals.
    public static let liftingPeople = 2

    /// The step in which they say yes: the first of the run.
    public var liftingStep: Step? { steps.first { $0.id.text.hasSuffix(Plan.liftingName) } }

    private static let liftingName = "/lift-limits"

    /// The step that asks for the approval of what is lifted; nil where nothing is.
    public static func liftingStep(of lifted: [LiftedLimit], in phase: PhaseID) -> Step? {
        guard !lifted.isEmpty else { return nil }
        let names = lifted.map { "limits.\($0.limit.rawValue)" }.joined(separator: ", ")
        let reasons = Set(lifted.map(\.reason)).sorted().joined(separator: "; ")
        return Step(
            id: StepID("\(phase)\(liftingName)"), phase: phase,
            title: "\(liftingPeople) people lift \(names)",
            action: .approval(ApprovalDemand(liftingPeople), reason: "to lift \(names): \(reasons)"), undo: .free,
            estimate: .zero, deadline: .hours(72))
    }

    /// For people: what is lifted, for which reason, and who asked for it.
    public var liftedWords: [String] {
        lifted.map { "limits.\($0.limit.rawValue) is lifted for this run, asked for by \($0.by): \($0.reason)" }
    }
}

extension RunState {
    /// Who said yes to what a plan lifts.
    public func liftedBy(_ plan: Plan) -> [Approval] {
        plan.liftingStep.map { approvals[$0.id, default: []] } ?? []
    }

    /// Whether enough people did, where anything is lifted. A plan without the step that asks them lifts nothing.
    public func mayLift(_ plan: Plan) -> Bool {
        plan.lifted.isEmpty || liftedBy(plan).count >= Plan.liftingPeople
    }
}
