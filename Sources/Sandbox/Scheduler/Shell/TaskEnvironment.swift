import JSON

/// The environment variables of a task, as Marathon 1.11's `TaskBuilder` sets them.
enum TaskEnvironment {
    static func variables(
        _ task: TaskRecord, _ app: AppDefinition, agent: [String: String], inherited: [String: String]
    ) -> [String: String] {
        var variables = inherited
        variables.merge(agent) { _, new in new }
        let container = app.container(named: task.container)
        let ports = task.ports.map(String.init)
        let requests = container?.ports ?? []
        variables["HOST"] = task.hostname
        variables["PORTS"] = ports.joined(separator: ",")
        variables["PORT"] = ports.first
        for (index, port) in ports.enumerated() {
            variables["PORT\(index)"] = port
            guard requests.indices.contains(index) else { continue }
            if requests[index].servicePort != 0 { variables["PORT_\(requests[index].servicePort)"] = port }
            guard let name = requests[index].name else { continue }
            variables[task.container == nil ? "PORT_\(sanitized(name))" : "EP_HOST_\(sanitized(name))"] = port
        }
        variables["MESOS_TASK_ID"] = task.id
        variables["MESOS_SANDBOX"] = "\(task.directory)/tasks/\(task.id)"
        variables["MARATHON_APP_ID"] = app.id.description
        variables["MARATHON_APP_VERSION"] = task.version.description
        let document = task.container == nil ? JSON.object(app.document) : podContainer(task.container, app)
        let resources = container?.resources ?? Resources()
        variables["MARATHON_APP_RESOURCE_CPUS"] = String(resources.cpus)
        variables["MARATHON_APP_RESOURCE_MEM"] = String(resources.mem)
        variables["MARATHON_APP_RESOURCE_DISK"] = String(resources.disk)
        variables["MARATHON_APP_RESOURCE_GPUS"] = String(Int(resources.gpus))
        variables["MARATHON_APP_DOCKER_IMAGE"] = app.document["container"]?["docker"]?["image"]?.string
        var labels: [String] = []
        for (name, value) in app.document["labels"]?.object ?? JSONObject() {
            labels.append(sanitized(name))
            variables["MARATHON_APP_LABEL_\(sanitized(name))"] = value.string
        }
        variables["MARATHON_APP_LABELS"] = labels.joined(separator: " ")
        add(app.document["environment"], to: &variables)
        add(document["env"] ?? document["environment"], to: &variables)
        return variables
    }

    private static func add(_ environment: JSON?, to variables: inout [String: String]) {
        for (name, value) in environment?.object ?? JSONObject() {
            if let text = value.string ?? value.array.map({ _ in value.compact }) { variables[name] = text }
            if case .number(let number) = value { variables[name] = number.text }
            if let flag = value.bool { variables[name] = String(flag) }
        }
    }

    /// `/bin/sh -c CMD`, or the arguments themselves.
    ///
    /// There are no images in the sandbox: what an image would run is stood in for by a process that only lives.
    static func arguments(_ task: TaskRecord, _ app: AppDefinition) -> [String] {
        let document = task.container == nil ? JSON.object(app.document) : podContainer(task.container, app)
        if document["container"]?["docker"]?["image"] == nil, document["image"] == nil {
            let command = document["exec"]?["command"]
            if let line = document["cmd"]?.string ?? command?["shell"]?.string { return ["/bin/sh", "-c", line] }
            let arguments = (document["args"]?.array ?? command?["argv"]?.array ?? []).compactMap(\.string)
            if !arguments.isEmpty { return ["/usr/bin/env", "--"] + arguments }
        }
        return ["/bin/sh", "-c", "exec sleep infinity"]
    }

    private static func podContainer(_ name: String?, _ pod: AppDefinition) -> JSON {
        (pod.document["containers"]?.array ?? []).first { $0["name"]?.string == name } ?? [:]
    }

    private static func sanitized(_ name: String) -> String {
        String(name.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }
}
