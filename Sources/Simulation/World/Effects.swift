import Migration

/// What calls of drivers do to the world. Each is one instant; what may come between two is what the simulation is for.
extension WorldState {
    // MARK: - Servers

    func inventory(of color: Color) -> Inventory {
        let hosts = self[color].servers.enumerated().map { index, name in
            Host(name: name, address: "127.0.\(color == .blue ? 11 : 12).\(index + 1)")
        }
        return Inventory(groups: hosts.isEmpty ? [:] : ["control": hosts])
    }

    mutating func build(_ color: Color, servers: [String]) -> Inventory {
        self[color].servers = servers
        self[color].isHalfBuilt = false
        return inventory(of: color)
    }

    mutating func destroy(_ color: Color) { self[color] = ColorState() }

    // MARK: - Services

    mutating func launch(_ service: Service, in color: Color, suspended: Bool, readyAfter: Int64) throws(Failure) {
        guard !self[color].servers.isEmpty else { throw unreachable(color) }
        let known = self[color].services[service.id]
        let instances = suspended || service.mode == .scheduled ? 0 : service.instances
        if let known, known.service.fingerprint == service.fingerprint, known.instances == instances { return }
        var launched = LaunchedService(service: service, instances: instances, readyAt: time + readyAfter)
        launched.isArmed = service.mode == .scheduled && !suspended
        launched.runsUntil = known?.runsUntil ?? 0
        self[color].services[service.id] = launched
    }

    mutating func stop(_ id: ServiceID, in color: Color) { self[color].services[id] = nil }

    mutating func suspend(_ id: ServiceID, in color: Color) throws(Failure) {
        guard self[color].services[id] != nil else { throw Failure("\(id) is not in \(color)") }
        self[color].services[id]?.instances = 0
        self[color].services[id]?.isArmed = false
    }

    mutating func activate(_ id: ServiceID, in color: Color, instances: Int, readyAfter: Int64) throws(Failure) {
        guard let known = self[color].services[id] else { throw Failure("\(id) is not in \(color)") }
        if known.service.mode == .scheduled {
            self[color].services[id]?.isArmed = true
        } else if known.instances != instances {
            self[color].services[id]?.instances = instances
            let readyAt = time + readyAfter
            self[color].services[id]?.readyAt = readyAt
        }
    }

    mutating func runOnce(_ job: ServiceID, in color: Color) throws(Failure) {
        guard self[color].services[job] != nil else { throw Failure("\(job) is not in \(color)") }
        let end = time + jobLength
        self[color].services[job]?.runsUntil = end
        manualRuns[job, default: 0] += 1
    }

    func services(in color: Color) throws(Failure) -> [Service] {
        guard !self[color].servers.isEmpty else { throw unreachable(color) }
        return self[color].services.keys.sorted().compactMap { id in
            guard let launched = self[color].services[id] else { return nil }
            var service = launched.service
            if service.mode != .scheduled { service.instances = launched.instances }
            return service
        }
    }

    func health(of ids: [ServiceID], in color: Color) throws(Failure) -> [ServiceID: ServiceHealth] {
        guard !self[color].servers.isEmpty else { throw unreachable(color) }
        var health: [ServiceID: ServiceHealth] = [:]
        for id in ids {
            guard let launched = self[color].services[id] else { continue }
            let isReady = launched.readyAt <= time && time >= self[color].isLostUntil
            health[id] = ServiceHealth(
                expected: launched.instances, staged: isReady ? 0 : launched.instances,
                running: isReady ? launched.instances : 0, healthy: isReady ? launched.instances : 0, unhealthy: 0,
                hasHealthChecks: true, isDeploying: !isReady && launched.instances > 0)
        }
        return health
    }

    func activity(of ids: [ServiceID], in color: Color) throws(Failure) -> [ServiceID: ServiceActivity] {
        guard !self[color].servers.isEmpty else { throw unreachable(color) }
        var activity: [ServiceID: ServiceActivity] = [:]
        for id in ids {
            guard let launched = self[color].services[id] else { continue }
            let isJob = launched.service.mode == .scheduled
            let nextFire = (time / jobPeriod + 1) * jobPeriod
            activity[id] = ServiceActivity(
                isEnabled: launched.isEnabled, instances: launched.instances,
                running: isJob ? (launched.runsUntil > time ? 1 : 0) : launched.instances,
                nextFire: isJob ? Instant(milliseconds: nextFire + Timeline.start) : nil)
        }
        return activity
    }

    private func unreachable(_ color: Color) -> Failure {
        Failure("The cluster of \(color) does not answer", details: ["connection refused"], kind: .transient)
    }

    // MARK: - Load balancers

    func state(of name: LoadBalancerID) throws(Failure) -> LoadBalancerState {
        let balancer = try reachable(name)
        var backends: [String: BackendState] = [:]
        for server in balancer.servers {
            let state = ServerState(
                name: server.name, address: "127.0.\(server.color == .blue ? 11 : 12).1:80", weight: server.weight,
                administration: server.administration, operation: operation(of: server),
                counters: ServerCounters(
                    sessions: server.busyUntil > time ? 1 : 0, rate: time - server.lastRequestAt < 1000 ? 1 : 0,
                    requests: Int(server.requests), errors: Int(server.errors)))
            backends[server.backend, default: BackendState(servers: [])].servers.append(state)
        }
        return LoadBalancerState(version: "simulated", backends: backends, epoch: balancer.epoch)
    }

    /// - Parameter limit: how many of the changes are made before the connection breaks; nil for all.
    mutating func apply(
        _ changes: [ServerChange], on name: LoadBalancerID, epoch: Int, limit: Int?
    ) throws(Failure) {
        var balancer = try reachable(name)
        guard epoch >= balancer.epoch else {
            throw Failure("\(name) belongs to a later holder of the lock", at: name.text, kind: .refused)
        }
        balancer.epoch = epoch
        for change in changes.prefix(limit ?? changes.count) {
            let index = balancer.servers.firstIndex { $0.name == change.server && $0.backend == change.backend }
            guard let index else { continue }
            switch change.change {
            case .weight(let weight): balancer.servers[index].weight = weight
            case .administration(let administration): balancer.servers[index].administration = administration
            case .shutdownSessions: balancer.servers[index].busyUntil = time
            }
        }
        self[name] = balancer
        if limit != nil { throw Failure("The connection to \(name) broke", at: name.text, kind: .unknownEffect) }
    }

    /// What a reload or a restart does where no state file keeps what was set.
    mutating func reset(_ name: LoadBalancerID) {
        guard var balancer = self[name] else { return }
        for index in balancer.servers.indices {
            balancer.servers[index].weight = balancer.servers[index].configuredWeight
            balancer.servers[index].administration = .ready
            balancer.servers[index].requests = 0
            balancer.servers[index].errors = 0
        }
        balancer.resetAt = time
        self[name] = balancer
    }

    private func reachable(_ name: LoadBalancerID) throws(Failure) -> SimulatedLoadBalancer {
        guard let balancer = self[name], time >= balancer.isUnreachableUntil else {
            throw Failure("\(name) does not answer", at: name.text, details: ["connection refused"], kind: .transient)
        }
        return balancer
    }
}
