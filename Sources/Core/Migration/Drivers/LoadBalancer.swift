/// A load balancer in front of both colors.
public protocol LoadBalancer: Sendable {
    var name: LoadBalancerID { get }
    /// What it is, for people: `HAProxy`.
    var product: String { get }

    /// Everything rz needs to know, read from the load balancer itself; counters include old workers.
    func observe() async throws(Failure) -> LoadBalancerState

    /// The same, but for counters, which may be of up to two seconds before: what is quick to ask for.
    func glance() async throws(Failure) -> LoadBalancerState

    /// Makes the changes in their order, checks each reply, writes what survives a reload. With no change, only claims
    /// the load balancer for this epoch.
    ///
    /// Refuses with kind `.refused` when the load balancer holds a higher epoch than this one, or the same of another
    /// owner (invariant I6).
    /// A failure may leave a part of the changes made: read back with `observe`.
    func apply(_ changes: [ServerChange], epoch: Int) async throws(Failure)

    /// The same, and what stands there afterwards: read after the last change was made, like `observe`, but for counters,
    /// which may be of up to two seconds before.
    ///
    /// - Parameters:
    ///   - process: the one whose state the changes rest on, where a load balancer has processes: in another one, which a
    ///     reload has put in its place, no server is changed, and the failure is transient. Nil for whoever answers.
    ///   - isFollowed: whether another change follows at once: that one writes what survives a reload. Until then a reload
    ///     brings back what was there before both.
    func change(
        _ changes: [ServerChange], in process: LoadBalancerProcess?, isFollowed: Bool, epoch: Int
    ) async throws(Failure) -> LoadBalancerState

    /// Who talks to these servers, those of old processes included.
    ///
    /// - Parameter detailed: for so many of the oldest it also asks how many bytes went, which takes more of the load
    ///   balancer's time.
    func observeSessions(
        of servers: [ListedServer], detailed: Int
    ) async throws(Failure) -> OpenSessions

    /// What would keep this load balancer from taking part in a cutover: level of the socket, static algorithm,
    /// persistence, agent checks. One sentence each.
    func observeObstacles(_ rules: [TrafficRule]) async throws(Failure) -> [Obstacle]

    /// Whether a run with this epoch could write here: a blocking obstacle where it would be refused, another where it
    /// would take over from another owner.
    func observeClaim(epoch: Int) async throws(Failure) -> [Obstacle]

    /// Asks which backends of these rules take no weights. Asks for a change that is refused whatever the answer is, so
    /// that nothing changes; but it is a change by its form, so it belongs in a run, not into a plan.
    func proveWeights(_ rules: [TrafficRule]) async throws(Failure) -> [Obstacle]
}

extension LoadBalancer {
    public func glance() async throws(Failure) -> LoadBalancerState { try await observe() }
    public func change(
        _ changes: [ServerChange], in process: LoadBalancerProcess?, isFollowed: Bool, epoch: Int
    ) async throws(Failure) -> LoadBalancerState {
        try await apply(changes, epoch: epoch)
        return try await observe()
    }
    public func change(_ changes: [ServerChange], epoch: Int) async throws(Failure) -> LoadBalancerState {
        try await change(changes, in: nil, isFollowed: false, epoch: epoch)
    }
    public var product: String { "HAProxy" }
    public func observeClaim(epoch: Int) async throws(Failure) -> [Obstacle] { [] }
    public func proveWeights(_ rules: [TrafficRule]) async throws(Failure) -> [Obstacle] { [] }
}

/// Something that a preflight check found.
public struct Obstacle: Codable, Sendable, Hashable {
    /// A blocking one refuses the run; others are warnings.
    public var isBlocking: Bool
    public var text: String

    public init(_ text: String, isBlocking: Bool) {
        self.text = text
        self.isBlocking = isBlocking
    }

    /// What a run would be refused with, in one line.
    public init(_ failure: Failure) {
        let words = [failure.summary] + failure.details + [failure.advice].compactMap(\.self)
        self.init(words.joined(separator: "; "), isBlocking: true)
    }
}
