import Migration

/// A data centre as a value: everything that the drivers of a simulation read and change.
struct WorldState: Sendable, Hashable {
    /// Milliseconds since the simulation began.
    var time: Int64 = 0
    var blue = ColorState()
    var green = ColorState()
    var loadBalancers: [SimulatedLoadBalancer]
    var disksAreBuilt = false
    /// How often each fire time of each job was run, in whichever color.
    var jobRuns: [JobFire: Int] = [:]
    /// Runs of each job that were started by hand.
    var manualRuns: [ServiceID: Int] = [:]
    /// How long a session lasts, in milliseconds.
    var sessionLength: Int64 = 900
    /// How often a job fires, and how long a run of it lasts, in milliseconds.
    var jobPeriod: Int64 = 10_000
    var jobLength: Int64 = 700
    /// Requests that no server could take.
    var failedRequests = 0
    /// Requests that a server answered with an error.
    var wrongAnswers = 0.0

    struct JobFire: Sendable, Hashable {
        var job: ServiceID
        var time: Int64
    }

    subscript(color: Color) -> ColorState {
        get { color == .blue ? blue : green }
        set { if color == .blue { blue = newValue } else { green = newValue } }
    }

    subscript(name: LoadBalancerID) -> SimulatedLoadBalancer? {
        get { loadBalancers.first { $0.name == name } }
        set {
            guard let newValue, let index = loadBalancers.firstIndex(where: { $0.name == name }) else { return }
            loadBalancers[index] = newValue
        }
    }
}

/// The servers of one color and what runs on them.
struct ColorState: Sendable, Hashable {
    var servers: [String] = []
    /// Servers that a provisioner was stopped in the middle of.
    var isHalfBuilt = false
    var isConfigured = false
    var services: [ServiceID: LaunchedService] = [:]
    /// Share of requests that its services answer with an error.
    var errorRate = 0.0
    /// Its servers are lost until then: an agent died, a switch is down.
    var isLostUntil: Int64 = 0
}

/// A service as a framework has it.
struct LaunchedService: Sendable, Hashable {
    var service: Service
    /// Instances it shall have now; of a suspended one none.
    var instances: Int
    /// A job's schedule.
    var isArmed = false
    /// When its instances are healthy.
    var readyAt: Int64
    /// Until when a run of the job lasts.
    var runsUntil: Int64 = 0

    var isEnabled: Bool { service.mode == .scheduled ? isArmed : instances > 0 }
}

extension LaunchedService {
    /// A service that has been running for a long time.
    init(live service: Service) {
        self.init(
            service: service, instances: service.instances, isArmed: service.mode == .scheduled, readyAt: 0)
    }
}

/// A load balancer in front of both colors.
struct SimulatedLoadBalancer: Sendable, Hashable {
    var name: LoadBalancerID
    var servers: [SimulatedServer]
    /// Their backends, in the order of their first server.
    let backends: [String]
    var epoch = 0
    /// It does not answer until then.
    var isUnreachableUntil: Int64 = 0
    /// When a reload or restart last made it forget what was set.
    var resetAt: Int64 = -1

    init(name: LoadBalancerID, servers: [SimulatedServer]) {
        self.name = name
        self.servers = servers
        backends = servers.map(\.backend).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}

extension SimulatedLoadBalancer {
    /// What can be set of its servers.
    struct Setting: Hashable {
        var weight: Int
        var administration: ServerState.Administration
    }

    var settings: [Setting] {
        get { servers.map { Setting(weight: $0.weight, administration: $0.administration) } }
        set {
            for (index, setting) in newValue.enumerated() where servers.indices.contains(index) {
                servers[index].weight = setting.weight
                servers[index].administration = setting.administration
            }
        }
    }
}

/// A server as a load balancer lists it.
struct SimulatedServer: Sendable, Hashable {
    var backend: String
    var name: String
    var color: Color
    var weight: Int
    var administration = ServerState.Administration.ready
    /// What the configuration says, to which a reload returns.
    var configuredWeight: Int
    var requests = 0.0
    var errors = 0.0
    /// When the last session that it took ends.
    var busyUntil: Int64 = 0
    var lastRequestAt: Int64 = -10_000
}

// MARK: - Time

extension WorldState {
    static let requestsPerMillisecond = 0.1

    /// Lets time pass: users make requests, sessions end, jobs fire.
    mutating func advance(to time: Int64) {
        guard time > self.time else { return }
        serve(from: self.time, to: time)
        fireJobs(after: self.time, upTo: time)
        self.time = time
    }

    /// Whether requests can reach a color's servers: they stand, and every service that others use answers.
    func isServing(_ color: Color) -> Bool {
        let state = self[color]
        return !state.servers.isEmpty && !state.services.isEmpty && time >= state.isLostUntil
            && state.services.values.allSatisfy { $0.service.mode.runsOnce || ($0.instances > 0 && $0.readyAt <= time) }
    }

    func operation(of server: SimulatedServer) -> ServerState.Operation {
        isServing(server.color) && server.administration != .maint ? .up : .down
    }

    func takesTraffic(_ server: SimulatedServer) -> Bool {
        server.weight > 0 && server.administration == .ready && operation(of: server) == .up
    }

    /// Fire times of a job at which no color let it run.
    func missedRuns(of job: ServiceID) -> Int {
        Int(time / jobPeriod) - jobRuns.keys.count { $0.job == job }
    }

    private mutating func serve(from start: Int64, to end: Int64) {
        let requests = Double(end - start) * WorldState.requestsPerMillisecond
        let isServing = Dictionary(uniqueKeysWithValues: Color.allCases.map { ($0, self.isServing($0)) })
        for balancer in loadBalancers.indices {
            for backend in loadBalancers[balancer].backends {
                let taking = loadBalancers[balancer].servers.indices.filter { index in
                    let server = loadBalancers[balancer].servers[index]
                    return server.backend == backend && server.weight > 0 && server.administration == .ready
                        && isServing[server.color] == true
                }
                serve(requests, by: taking, of: balancer, until: end)
            }
        }
    }

    private mutating func serve(_ requests: Double, by taking: [Int], of balancer: Int, until end: Int64) {
        let weights = taking.reduce(0) { $0 + loadBalancers[balancer].servers[$1].weight }
        guard weights > 0 else {
            failedRequests += max(1, Int(requests))
            return
        }
        for index in taking {
            let server = loadBalancers[balancer].servers[index]
            let part = requests * Double(server.weight) / Double(weights)
            let wrong = part * self[server.color].errorRate
            wrongAnswers += wrong
            loadBalancers[balancer].servers[index].requests += part
            loadBalancers[balancer].servers[index].errors += wrong
            loadBalancers[balancer].servers[index].busyUntil = end + sessionLength
            loadBalancers[balancer].servers[index].lastRequestAt = end
        }
    }

    private mutating func fireJobs(after start: Int64, upTo end: Int64) {
        var fire = (start / jobPeriod + 1) * jobPeriod
        while fire <= end {
            for color in Color.allCases {
                for id in self[color].services.keys.sorted() where self[color].services[id]?.isArmed == true {
                    let end = fire + jobLength
                    self[color].services[id]?.runsUntil = end
                    jobRuns[JobFire(job: id, time: fire), default: 0] += 1
                }
            }
            fire += jobPeriod
        }
    }
}
