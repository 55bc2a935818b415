import Migration

/// Launches one service in the new color, as it is on the old side at this moment, and waits until it is ready.
struct LaunchService: StepWork {
    let id: ServiceID

    func perform(_ context: StepContext) async throws(Failure) -> String {
        guard let service = try await wanted(context) else { return "is not launched: `services.ignore` names it" }
        let new = try await context.cluster(of: context.direction.new)
        if try await difference(from: service, in: new) == nil {
            try await awaitReady(service, in: new, context)
            return "runs already"
        }
        try await context.intend("launch \(id) in \(context.direction.new)")
        try await launch(service, in: new, context)
        try await awaitReady(service, in: new, context)
        if let difference = try await difference(from: service, in: new) {
            throw Failure(
                "\(id) in \(context.direction.new) is not what was launched", details: [difference], kind: .permanent)
        }
        return service.mode.isSingleton ? "suspended until its hand-over" : "\(service.instances) instances"
    }

    func undo(_ context: StepContext) async throws(Failure) -> String {
        let new = try await context.inventory(of: context.direction.new)
        guard !new.isEmpty else { return "no servers, so no service" }
        try await context.refuseToTakeDownWhatServes()
        let cluster = try context.drivers.cluster(context.direction.new, new)
        try await context.fence.act { () async throws(Failure) in try await cluster.stop(id) }
        return "stopped"
    }

    /// The definition and the instance count come from the live side at the moment of launch, not from the plan.
    ///
    /// - Returns: nil where the commit that the run goes on from names the service in `services.ignore`.
    private func wanted(_ context: StepContext) async throws(Failure) -> Service? {
        if context.environment.services.ignoring(id) != nil { return nil }
        let old = try await context.cluster(of: context.direction.old)
        guard let service = try await old.observeService(id) else {
            throw OldServices.missing(id, in: context.direction.old, context)
        }
        return try old.rewrite(
            service, overrides: context.environment.services.overrides,
            inventory: try await context.inventory(of: context.direction.new))
    }

    /// For people: how the cluster's service differs from the one that is wanted; nil when it does not.
    private func difference(from service: Service, in cluster: any Cluster) async throws(Failure) -> String? {
        guard let found = try await cluster.observeService(id) else { return "it does not exist" }
        let fields = try cluster.differences(service, found).map(\.path)
        if !fields.isEmpty { return "differs: \(fields.joined(separator: ", "))" }
        // What may run once is launched suspended, and its hand-over gives it its instances.
        if service.mode.isSingleton || found.instances == service.instances { return nil }
        return "\(found.instances) instances, not \(service.instances)"
    }

    /// A launch whose reply was lost may have happened: it counts when the service is there.
    private func launch(_ service: Service, in cluster: any Cluster, _ context: StepContext) async throws(Failure) {
        do throws(Failure) {
            try await context.fence.act { () async throws(Failure) in
                try await cluster.launch(service, suspended: service.mode.isSingleton)
            }
        } catch  where error.kind == .unknownEffect {
            guard try await difference(from: service, in: cluster) == nil else { throw error }
        }
    }

    private func awaitReady(_ service: Service, in cluster: any Cluster, _ context: StepContext) async throws(Failure) {
        try await context.poll { () async throws(Failure) -> String? in
            guard let health = try await cluster.observeHealth([id])[id] else { return "\(id) to appear" }
            return health.isReady ? nil : "\(id): \(health.description)"
        }
    }
}

/// Waits until every service of the new color has been healthy for a while and answers its probes.
struct AwaitServices: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        let gate = context.environment.gates.service
        let ids = try await CatchUp(context).perform()
        let new = try await context.cluster(of: context.direction.new)
        if gate.probes.contains(where: \.isRelative) {
            try await context.intend("let the load balancers check the servers of \(context.direction.new)")
            try await context.engine.traffic.wakeNewColor()
        }
        var healthySince: Period?
        let declared = context.environment.services.declared ?? []
        var probes = ProbeRounds(gate, declared)
        while true {
            let unready = try await unready(ids, in: new)
            healthySince = unready == nil ? healthySince ?? context.clock.uptime : nil
            let missing = try await probes.ask(context)
            let failing = unready ?? missing
            let held = healthySince.map { context.clock.uptime - $0 } ?? .zero
            if failing == nil, held >= gate.healthyFor { break }
            await context.wait(for: failing ?? "all services healthy for \(gate.healthyFor)")
            try await context.pause(Period(milliseconds: 250))
        }
        try await context.record(.gatePassed(gate: "service"))
        let moved = declared.map { "; \($0.title) answers" }.joined()
        return "\(ids.count) services healthy for \(gate.healthyFor), \(gate.probes.count) probes\(moved)"
    }

    private func unready(_ ids: [ServiceID], in cluster: any Cluster) async throws(Failure) -> String? {
        let health = try await cluster.observeHealth(ids)
        for id in ids {
            guard let known = health[id] else { return "\(id): missing" }
            if !known.isReady { return "\(id): \(known.description)" }
        }
        return nil
    }
}

/// Stops the old color's services, those that others need last.
struct StopServices: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        try await context.knowServers(again: true)
        let servers = try await context.inventory(of: context.direction.old)
        guard !servers.isEmpty else { return "no servers are left" }
        let old = try context.drivers.cluster(context.direction.old, servers)
        try await RightTarget(context).refuseShared("stopped")
        try await RightTarget(context).refuseUnplannedDestruction()
        // Once they are being stopped, what is missing was stopped by the run itself.
        let isStopping = await context.state.steps[context.step.id]?.isIntended == true
        let services = isStopping ? try await old.observeServices() : try await OldServices(context).observe()
        let came = try await refuseToLose(old, services, context)
        // Last, as all of that may take long.
        try await Quiet(context).demand()
        try await context.engine.traffic.demandAllCarried()
        try await context.intend("stop the services of \(context.direction.old)")
        let ids = came + context.plan.services.reversed().map(\.id)
        for id in ids {
            await context.wait(for: "\(id) to stop")
            try await context.fence.act { () async throws(Failure) in try await old.stop(id) }
        }
        try await context.poll { () async throws(Failure) -> String? in
            let left = try await old.observeHealth(ids)
                .filter { $0.value.running + $0.value.staged > 0 || $0.value.isDeploying }.keys.sorted()
            return left.isEmpty
                ? nil : "\(left.count) services to stop: \(left.prefix(3).map(\.text).joined(separator: ", "))"
        }
        return "\(ids.count) services stopped"
    }

    /// What is on the old color only would be gone for good.
    ///
    /// - Returns: services that the plan does not know and both colors have: they came during the run.
    private func refuseToLose(
        _ old: any Cluster, _ services: [Service], _ context: StepContext
    ) async throws(Failure) -> [ServiceID] {
        let parity = try await Parity.observe(context, old: services)
        let manual = context.plan.ignored.filter(\.isLeftToPeople).map(\.id)
        let running = try await old.observeHealth(manual).filter { $0.value.running + $0.value.staged > 0 }.keys
        let lost =
            running.sorted().map { "\($0): runs, and a person has to move it" }
            + parity.missing.map { "\($0): came after \(context.direction.new) was copied" }
            + (try await unclaimed(parity, context))
        guard lost.isEmpty else {
            throw Failure(
                "Services run on \(context.direction.old) only, and would be lost", details: lost,
                advice: "Move each with its data and remove it from \(context.direction.old), then: rz resume.",
                kind: .refused)
        }
        let planned = Set(context.plan.services.map(\.id))
        return parity.pairs.map(\.old.id).filter { !planned.contains($0) }
    }

    /// What Mesos runs on the old color and no source reports, as far as there are agents to ask.
    private func unclaimed(_ parity: Parity, _ context: StepContext) async throws(Failure) -> [String] {
        guard let agents = try await context.agents(of: context.direction.old) else { return [] }
        let staying = context.plan.ignored.filter { !$0.isLeftToPeople }.map(\.id)
        let known = parity.pairs.map(\.old.id) + parity.found + context.plan.services.map(\.id) + staying
        return try await agents.observeUnclaimed(besides: known, ignoring: context.environment.services.ignore)
    }
}
