import Engine
import Migration
import Operations

/// A data centre in memory: what the simulated drivers read and change.
actor SimulatedWorld {
    struct Failing: Sendable {
        var loadBalancersDown: Set<LoadBalancerID> = []
        /// Services that never get healthy in the new color.
        var sickServices: Set<ServiceID> = []
        /// Load balancers that stand still: whoever asks them waits until they go on.
        var loadBalancersFrozen: Set<LoadBalancerID> = []
        /// Load balancers that answer each look after three seconds, or once they are taken out of here.
        var slowLooks: Set<LoadBalancerID> = []
        /// Load balancers whose changes take until they are taken out of here.
        var slowChanges: Set<LoadBalancerID> = []
        /// Services whose stop takes until they are taken out of here.
        var slowStops: Set<ServiceID> = []
        /// No check of a server that left maintenance ever ends.
        var checksAreSlow = false
        /// What a Prometheus answers, by the query; it is silent to any other.
        var peaks: [String: Double] = [:]
        /// Servers that answer no probe, by the first part of their address, and probes by their program.
        var deadAddresses: Set<String> = []
        /// What programs of runbooks give.
        var outputs: [String: String] = [:]
        /// A load balancer that is reloaded right after the first raise of the new color was read back, by a process that
        /// had read the state file before it.
        var reloadedAfterRaise: LoadBalancerID?
        /// Share of failed requests of a color.
        var errorRate: [Color: Double] = [:]
        /// Services that a color runs and does not report.
        var forgotten: [Color: Set<ServiceID>] = [:]
        /// What Mesos reports of tasks besides what their definitions say, by service.
        var alteredTasks: [Color: [ServiceID: [String: String]]] = [:]
        /// Colors whose framework does not answer.
        var silent: Set<Color> = []
        /// Whether the provisioner builds a color with the other one's addresses.
        var buildsWrongTarget = false
        /// What each run of the playbook changes.
        var configurationChanges: [ConfigurationChange] = []
        var configurationObstacles: [Obstacle] = []
        /// Where servers would be configured, whatever their addresses.
        var configuredAt: String?

        func isSlow(_ name: LoadBalancerID) -> Bool { loadBalancersFrozen.contains(name) || slowLooks.contains(name) }
    }

    /// Everything that was changed, in order, for example `edge-1 be_web/green-1 weight 20`.
    private(set) var log: [String] = []
    /// Runs of the playbook.
    private(set) var configurations = 0
    private(set) var servers: [Color: Inventory]
    private(set) var services: [Color: [ServiceID: Service]]
    private(set) var loadBalancers: [LoadBalancerID: LoadBalancerState]
    private(set) var epochs: [LoadBalancerID: Int] = [:]
    var failing = Failing()
    /// Since when a change takes long, by the uptime.
    private(set) var slowSince: Period?

    func noteSlowChange() { slowSince = slowSince ?? WallClock().uptime }

    init(live: Color = .blue, services: [Service]) {
        servers = [live: SimulatedWorld.inventory(live), live.other: Inventory()]
        self.services = [live: Dictionary(uniqueKeysWithValues: services.map { ($0.id, $0) }), live.other: [:]]
        let backend = BackendState(
            servers: Color.allCases.flatMap { color in
                (1...2).map { index in
                    ServerState(
                        name: "\(color)-\(index)", address: "127.0.\(color == .blue ? 11 : 12).10:80",
                        weight: color == live ? 100 : 0,
                        operation: color == live ? .up : .down)
                }
            })
        loadBalancers = Dictionary(
            uniqueKeysWithValues: ["edge-1", "edge-2"].map {
                (
                    LoadBalancerID($0),
                    LoadBalancerState(
                        version: "simulated", backends: ["be_web": backend],
                        process: LoadBalancerProcess(pid: 1, uptime: .minutes(9)))
                )
            })
    }

    static func inventory(_ color: Color) -> Inventory {
        Inventory(groups: [
            "control": [Host(name: "\(color)-control-1", address: color == .blue ? "127.0.11.10" : "127.0.12.10")]
        ])
    }

    func note(_ text: String) { log.append(text) }

    func fail(_ change: @Sendable (inout Failing) -> Void) { change(&failing) }

    /// What somebody else does to every load balancer, or to one.
    func change(
        _ names: [LoadBalancerID] = ["edge-1", "edge-2"], _ change: @Sendable (inout LoadBalancerState) -> Void
    ) {
        for name in names { if loadBalancers[name] != nil { change(&loadBalancers[name]!) } }
    }

    // MARK: - Servers

    func build(_ color: Color) -> Inventory {
        log.append("build \(color)")
        var inventory = SimulatedWorld.inventory(color)
        if failing.buildsWrongTarget {
            inventory.groups["control"]?[0].address = SimulatedWorld.inventory(color.other).hosts[0].address
        }
        servers[color] = inventory
        return inventory
    }

    func destroy(_ color: Color) {
        log.append("destroy \(color)")
        servers[color] = Inventory()
        services[color] = [:]
        setOperation(of: color, .down)
    }

    func configure(_ color: Color) -> [ConfigurationChange] {
        configurations += 1
        return failing.configurationChanges
    }

    // MARK: - Services

    func launch(_ service: Service, in color: Color) {
        log.append("launch \(service.id) in \(color)")
        services[color, default: [:]][service.id] = service
        setOperation(of: color, .up)
    }

    func stop(_ id: ServiceID, in color: Color) {
        guard services[color]?[id] != nil else { return }
        log.append("stop \(id) in \(color)")
        services[color]?[id] = nil
    }

    /// What somebody else does beside rz.
    func set(_ service: Service, in color: Color) { services[color, default: [:]][service.id] = service }
    func forget(_ id: ServiceID, in color: Color) { services[color]?[id] = nil }

    /// The services that a color reports.
    func told(in color: Color) -> [ServiceID: Service] {
        services[color, default: [:]].filter { !failing.forgotten[color, default: []].contains($0.key) }
    }

    func health(of ids: [ServiceID], in color: Color) -> [ServiceID: ServiceHealth] {
        var health: [ServiceID: ServiceHealth] = [:]
        for id in ids {
            guard let service = told(in: color)[id] else { continue }
            let isSick = failing.sickServices.contains(id) && color == .green
            health[id] = ServiceHealth(
                expected: service.instances, staged: 0, running: service.instances,
                healthy: isSick ? 0 : service.instances, unhealthy: 0, hasHealthChecks: true, isDeploying: isSick)
        }
        return health
    }

    // MARK: - Load balancers

    func observe(_ name: LoadBalancerID) throws(Failure) -> LoadBalancerState {
        try refuseIfDown(name)
        serve()
        var state = loadBalancers[name] ?? LoadBalancerState(version: "", backends: [:])
        // Checks stop in maintenance: the load balancer takes the server for down.
        for index in state.backends["be_web"]?.servers.indices ?? 0..<0
        where state.backends["be_web"]?.servers[index].administration == .maint {
            state.backends["be_web"]?.servers[index].operation = .down
        }
        return state
    }

    /// The least that the servers of a load balancer together ever had after a change, in weights.
    private(set) var leastWeight: [LoadBalancerID: Int] = [:]

    private func weight(on name: LoadBalancerID) -> Int { weights(on: name).values.reduce(0, +) }

    func change(
        _ changes: [ServerChange], on name: LoadBalancerID, in process: LoadBalancerProcess?, epoch: Int
    ) throws(Failure) -> LoadBalancerState {
        if let process, let now = loadBalancers[name]?.process, process.pid != now.pid {
            throw Failure("\(name) was reloaded in the middle of a change", kind: .transient)
        }
        let before = weights(on: name)
        try apply(changes, on: name, epoch: epoch)
        let state = try observe(name)
        if failing.reloadedAfterRaise == name, weight(on: name) > before.values.reduce(0, +) {
            failing.reloadedAfterRaise = nil
            log.append("\(name) is reloaded")
            for index in loadBalancers[name]?.backends["be_web"]?.servers.indices ?? 0..<0 {
                let server = loadBalancers[name]?.backends["be_web"]?.servers[index].name ?? ""
                loadBalancers[name]?.backends["be_web"]?.servers[index].weight = before[server] ?? 0
            }
            loadBalancers[name]?.process?.pid += 1
        }
        return state
    }

    func apply(_ changes: [ServerChange], on name: LoadBalancerID, epoch: Int) throws(Failure) {
        try refuseIfDown(name)
        defer { leastWeight[name] = min(leastWeight[name] ?? .max, weight(on: name)) }
        guard epoch >= epochs[name, default: 0] else {
            throw Failure("another run owns this load balancer", kind: .refused)
        }
        epochs[name] = epoch
        for change in changes {
            log.append("\(name) \(change.backend)/\(change.server) \(change.change)")
            perform(change, on: name)
        }
    }

    /// What a reload does to weights that no state file keeps.
    func forgetWeights(on name: LoadBalancerID) {
        for index in loadBalancers[name]?.backends["be_web"]?.servers.indices ?? 0..<0 {
            let isBlue = loadBalancers[name]?.backends["be_web"]?.servers[index].name.hasPrefix("blue") == true
            loadBalancers[name]?.backends["be_web"]?.servers[index].weight = isBlue ? 100 : 0
        }
    }

    func weights(on name: LoadBalancerID) -> [String: Int] {
        Dictionary(
            uniqueKeysWithValues: (loadBalancers[name]?.backends["be_web"]?.servers ?? []).map { ($0.name, $0.weight) })
    }

    private func perform(_ change: ServerChange, on name: LoadBalancerID) {
        guard
            let index = loadBalancers[name]?.backends[change.backend]?.servers.firstIndex(where: {
                $0.name == change.server
            })
        else { return }
        switch change.change {
        case .weight(let weight) where loadBalancers[name]?.backends[change.backend]?.scale.isSwitch == true:
            let servers = loadBalancers[name]?.backends[change.backend]?.servers ?? []
            guard weight > 0 else { return }
            for other in servers.indices {
                loadBalancers[name]?.backends[change.backend]?.servers[other].weight =
                    servers[other].group == servers[index].group ? 1 : 0
            }
        case .weight(let weight):
            // In maintenance it is accepted and ignored.
            guard loadBalancers[name]?.backends[change.backend]?.servers[index].administration != .maint else { return }
            loadBalancers[name]?.backends[change.backend]?.servers[index].weight = weight
        case .administration(let state):
            let old = loadBalancers[name]?.backends[change.backend]?.servers[index].administration
            loadBalancers[name]?.backends[change.backend]?.servers[index].administration = state
            // No one new comes to a server in maintenance.
            if state == .maint { loadBalancers[name]?.backends[change.backend]?.servers[index].counters.rate = 0 }
            // A server that leaves maintenance takes what waits.
            if old == .maint, state == .ready { loadBalancers[name]?.backends[change.backend]?.own.queued = 0 }
            if failing.checksAreSlow, old == .maint, state == .ready {
                loadBalancers[name]?.backends[change.backend]?.servers[index].check = .pending
            }
        case .add, .remove: break
        case .takeQueue: loadBalancers[name]?.backends[change.backend]?.own.queued = 0
        case .shutdownSessions: loadBalancers[name]?.backends[change.backend]?.servers[index].counters.sessions = 0
        }
    }

    private func setOperation(of color: Color, _ operation: ServerState.Operation) {
        for name in loadBalancers.keys {
            for index in loadBalancers[name]?.backends["be_web"]?.servers.indices ?? 0..<0
            where loadBalancers[name]?.backends["be_web"]?.servers[index].name.hasPrefix(color.rawValue) == true {
                loadBalancers[name]?.backends["be_web"]?.servers[index].operation = operation
            }
        }
    }

    /// Each look at a load balancer lets some requests pass to the servers that take traffic.
    private func serve() {
        for name in loadBalancers.keys {
            for index in loadBalancers[name]?.backends["be_web"]?.servers.indices ?? 0..<0 {
                guard let server = loadBalancers[name]?.backends["be_web"]?.servers[index], server.takesTraffic else {
                    continue
                }
                let color = server.name.hasPrefix("blue") ? Color.blue : .green
                var counters = server.counters
                counters.requests += 100
                counters.errors += Int(100 * failing.errorRate[color, default: 0])
                loadBalancers[name]?.backends["be_web"]?.servers[index].counters = counters
            }
        }
    }

    private func refuseIfDown(_ name: LoadBalancerID) throws(Failure) {
        if failing.loadBalancersDown.contains(name) || failing.loadBalancersFrozen.contains(name) {
            throw Failure("connection refused", at: "\(name), tcp:127.0.10.2:9999", kind: .transient)
        }
    }
}
