import JSON

/// The durable form of the scheduler's state.
enum StateDocument {
    static let format = 2

    static func header(_ state: SchedulerState) -> String {
        let header = JSONObject(fields: [
            ("format", .count(format)), ("frameworkId", .string(state.frameworkID)),
            ("version", .string(state.version.description)),
            ("deployments", .array(state.deployments.map(deployment))), ("groups", groups(state.groups)),
        ])
        return JSON.object(header).compact
    }

    static func app(_ app: AppRecord) -> String {
        let history = app.history.map(definition).joined(separator: ",")
        let effective = app.effective.map { "\"\($0.version)\"" } ?? "null"
        return "{\"current\":\(definition(app.definition)),\"effective\":\(effective),\"history\":[\(history)]}"
    }

    static func revision(_ revision: Revision) -> String {
        let originals = revision.originals.map { id, original in
            "{\"app\":\"\(id)\",\"definition\":\(original.map(definition) ?? "null")}"
        }
        let groups = revision.groups.map { Self.groups($0).compact } ?? "null"
        return "{\"version\":\"\(revision.version)\",\"previous\":\"\(revision.previous)\",\"groups\":\(groups),"
            + "\"originals\":[\(originals.joined(separator: ","))]}"
    }

    private static func groups(_ groups: [PathID: GroupRecord]) -> JSON {
        .array(
            groups.sorted { $0.key < $1.key }.map { id, group in
                [
                    "id": .string(id.description), "enforceRole": .bool(group.enforcesRole),
                    "dependencies": .array(group.dependencies.map { .string($0.description) }),
                ]
            })
    }

    private static func definition(_ app: AppDefinition) -> String {
        "{\"kind\":\"\(app.kind.rawValue)\",\"version\":\"\(app.version)\",\"lastScalingAt\":\"\(app.lastScalingAt)\","
            + "\"lastConfigChangeAt\":\"\(app.lastConfigChangeAt)\",\"document\":\(app.text)}"
    }

    static func task(_ task: TaskRecord) -> String {
        var json = JSONObject(fields: [
            ("id", .string(task.id)), ("app", .string(task.app.description)),
            ("version", .string(task.version.description)), ("server", .string(task.server)),
            ("directory", .string(task.directory)), ("hostname", .string(task.hostname)),
            ("ports", .array(task.ports.map { .count($0) })),
            ("servicePorts", .array(task.servicePorts.map { .count($0) })),
            ("cpus", .amount(task.resources.cpus)), ("mem", .amount(task.resources.mem)),
            ("disk", .amount(task.resources.disk)), ("gpus", .amount(task.resources.gpus)),
            ("grace", .amount(task.killGracePeriod)), ("stagedAt", .string(task.stagedAt.description)),
            ("phase", .string(task.phase.rawValue)),
        ])
        json["container"] = task.container.map { .string($0) }
        json["startedAt"] = task.startedAt.map { .string($0.description) }
        json["killDeadline"] = task.killDeadline.map { .string($0.description) }
        if let process = task.process {
            json["pid"] = .count(Int(process.pid))
            json["startTicks"] = .string(String(process.startTicks))
        }
        return JSON.object(json).compact
    }

    private static func deployment(_ deployment: Deployment) -> JSON {
        let originals = deployment.originals.map { id, original -> JSON in
            let json = original.flatMap { try? JSON(parsing: definition($0)) }
            return ["app": .string(id.description), "definition": json ?? .null]
        }
        return [
            "id": .string(deployment.id), "version": .string(deployment.version.description),
            "currentStep": .count(deployment.currentStep),
            "steps": .array(
                deployment.steps.map { step in
                    .array(
                        step.actions.map {
                            ["app": .string($0.app.description), "action": .string($0.action.rawValue)]
                        })
                }),
            "originals": .array(originals), "pods": .array(deployment.pods.map { .string($0.description) }),
        ]
    }
}
