import Migration

/// What calls of a load balancer's driver read and change.
extension WorldState {
    func state(of name: LoadBalancerID) throws(Failure) -> LoadBalancerState {
        let balancer = try reachable(name)
        var backends: [String: BackendState] = [:]
        for backend in balancer.backends {
            let refused = balancer.isBlind ? 0 : Int(backend.refused)
            let own = ServerCounters(
                requests: refused, errors: refused, errorCounts: ErrorCounts(connection: refused))
            let servers = balancer.servers.filter { $0.backend == backend.name }
            backends[backend.name] = BackendState(
                servers: servers.map { state(of: $0, on: balancer) },
                cookie: backend.remembered == nil ? nil : "SERVER", own: own,
                scale: backend.isSwitch ? .switch : WeightScale(),
                load: backend.countedPeak.map { BackendLoad(peakSessions: $0, peakRate: 0) },
                counted: balancer.isBlind ? [] : Set(ErrorClass.allCases), countsQueue: !balancer.isBlind)
        }
        let old = Set(balancer.oldSessions.filter { $0.end > time }.map(\.process)).sorted()
        return LoadBalancerState(
            version: "simulated", backends: backends, epoch: balancer.epoch,
            process: LoadBalancerProcess(
                pid: balancer.process, uptime: .seconds((time - balancer.startedAt) / 1000),
                hardStopAfter: Period(milliseconds: balancer.hardStopAfter)),
            oldWorkers: balancer.isBlind ? [] : balancer.tellsOldWorkers ? old : nil,
            unseenFor: balancer.isBlind ? Period(milliseconds: unseenLength(on: balancer)) : nil)
    }

    /// For how long someone may be at a color that has no weight: as long as a session, and where users are remembered as
    /// long as a cookie. Fewer than one in fifty are left after four visits.
    private func unseenLength(on balancer: SimulatedLoadBalancer) -> Int64 {
        sessionLength + (balancer.backends.contains { $0.remembered != nil } ? 4 * visitLength : 0)
    }

    private func state(of server: SimulatedServer, on balancer: SimulatedLoadBalancer) -> ServerState {
        let old = balancer.oldSessions.count {
            $0.backend == server.backend && $0.server == server.name && $0.begin <= time && $0.end > time
        }
        let awaited = balancer.oldSessions.count {
            $0.backend == server.backend && $0.server == server.name && $0.begin > time
        }
        let isQueueServed = server.past.queuedUntil > 0 && server.past.queuedUntil + sessionLength > time
        let isQueued = server.past.queuedUntil > time
        let sessions = max(Int(server.past.hung), server.past.busyUntil > time || (isQueueServed && !isQueued) ? 1 : 0)
        let isSwitch = balancer.isSwitch(server.backend)
        return ServerState(
            name: server.name,
            address: server.isFree ? "-" : address(of: server, on: balancer), weight: server.weight,
            group: isSwitch ? server.color.rawValue : nil, configuredWeight: isSwitch ? nil : server.configuredWeight,
            administration: server.isFree ? .maint : server.administration,
            operation: operation(of: server, on: balancer), check: checkResult(of: server, on: balancer),
            isBackup: server.isBackup, isHeldInMaintenance: server.isFree,
            counters: balancer.isBlind
                ? ServerCounters()
                : ServerCounters(
                    sessions: sessions + (balancer.tellsOldWorkers ? old : 0), queued: isQueued ? 3 : 0,
                    rate: time - server.past.lastRequestAt < 1000 ? 1 : 0, requests: Int(server.past.requests),
                    errors: Int(server.past.errors), clientErrors: Int(server.past.clientErrors),
                    begun: Int(server.past.requests + server.past.hung),
                    awaited: balancer.tellsOldWorkers ? awaited : 0,
                    errorCounts: server.errorCounts),
            load: server.limit.map { ServerLoad(limit: $0, peakSessions: 0, peakRate: 0) })
    }

    /// A connection stays with the process that took it: what is meant for another one changes nothing.
    func refuse(unless process: LoadBalancerProcess?, on name: LoadBalancerID) throws(Failure) {
        guard let process, let balancer = self[name], balancer.process != process.pid else { return }
        throw Failure("\(name) was reloaded in the middle of a change", at: name.text, kind: .transient)
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
            if case .add(let address) = change.change, index == nil {
                balancer.servers.append(try server(change, at: address, on: balancer))
            }
            guard let index else { continue }
            if change.change == .remove {
                try remove(index, of: &balancer)
                continue
            }
            make(change.change, at: index, of: &balancer)
        }
        self[name] = balancer
        noteWhoCarries()
        if limit != nil { throw Failure("The connection to \(name) broke", at: name.text, kind: .unknownEffect) }
    }

    private func make(_ change: ServerChange.Change, at index: Int, of balancer: inout SimulatedLoadBalancer) {
        switch change {
        case .weight(let weight) where balancer.isSwitch(balancer.servers[index].backend):
            guard weight > 0 else { return }
            for other in balancer.servers.indices
            where balancer.servers[other].backend == balancer.servers[index].backend {
                balancer.servers[other].weight = balancer.servers[other].color == balancer.servers[index].color ? 1 : 0
            }
        case .weight(let weight):
            // In maintenance a weight is taken and forgotten.
            if balancer.servers[index].administration != .maint { balancer.servers[index].weight = weight }
        case .administration(let administration):
            let leaves = balancer.servers[index].administration == .maint && administration != .maint
            balancer.servers[index].administration = administration
            guard leaves, balancer.checkPeriod > 0 else { return }
            // It is called up until someone has asked it.
            balancer.servers[index].isBelievedUp = true
            balancer.servers[index].isChecked = false
            balancer.servers[index].past.nextCheckAt = time + balancer.checkPeriod
            balancer.servers[index].past.slowUntil = time + balancer.slowStart
        case .takeQueue:
            make(.administration(.maint), at: index, of: &balancer)
            make(.administration(.ready), at: index, of: &balancer)
        case .add, .remove: break
        case .shutdownSessions:
            balancer.servers[index].past.busyUntil = time
            balancer.servers[index].past.queuedUntil = 0
            balancer.servers[index].breakOff()
        }
    }

    /// A server that is told of while the load balancer runs.
    private func server(
        _ change: ServerChange, at address: String, on balancer: SimulatedLoadBalancer
    ) throws(Failure) -> SimulatedServer {
        for machine in Color.allCases {
            for host in self[machine].servers.indices
            where ServerState.host(of: address) == WorldState.address(of: machine, host: host) {
                let color = Color.allCases.first { change.server.hasPrefix($0.rawValue) } ?? machine
                var server = SimulatedServer(
                    backend: change.backend, name: change.server, color: color, weight: 100, configuredWeight: 100,
                    host: host)
                if balancer.isSwitch(change.backend) {
                    server.weight = balancer.chosen(in: change.backend) == color ? 1 : 0
                    server.configuredWeight = server.weight
                }
                server.machine = machine
                server.port = address.split(separator: ":").last.flatMap { Int($0) }
                server.administration = .maint
                server.isAdded = true
                return server
            }
        }
        throw Failure("\(balancer.name) can't reach \(address)", kind: .refused)
    }

    private func remove(_ index: Int, of balancer: inout SimulatedLoadBalancer) throws(Failure) {
        let server = balancer.servers[index]
        guard server.administration == .maint else {
            throw Failure("Only servers in maintenance mode can be deleted.", at: server.name)
        }
        guard max(server.past.busyUntil, server.past.queuedUntil) <= time, server.past.hung < 1 else {
            throw Failure("Server still has connections attached to it", at: server.name, kind: .transient)
        }
        balancer.servers.remove(at: index)
    }

    /// A reload: another process answers, the old one serves on what it has. Where no state file keeps what was set,
    /// the new one has what the configuration says.
    mutating func reset(_ name: LoadBalancerID) {
        guard var balancer = self[name] else { return }
        let end = time + balancer.hardStopAfter
        balancer.oldSessions = balancer.oldSessions.filter { $0.end > time }
        for index in balancer.servers.indices {
            let server = balancer.servers[index]
            if server.past.busyUntil > time {
                balancer.oldSessions.append(
                    SimulatedLoadBalancer.OldSession(
                        process: balancer.process, backend: server.backend, server: server.name, color: server.color,
                        begin: time, end: min(end, server.past.busyUntil)))
            }
            // One of its users asks again later, on the connection that he has.
            let next = server.past.busyUntil + balancer.clientPause
            if balancer.clientPause > 0, server.past.busyUntil > time, next < end, server.weight > 0,
                server.administration == .ready
            {
                balancer.oldSessions.append(
                    SimulatedLoadBalancer.OldSession(
                        process: balancer.process, backend: server.backend, server: server.name, color: server.color,
                        begin: next, end: min(end, next + sessionLength)))
            }
            balancer.servers[index].startAgain(keepingState: balancer.keepsState)
        }
        for index in balancer.backends.indices where balancer.backends[index].isSwitch {
            balancer.backends[index].chosen = balancer.chosen(in: balancer.backends[index].name)
        }
        // What is discovered again comes back with the configured weight, whatever the state file says.
        let hasForgotten = !balancer.keepsState || balancer.servers.contains(where: \.isDynamic)
        balancer.lost += balancer.servers.filter(\.isDynamic).map(\.asConfigured)
        balancer.servers.removeAll { $0.isDynamic || $0.isAdded }
        for index in balancer.backends.indices { balancer.backends[index].refused = 0 }
        balancer.process += 1
        balancer.startedAt = time
        if hasForgotten { balancer.resetAt = time }
        self[name] = balancer
        check()
        noteWhoCarries()
    }

    private func reachable(_ name: LoadBalancerID) throws(Failure) -> SimulatedLoadBalancer {
        guard let balancer = self[name], time >= balancer.isUnreachableUntil else {
            throw Failure("\(name) does not answer", at: name.text, details: ["connection refused"], kind: .transient)
        }
        return balancer
    }
}

extension SimulatedServer {
    fileprivate var errorCounts: ErrorCounts {
        ErrorCounts(
            server: Int(past.badAnswers), connection: Int(past.unconnected), response: Int(past.broken),
            retries: Int(past.retries))
    }

    /// Requests that were never answered end.
    mutating func breakOff() {
        past.requests += past.hung
        past.errors += past.hung
        past.broken += past.hung
        past.hung = 0
    }

    fileprivate var asConfigured: SimulatedServer {
        var server = self
        server.startAgain(keepingState: false)
        return server
    }

    fileprivate mutating func startAgain(keepingState: Bool) {
        if !keepingState {
            weight = configuredWeight
            administration = .ready
        }
        past.requests = 0
        past.errors = 0
        past.clientErrors = 0
        past.badAnswers = 0
        past.unconnected = 0
        past.broken = 0
        past.retries = 0
        past.hung = 0
        past.busyUntil = 0
        past.nextCheckAt = 0
    }
}
