import JSON

/// One record of a task, as mesos-compose keeps it in Redis, with the process behind it.
struct ComposeRecord: Sendable {
    let project: String
    let service: String
    let id: String
    var json: JSONObject
    var directory = ""
    var process: ProcessIdentity?
    /// When it is ended by force.
    var killDeadline: Timestamp?

    var taskName: String { json["task_name"]?.string ?? "" }
    var instances: Int { json["Instances"]?.int ?? 1 }
    var state: String {
        get { json["State"]?.string ?? "" }
        set { json["State"] = .string(newValue) }
    }
    /// When its process was begun.
    var since: Timestamp {
        (json["StateTime"]?.string).flatMap { Timestamp($0) } ?? Timestamp(milliseconds: 0)
    }
    var isBeingKilled: Bool { state == "__KILL" }
    /// Records of one service are counted by the name of their tasks.
    var key: String { taskName + "/\(project)/\(service)" }

    init(project: String, service: String, json: JSONObject, number: Int, unique: String) {
        self.project = project
        self.service = service
        id = "\(project)_\(service).\(unique).\(number)"
        self.json = json
        self.json["TaskID"] = .string(id)
    }

    /// As GET shows it: without variables.
    var shown: JSON {
        var shown = json
        shown["environment"] = [:]
        return .object(shown)
    }

    var stored: JSON {
        var object = JSONObject([
            ("project", .string(project)), ("service", .string(service)), ("id", .string(id)), ("json", .object(json)),
            ("directory", .string(directory)),
        ])
        object["pid"] = process.map { .count(Int($0.pid)) }
        object["startTicks"] = process.map { .string(String($0.startTicks)) }
        return .object(object)
    }

    init?(stored: JSON) {
        guard let project = stored["project"]?.string, let service = stored["service"]?.string,
            let id = stored["id"]?.string, let json = stored["json"]?.object
        else { return nil }
        self.project = project
        self.service = service
        self.id = id
        self.json = json
        directory = stored["directory"]?.string ?? ""
        if let pid = stored["pid"]?.int, let ticks = stored["startTicks"]?.string.flatMap({ UInt64($0) }) {
            process = ProcessIdentity(pid: Int32(pid), startTicks: ticks)
        }
    }

    /// What its process runs. There are no images in the sandbox: what an image would run is stood in for by a process
    /// that only lives.
    var arguments: [String] {
        let command = json["command"]?.string ?? ""
        return ["/bin/sh", "-c", command.isEmpty ? "exec sleep infinity" : command]
    }

    func variables(agent: [String: String], inherited: [String: String]) -> [String: String] {
        var variables = inherited
        variables.merge(agent) { _, new in new }
        for variable in json["environment"]?["variables"]?.array ?? [] {
            if let name = variable["name"]?.string { variables[name] = variable["value"]?.string }
        }
        for (index, mapping) in (json["port_mappings"]?.array ?? []).enumerated() {
            variables["PORT\(index)"] = mapping["host_port"]?.compact
        }
        variables["MESOS_TASK_ID"] = id
        variables["MESOS_SANDBOX"] = "\(directory)/tasks/\(id)"
        return variables
    }
}
