/// Where tasks run: as processes of this machine, or on the agents of a Mesos cluster.
///
/// The core decides, a place carries out, and reports what came of it: at once, or when it is looked at. Every decision is
/// durable before a place hears of it.
protocol TaskPlace {
    /// Talks to the outside for as long as the scheduler runs; nil when there is no one to talk to.
    var service: (@Sendable () async throws -> Void)? { get }

    /// Takes over the tasks of an earlier scheduler.
    mutating func takeOver(_ tasks: [TaskRecord]) -> [SchedulerEvent]

    /// What is new; asked for ten times a second.
    mutating func look(at state: SchedulerState, round: Int) -> [SchedulerEvent]

    /// - Returns: what came of it, if that is known at once.
    mutating func launch(_ task: TaskRecord, of app: AppDefinition, in state: SchedulerState) -> SchedulerEvent?

    /// Ends a task, of which it may not be known yet whether it runs.
    mutating func end(_ task: TaskRecord, force: Bool)

    /// The task is over.
    mutating func forget(_ task: TaskRecord)

    /// Everything that was decided about the last news has been handed over.
    ///
    /// - Parameter isWaiting: whether there are launches that wait for room.
    mutating func finishRound(isWaiting: Bool) -> [SchedulerEvent]

    /// Whether it performs a health check by itself, so that the scheduler need not.
    func performs(_ check: HealthCheck) -> Bool
}
