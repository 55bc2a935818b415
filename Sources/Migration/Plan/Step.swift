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

    public init(
        id: StepID, phase: PhaseID, title: String, action: Action, color: Color? = nil, needs: [StepID] = [],
        undo: Reversibility = .free, closesWayBack: Bool = false, isTakenBack: Bool = false,
        estimate: Period = .seconds(10), deadline: Period, attempts: Int = 1, onFailure: OnFailure = .halt
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

/// What a step does.
public enum Action: Sendable, Hashable {
    /// Looks for everything that would spoil the run.
    case check
    /// Builds the data disks, which belong to neither color.
    case buildDisks
    /// Builds the new color's servers.
    case buildServers
    /// Configures the new color's servers.
    case configure
    /// Waits until the new color's platform takes services.
    case awaitPlatform
    /// Launches one service in the new color.
    case launch(ServiceID)
    /// Waits until every service of the new color is healthy.
    case awaitServices
    /// Makes the new color's servers ready at weight zero on every load balancer.
    case readyTraffic
    /// Gives the new color a share of the traffic, then watches it for a while.
    case shift(to: Percent, bake: Period)
    /// Hands a service that may run once, or a scheduled job, over to the new color.
    case handOver(ServiceID)
    /// Drains the old color until it is quiet, then puts it into maintenance.
    case drain
    /// Leaves the old color up for a while.
    case soak(Period)
    /// Stops the old color's services.
    case stopServices
    /// Destroys the old color's servers.
    case destroyServers
    /// Waits until enough people have said yes.
    case approval(count: Int, reason: String)
    case exec(ExecWork)
    case http(HTTPWork)
    case wait(Period)
}
