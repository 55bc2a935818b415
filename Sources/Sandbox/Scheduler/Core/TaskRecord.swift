/// A process that the operating system distinguishes from every other, also after its pid is given out again.
struct ProcessIdentity: Sendable, Hashable {
    let pid: Int32
    /// Clock ticks since boot at which it started (`/proc/PID/stat`, field 22).
    let startTicks: UInt64
}

/// One task, which is one process: what was decided when it was launched, and how far it got.
struct TaskRecord: Sendable, Hashable {
    enum Phase: String, Sendable {
        /// Decided and durable; its process may or may not exist yet.
        case staging
        case running
        /// Asked to end; it holds its resources until its process is gone.
        case killing
    }

    let id: String
    /// The app or pod it belongs to.
    let app: PathID
    /// The container of a pod it runs; nil for an app.
    let container: String?
    /// The app version it was launched from.
    let version: Timestamp
    let server: String
    let directory: String
    let hostname: String
    let ports: [Int]
    let servicePorts: [Int]
    let resources: Resources
    let killGracePeriod: Double
    let stagedAt: Timestamp

    var phase = Phase.staging
    var startedAt: Timestamp?
    /// Nil on Mesos.
    var process: ProcessIdentity?
    /// When a task being ended is ended by force.
    var killDeadline: Timestamp?
    /// One entry for each check of its container; not durable, since probes start again with the scheduler.
    var health: [Health] = []

    /// The id all tasks of one instance share.
    var instanceID: String {
        if let container { return String(id.dropLast(container.count + 1)) }
        guard let end = id.firstRange(of: "._app.") else { return id }
        return String(id[..<end.lowerBound])
    }

    var isActive: Bool { phase != .killing }
    var slaveID: String { Agent.id(server: server, directory: directory) }

    var healthChecks: [Health] { health.filter { $0.purpose == .health } }
    var readinessChecks: [Health] { health.filter { $0.purpose != .health } }

    /// Running, and alive by every health check if there are any.
    var isAlive: Bool { phase == .running && healthChecks.allSatisfy(\.alive) }
    /// Alive, and past every readiness check if there are any.
    var isReady: Bool { phase == .running && health.allSatisfy(\.alive) }
    var isHealthy: Bool { isAlive && !healthChecks.isEmpty }
    var isUnhealthy: Bool { phase == .running && healthChecks.contains { $0.isKnown && !$0.alive } }
}

/// The tasks that are launched and ended together: the one of an app, or those of all containers of a pod.
struct Instance: Sendable {
    let id: String
    /// Never empty, in the order of the containers.
    let tasks: [TaskRecord]

    var first: TaskRecord { tasks[0] }
    var version: Timestamp { first.version }
    var stagedAt: Timestamp { first.stagedAt }
    var isActive: Bool { tasks.allSatisfy(\.isActive) }
    var isReady: Bool { tasks.allSatisfy(\.isReady) }
}

/// How a task's process ended, as far as it is known.
enum TaskExit: Sendable, Hashable, CustomStringConvertible {
    case code(Int32)
    case signal(Int32)
    /// The process was not the scheduler's child, or ended while no scheduler ran.
    case unobserved
    /// There never was a process.
    case neverStarted(String)
    /// What Mesos says, for example `TASK_LOST`.
    case reported(state: String, message: String)

    /// The last state of a task that no one ended.
    var state: String {
        switch self {
        case .code(0): "TASK_FINISHED"
        case .reported(let state, _): state
        case .code, .signal, .unobserved, .neverStarted: "TASK_FAILED"
        }
    }

    /// Whether the task itself is to blame, so that the next one has to wait.
    var callsForBackoff: Bool { ["TASK_FINISHED", "TASK_FAILED", "TASK_ERROR"].contains(state) }

    var description: String {
        switch self {
        case .code(let code): "Command exited with status \(code)"
        case .signal(let signal): "Command terminated with signal \(signal)"
        case .unobserved: "The process is gone"
        case .neverStarted(let reason): reason
        case .reported(let state, let message): message.isEmpty ? state : message
        }
    }
}
