/// Keeping apps at what they should be: launching, ending, replacing tasks.
extension SchedulerState {
    /// Compares one app with its effective definition and does what is missing.
    mutating func reconcile(_ id: PathID, _ offers: inout OfferBook?, _ now: Timestamp) {
        let active = instances(of: id).filter(\.isActive)
        guard let app = apps[id]?.effective else {
            queue[id] = nil
            for instance in active { kill(instance, now) }
            return
        }
        let current = active.filter { $0.version >= app.lastConfigChangeAt }
        let outdated = active.filter { $0.version < app.lastConfigChangeAt }
        for instance in surplus(of: current, app) { kill(instance, now) }
        let leaving = replaceable(outdated, current, app)
        for instance in leaving { kill(instance, now) }
        var missing = app.instances - current.count
        if !outdated.isEmpty {
            missing = min(missing, capacity(of: app) - current.count - (outdated.count - leaving.count))
        }
        launch(missing, of: app, &offers, now)
    }

    private func surplus(of instances: [Instance], _ app: AppDefinition) -> [Instance] {
        guard instances.count > app.instances else { return [] }
        let ordered = instances.sorted { left, right in
            if left.isReady != right.isReady { return !left.isReady }
            return app.killsOldestFirst ? left.stagedAt < right.stagedAt : left.stagedAt > right.stagedAt
        }
        return Array(ordered.prefix(instances.count - app.instances))
    }

    /// Outdated instances that may go now: those that serve no one, and as many others as the upgrade strategy spares.
    private func replaceable(
        _ outdated: [Instance], _ current: [Instance], _ app: AppDefinition
    ) -> [Instance] {
        var minimum = Int((Double(app.instances) * app.minimumHealthCapacity).rounded(.up))
        if app.isResident, minimum >= capacity(of: app) { minimum -= 1 }
        let ready = outdated.filter(\.isReady)
        let spare = max(0, ready.count + current.count(where: \.isReady) - minimum)
        return outdated.filter { !$0.isReady } + ready.prefix(spare)
    }

    /// How many instances may exist during a restart; a strategy that allows no movement is widened by one.
    private func capacity(of app: AppDefinition) -> Int {
        let minimum = Int((Double(app.instances) * app.minimumHealthCapacity).rounded(.up))
        let maximum = Int((Double(app.instances) * (1 + app.maximumOverCapacity)).rounded(.down))
        return minimum == maximum && !app.isResident ? maximum + 1 : maximum
    }

    private mutating func launch(_ missing: Int, of app: AppDefinition, _ offers: inout OfferBook?, _ now: Timestamp) {
        guard missing > 0 else {
            queue[app.id] = nil
            return
        }
        var pending = queue[app.id] ?? PendingLaunch(count: missing, since: now)
        defer {
            queue[app.id] = pending.count > 0 ? pending : nil
        }
        pending.count = missing
        if let until = apps[app.id]?.backoff?.until, now < until { return }
        // What the last offers lacked stands until there are others.
        guard agents.contains(where: \.hasOffer) else { return }
        if let last = pending.lastAttempt, !offersChanged, last.seconds(until: now) < Self.offerInterval { return }
        pending.lastAttempt = now
        var book = offers ?? OfferBook(agents: agents, tasks: tasks.values)
        while pending.count > 0 {
            let (placement, rejections) = book.match(app, siblings: instances(of: app.id).map(\.first))
            pending.processedOffers += rejections.count + (placement == nil ? 0 : 1)
            pending.unusedOffers += rejections.count
            pending.rejections = rejections
            if !rejections.isEmpty { pending.lastUnusedOfferAt = now }
            guard let placement else { break }
            stage(app, on: placement.agent, ports: placement.ports, now)
            book.occupy(placement.agent.server, app.resources, placement.ports)
            pending.lastUsedOfferAt = now
            pending.count -= 1
        }
        offers = book
    }

    private mutating func stage(_ app: AppDefinition, on agent: Agent, ports: [Int], _ now: Timestamp) {
        let instance = "\(app.id.flattened).instance-\(identifiers.next())"
        var ports = ports[...]
        for container in app.containers {
            var task = TaskRecord(
                id: "\(instance).\(container.name ?? "_app.1")", app: app.id, container: container.name,
                version: app.version, server: agent.server, directory: agent.directory, hostname: agent.hostname,
                ports: Array(ports.prefix(container.ports.count)), servicePorts: container.ports.map(\.servicePort),
                resources: container.resources, killGracePeriod: container.killGracePeriod, stagedAt: now)
            ports = ports.dropFirst(container.ports.count)
            task.health = container.checks.map { Health(of: $0) }
            tasks[task.id] = task
            tasksByApp[app.id, default: []].append(task.id)
            log(.launched, task, now)
            publishStatus(task, "TASK_STAGING", "", now)
            emit(.launch(task, app))
        }
        markDurableChange()
    }
}
