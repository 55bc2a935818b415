import Migration

/// What a person asks a plan for, beside its operation.
public struct PlanRequest: Sendable {
    /// The color that was named, for an operation that is about one.
    public var color: Color?
    /// Where drift is taken back, for an operation that does.
    public var areas: [Drift.Area]
    /// Limits that the run is to do without.
    public var lifted: [LiftedLimit]

    public init(color: Color? = nil, areas: [Drift.Area] = [], lifted: [LiftedLimit] = []) {
        self.color = color
        self.areas = areas
        self.lifted = lifted
    }
}
