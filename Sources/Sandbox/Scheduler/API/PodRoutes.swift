import JSON

/// `/v2/pods`: containers that are launched and ended together.
///
/// Below an id stand `::status`, `::versions[/VERSION]` and `::instances[/INSTANCE]`.
struct PodRoutes: Routes {
    let context: RequestContext

    func respond(_ path: [String], _ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        let (id, operation, argument) = Self.parse(path)
        let isReading = request.isReadOnly
        switch operation {
        case nil where id == .root: return try collection(&state)
        case nil: return try pod(id, &state)
        case "status" where isReading && id == .root:
            let statuses = state.ids(of: .pod).compactMap { PodPresentation.status($0, state) }
            return APIResponse(json: .array(statuses))
        case "status" where isReading:
            guard let status = PodPresentation.status(id, state) else { throw .unknownPod(id) }
            return APIResponse(json: status)
        case "versions" where isReading: return try version(argument, of: id, state)
        case "instances" where request.method == "DELETE": return try end(argument, of: id, &state)
        default: throw MarathonAPI.notFound
        }
    }

    private static func parse(_ path: [String]) -> (id: PathID, operation: String?, argument: String?) {
        guard let index = path.firstIndex(where: { $0.contains("::") }), let mark = path[index].firstRange(of: "::")
        else { return (PathID(segments: path), nil, nil) }
        let name = String(path[index][..<mark.lowerBound])
        let id = Array(path[..<index]) + (name.isEmpty ? [] : [name])
        let rest = path.indices.contains(index + 1) ? path[index + 1] : nil
        return (PathID(segments: id), String(path[index][mark.upperBound...]), rest)
    }

    // MARK: Definitions

    private func collection(_ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        switch request.method {
        // That there is an answer says that there are pods.
        case "HEAD": return APIResponse(status: 200)
        case "GET":
            let pods = state.ids(of: .pod).compactMap { state.pod($0)?.definition }
            return APIResponse(json: .array(pods.map { AppPresentation.definition($0) }))
        case "POST": return try create(&state)
        default: throw MarathonError(405, "Method Not Allowed")
        }
    }

    private func pod(_ id: PathID, _ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        switch request.method {
        case "GET", "HEAD":
            guard let record = state.pod(id) else { throw .unknownPod(id) }
            return APIResponse(json: AppPresentation.definition(record.definition))
        case "PUT": return try update(id, &state)
        case "DELETE":
            guard state.pod(id) != nil else { throw .unknownPod(id) }
            let deployment = try state.submit([id: .remove], force: force, at: now)
            state.publish("pod_deleted_event", at: now, origin)
            var response = APIResponse(status: 202)
            response.headers.append(("Marathon-Deployment-Id", deployment.id))
            return response
        default: throw MarathonError(405, "Method Not Allowed")
        }
    }

    private func create(_ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        let (id, document) = try podReader(state).pod(request.json())
        guard state.apps[id] == nil else { throw MarathonError(409, "A pod with id [\(id)] already exists.") }
        var response = try put(id, document, &state)
        state.publish("pod_created_event", at: now, origin)
        response.status = 201
        response.headers.append(("Location", id.description))
        return response
    }

    private func update(_ id: PathID, _ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        let (written, document) = try podReader(state).pod(request.json())
        guard written == id else {
            throw MarathonError(400, "'\(id)' does not match definition's id ('\(written)')")
        }
        let response = try put(id, document, &state)
        state.publish("pod_updated_event", at: now, origin)
        return response
    }

    private func put(
        _ id: PathID, _ document: JSONObject, _ state: inout SchedulerState
    ) throws(MarathonError) -> APIResponse {
        let deployment = try state.submit([id: .put(document, as: .pod)], force: force, at: now)
        guard let definition = state.pod(id)?.definition else { throw .unknownPod(id) }
        var response = APIResponse(json: AppPresentation.definition(definition))
        response.headers.append(("Marathon-Deployment-Id", deployment.id))
        return response
    }

    private func podReader(_ state: SchedulerState) -> PodReader {
        PodReader(configuration: context.configuration, tree: state.tree)
    }

    private func version(
        _ version: String?, of id: PathID, _ state: SchedulerState
    ) throws(MarathonError) -> APIResponse {
        guard let record = state.pod(id) else { throw .unknownPod(id) }
        guard let version else {
            let versions = (record.history + [record.definition]).map(\.version).sorted(by: >)
            return APIResponse(json: .array(versions.map { .string($0.description) }))
        }
        guard let definition = Timestamp(version).flatMap({ record.definition(of: $0) }) else {
            throw MarathonError(404, "Pod '\(id)' does not exist in version \(version)")
        }
        return APIResponse(json: AppPresentation.definition(definition))
    }

    // MARK: Instances

    /// Ends one instance, or those the body names, to be launched again.
    private func end(
        _ instance: String?, of id: PathID, _ state: inout SchedulerState
    ) throws(MarathonError) -> APIResponse {
        guard state.pod(id) != nil else { throw .unknownPod(id) }
        let wanted: [String]
        if let instance { wanted = [instance] } else { wanted = (try request.json().array ?? []).compactMap(\.string) }
        let instances = state.instances(of: id).filter { wanted.contains($0.id) }
        if let instance, instances.isEmpty { throw MarathonError(404, "Task '\(instance)' does not exist") }
        for instance in instances { state.kill(instance, now) }
        let ended = instances.map { PodPresentation.instance($0, now) }
        return APIResponse(json: instance == nil ? .array(ended) : ended.first ?? .null)
    }
}
