/// What a Mesos master knows of its cluster.
public struct MesosState: Sendable, Hashable {
    /// `host:port` of the leading master; nil when none is elected.
    public var leader: String?
    public var version: String
    public var agents: [MesosAgent]
    /// Agents that the leader knows from its registry and that have not joined it again since it was elected.
    public var missingAgents: Int
    public var frameworks: [MesosFramework]
    /// Tasks that have not ended, those of unreachable agents included.
    public var tasks: [MesosTask]

    public init(
        leader: String?, version: String, agents: [MesosAgent], missingAgents: Int = 0, frameworks: [MesosFramework],
        tasks: [MesosTask]
    ) {
        self.leader = leader
        self.version = version
        self.agents = agents
        self.missingAgents = missingAgents
        self.frameworks = frameworks
        self.tasks = tasks
    }
}

/// A server that tasks run on.
public struct MesosAgent: Sendable, Hashable {
    public var id: String
    public var hostname: String
    /// Connected, and neither deactivated nor drained by an operator.
    public var isActive: Bool
    public var version: String
    public var attributes: [String: String]
    /// Its resources by the role that they are reserved for; `*` stands for those that are not.
    public var pools: [String: MesosPool]

    public init(
        id: String, hostname: String, isActive: Bool = true, version: String = "", attributes: [String: String] = [:],
        pools: [String: MesosPool]
    ) {
        self.id = id
        self.hostname = hostname
        self.isActive = isActive
        self.version = version
        self.attributes = attributes
        self.pools = pools
    }

    public var total: MesosResources { pools.values.reduce(MesosResources()) { $0 + $1.total } }
    public var used: MesosResources { pools.values.reduce(MesosResources()) { $0 + $1.used } }
}

/// The resources of an agent that are reserved for one role, or for none.
public struct MesosPool: Sendable, Hashable {
    public var total: MesosResources
    /// Taken by tasks and executors; what is only offered is free.
    public var used: MesosResources

    public init(total: MesosResources, used: MesosResources = MesosResources()) {
        self.total = total
        self.used = used
    }

    public var free: MesosResources { total - used }
}

/// Amounts of what Mesos hands out.
public struct MesosResources: Sendable, Hashable {
    public var cpus: Double
    /// MiB, as `disk` is.
    public var mem: Double
    public var disk: Double
    public var gpus: Double
    public var ports: PortRanges

    public init(
        cpus: Double = 0, mem: Double = 0, disk: Double = 0, gpus: Double = 0, ports: PortRanges = PortRanges()
    ) {
        self.cpus = cpus
        self.mem = mem
        self.disk = disk
        self.gpus = gpus
        self.ports = ports
    }

    public static func + (left: MesosResources, right: MesosResources) -> MesosResources {
        MesosResources(
            cpus: left.cpus + right.cpus, mem: left.mem + right.mem, disk: left.disk + right.disk,
            gpus: left.gpus + right.gpus, ports: left.ports.union(right.ports))
    }

    public static func - (left: MesosResources, right: MesosResources) -> MesosResources {
        MesosResources(
            cpus: left.cpus - right.cpus, mem: left.mem - right.mem, disk: left.disk - right.disk,
            gpus: left.gpus - right.gpus, ports: left.ports.subtracting(right.ports))
    }
}

/// A scheduler that is registered with a master.
public struct MesosFramework: Sendable, Hashable {
    public var id: String
    public var name: String
    /// Whether it is offered resources.
    public var isActive: Bool
    public var isConnected: Bool
    public var webUI: String?
    public var roles: [String]

    public init(
        id: String, name: String, isActive: Bool = true, isConnected: Bool = true, webUI: String? = nil,
        roles: [String] = []
    ) {
        self.id = id
        self.name = name
        self.isActive = isActive
        self.isConnected = isConnected
        self.webUI = webUI
        self.roles = roles
    }
}

/// A task of a framework. Mesos knows neither its command nor its environment.
public struct MesosTask: Sendable, Hashable {
    public var id: String
    public var name: String
    public var framework: String
    public var agent: String
    public var state: MesosTaskState
    /// By Mesos' own health check; nil when it has none, or has not answered it yet.
    public var isHealthy: Bool?
    public var labels: [String: String]
    public var resources: MesosResources

    public init(
        id: String, name: String, framework: String, agent: String = "", state: MesosTaskState = .running,
        isHealthy: Bool? = nil, labels: [String: String] = [:], resources: MesosResources = MesosResources()
    ) {
        self.id = id
        self.name = name
        self.framework = framework
        self.agent = agent
        self.state = state
        self.isHealthy = isHealthy
        self.labels = labels
        self.resources = resources
    }
}

/// How far a task got, for example `TASK_RUNNING`.
public struct MesosTaskState: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public static let staging = MesosTaskState(rawValue: "TASK_STAGING")
    public static let starting = MesosTaskState(rawValue: "TASK_STARTING")
    public static let running = MesosTaskState(rawValue: "TASK_RUNNING")
    public static let unreachable = MesosTaskState(rawValue: "TASK_UNREACHABLE")
    public static let killed = MesosTaskState(rawValue: "TASK_KILLED")

    /// Whether it never runs again. `TASK_LOST` counts: a framework that learns of it launches another one.
    public var isTerminal: Bool {
        [
            "TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_ERROR", "TASK_DROPPED", "TASK_GONE",
            "TASK_GONE_BY_OPERATOR", "TASK_LOST",
        ].contains(rawValue)
    }

    public var description: String { rawValue }
}
