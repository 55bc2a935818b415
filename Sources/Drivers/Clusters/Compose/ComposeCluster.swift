import JSON
import Migration
import Transport

/// The mesos-compose of one color.
///
/// Its API reports what runs, but not with which variables: those come from the compose files. What a service is counts by
/// what both sides report of their tasks, compared field by field; variables by the definition that was sent.
///
/// Source: mesos-compose dd95e1b and 1.2, `api/`.
public struct ComposeCluster: Cluster {
    let client: FrameworkClient
    private let mesos: MesosMaster?
    private let redis: RedisRecords?
    let prefix: String
    /// What it is called at Mesos, and below which its API looks for records.
    let framework: String
    let files: [ComposeService]
    private let resolver: Resolver

    /// - Parameters:
    ///   - folder: the environment's folder, where the files are.
    ///   - platform: the Mesos master of the environment, unless the source names one itself.
    /// - Throws: `Failure` when a file can't be read, the URL refers to a server that the inventory does not have, or a
    ///   setting is missing.
    public init(
        _ source: ServiceSource.Compose, folder: String, platform: ServiceSource.Access? = nil, inventory: Inventory,
        resolver: @escaping Resolver, proxy: ProxyRules? = nil
    ) throws(Failure) {
        client = try FrameworkClient(
            "mesos-compose", source.access, at: "services.sources[].compose", inventory: inventory, resolver: resolver,
            proxy: proxy)
        let key = source.mesos == nil ? "platform.mesos" : "services.sources[].compose.mesos"
        mesos = try (source.mesos ?? platform).map { (access) throws(Failure) in
            try MesosMaster(access, at: key, inventory: inventory, resolver: resolver, proxy: proxy)
        }
        redis = try source.redis.map { (redis) throws(Failure) in
            try RedisRecords(redis, inventory: inventory, resolver: resolver)
        }
        prefix = source.prefix
        framework = source.framework ?? source.prefix
        guard redis != nil || framework == prefix else {
            throw Failure(
                "mesos-compose as \(framework) reports no task named \(prefix): …: its API looks below \(framework)",
                at: "services.sources of environment.yaml", advice: "Add `redis` to this source, which has all records."
            )
        }
        files = try ComposeFiles(folder: folder).services(source)
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

    // MARK: - What there is

    public var servicesInFiles: [ServiceID] { files.map(\.id) }

    public var servicesByFiles: [Service]? { files.map { service($0) }.sorted { $0.id < $1.id } }

    /// What runs, as the files define it. A task that is in no file is taken from Redis, if there is one.
    public func observeServices() async throws(Failure) -> [Service] {
        var left = try await completeTasks()
        let records = try await redis?.tasks()
        var services: [Service] = []
        for file in files {
            let own = left.filter { $0.belongs(to: file, prefix: prefix) }
            left.removeAll { own.contains($0) }
            services += [service(file, own, records)].compactMap { $0 }
        }
        services += servicesWithoutFile(left, records)
        for service in services { _ = try service.id.composePath() }
        return services.sorted { $0.id < $1.id }
    }

    /// Nil where nothing is wanted any more: what is left is being ended.
    private func service(
        _ definition: ComposeService, _ tasks: [ComposeTask], _ records: [ComposeTask]?
    ) -> Service? {
        let live = tasks.filter { !$0.isBeingKilled }
        let wanted = live.map(\.instances).max() ?? 0
        guard wanted > 0 else { return nil }
        var definition = definition
        definition.reported = live.map(\.form).reduce(into: []) { forms, form in
            if !forms.contains(form) { forms.append(form) }
        }
        let variables = Set(
            (records ?? []).filter { record in live.contains { $0.id == record.id } }.map {
                SealedVariables.of(record: $0.json)
            })
        definition.reportedVariables = variables.count == 1 ? variables.first : nil
        let marks = Set(live.map(\.fingerprint))
        definition.launchedAs = marks.count > 1 ? "mixed" : marks.first ?? nil
        definition.drift.merge(drift(of: definition)) { own, _ in own }
        var service = service(definition)
        service.fingerprint = definition.observedFingerprint
        service.instances = wanted
        service.isDeploying = tasks.contains { !$0.isRunning } || live.count != wanted
        return service
    }

    /// Where what runs is not what the file makes of it, by the field.
    private func drift(of definition: ComposeService) -> [String: String] {
        let expected = RecordForm(expectedOf: definition, prefix: prefix)
        var drift: [String: String] = [:]
        for reported in definition.reported {
            for change in expected.differences(to: reported) {
                drift[change.path] =
                    "runs with \(change.to ?? "nothing"), the file says \(change.from ?? "nothing")"
            }
        }
        for change in definition.reportedVariables.map({ SealedVariables.differences(definition.variables, $0) }) ?? []
        {
            drift[change.path] =
                change.to == nil
                ? "is not set, the file sets it"
                : "runs with a value that the file \(change.from == nil ? "does not set" : "has not")"
        }
        if let first = definition.reported.first {
            for change in definition.reported.dropFirst().flatMap({ first.differences(to: $0) })
            where drift[change.path] == nil {
                drift[change.path] = "its tasks differ: \(change.from ?? "nothing") and \(change.to ?? "nothing")"
            }
        }
        return drift
    }

    private func servicesWithoutFile(_ tasks: [ComposeTask], _ records: [ComposeTask]?) -> [Service] {
        var services: [Service] = []
        for (name, own) in Dictionary(grouping: tasks, by: \.name).sorted(by: { $0.key < $1.key }) {
            let id = own.first?.service(prefix: prefix) ?? ServiceID("\(prefix)/\(name)")
            if let record = records?.first(where: { $0.name == name }) {
                guard var found = service(ComposeService(record, id: id), own, records) else { continue }
                found.kind = "service of mesos-compose, from Redis"
                services.append(found)
            } else {
                var unknown = ComposeService(
                    project: String(id.text.prefix { $0 != "/" }),
                    name: String(id.text.drop { $0 != "/" }.dropFirst()), service: JSONObject(), file: [:])
                unknown.drift[""] =
                    "runs, but is in no compose file\(redis == nil ? "" : " and not in Redis")"
                services.append(service(unknown))
            }
        }
        return services
    }

    private func service(_ definition: ComposeService) -> Service {
        Service(
            id: definition.id, definition: ServiceDefinition(definition.definition), instances: definition.replicas,
            dependencies: definition.dependencies, fingerprint: definition.fingerprint,
            hasHealthChecks: definition.healthCheck != nil && mesos != nil, kind: "service of mesos-compose")
    }

    // MARK: - How it moves

    public func rewrite(
        _ service: Service, overrides: [Override], inventory: Inventory?
    ) throws(Failure) -> Service {
        var definition = try ComposeService(service.definitionJSON())
        let run = try OverrideRun(
            .object(definition.service), of: service.id, overrides, inventory: inventory, resolver: resolver)
        definition.service = run.json.object ?? definition.service
        if inventory != nil, !run.changes.isEmpty {
            definition.service = try ComposeDialect(file: "services.overrides of environment.yaml")
                .service(run.json, at: service.id.text)
        }
        definition.drift = [:]
        definition.launchedAs = nil
        definition.reportedVariables = nil
        var rewritten = self.service(definition)
        rewritten.instances = service.instances
        rewritten.isDeploying = service.isDeploying
        rewritten.changes = run.changes
        rewritten.accepted = run.accepted
        (rewritten.mode, rewritten.modeReason) = run.mode
        guard !rewritten.mode.isSingleton else {
            throw Failure(
                "\(service.id) can't move in the mode \(rewritten.mode): mesos-compose keeps no service that does not run",
                at: "services.overrides of environment.yaml", details: [rewritten.modeReason ?? ""],
                advice: "Use manual, and move it by hand during the cutover; or parallel, if it may run twice.")
        }
        return rewritten
    }

    public func judge(
        _ service: Service, rewritten: Service, in placement: PlacementContext
    ) throws(Failure) -> [Finding] {
        try ComposeJudgement(Judgement(placement), prefix: prefix).findings(
            of: ComposeService(service.definitionJSON()), becoming: ComposeService(rewritten.definitionJSON()),
            as: rewritten)
    }

    /// What the new side reports of its tasks, against what mesos-compose makes of the wanted definition; where that
    /// depends on how it was started, against what the old side reports.
    public func differences(_ wanted: Service, _ found: Service) throws(Failure) -> [FieldChange] {
        try differences(ComposeService(wanted.definitionJSON()), ComposeService(found.definitionJSON()))
    }

    func differences(_ wanted: ComposeService, _ found: ComposeService) -> [FieldChange] {
        let expected = RecordForm(expectedOf: wanted, prefix: prefix).filled(from: wanted.reported.first)
        let reported = found.reportedVariables.map { SealedVariables.differences(wanted.variables, $0) } ?? []
        let changes = (found.reported.flatMap { expected.differences(to: $0) } + reported)
            .reduce(into: [FieldChange]()) { all, change in
                if !all.contains(where: { $0.path == change.path }) { all.append(change) }
            }
        // Without Redis no one reports the variables: whether they are those that were sent, the label hints at.
        let isProven = SealedVariables.unproven(wanted.variables, found.reportedVariables).isEmpty
        guard changes.isEmpty, !isProven, found.launchedAs != wanted.fingerprint else { return changes }
        return [
            FieldChange(path: "labels.\(ComposeService.label)", from: wanted.fingerprint, to: found.launchedAs)
        ]
    }

    // MARK: - How it is doing

    public func observeHealth(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceHealth] {
        let tasks = try await tasks()
        let mesos = try await mesos?.tasks()
        var health: [ServiceID: ServiceHealth] = [:]
        for id in services {
            let own = self.tasks(of: id, in: tasks)
            guard !own.isEmpty else {
                health[id] = orphans(of: id, in: mesos ?? [])
                continue
            }
            let checked = mesos != nil && own.contains { $0.form.fields["healthcheck"] != .null }
            let running = own.filter(\.isRunning)
            func count(_ isHealthy: Bool) -> Int {
                running.count { task in mesos?.contains { $0.id == task.id && $0.isHealthy == isHealthy } == true }
            }
            health[id] = ServiceHealth(
                expected: own.filter { !$0.isBeingKilled }.map(\.instances).max() ?? 0,
                staged: own.count { !$0.isRunning && !$0.isBeingKilled }, running: running.count,
                healthy: count(true), unhealthy: checked ? count(false) : 0, hasHealthChecks: checked,
                isDeploying: own.contains(where: \.isBeingKilled),
                reasons: Set(own.filter { !$0.isRunning }.map { "a task is \($0.state.isEmpty ? "new" : $0.state)" })
                    .sorted())
        }
        return health
    }

    /// Tasks that mesos-compose has no record of any more, and that Mesos still runs: it drops the record of a task that
    /// is ended before it was reported as running.
    private func orphans(of id: ServiceID, in mesos: [MesosTask]) -> ServiceHealth? {
        let name = taskOwner(of: id)
        let left = mesos.filter { !$0.state.isTerminal && $0.name == name }
        guard !left.isEmpty else { return nil }
        return ServiceHealth(
            expected: 0, staged: 0, running: left.count, healthy: 0, unhealthy: 0, hasHealthChecks: false,
            isDeploying: true, reasons: ["Mesos runs \(left[0].id), of which mesos-compose has no record"])
    }

    public func observeActivity(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceActivity] {
        try await observeHealth(services).mapValues { health in
            ServiceActivity(
                isEnabled: health.expected > 0, instances: health.expected, running: health.running + health.staged)
        }
    }

    // MARK: - Reading

    /// The records, if Mesos does not report more tasks. A Redis that is gone gives an empty list, and a lost agent one without
    /// its tasks, both with status 200.
    private func completeTasks() async throws(Failure) -> [ComposeTask] {
        let tasks = try await tasks()
        guard let mesos else { return tasks }
        func unknown(_ tasks: [ComposeTask], _ running: [MesosTask]) -> [MesosTask] {
            let known = Set(tasks.map(\.id))
            return running.filter { !$0.state.isTerminal && $0.name.hasPrefix(prefix + ":") && !known.contains($0.id) }
        }
        guard !unknown(tasks, try await mesos.tasks()).isEmpty else { return tasks }
        // One may have been launched, another have ended, between the two answers.
        let again = try await self.tasks()
        let left = unknown(again, try await mesos.tasks())
        guard let first = left.first else { return again }
        throw Failure(
            "mesos-compose reports \(again.count) tasks, and Mesos runs \(left.count) more of its",
            at: "\(client.place)/api/compose/v0/tasks", details: left.prefix(5).map { "\($0.name): \($0.id)" },
            advice: "Look at mesos-compose's Redis first (gone, emptied, another database?), then at the agent of "
                + "\(first.name), then at its log. A list that lacks them is not believed.", kind: .transient)
    }

    func tasks() async throws(Failure) -> [ComposeTask] {
        if framework != prefix, let redis { return try await redis.tasks() }
        let answer = try await client.get("/api/compose/v0/tasks")
        guard !answer.isNull else { return [] }
        guard let list = answer.array else {
            throw Failure(
                "mesos-compose gave an unexpected answer: expected a list of tasks",
                at: "\(client.place)/api/compose/v0/tasks")
        }
        return list.map { ComposeTask(json: $0) }
    }

    func tasks(of id: ServiceID, in tasks: [ComposeTask]) -> [ComposeTask] {
        guard let definition = files.first(where: { $0.id == id }) else {
            return tasks.filter { $0.service(prefix: prefix) == id }
        }
        return tasks.filter { $0.belongs(to: definition, prefix: prefix) }
    }
}
