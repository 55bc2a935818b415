import Migration

/// What calls of drivers do to the world. Each is one instant; what may come between two is what the simulation is for.
extension WorldState {
    // MARK: - Servers

    func inventory(of color: Color) -> Inventory {
        let meant = target[color]
        let hosts = self[meant].servers.enumerated().map { index, name in
            Host(name: name, address: WorldState.address(of: meant, host: index))
        }
        return Inventory(groups: hosts.isEmpty ? [:] : ["control": hosts])
    }

    static func address(of color: Color, host: Int) -> String { "127.0.\(color == .blue ? 11 : 12).\(host + 1)" }

    /// - Returns: the inventory; that of servers which stood already where the color's variables mean the other color.
    mutating func build(_ color: Color, servers: [String]) -> Inventory {
        guard target[color] == color else { return inventory(of: color) }
        self[color].servers = servers
        self[color].isHalfBuilt = false
        self[color].replaceMachines()
        return inventory(of: color)
    }

    mutating func destroy(_ color: Color) { self[target[color]] = ColorState() }

    /// - Returns: how many changes that was on each server.
    mutating func configure(_ color: Color) throws(Failure) -> Int {
        let meant = target[color]
        let changes = try self[meant].configureMachines() || !self[meant].isConfigured ? 1 : 0
        self[meant].configurations += 1
        self[meant].isConfigured = !self[meant].servers.isEmpty
        return changes
    }

    // MARK: - Services

    mutating func launch(_ service: Service, in color: Color, suspended: Bool, readyAfter: Int64) throws(Failure) {
        guard answers(color) else { throw unreachable(color) }
        let known = self[color].services[service.id]
        let instances = suspended || service.mode == .scheduled ? 0 : service.instances
        if let known, known.service.fingerprint == service.fingerprint, known.instances == instances { return }
        var launched = LaunchedService(service: service, instances: instances, readyAt: time + readyAfter)
        launched.isArmed = service.mode == .scheduled && !suspended
        launched.runsUntil = known?.runsUntil ?? 0
        launched.roll(from: known, upgradesRoll)
        self[color].services[service.id] = launched
    }

    mutating func stop(_ id: ServiceID, in color: Color) { self[color].services[id] = nil }

    mutating func suspend(_ id: ServiceID, in color: Color) throws(Failure) {
        guard !self[color].isSilent else { throw unreachable(color) }
        guard self[color].services[id] != nil else { throw Failure("\(id) is not in \(color)") }
        self[color].services[id]?.instances = 0
        self[color].services[id]?.isArmed = false
    }

    mutating func activate(_ id: ServiceID, in color: Color, instances: Int, readyAfter: Int64) throws(Failure) {
        guard let known = self[color].services[id] else { throw Failure("\(id) is not in \(color)") }
        if known.service.mode == .scheduled {
            self[color].services[id]?.isArmed = true
        } else if known.instances != instances {
            var changed = known
            changed.instances = instances
            changed.readyAt = time + readyAfter
            changed.roll(from: known, upgradesRoll)
            self[color].services[id] = changed
        }
    }

    mutating func runOnce(_ job: ServiceID, in color: Color) throws(Failure) {
        guard self[color].services[job] != nil else { throw Failure("\(job) is not in \(color)") }
        let end = time + jobLength
        self[color].services[job]?.runsUntil = end
        manualRuns[job, default: 0] += 1
    }

    func services(in color: Color) throws(Failure) -> [Service] {
        guard answers(color) else { throw unreachable(color) }
        return self[color].services.keys.sorted().compactMap { id in
            guard let launched = self[color].services[id] else { return nil }
            var service = launched.service
            if service.mode != .scheduled { service.instances = launched.instances }
            return service
        }
    }

    func health(of ids: [ServiceID], in color: Color) throws(Failure) -> [ServiceID: ServiceHealth] {
        guard answers(color) else { throw unreachable(color) }
        var health: [ServiceID: ServiceHealth] = [:]
        for id in ids {
            guard let launched = self[color].services[id] else { continue }
            let isReady = max(launched.readyAt, launched.rollsUntil) <= time && time >= self[color].isLostUntil
            health[id] = ServiceHealth(
                expected: launched.instances, staged: isReady ? 0 : launched.instances,
                running: isReady ? launched.instances : 0, healthy: isReady ? launched.instances : 0, unhealthy: 0,
                hasHealthChecks: true, isDeploying: !isReady && launched.instances > 0)
        }
        return health
    }

    /// One task on each server, with a port for each backend.
    func tasks(of service: ServiceID, in color: Color) throws(Failure) -> [ServiceTask] {
        guard answers(color) else { throw unreachable(color) }
        let isReady = self[color].services[service].map { max($0.readyAt, $0.rollsUntil) <= time } ?? false
        guard isReady, time >= self[color].isLostUntil else { return [] }
        return self[color].servers.indices.map { host in
            ServiceTask(
                host: WorldState.address(of: color, host: host),
                ports: (0..<WorldState.portsEach).map { ServiceTask.Port(port(of: color, host: host) + $0) })
        }
    }

    /// The first port of the task on a host.
    func port(of color: Color, host: Int) -> Int { 80 + WorldState.portsEach * (self[color].moves[host] ?? 0) }

    static let portsEach = 10

    /// The task on a host is restarted, on other ports: those of before answer no one any more.
    mutating func moveTask(of color: Color, host: Int) {
        self[color].moves[host, default: 0] += 1
        check()
    }

    func activity(of ids: [ServiceID], in color: Color) throws(Failure) -> [ServiceID: ServiceActivity] {
        guard answers(color) else { throw unreachable(color) }
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

    private func answers(_ color: Color) -> Bool { !self[color].servers.isEmpty && !self[color].isSilent }

    private func unreachable(_ color: Color) -> Failure {
        Failure("The cluster of \(color) does not answer", details: ["connection refused"], kind: .transient)
    }
}

extension LaunchedService {
    /// Old instances serve until the new ones do.
    fileprivate mutating func roll(from known: LaunchedService?, _ upgradesRoll: Bool) {
        guard upgradesRoll, let known else { return }
        isNeeded = known.isNeeded
        guard known.instances > 0, instances > 0 else { return }
        rollsUntil = readyAt
        readyAt = known.readyAt
    }
}
