import JSON

/// The environment variables of a task, as Marathon 1.11's `TaskBuilder` sets them.
enum TaskEnvironment {
    static func variables(
        _ task: TaskRecord, _ app: AppDefinition, agent: [String: String], inherited: [String: String]
    ) -> [String: String] {
        var variables = inherited
        variables.merge(agent) { _, new in new }
        let ports = task.ports.map(String.init)
        variables["HOST"] = task.hostname
        variables["PORTS"] = ports.joined(separator: ",")
        variables["PORT"] = ports.first
        for (index, port) in ports.enumerated() {
            variables["PORT\(index)"] = port
            guard app.ports.indices.contains(index) else { continue }
            if app.ports[index].servicePort != 0 { variables["PORT_\(app.ports[index].servicePort)"] = port }
            if let name = app.ports[index].name { variables["PORT_\(sanitized(name))"] = port }
        }
        variables["MESOS_TASK_ID"] = task.id
        variables["MESOS_SANDBOX"] = "\(task.directory)/tasks/\(task.id)"
        variables["MARATHON_APP_ID"] = app.id.description
        variables["MARATHON_APP_VERSION"] = task.version.description
        variables["MARATHON_APP_RESOURCE_CPUS"] = String(app.resources.cpus)
        variables["MARATHON_APP_RESOURCE_MEM"] = String(app.resources.mem)
        variables["MARATHON_APP_RESOURCE_DISK"] = String(app.resources.disk)
        variables["MARATHON_APP_RESOURCE_GPUS"] = String(Int(app.resources.gpus))
        variables["MARATHON_APP_DOCKER_IMAGE"] = app.document["container"]?["docker"]?["image"]?.string
        var labels: [String] = []
        for (name, value) in app.document["labels"]?.object ?? JSONObject() {
            labels.append(sanitized(name))
            variables["MARATHON_APP_LABEL_\(sanitized(name))"] = value.string
        }
        variables["MARATHON_APP_LABELS"] = labels.joined(separator: " ")
        for (name, value) in app.document["env"]?.object ?? JSONObject() {
            if let text = value.string ?? value.array.map({ _ in value.compact }) { variables[name] = text }
            if case .number(let number) = value { variables[name] = number.text }
            if let flag = value.bool { variables[name] = String(flag) }
        }
        return variables
    }

    /// `/bin/sh -c CMD`, or the arguments themselves.
    ///
    /// There are no images in the sandbox: what an image would run is stood in for by a process that only lives.
    static func arguments(_ app: AppDefinition) -> [String] {
        if app.document["container"]?["docker"]?["image"] == nil {
            if let command = app.document["cmd"]?.string { return ["/bin/sh", "-c", command] }
            let arguments = (app.document["args"]?.array ?? []).compactMap(\.string)
            if !arguments.isEmpty { return ["/usr/bin/env", "--"] + arguments }
        }
        return ["/bin/sh", "-c", "exec sleep infinity"]
    }

    private static func sanitized(_ name: String) -> String {
        String(name.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }
}
