import JSON

/// `/v2/apps` and everything below one app.
struct AppRoutes: Routes {
    let context: RequestContext

    func respond(_ path: [String], _ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        if path.isEmpty { return try collection(&state) }
        let id = { (count: Int) in PathID(segments: Array(path.dropLast(count))) }
        switch (request.method, path.last ?? "") {
        case ("GET", "*"): return list(state, key: "*") { id(1) == .root || id(1).isAncestor(of: $0) }
        case ("GET", "versions") where path.count > 1: return try versions(id(1), state)
        case ("GET", "tasks") where path.count > 1:
            return try AppTaskRoutes(context: context).list(id(1), state)
        case ("DELETE", "tasks") where path.count > 1:
            return try AppTaskRoutes(context: context).delete(id(1), task: nil, &state)
        case ("POST", "restart") where path.count > 1: return try restart(id(1), &state)
        case ("GET", let version) where path.count > 2 && path[path.count - 2] == "versions":
            return try self.version(version, of: id(2), state)
        case ("DELETE", let task) where path.count > 2 && path[path.count - 2] == "tasks":
            return try AppTaskRoutes(context: context).delete(id(2), task: task, &state)
        case ("GET", _), ("HEAD", _): return try show(id(0), state)
        case ("PUT", _): return try AppUpdates(context: context).put(id(0), &state)
        case ("PATCH", _):
            guard state.app(id(0)) != nil else { throw .unknown(id(0)) }
            return try AppUpdates(context: context).put(id(0), &state)
        case ("DELETE", _): return try delete(id(0), &state)
        default: throw MarathonError(405, "Method Not Allowed")
        }
    }

    private func collection(_ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        switch request.method {
        case "GET", "HEAD":
            let filter = try AppFilter(request)
            return list(state, key: "apps") { id in
                state.app(id).map { filter.admits($0.definition) } ?? false
            }
        case "POST": return try create(&state)
        case "PUT": return try AppUpdates(context: context).putMany(create: true, &state)
        case "PATCH": return try AppUpdates(context: context).putMany(create: false, &state)
        default: throw MarathonError(405, "Method Not Allowed")
        }
    }

    private func list(_ state: SchedulerState, key: String, _ admits: (PathID) -> Bool) -> APIResponse {
        var details: AppPresentation.Details = []
        if embeds("tasks") { details.insert(.tasks) }
        if embeds("lastTaskFailure") { details.insert(.lastTaskFailure) }
        if embeds("failures") { details.formUnion([.tasks, .lastTaskFailure]) }
        if embeds("readiness") { details.insert(.readiness) }
        if embeds("taskStats") { details.insert(.taskStatistics) }
        let deployments = AppPresentation.deployments(in: state)
        let apps = state.ids(of: .app).filter(admits).compactMap {
            AppPresentation.info($0, state, deployments: deployments, details: details)
        }
        return APIResponse(json: .object(JSONObject(fields: [(key, .array(apps))])))
    }

    private func show(_ id: PathID, _ state: SchedulerState) throws(MarathonError) -> APIResponse {
        var details: AppPresentation.Details = [.tasks, .lastTaskFailure]
        if embeds("readiness") { details.insert(.readiness) }
        if embeds("taskStats") { details.insert(.taskStatistics) }
        let deployments = AppPresentation.deployments(in: state)
        guard let app = AppPresentation.info(id, state, deployments: deployments, details: details) else {
            throw .unknown(id)
        }
        return APIResponse(json: ["app": app])
    }

    private func create(_ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        let (id, document) = try reader(state).app(request.json())
        guard state.apps[id] == nil else { throw MarathonError(409, "An app with id [\(id)] already exists.") }
        let deployment = try state.submit([id: .put(document)], force: force, at: now)
        guard let definition = state.apps[id]?.definition else { throw .unknown(id) }
        apiPost(definition, &state)
        var response = APIResponse(
            status: 201, json: AppPresentation.created(definition, deployment: deployment.id))
        response.headers += [("Location", id.description), ("Marathon-Deployment-Id", deployment.id)]
        return response
    }

    private func delete(_ id: PathID, _ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        guard state.app(id) != nil else { throw .unknown(id) }
        // Deleting is the one change that is forced unless asked otherwise.
        let force = request.flag("force", default: true)
        return APIResponse(try state.submit([id: .remove], force: force, at: now))
    }

    private func restart(_ id: PathID, _ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        guard state.app(id) != nil else { throw .unknown(id) }
        return APIResponse(try state.submit([id: .restart], force: force, at: now))
    }

    private func versions(_ id: PathID, _ state: SchedulerState) throws(MarathonError) -> APIResponse {
        guard let record = state.app(id) else { throw .unknown(id) }
        let versions = (record.history + [record.definition]).map(\.version).sorted(by: >)
        return APIResponse(json: ["versions": .array(versions.map { .string($0.description) })])
    }

    private func version(
        _ version: String, of id: PathID, _ state: SchedulerState
    ) throws(MarathonError) -> APIResponse {
        guard let record = state.app(id) else { throw .unknown(id) }
        guard let definition = Timestamp(version).flatMap({ record.definition(of: $0) }) else {
            throw MarathonError(404, "App '\(id)' does not exist in version \(version)")
        }
        return APIResponse(json: AppPresentation.definition(definition))
    }
}
