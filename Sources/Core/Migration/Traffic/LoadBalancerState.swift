/// What one load balancer says of itself.
public struct LoadBalancerState: Codable, Sendable, Hashable {
    public var version: String
    /// By backend name.
    public var backends: [String: BackendState]
    /// The run epoch kept on the load balancer, if it keeps one.
    public var epoch: Int?
    /// The process that answered; nil where the load balancer does not report it.
    public var process: LoadBalancerProcess?
    /// Processes from before a reload that still serve their own sessions; nil where no one can be asked for them.
    public var oldWorkers: [Int]?
    /// Whether it counts requests only once they have ended, and no sessions: what is under way there no one sees. Nil
    /// for false.
    public var countsEndedOnly: Bool?
    /// Where it counts neither requests nor sessions: for how long someone may still be at a server that gets no one any
    /// more. Nothing else shows a color quiet there. Nil where it counts.
    public var unseenFor: Period?

    public init(
        version: String, backends: [String: BackendState], epoch: Int? = nil, process: LoadBalancerProcess? = nil,
        oldWorkers: [Int]? = [], countsEndedOnly: Bool? = nil, unseenFor: Period? = nil
    ) {
        self.version = version
        self.backends = backends
        self.epoch = epoch
        self.process = process
        self.oldWorkers = oldWorkers
        self.countsEndedOnly = countsEndedOnly
        self.unseenFor = unseenFor
    }
}

extension LoadBalancerState {
    /// The weights that a backend takes.
    public func scale(of backend: String) -> WeightScale { backends[backend]?.scale ?? WeightScale() }
}

/// The process of a load balancer: another one answers after a reload or a restart.
public struct LoadBalancerProcess: Codable, Sendable, Hashable {
    public var pid: Int
    public var uptime: Period
    /// After this time a process that was reloaded ends, whatever it still serves; nil for never, or where it is not known.
    public var hardStopAfter: Period?

    public init(pid: Int, uptime: Period, hardStopAfter: Period? = nil) {
        self.pid = pid
        self.uptime = uptime
        self.hardStopAfter = hardStopAfter
    }
}

/// One backend of one load balancer.
public struct BackendState: Codable, Sendable, Hashable {
    public var servers: [ServerState]
    /// The balancing algorithm, if the load balancer reports it.
    public var algorithm: String?
    /// The persistence cookie, if the backend uses one.
    public var cookie: String?
    /// Whether a stick table of this backend keeps users at their server.
    public var hasStickTable: Bool
    /// Whether it carries bytes (`mode tcp`) instead of requests.
    public var isTCP: Bool
    /// What the load balancer counted for the backend itself and for none of its servers: errors that it answered (no
    /// server up, queue full), requests that wait for any server.
    public var own: ServerCounters
    /// The weights that it takes.
    public var scale: WeightScale
    /// The most that it had at a time; nil where the load balancer does not report it.
    public var load: BackendLoad?
    /// The error classes that the load balancer counts there. Of any other the count is 0 and says nothing.
    public var counted: Set<ErrorClass>
    /// Whether it counts who waits there for a server.
    public var countsQueue: Bool

    public init(
        servers: [ServerState], algorithm: String? = nil, cookie: String? = nil, hasStickTable: Bool = false,
        isTCP: Bool = false, own: ServerCounters = ServerCounters(), scale: WeightScale = WeightScale(),
        load: BackendLoad? = nil, counted: Set<ErrorClass> = [], countsQueue: Bool = false
    ) {
        self.servers = servers
        self.algorithm = algorithm
        self.cookie = cookie
        self.hasStickTable = hasStickTable
        self.isTCP = isTCP
        self.own = own
        self.scale = scale
        self.load = load
        self.counted = counted
        self.countsQueue = countsQueue
    }

    /// Whether users stay at their server even when it has no weight.
    public var isPersistent: Bool { cookie != nil || hasStickTable }
}

/// One server of a backend.
public struct ServerState: Codable, Sendable, Hashable {
    public enum Administration: String, Codable, Sendable, Hashable { case ready, drain, maint }
    public enum Operation: String, Codable, Sendable, Hashable { case up, starting, stopping, down }
    /// What the load balancer's own health check knows.
    public enum Check: String, Codable, Sendable, Hashable {
        /// There is none: the load balancer takes the server for up, whatever it is.
        case none
        /// None has ended since the server left maintenance: it is called up although no check has asked it.
        case pending
        case passed, failed
    }

    public var name: String
    /// `address:port`, or `-` for one whose name was never resolved.
    public var address: String
    /// As it was set, on the scale of its backend.
    public var weight: Int
    /// Servers of one backend with the same group have one weight together; nil where it is this server's alone.
    public var group: String?
    /// The weight of the configuration; nil where the load balancer does not report it.
    public var configuredWeight: Int?
    public var administration: Administration
    public var operation: Operation
    public var check: Check
    /// Serves only while no other server can (`backup`): weights do not move traffic to it.
    public var isBackup: Bool
    /// In maintenance by its configuration, by the server it tracks or because its name is not resolved: nothing that is
    /// set makes it ready.
    public var isHeldInMaintenance: Bool
    /// Whether an agent check may change its weight and administration.
    public var hasAgent: Bool
    public var counters: ServerCounters
    /// What it takes and took at a time; nil where the load balancer does not report it.
    public var load: ServerLoad?

    public init(
        name: String, address: String, weight: Int, group: String? = nil, configuredWeight: Int? = nil,
        administration: Administration = .ready, operation: Operation = .up, check: Check = .passed,
        isBackup: Bool = false, isHeldInMaintenance: Bool = false, hasAgent: Bool = false,
        counters: ServerCounters = ServerCounters(), load: ServerLoad? = nil
    ) {
        self.name = name
        self.address = address
        self.weight = weight
        self.group = group
        self.configuredWeight = configuredWeight
        self.administration = administration
        self.operation = operation
        self.check = check
        self.isBackup = isBackup
        self.isHeldInMaintenance = isHeldInMaintenance
        self.hasAgent = hasAgent
        self.counters = counters
        self.load = load
    }

    /// What its weight belongs to: the server, or its group.
    public var weighed: String { group ?? name }
    /// Whether new requests can reach it.
    public var takesTraffic: Bool { weight > 0 && administration == .ready && operation != .down }
    /// Whether weights can move traffic to it: a placeholder, a backup or one held in maintenance is none of a color's.
    public var isMovable: Bool { hasAddress && !isBackup && !isHeldInMaintenance }
    /// Whether it serves, given weight: ready, called up, and by a check that was asked. In slowstart it does.
    public var isUp: Bool {
        administration == .ready && (operation == .up || operation == .starting) && check != .pending
            && check != .failed
    }
    /// Whether it stands anywhere: free slots of a `server-template` and unresolved names do not.
    public var hasAddress: Bool {
        guard let first = address.utf8.first, first != UInt8(ascii: "-") else { return false }
        return first != UInt8(ascii: "0") || !address.hasPrefix("0.0.0.0")
    }
}

/// What a load balancer counted for one server, old workers included.
public struct ServerCounters: Codable, Sendable, Hashable {
    /// Sessions now.
    public var sessions: Int
    /// Requests that wait now.
    public var queued: Int
    /// New sessions over the last second.
    public var rate: Int
    /// Attempts that ended since the load balancer started: answered, failed, or sent to another server instead.
    public var requests: Int
    /// 5xx responses, failed connections, broken responses, and attempts that were repeated or sent to another server,
    /// since the load balancer started; each attempt once.
    public var errors: Int
    /// What of these errors is of which class. An attempt may be of several: one that failed and was made again.
    public var errorCounts: ErrorCounts
    /// Answers with 4xx since the load balancer started.
    public var clientErrors: Int
    /// Answers with 3xx since the load balancer started.
    public var redirects: Int
    /// Sessions begun since the load balancer started, those under way included.
    public var begun: Int
    /// Bytes sent to users since the load balancer started.
    public var bytesOut: Int
    /// Mean over the last 1024 requests.
    public var responseTime: Period?
    /// Clients of processes from before a reload who are between two requests, and whose next one may come here: it goes
    /// by the weights of then.
    public var awaited: Int

    public init(
        sessions: Int = 0, queued: Int = 0, rate: Int = 0, requests: Int = 0, errors: Int = 0, clientErrors: Int = 0,
        redirects: Int = 0, begun: Int = 0, bytesOut: Int = 0, responseTime: Period? = nil, awaited: Int = 0,
        errorCounts: ErrorCounts = ErrorCounts()
    ) {
        self.sessions = sessions
        self.queued = queued
        self.rate = rate
        self.awaited = awaited
        self.errorCounts = errorCounts
        self.requests = requests
        self.errors = errors
        self.clientErrors = clientErrors
        self.redirects = redirects
        self.begun = begun
        self.bytesOut = bytesOut
        self.responseTime = responseTime
    }

    public var isQuiet: Bool { sessions == 0 && queued == 0 && rate == 0 && awaited == 0 }
}

/// A change to one server that a load balancer is asked for.
public struct ServerChange: Sendable, Hashable {
    public enum Change: Sendable, Hashable {
        case weight(Int)
        case administration(ServerState.Administration)
        case shutdownSessions
        /// A ready server is to take requests that wait in its backend's queue.
        case takeQueue
        /// A server at this address, without traffic: in maintenance. It is not listed yet.
        case add(address: String)
        /// A server in maintenance that is to be listed no more.
        case remove
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
