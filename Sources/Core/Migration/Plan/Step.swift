/// One thing that a run does.
public struct Step: Sendable, Hashable {
    public var id: StepID
    public var phase: PhaseID
    /// One line for people.
    public var title: String
    public var action: Action
    /// The color that it acts on; nil where it is about both, or neither.
    public var color: Color?
    /// Steps of the same phase that must be done first.
    public var needs: [StepID]
    public var undo: Reversibility
    /// Whether there is no way back once it was begun.
    public var closesWayBack: Bool
    /// Whether it is undone before the run halts in its phase, or is aborted.
    public var isTakenBack: Bool
    public var estimate: Period
    public var deadline: Period
    /// How many times the step is tried at most.
    public var attempts: Int
    public var onFailure: OnFailure
    /// All have to hold when it begins, or it is not done.
    public var when: [Condition]

    public init(
        id: StepID, phase: PhaseID, title: String, action: Action, color: Color? = nil, needs: [StepID] = [],
        undo: Reversibility = .free, closesWayBack: Bool = false, isTakenBack: Bool = false,
        estimate: Period = .seconds(10), deadline: Period, attempts: Int = 1, onFailure: OnFailure = .halt,
        when: [Condition] = []
    ) {
        self.id = id
        self.phase = phase
        self.title = title
        self.action = action
        self.color = color
        self.needs = needs
        self.undo = undo
        self.closesWayBack = closesWayBack
        self.isTakenBack = isTakenBack
        self.estimate = estimate
        self.deadline = deadline
        self.attempts = attempts
        self.onFailure = onFailure
        self.when = when
    }
}

/// What it takes to take a step back.
public enum Reversibility: String, Codable, Sendable, Hashable {
    /// Nothing to do, or done in a moment.
    case free
    /// It can be undone, at a price.
    case costly
    /// It can't be undone.
    case none
}
