import JSON

/// The durable form of the scheduler's state.
enum StateDocument {
    static let format = 1

    fileprivate static func header(_ state: SchedulerState) -> String {
        let header = JSONObject(fields: [
            ("format", .count(format)), ("frameworkId", .string(state.frameworkID)),
            ("version", .string(state.version.description)),
            ("deployments", .array(state.deployments.map(deployment))),
        ])
        return JSON.object(header).compact
    }

    fileprivate static func app(_ app: AppRecord) -> String {
        let history = app.history.map(definition).joined(separator: ",")
        let effective = app.effective.map { "\"\($0.version)\"" } ?? "null"
        return "{\"current\":\(definition(app.definition)),\"effective\":\(effective),\"history\":[\(history)]}"
    }

    private static func definition(_ app: AppDefinition) -> String {
        "{\"version\":\"\(app.version)\",\"lastScalingAt\":\"\(app.lastScalingAt)\","
            + "\"lastConfigChangeAt\":\"\(app.lastConfigChangeAt)\",\"document\":\(app.text)}"
    }

    fileprivate static func task(_ task: TaskRecord) -> String {
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
            "steps": .array(deployment.steps.map { Deployment.stepJSON($0.actions) }),
            "originals": .array(originals),
        ]
    }
}

/// Writes the durable form again and again, and makes anew only the text of what has changed.
///
/// The whole state is one file, so that it is replaced as a whole; with a thousand apps most of it stays the same.
struct StateWriter: Sendable {
    private struct AppKey: Equatable {
        let current: Timestamp
        let effective: Timestamp?
        let history: [Timestamp]
    }

    private var apps: [PathID: (key: AppKey, text: [UInt8])] = [:]
    private var tasks: [String: (task: TaskRecord, text: [UInt8])] = [:]

    mutating func text(of state: SchedulerState) -> [UInt8] {
        refresh(state)
        let (apps, tasks) = (apps, tasks)
        var text = Array("{\"header\":\(StateDocument.header(state)),\n\"apps\":[".utf8)
        Self.append(state.apps.keys.sorted().lazy.compactMap { apps[$0]?.text }, to: &text)
        text += Array("],\n\"tasks\":[".utf8)
        let order = state.tasksByApp.values.joined()
        Self.append(order.lazy.compactMap { tasks[$0]?.text }, to: &text)
        text += Array("]}\n".utf8)
        return text
    }

    private mutating func refresh(_ state: SchedulerState) {
        for (id, app) in state.apps {
            let key = AppKey(
                current: app.definition.version, effective: app.effective?.version, history: app.history.map(\.version))
            if apps[id]?.key != key { apps[id] = (key, Array(StateDocument.app(app).utf8)) }
        }
        if apps.count > state.apps.count { apps = apps.filter { state.apps[$0.key] != nil } }
        for (id, task) in state.tasks {
            var durable = task
            durable.health = []
            if tasks[id]?.task != durable { tasks[id] = (durable, Array(StateDocument.task(task).utf8)) }
        }
        if tasks.count > state.tasks.count { tasks = tasks.filter { state.tasks[$0.key] != nil } }
    }

    private static func append(_ parts: some Sequence<[UInt8]>, to text: inout [UInt8]) {
        var isFirst = true
        for part in parts {
            if !isFirst { text += [UInt8(ascii: ","), UInt8(ascii: "\n")] }
            isFirst = false
            text += part
        }
    }
}

/// Reading it back.
extension StateDocument {
    struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }

    static func state(from json: JSON, seed: UInt64) throws(Unreadable) -> SchedulerState {
        guard let header = json["header"], header["format"]?.int == format,
            let frameworkID = header["frameworkId"]?.string, let version = timestamp(header["version"])
        else { throw Unreadable(description: "it is not a scheduler state of format \(format)") }
        var state = SchedulerState(frameworkID: frameworkID, seed: seed, at: version)
        for entry in json["apps"]?.array ?? [] {
            guard let current = definition(entry["current"]) else { throw Unreadable(description: "an app is damaged") }
            var record = AppRecord(definition: current)
            record.history = (entry["history"]?.array ?? []).compactMap { definition($0) }
            record.effective = timestamp(entry["effective"]).flatMap { record.definition(of: $0) }
            state.apps[current.id] = record
        }
        for entry in json["tasks"]?.array ?? [] {
            guard var task = task(entry) else { throw Unreadable(description: "a task is damaged") }
            // Health is found out anew, and until then nobody takes the task for healthy.
            let checks = state.apps[task.app]?.definition(of: task.version)?.healthChecks ?? []
            task.health = Array(repeating: Health(), count: checks.count)
            state.tasks[task.id] = task
            state.tasksByApp[task.app, default: []].append(task.id)
        }
        for entry in header["deployments"]?.array ?? [] {
            guard let deployment = deployment(entry) else {
                throw Unreadable(description: "a deployment is damaged")
            }
            state.deployments.append(deployment)
        }
        state.attention = Set(state.apps.keys).union(state.tasksByApp.keys)
            .union(state.deployments.flatMap(\.affectedApps))
        return state
    }

    private static func timestamp(_ json: JSON?) -> Timestamp? {
        json?.string.flatMap { Timestamp($0) }
    }

    private static func definition(_ json: JSON?) -> AppDefinition? {
        guard let document = json?["document"]?.object, let version = timestamp(json?["version"]) else { return nil }
        return AppDefinition(
            document: document, version: version, lastScalingAt: timestamp(json?["lastScalingAt"]),
            lastConfigChangeAt: timestamp(json?["lastConfigChangeAt"]))
    }

    private static func task(_ json: JSON) -> TaskRecord? {
        guard let id = json["id"]?.string, let app = json["app"]?.string, let version = timestamp(json["version"]),
            let server = json["server"]?.string, let directory = json["directory"]?.string,
            let hostname = json["hostname"]?.string, let stagedAt = timestamp(json["stagedAt"]),
            let phase = json["phase"]?.string.flatMap(TaskRecord.Phase.init)
        else { return nil }
        let resources = Resources(
            cpus: json["cpus"]?.double ?? 0, mem: json["mem"]?.double ?? 0, disk: json["disk"]?.double ?? 0,
            gpus: json["gpus"]?.double ?? 0)
        var task = TaskRecord(
            id: id, app: PathID(app), version: version, server: server, directory: directory, hostname: hostname,
            ports: (json["ports"]?.array ?? []).compactMap(\.int),
            servicePorts: (json["servicePorts"]?.array ?? []).compactMap(\.int), resources: resources,
            killGracePeriod: json["grace"]?.double ?? 3, stagedAt: stagedAt)
        task.phase = phase
        task.startedAt = timestamp(json["startedAt"])
        task.killDeadline = timestamp(json["killDeadline"])
        if let pid = json["pid"]?.int, let ticks = json["startTicks"]?.string.flatMap(UInt64.init) {
            task.process = ProcessIdentity(pid: Int32(pid), startTicks: ticks)
        }
        return task
    }

    private static func deployment(_ json: JSON) -> Deployment? {
        guard let id = json["id"]?.string, let version = timestamp(json["version"]) else { return nil }
        let steps = (json["steps"]?.array ?? []).map { step in
            Deployment.Step(
                actions: (step["actions"]?.array ?? []).compactMap { action in
                    guard let app = action["app"]?.string,
                        let kind = action["action"]?.string.flatMap(Deployment.Action.init)
                    else { return nil }
                    return (PathID(app), kind)
                })
        }
        var originals: [PathID: AppDefinition?] = [:]
        for entry in json["originals"]?.array ?? [] {
            guard let app = entry["app"]?.string else { return nil }
            originals[PathID(app)] = .some(definition(entry["definition"]))
        }
        var deployment = Deployment(id: id, version: version, steps: steps, originals: originals)
        deployment.currentStep = json["currentStep"]?.int ?? 0
        deployment.waitingFor = Set(deployment.currentActions.map(\.app))
        return deployment
    }
}
