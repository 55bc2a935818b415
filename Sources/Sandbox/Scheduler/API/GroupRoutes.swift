import JSON

/// `/v2/groups`: the tree of groups with its apps and pods.
struct GroupRoutes: Routes {
    let context: RequestContext

    func respond(_ path: [String], _ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        let id = PathID(segments: path)
        switch request.method {
        case "GET", "HEAD": return try show(path, state)
        case "POST": return try create(in: id, &state)
        case "PUT": return try update(id, &state)
        case "PATCH": return try enforceRole(id, &state)
        case "DELETE": return try delete(id, &state)
        default: throw MarathonError(405, "Method Not Allowed")
        }
    }

    // MARK: Reading

    private func show(_ path: [String], _ state: SchedulerState) throws(MarathonError) -> APIResponse {
        let id = PathID(segments: path)
        let presentation = GroupPresentation(routes: self, state: state)
        if state.groups[id] != nil { return APIResponse(json: presentation.group(id)) }
        switch path.last {
        case "apps" where state.groups[id.parent] != nil:
            return APIResponse(json: ["apps": presentation.apps(under: id.parent)])
        case "versions" where state.groups[id.parent] != nil:
            return APIResponse(json: .array(versions(of: id.parent, state).map { .string($0.description) }))
        case let version? where path.dropLast().last == "versions":
            let group = id.parent.parent
            guard let tree = Timestamp(version).flatMap({ state.tree(at: $0) }), tree.contains(group) else {
                throw MarathonError(404, "Group '\(group)' does not exist in version \(version)")
            }
            return APIResponse(json: GroupPresentation.group(group, in: tree))
        default: throw .unknownGroup(id)
        }
    }

    private func versions(of id: PathID, _ state: SchedulerState) -> [Timestamp] {
        state.treeVersions.filter { state.tree(at: $0)?.contains(id) == true }
    }

    // MARK: Changing

    private func create(in base: PathID, _ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        let body = try request.json()
        try Shape.groupUpdate.check(body.withoutNulls)
        let id = body["id"]?.string.map { PathID($0, base: base) } ?? base
        guard state.groups[id] == nil else {
            throw MarathonError(409, "Group \(id) is already created. Use PUT to change this group.")
        }
        guard state.apps[id] == nil else {
            throw MarathonError(409, "An app with the path \(id) already exists.")
        }
        let deployment = try submit(body, id, &state)
        var response = APIResponse(deployment)
        response.status = 201
        response.headers.append(("Location", id.description))
        return response
    }

    private func update(_ path: PathID, _ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        let body = try request.json()
        try Shape.groupUpdate.check(body.withoutNulls)
        let id = path == .root ? PathID(body["id"]?.string ?? "/") : path
        if let written = body["id"]?.string, PathID(written, base: id.parent) != id {
            throw .invalidObject([.init(path: "/id", message: "the id does not match the one in the path, \(id)")])
        }
        guard request.flag("dryRun") else { return APIResponse(try submit(body, id, &state)) }
        // A copy of the state takes the change; nothing else ever hears of it.
        var rehearsal = state
        rehearsal.deployments = []
        return APIResponse(json: ["steps": try submit(body, id, &rehearsal).stepsJSON])
    }

    private func submit(
        _ body: JSON, _ id: PathID, _ state: inout SchedulerState
    ) throws(MarathonError) -> Deployment {
        let known = state.apps
        let update = try GroupUpdate(body, of: id, state, context.configuration)
        let deployment = try state.submit(
            update.services, groups: update.groups, subject: id, force: force, at: now)
        for (id, record) in state.apps.sorted(by: { $0.key < $1.key })
        where record.definition.kind == .app && record.definition.version != known[id]?.definition.version {
            apiPost(record.definition, &state)
        }
        return deployment
    }

    private func enforceRole(_ id: PathID, _ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        let body = try request.json()
        try Shape.object(["enforceRole": .boolean]).check(body)
        guard var group = state.groups[id] else { throw .unknownGroup(id) }
        guard id.segments.count == 1 else { throw GroupUpdate.notTopLevel(id) }
        if let enforces = body["enforceRole"]?.bool { group.enforcesRole = enforces }
        return APIResponse(try state.submit([:], groups: [id: group], subject: id, force: force, at: now))
    }

    private func delete(_ id: PathID, _ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        guard state.groups[id] != nil else { throw .unknownGroup(id) }
        let services = state.apps.keys.filter { id.isAncestor(of: $0) }
        var groups = state.groups.filter { id.isAncestor(of: $0.key) }.mapValues { _ in GroupRecord?.none }
        groups[id] = id == .root ? GroupRecord() : .some(nil)
        return APIResponse(
            try state.submit(
                Dictionary(uniqueKeysWithValues: services.map { ($0, .remove) }), groups: groups, subject: id,
                force: force, at: now))
    }
}
