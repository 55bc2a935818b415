/// What one load balancer says of itself.
public struct LoadBalancerState: Codable, Sendable, Hashable {
    public var version: String
    /// By backend name.
    public var backends: [String: BackendState]
    /// The run epoch kept on the load balancer, if it keeps one.
    public var epoch: Int?
    /// Processes of before a reload that still serve their own sessions.
    public var oldWorkers: [Int]

    public init(version: String, backends: [String: BackendState], epoch: Int? = nil, oldWorkers: [Int] = []) {
        self.version = version
        self.backends = backends
        self.epoch = epoch
        self.oldWorkers = oldWorkers
    }
}

/// One backend of one load balancer.
public struct BackendState: Codable, Sendable, Hashable {
    public var servers: [ServerState]
    /// The balancing algorithm, if the load balancer tells it.
    public var algorithm: String?
    /// The persistence cookie, if the backend uses one.
    public var cookie: String?

    public init(servers: [ServerState], algorithm: String? = nil, cookie: String? = nil) {
        self.servers = servers
        self.algorithm = algorithm
        self.cookie = cookie
    }
}

/// One server of a backend.
public struct ServerState: Codable, Sendable, Hashable {
    public enum Administration: String, Codable, Sendable, Hashable { case ready, drain, maint }
    public enum Operation: String, Codable, Sendable, Hashable { case up, starting, stopping, down }

    public var name: String
    public var address: String
    /// Absolute, 0 to 256, as it was set.
    public var weight: Int
    public var administration: Administration
    public var operation: Operation
    public var counters: ServerCounters

    public init(
        name: String, address: String, weight: Int, administration: Administration = .ready, operation: Operation = .up,
        counters: ServerCounters = ServerCounters()
    ) {
        self.name = name
        self.address = address
        self.weight = weight
        self.administration = administration
        self.operation = operation
        self.counters = counters
    }

    /// Whether new requests can reach it.
    public var takesTraffic: Bool { weight > 0 && administration == .ready && operation != .down }
    public var isUp: Bool { operation == .up && administration == .ready }
}

/// What a load balancer counted for one server, old workers included.
public struct ServerCounters: Codable, Sendable, Hashable {
    /// Sessions now.
    public var sessions: Int
    /// Requests that wait now.
    public var queued: Int
    /// New sessions over the last second.
    public var rate: Int
    /// Since the load balancer started.
    public var requests: Int
    /// 5xx responses, failed connections and broken responses since the load balancer started.
    public var errors: Int
    /// Mean over the last 1024 requests.
    public var responseTime: Period?

    public init(
        sessions: Int = 0, queued: Int = 0, rate: Int = 0, requests: Int = 0, errors: Int = 0,
        responseTime: Period? = nil
    ) {
        self.sessions = sessions
        self.queued = queued
        self.rate = rate
        self.requests = requests
        self.errors = errors
        self.responseTime = responseTime
    }

    public var isQuiet: Bool { sessions == 0 && queued == 0 && rate == 0 }
}

/// A change to one server that a load balancer is asked for.
public struct ServerChange: Codable, Sendable, Hashable {
    public enum Change: Codable, Sendable, Hashable {
        case weight(Int)
        case administration(ServerState.Administration)
        case shutdownSessions
    }

    public var backend: String
    public var server: String
    public var change: Change

    public init(backend: String, server: String, change: Change) {
        self.backend = backend
        self.server = server
        self.change = change
    }
}
