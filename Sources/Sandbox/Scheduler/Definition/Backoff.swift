/// The growing delay before a failing app is launched again.
struct Backoff: Sendable, Hashable {
    struct Policy: Sendable, Hashable {
        let initial: Double
        let factor: Double
        let maximum: Double
    }

    private(set) var delay: Double
    private(set) var until: Timestamp

    init(_ policy: Policy, at now: Timestamp) {
        delay = policy.initial
        until = now.adding(seconds: delay)
    }

    /// Grows with every failure; a task that had lived longer than twice the delay starts it again.
    mutating func extend(_ policy: Policy, at now: Timestamp, lifetime: Double) {
        delay = lifetime > 2 * delay + 5 ? policy.initial : min(policy.maximum, delay * policy.factor)
        until = now.adding(seconds: delay)
    }
}
