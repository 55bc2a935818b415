/// The agents of one color, which run the tasks of its services, whatever framework launches them.
public protocol AgentPool: Sendable {
    /// Whether services can be launched there: enough agents are fit, and each framework is registered with them.
    func observe() async throws(Failure) -> PlatformState

    /// The agents that take tasks.
    func observeAgents() async throws(Failure) -> [Agent]

    /// Whether these services fit beside what runs already, which may be some of their own tasks.
    func observeCapacity(for services: [Service]) async throws(Failure) -> CapacityReport

    /// For people: how much of all that the agents have these services ask for, wherever they run.
    func observeDemand(of services: [Service]) async throws(Failure) -> String

    /// What the running tasks of these services consist of, each kind of task once. A service of which nothing runs is
    /// missing.
    func observeTaskContents(of services: [Service]) async throws(Failure) -> [ServiceID: Set<TaskContent>]

    /// What these services need of agents that can't be known before they run, one sentence each.
    func unprovenNeeds(of services: [Service]) -> [String]

    /// What runs and belongs to none of these services, one sentence for each service or framework that it seems to
    /// belong to, with what to do.
    ///
    /// - Parameter patterns: of what is left alone: service ids, or `FRAMEWORK/TASK NAME`; `*` stands for any text.
    func observeUnclaimed(
        besides services: [ServiceID], ignoring patterns: [String]
    ) async throws(Failure) -> [String]
}

/// Whether services fit on agents.
public struct CapacityReport: Sendable, Hashable {
    /// For people: what is asked for, and what is free.
    public var description: String
    /// What is missing, one sentence each; empty when everything fits.
    public var shortfalls: [String]

    public init(description: String, shortfalls: [String] = []) {
        self.description = description
        self.shortfalls = shortfalls
    }
}
