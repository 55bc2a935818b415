import JSON

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
            // Health is found out again, and until then no one takes the task for healthy.
            let container = state.apps[task.app]?.definition(of: task.version)?.container(named: task.container)
            task.health = container?.checks.map { Health(of: $0) } ?? []
            state.tasks[task.id] = task
            state.tasksByApp[task.app, default: []].append(task.id)
        }
        for entry in header["deployments"]?.array ?? [] {
            guard let deployment = deployment(entry) else {
                throw Unreadable(description: "a deployment is damaged")
            }
            state.deployments.append(deployment)
        }
        state.revisions = (json["revisions"]?.array ?? []).compactMap { revision($0) }
        state.groups = groups(header["groups"])
        state.attention = Set(state.apps.keys).union(state.tasksByApp.keys)
            .union(state.deployments.flatMap(\.affected))
        return state
    }

    private static func groups(_ json: JSON?) -> [PathID: GroupRecord] {
        (json?.array ?? []).reduce(into: [.root: GroupRecord()]) { groups, entry in
            guard let id = entry["id"]?.string else { return }
            groups[PathID(id)] = GroupRecord(
                dependencies: (entry["dependencies"]?.array ?? []).compactMap { $0.string.map { PathID($0) } },
                enforcesRole: entry["enforceRole"]?.bool ?? false)
        }
    }

    private static func revision(_ json: JSON) -> Revision? {
        guard let version = timestamp(json["version"]), let previous = timestamp(json["previous"]) else { return nil }
        return Revision(
            version: version, previous: previous, originals: originals(json["originals"]),
            groups: json["groups"].flatMap { $0.isNull ? nil : groups($0) })
    }

    private static func originals(_ json: JSON?) -> [PathID: AppDefinition?] {
        (json?.array ?? []).reduce(into: [:]) { originals, entry in
            guard let app = entry["app"]?.string else { return }
            originals[PathID(app)] = .some(definition(entry["definition"]))
        }
    }

    private static func timestamp(_ json: JSON?) -> Timestamp? {
        json?.string.flatMap { Timestamp($0) }
    }

    private static func definition(_ json: JSON?) -> AppDefinition? {
        guard let document = json?["document"]?.object, let version = timestamp(json?["version"]) else { return nil }
        return AppDefinition(
            document: document, kind: json?["kind"]?.string.flatMap(AppDefinition.Kind.init) ?? .app, version: version,
            lastScalingAt: timestamp(json?["lastScalingAt"]),
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
            id: id, app: PathID(app), container: json["container"]?.string, version: version, server: server,
            directory: directory, hostname: hostname,
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
                actions: (step.array ?? []).compactMap { action in
                    guard let app = action["app"]?.string,
                        let kind = action["action"]?.string.flatMap(Deployment.Action.init)
                    else { return nil }
                    return (PathID(app), kind)
                })
        }
        let pods = (json["pods"]?.array ?? []).compactMap { $0.string.map { PathID($0) } }
        var deployment = Deployment(
            id: id, version: version, steps: steps, originals: originals(json["originals"]), pods: Set(pods))
        deployment.currentStep = json["currentStep"]?.int ?? 0
        deployment.waitingFor = Set(deployment.currentActions.map(\.app))
        return deployment
    }
}
