import Migration

/// What a person asks a plan for, beside its operation.
public struct PlanRequest: Sendable {
    /// The color that was named, for an operation that is about one.
    public var color: Color?
    /// Where drift is taken back, for an operation that does.
    public var areas: [Drift.Area]
    /// Limits that the run is to do without.
    public var lifted: [LiftedLimit]
    /// Whether the old color is said not to answer: its services are those that were kept.
    public var isOldUnreachable: Bool
    /// What was kept of each color's services.
    public var kept: [Color: KeptServices] = [:]
    /// When it is asked.
    public var time = Instant(milliseconds: 0)

    public init(
        color: Color? = nil, areas: [Drift.Area] = [], lifted: [LiftedLimit] = [], isOldUnreachable: Bool = false
    ) {
        self.color = color
        self.areas = areas
        self.lifted = lifted
        self.isOldUnreachable = isOldUnreachable
    }
}
