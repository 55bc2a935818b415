import JSON

/// A task as Mesos wants it, made as Marathon 1.11's `TaskBuilder` makes it.
enum MesosTaskInfo {
    static func json(_ task: TaskRecord, _ app: AppDefinition) -> JSON {
        let container = app.container(named: task.container)
        var info = JSONObject(fields: [
            ("name", .string(app.id.segments.reversed().joined(separator: "."))), ("task_id", value(task.id)),
            ("agent_id", value(task.server)), ("resources", resources(task)), ("command", command(task, app)),
            ("labels", labels(app)), ("discovery", discovery(task, app)),
            ("kill_policy", ["grace_period": ["nanoseconds": .count(Int(task.killGracePeriod * 1e9))]]),
        ])
        if let check = container?.checks.first(where: \.runsOnAgent) { info["health_check"] = healthCheck(check, task) }
        return .object(info)
    }

    private static func value(_ text: String) -> JSON { ["value": .string(text)] }

    private static func resources(_ task: TaskRecord) -> JSON {
        let amounts = [
            ("cpus", task.resources.cpus), ("mem", task.resources.mem), ("disk", task.resources.disk),
            ("gpus", task.resources.gpus),
        ]
        var list = amounts.filter { $0.1 > 0 }.map { name, amount -> JSON in
            ["name": .string(name), "type": "SCALAR", "scalar": ["value": .amount(amount)]]
        }
        if !task.ports.isEmpty {
            let ranges = task.ports.map { port -> JSON in ["begin": .count(port), "end": .count(port)] }
            list.append(["name": "ports", "type": "RANGES", "ranges": ["range": .array(ranges)]])
        }
        return .array(list)
    }

    private static func command(_ task: TaskRecord, _ app: AppDefinition) -> JSON {
        let arguments = TaskEnvironment.arguments(task, app)
        var variables = TaskEnvironment.variables(task, app, agent: [:], inherited: [:])
        // The agent knows these better.
        for name in ["MESOS_TASK_ID", "MESOS_SANDBOX"] { variables[name] = nil }
        return [
            "shell": false, "value": .string(arguments[0]), "arguments": .array(arguments.map { .string($0) }),
            "environment": [
                "variables": .array(
                    variables.sorted { $0.key < $1.key }.map {
                        ["name": .string($0.key), "type": "VALUE", "value": .string($0.value)]
                    })
            ],
        ]
    }

    private static func labels(_ app: AppDefinition) -> JSON {
        var labels: [JSON] = []
        for (name, value) in app.document["labels"]?.object ?? JSONObject() {
            labels.append(["key": .string(name), "value": .string(value.string ?? value.compact)])
        }
        return ["labels": .array(labels)]
    }

    private static func discovery(_ task: TaskRecord, _ app: AppDefinition) -> JSON {
        let ports = task.ports.enumerated().map { index, number -> JSON in
            var port = JSONObject(fields: [("number", .count(number)), ("protocol", "tcp")])
            let ports = app.container(named: task.container)?.ports ?? []
            if ports.indices.contains(index) { port["name"] = ports[index].name.map { .string($0) } }
            return .object(port)
        }
        return [
            "visibility": "FRAMEWORK", "name": .string(app.id.segments.reversed().joined(separator: ".")),
            "ports": ["ports": .array(ports)],
        ]
    }

    private static func healthCheck(_ check: HealthCheck, _ task: TaskRecord) -> JSON {
        let port = check.port ?? (task.ports.indices.contains(check.portIndex) ? task.ports[check.portIndex] : 0)
        var json = JSONObject(fields: [
            ("delay_seconds", .amount(check.delay)), ("interval_seconds", .amount(check.interval)),
            ("timeout_seconds", .amount(check.timeout)), ("grace_period_seconds", .amount(check.gracePeriod)),
            ("consecutive_failures", .count(check.maxConsecutiveFailures)),
        ])
        switch check.kind {
        case .http(let path, let secure):
            json["type"] = "HTTP"
            json["http"] = [
                "port": .count(port), "path": .string(path), "scheme": .string(secure ? "https" : "http"),
            ]
        case .tcp:
            json["type"] = "TCP"
            json["tcp"] = ["port": .count(port)]
        case .command(let arguments):
            json["type"] = "COMMAND"
            json["command"] = [
                "shell": false, "value": .string(arguments.first ?? ""),
                "arguments": .array(arguments.map { .string($0) }),
            ]
        }
        return .object(json)
    }
}
