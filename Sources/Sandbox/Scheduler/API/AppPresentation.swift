import JSON

/// Apps and tasks as `GET` shows them.
enum AppPresentation {
    /// The document with `version` and, of an app that was not just posted, `versionInfo`.
    static func definition(_ definition: AppDefinition, versionInfo: Bool = true) -> JSON {
        .object(document(definition, versionInfo: versionInfo))
    }

    struct Details: OptionSet {
        let rawValue: Int
        static let tasks = Details(rawValue: 1)
        static let lastTaskFailure = Details(rawValue: 2)
        static let readiness = Details(rawValue: 4)
        static let taskStatistics = Details(rawValue: 8)
    }

    /// The `AppInfo` of one app: its definition with counts and deployments, and what else is asked for.
    static func info(
        _ id: PathID, _ state: SchedulerState, deployments: [PathID: [JSON]], details: Details
    ) -> JSON? {
        guard let record = state.app(id) else { return nil }
        let tasks = state.tasks(of: id)
        var app = document(record.definition, versionInfo: true)
        append(counts(tasks), to: &app)
        app["deployments"] = .array(deployments[id] ?? [])
        if details.contains(.readiness) { app["readinessCheckResults"] = .array(tasks.flatMap(readiness)) }
        if details.contains(.tasks) { app["tasks"] = .array(tasks.map { task($0, role: record.definition.role) }) }
        if details.contains(.lastTaskFailure) { app["lastTaskFailure"] = record.lastFailure.map { failure($0, id) } }
        if details.contains(.taskStatistics) {
            app["tasksStats"] = ["totalSummary": ["stats": ["counts": total(tasks)]]]
        }
        return .object(app)
    }

    /// The body of a 201: nothing has run yet, and `versionInfo` is not known yet.
    static func created(_ definition: AppDefinition, deployment: String) -> JSON {
        var app = document(definition, versionInfo: false)
        append(counts([]), to: &app)
        app["deployments"] = [["id": .string(deployment)]]
        app["tasks"] = []
        return .object(app)
    }

    /// The ids of the deployments under way, by app.
    static func deployments(in state: SchedulerState) -> [PathID: [JSON]] {
        var deployments: [PathID: [JSON]] = [:]
        for deployment in state.deployments {
            for id in deployment.affected { deployments[id, default: []].append(["id": .string(deployment.id)]) }
        }
        return deployments
    }

    static func task(_ task: TaskRecord, role: String) -> JSON {
        var json = JSONObject(fields: [
            ("ipAddresses", [["ipAddress": .string(task.hostname), "protocol": "IPv4"]]),
            ("stagedAt", .string(task.stagedAt.description)), ("state", .string(state(of: task))),
            ("ports", .array(task.ports.map { .count($0) })),
            ("servicePorts", .array(task.servicePorts.map { .count($0) })),
            ("slaveId", .string(task.slaveID)), ("version", .string(task.version.description)),
            ("id", .string(task.id)), ("appId", .string(task.app.description)), ("host", .string(task.hostname)),
            ("role", .string(role)),
        ])
        json["startedAt"] = task.startedAt.map { .string($0.description) }
        let known = task.healthChecks.filter(\.isKnown)
        if !known.isEmpty { json["healthCheckResults"] = .array(known.map { health($0, task.instanceID) }) }
        return .object(json)
    }

    /// The results of a task's readiness checks.
    static func readiness(_ task: TaskRecord) -> [JSON] {
        task.readinessChecks.compactMap { check in
            guard case .readiness(let name) = check.purpose else { return nil }
            return ["name": .string(name), "taskId": .string(task.id), "ready": .bool(check.alive)]
        }
    }

    private static func state(of task: TaskRecord) -> String {
        switch task.phase {
        case .staging: "TASK_STAGING"
        case .running: "TASK_RUNNING"
        case .killing: "TASK_KILLING"
        }
    }

    private static func health(_ health: Health, _ instance: String) -> JSON {
        var json = JSONObject(fields: [
            ("alive", .bool(health.alive)),
            ("consecutiveFailures", .count(health.consecutiveFailures)),
            ("instanceId", .string(instance)),
        ])
        json["firstSuccess"] = health.firstSuccess.map { .string($0.description) }
        json["lastSuccess"] = health.lastSuccess.map { .string($0.description) }
        json["lastFailure"] = health.lastFailure.map { .string($0.description) }
        json["lastFailureCause"] = health.lastFailureCause.map { .string($0) }
        return .object(json)
    }

    private static func failure(_ failure: TaskFailure, _ app: PathID) -> JSON {
        [
            "appId": .string(app.description), "host": .string(failure.hostname),
            "message": .string(failure.message), "state": .string(failure.state),
            "taskId": .string(failure.task), "timestamp": .string(failure.timestamp.description),
            "version": .string(failure.version.description), "slaveId": .string(failure.slaveID),
        ]
    }

    private static func document(_ definition: AppDefinition, versionInfo: Bool) -> JSONObject {
        var app = definition.document
        app["version"] = .string(definition.version.description)
        if versionInfo, definition.kind == .app {
            app["versionInfo"] = [
                "lastScalingAt": .string(definition.lastScalingAt.description),
                "lastConfigChangeAt": .string(definition.lastConfigChangeAt.description),
            ]
        }
        return app
    }

    private static func counts(_ tasks: [TaskRecord]) -> [(String, Int)] {
        [
            ("tasksStaged", tasks.count { $0.phase == .staging }),
            ("tasksRunning", tasks.count { $0.phase == .running }),
            ("tasksHealthy", tasks.count(where: \.isHealthy)),
            ("tasksUnhealthy", tasks.count(where: \.isUnhealthy)),
        ]
    }

    private static func append(_ counts: [(String, Int)], to app: inout JSONObject) {
        for (key, count) in counts { app[key] = .count(count) }
    }

    private static func total(_ tasks: [TaskRecord]) -> JSON {
        .object(
            JSONObject(
                counts(tasks).map { key, count in
                    (key.dropFirst("tasks".count).lowercased(), .count(count))
                }))
    }
}
