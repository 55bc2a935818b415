import JSON
import Migration
import Transport

/// The mesos-compose of one color.
///
/// Its API tells what runs, but not with which variables: what a service is comes from the compose files, and what rz
/// launched is told by a label with its fingerprint.
///
/// Source: mesos-compose 1.2, `api/`.
public struct ComposeCluster: Cluster {
    let client: FrameworkClient
    private let mesos: FrameworkClient?
    private let redis: RedisRecords?
    let prefix: String
    let files: [ComposeService]
    private let resolver: Resolver

    /// - Parameter folder: the environment's folder, where the files are.
    /// - Throws: `Failure` when a file can't be read, the URL refers to a server that the inventory does not have, or a
    ///   setting is missing.
    public init(
        _ source: ServiceSource.Compose, folder: String, inventory: Inventory, resolver: @escaping Resolver
    ) throws(Failure) {
        client = try FrameworkClient("mesos-compose", source.access, inventory: inventory, resolver: resolver)
        mesos = try source.mesos.map { (access) throws(Failure) in
            try FrameworkClient("Mesos", access, inventory: inventory, resolver: resolver)
        }
        redis = try source.redis.map { (redis) throws(Failure) in
            try RedisRecords(redis, prefix: source.prefix, inventory: inventory, resolver: resolver)
        }
        prefix = source.prefix
        files = try ComposeFiles.services(in: folder, source.files)
        self.resolver = resolver
    }

    public func observePlatform() async throws(Failure) -> PlatformState {
        let versions = try await client.call(.get, "/api/compose/versions").text
        _ = try await tasks()
        let isThere = versions.contains("/api/compose/v0")
        return PlatformState(
            description: "mesos-compose at \(client.place)", isReady: isThere,
            missing: isThere ? [] : ["its API is not version v0"])
    }

    /// What runs, as the files tell it. A task that no file tells of is taken from Redis, if there is one.
    public func observeServices() async throws(Failure) -> [Service] {
        var left = try await tasks()
        var services: [Service] = []
        for file in files {
            let own = left.filter { $0.belongs(to: file, prefix: prefix) }
            left.removeAll { own.contains($0) }
            if !own.isEmpty { services.append(service(file, own)) }
        }
        if !left.isEmpty { services += try await servicesWithoutFile(left) }
        return services.sorted { $0.id < $1.id }
    }

    private func service(_ definition: ComposeService, _ tasks: [ComposeTask]) -> Service {
        var definition = definition
        let marks = Set(tasks.map(\.fingerprint))
        if marks == [nil] {
            for task in tasks { definition.drift.merge(task.drift(from: definition)) { first, _ in first } }
        }
        var service = service(definition)
        service.instances = tasks.count(where: \.isRunning)
        service.isDeploying = tasks.contains { !$0.isRunning }
        if marks.count > 1 {
            service.fingerprint = "mixed"
        } else if let mark = marks.first ?? nil {
            service.fingerprint = mark
        }
        return service
    }

    private func servicesWithoutFile(_ tasks: [ComposeTask]) async throws(Failure) -> [Service] {
        let records = try await redis?.tasks() ?? []
        var services: [Service] = []
        for (name, own) in Dictionary(grouping: tasks, by: \.name).sorted(by: { $0.key < $1.key }) {
            let id = own.first?.service(prefix: prefix) ?? ServiceID("\(prefix)/\(name)")
            if let record = records.first(where: { $0.name == name }) {
                var found = service(ComposeService(record, id: id), own)
                found.kind = "service of mesos-compose, from Redis"
                services.append(found)
            } else {
                var unknown = ComposeService(
                    project: String(id.text.prefix { $0 != "/" }),
                    name: String(id.text.drop { $0 != "/" }.dropFirst()), service: JSONObject(), file: [:])
                unknown.drift[""] =
                    "runs, but no compose file tells of it\(redis == nil ? "" : " and neither does Redis")"
                services.append(service(unknown, own))
            }
        }
        return services
    }

    public func rewrite(
        _ service: Service, overrides: [Override], inventory: Inventory?
    ) throws(Failure) -> Service {
        var definition = try ComposeService(service.definitionJSON())
        let run = try OverrideRun(
            .object(definition.service), of: service.id, overrides, inventory: inventory, resolver: resolver)
        definition.service = run.json.object ?? definition.service
        definition.drift = [:]
        var rewritten = self.service(definition)
        rewritten.instances = service.instances
        rewritten.isDeploying = service.isDeploying
        rewritten.changes = run.changes
        rewritten.accepted = run.accepted
        (rewritten.mode, rewritten.modeReason) = run.mode
        guard !rewritten.mode.runsOnce else {
            throw Failure(
                "\(service.id) can't move in the mode \(rewritten.mode): mesos-compose keeps no service that does not run",
                at: "services.overrides of environment.yaml", details: [rewritten.modeReason ?? ""],
                advice: "Say manual, and move it by hand within the cutover; or parallel, if it may run twice.")
        }
        return rewritten
    }

    /// A definition that is not what runs would be no copy.
    public func judge(
        _ service: Service, rewritten: Service, in surroundings: Surroundings
    ) throws(Failure) -> [Finding] {
        try ComposeService(service.definitionJSON()).drift.sorted { $0.key < $1.key }.map { path, text in
            Finding(path.isEmpty ? .refused : .drift, at: path.isEmpty ? "definition" : path, text, .blocking)
        }
    }

    public func differences(_ wanted: Service, _ found: Service) throws(Failure) -> [FieldChange] {
        if wanted.fingerprint == found.fingerprint { return [] }
        let changes = Differences.between(
            try ComposeService(wanted.definitionJSON()).normalForm,
            try ComposeService(found.definitionJSON()).normalForm)
        // What was launched with a label is another definition than the file's, which can't be read back.
        return changes.isEmpty
            ? [FieldChange(path: "labels.\(ComposeService.label)", from: wanted.fingerprint, to: found.fingerprint)]
            : changes
    }

    private func service(_ definition: ComposeService) -> Service {
        Service(
            id: definition.id, definition: definition.definition.compact, instances: definition.replicas,
            dependencies: definition.dependencies, fingerprint: definition.fingerprint,
            hasHealthChecks: definition.hasHealthChecks && mesos != nil, kind: "service of mesos-compose")
    }

    // MARK: - How it is doing

    public func observeHealth(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceHealth] {
        let tasks = try await tasks()
        let healthy = try await healthyTasks()
        var health: [ServiceID: ServiceHealth] = [:]
        for id in services {
            let own = self.tasks(of: id, in: tasks)
            guard !own.isEmpty else { continue }
            let checked = healthy != nil && definition(id)?.hasHealthChecks == true
            let running = own.filter(\.isRunning)
            health[id] = ServiceHealth(
                expected: own.map(\.instances).max() ?? 0,
                staged: own.count { !$0.isRunning && !$0.isBeingKilled }, running: running.count,
                healthy: running.count { healthy?[$0.id] == true },
                unhealthy: checked ? running.count { healthy?[$0.id] == false } : 0, hasHealthChecks: checked,
                isDeploying: own.contains(where: \.isBeingKilled),
                reasons: Set(own.filter { !$0.isRunning }.map { "a task is \($0.state.isEmpty ? "new" : $0.state)" })
                    .sorted())
        }
        return health
    }

    /// By the master's own records: mesos-compose keeps no health. Nil without a master.
    private func healthyTasks() async throws(Failure) -> [String: Bool]? {
        guard let mesos else { return nil }
        var healthy: [String: Bool] = [:]
        for task in try await mesos.get("/tasks?order=asc&limit=-1")["tasks"]?.array ?? [] {
            guard let id = task["id"]?.string, let last = task["statuses"]?.array?.last else { continue }
            healthy[id] = last["healthy"]?.bool
        }
        return healthy
    }

    public func observeActivity(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceActivity] {
        try await observeHealth(services).mapValues { health in
            ServiceActivity(
                isEnabled: health.expected > 0, instances: health.expected, running: health.running + health.staged)
        }
    }

    // MARK: - Reading

    func tasks() async throws(Failure) -> [ComposeTask] {
        let answer = try await client.get("/api/compose/v0/tasks")
        guard !answer.isNull else { return [] }
        guard let list = answer.array else {
            throw Failure("mesos-compose's answer is no list of tasks", at: "\(client.place)/api/compose/v0/tasks")
        }
        return list.map { ComposeTask(json: $0) }
    }

    func tasks(of id: ServiceID, in tasks: [ComposeTask]) -> [ComposeTask] {
        guard let definition = definition(id) else { return tasks.filter { $0.service(prefix: prefix) == id } }
        return tasks.filter { $0.belongs(to: definition, prefix: prefix) }
    }

    private func definition(_ id: ServiceID) -> ComposeService? { files.first { $0.id == id } }
}
