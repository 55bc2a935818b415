import Transport

/// How the scheduler joins a Mesos cluster as a framework.
public struct MesosSettings: Sendable, Equatable {
    /// URL of any of its masters.
    public var master: String
    public var credentials: Credentials?
    /// For how long the master keeps the tasks of a scheduler that is away.
    public var failoverTimeout: Double = 604_800
    /// After so many heartbeats without a sign of life the master counts as gone.
    var heartbeatTolerance = 3.0
    /// How often the states of all tasks are asked for, in seconds.
    var reconcileInterval = 15.0
    /// How long a task may be unknown to the master before it counts as lost: after a failover of masters, its agent
    /// has to join again first.
    var unknownTolerance = 30.0

    public init(master: String, credentials: Credentials? = nil) {
        self.master = master.hasSuffix("/") ? String(master.dropLast()) : master
        self.credentials = credentials
    }
}
