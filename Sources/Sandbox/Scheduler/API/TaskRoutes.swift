import JSON

/// `/v2/apps/{id}/tasks`.
struct AppTaskRoutes: Routes {
    let context: RequestContext

    func list(_ id: PathID, _ state: SchedulerState) throws(MarathonError) -> APIResponse {
        guard let app = state.app(id)?.definition else { throw .unknown(id) }
        let tasks = state.tasks(of: id)
        if request.accept.contains("text/plain") { return TaskRoutes.lines([(app, tasks)]) }
        return APIResponse(json: ["tasks": .array(tasks.map { show($0, state) })])
    }

    /// Kills one task or all of an app (on one host), to be launched again or, with `scale`, not.
    func delete(
        _ id: PathID, task: String?, _ state: inout SchedulerState
    ) throws(MarathonError) -> APIResponse {
        guard state.app(id) != nil else { throw .unknown(id) }
        let host = request.values(of: "host").last
        let tasks = state.tasks(of: id).filter { candidate in
            (task == nil || candidate.id == task || candidate.instanceID == task)
                && (host == nil || candidate.hostname == host)
        }
        if let task, tasks.isEmpty { throw MarathonError(404, "Task '\(task)' does not exist") }
        if let deployment = try TaskRoutes.kill(tasks, request, force: force, &state, now) {
            return APIResponse(deployment)
        }
        if task != nil, let first = tasks.first { return APIResponse(json: ["task": show(first, state)]) }
        return APIResponse(json: ["tasks": .array(tasks.map { show($0, state) })])
    }
}

/// `/v2/tasks`.
struct TaskRoutes: Routes {
    let context: RequestContext

    func respond(_ path: [String], _ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        switch (request.method, path) {
        case ("GET", []), ("HEAD", []): return list(state)
        case ("POST", ["delete"]): return try delete(&state)
        default: throw MarathonAPI.notFound
        }
    }

    private func list(_ state: SchedulerState) -> APIResponse {
        let wanted = request.values(of: "status") + request.values(of: "status[]")
        let groups = state.ids(of: .app).compactMap { id in
            state.app(id).map { record in
                let tasks = state.tasks(of: id).filter { task in
                    wanted.isEmpty || wanted.contains(task.phase == .staging ? "staging" : "running")
                }
                return (record.definition, tasks)
            }
        }
        if request.accept.contains("text/plain") { return Self.lines(groups) }
        return APIResponse(json: ["tasks": .array(groups.flatMap { $0.1 }.map { show($0, state) })])
    }

    private func delete(_ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        let ids = (try request.json()["ids"]?.array ?? []).compactMap(\.string)
        var tasks: [TaskRecord] = []
        for id in ids {
            guard let task = state.tasks[id] else { throw MarathonError(400, "Invalid task id \(id)") }
            tasks.append(task)
        }
        if let deployment = try Self.kill(tasks, request, force: force, &state, now) {
            return APIResponse(deployment)
        }
        return APIResponse(json: ["tasks": .array(tasks.map { show($0, state) })])
    }

    /// Kills tasks; with `scale` their apps shrink by as many, as one deployment.
    static func kill(
        _ tasks: [TaskRecord], _ request: APIRequest, force: Bool, _ state: inout SchedulerState, _ now: Timestamp
    ) throws(MarathonError) -> Deployment? {
        let scale = request.flag("scale")
        if scale, request.flag("wipe") {
            throw MarathonError(400, "You cannot use scale and wipe at the same time.")
        }
        var deployment: Deployment?
        if scale {
            var changes: [PathID: AppChange] = [:]
            for (id, gone) in Dictionary(grouping: tasks, by: \.app) {
                guard let app = state.app(id)?.definition else { continue }
                let left = max(0, app.instances - Set(gone.map(\.instanceID)).count)
                changes[id] = .put(app.document(instances: left), as: app.kind)
            }
            deployment = try state.submit(changes, force: force, at: now)
        }
        for task in tasks { state.kill(task.id, now) }
        return deployment
    }

    /// Marathon's text form: id, service port and endpoints, one line for each port.
    static func lines(_ apps: [(AppDefinition, [TaskRecord])]) -> APIResponse {
        var text = ""
        for (app, tasks) in apps {
            let name = app.id.flattened
            for (index, port) in app.ports.enumerated() {
                let endpoints = tasks.filter { $0.ports.indices.contains(index) }
                    .map { "\($0.hostname):\($0.ports[index])\t" }
                text += "\(name)\t\(port.servicePort)\t\(endpoints.joined())\n"
            }
            if app.ports.isEmpty {
                text += "\(name)\t \t\(tasks.map { "\($0.hostname)\t" }.joined())\n"
            }
        }
        return APIResponse(contentType: "text/plain", text: text)
    }
}
