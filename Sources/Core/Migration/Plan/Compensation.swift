/// What a run takes back by itself before it halts because of a failure in a phase that moves traffic, or is aborted.
/// A plan lists what its operation needs, in order.
public enum Compensation: String, Codable, Sendable, Hashable, CaseIterable {
    /// All traffic goes back to the old color.
    case returnTraffic
    /// Steps that must not stay half of a move are undone: `Step.isTakenBack`.
    case undoSteps
}
