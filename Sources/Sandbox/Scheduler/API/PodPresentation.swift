import JSON

/// Pods as `::status` shows them.
enum PodPresentation {
    /// The `PodStatus` of one pod; nil when there is no such pod.
    static func status(_ id: PathID, _ state: SchedulerState) -> JSON? {
        guard let record = state.pod(id) else { return nil }
        let pod = record.definition
        let instances = state.instances(of: id)
        let statuses = instances.map { status(of: $0, record) }
        let stable = instances.count { word(for: $0) == "STABLE" }
        let since = instances.map(\.stagedAt).max() ?? pod.version
        var json = JSONObject(fields: [
            ("id", .string(id.description)), ("spec", AppPresentation.definition(pod)),
            ("status", stable >= pod.instances ? "STABLE" : "DEGRADED"), ("statusSince", .string(since.description)),
            ("instances", .array(statuses)),
            ("lastUpdated", .string(since.description)), ("lastChanged", .string(since.description)),
        ])
        if let failure = record.lastFailure { json["terminationHistory"] = [termination(failure)] }
        return .object(json)
    }

    /// The `Instance` that ending one answers with.
    static func instance(_ instance: Instance, _ now: Timestamp) -> JSON {
        let task = instance.first
        return [
            "instanceId": .string(instance.id),
            "state": ["condition": "Killing", "since": .string(now.description), "goal": "Stopped"],
            "agentInfo": [
                "host": .string(task.hostname), "agentId": .string(task.slaveID), "attributes": [],
            ],
            "runSpecVersion": .string(instance.version.description),
            "unreachableStrategy": ["inactiveAfterSeconds": 0, "expungeAfterSeconds": 0],
        ]
    }

    private static func word(for instance: Instance) -> String {
        if !instance.isActive { return "TERMINAL" }
        if instance.tasks.contains(where: \.isUnhealthy) { return "DEGRADED" }
        return instance.isReady ? "STABLE" : "STAGING"
    }

    private static func status(of instance: Instance, _ record: AppRecord) -> JSON {
        let pod = record.definition(of: instance.version)
        let first = instance.first
        let total = instance.tasks.reduce(Resources()) { $0 + $1.resources }
        let since = (instance.tasks.compactMap(\.startedAt).max() ?? first.stagedAt).description
        return [
            "id": .string(instance.id), "status": .string(word(for: instance)), "statusSince": .string(since),
            "conditions": [], "agentHostname": .string(first.hostname), "agentId": .string(first.slaveID),
            "resources": resources(total), "networks": [["addresses": [.string(first.hostname)]]],
            "containers": .array(
                instance.tasks.map { container($0, pod?.container(named: $0.container), since: since) }),
            "specReference": .string("/v2/pods\(first.app)::versions/\(instance.version)"), "localVolumes": [],
            "lastUpdated": .string(since), "lastChanged": .string(since),
            "role": .string(record.definition.role),
        ]
    }

    private static func container(_ task: TaskRecord, _ spec: ContainerSpec?, since: String) -> JSON {
        let state =
            switch task.phase {
            case .staging: "TASK_STAGING"
            case .running: "TASK_RUNNING"
            case .killing: "TASK_KILLING"
            }
        var json = JSONObject(fields: [
            ("name", .string(task.container ?? "")), ("status", .string(state)), ("statusSince", .string(since)),
            ("containerId", .string(task.id)), ("resources", resources(task.resources)),
            ("endpoints", .array(endpoints(task, spec))), ("lastUpdated", .string(since)),
            ("lastChanged", .string(since)),
        ])
        let known = task.healthChecks.filter(\.isKnown)
        json["conditions"] = .array(known.map { condition($0, since: since) })
        return .object(json)
    }

    private static func condition(_ health: Health, since: String) -> JSON {
        let changed = (health.alive ? health.firstSuccess : health.lastFailure)?.description ?? since
        return [
            "name": "healthy", "value": .string(String(health.alive)), "lastChanged": .string(changed),
            "lastUpdated": .string(changed), "reason": "health-reported-by-mesos",
        ]
    }

    private static func endpoints(_ task: TaskRecord, _ spec: ContainerSpec?) -> [JSON] {
        (spec?.ports ?? []).enumerated().map { index, port in
            var endpoint = JSONObject(fields: [("name", .string(port.name ?? ""))])
            if task.ports.indices.contains(index) { endpoint["allocatedHostPort"] = .count(task.ports[index]) }
            if !task.healthChecks.isEmpty { endpoint["healthy"] = .bool(task.isHealthy) }
            return .object(endpoint)
        }
    }

    private static func resources(_ resources: Resources) -> JSON {
        [
            "cpus": .amount(resources.cpus), "mem": .amount(resources.mem), "disk": .amount(resources.disk),
            "gpus": .amount(resources.gpus),
        ]
    }

    private static func termination(_ failure: TaskFailure) -> JSON {
        [
            "instanceID": .string(failure.task), "startedAt": .string(failure.version.description),
            "terminatedAt": .string(failure.timestamp.description), "message": .string(failure.message),
            "containers": [["containerId": .string(failure.task), "lastKnownState": .string(failure.state)]],
        ]
    }
}
