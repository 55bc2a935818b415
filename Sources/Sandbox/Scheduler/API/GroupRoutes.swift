import JSON

/// `/v2/groups`: the tree that the ids of the apps span.
struct GroupRoutes: Routes {
    let request: APIRequest
    let now: Timestamp

    func respond(_ path: [String], _ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        let id = PathID(segments: path)
        switch request.method {
        case "GET", "HEAD":
            if path.last == "apps", id.parent == .root || exists(id.parent, state), !exists(id, state) {
                return list(under: id.parent, state)
            }
            guard id == .root || exists(id, state) else { throw Self.unknown(id) }
            return APIResponse(json: group(id, state, AppPresentation.deployments(in: state)))
        case "DELETE":
            let apps = state.apps.keys.filter { id == .root || id.isAncestor(of: $0) }
            guard id == .root || !apps.isEmpty else { throw Self.unknown(id) }
            let changes = Dictionary(uniqueKeysWithValues: apps.map { ($0, AppChange.remove) })
            return APIResponse(try state.submit(changes, force: force, at: now))
        default:
            throw MarathonError(501, "The sandbox scheduler does not change groups; change their apps instead.")
        }
    }

    private static func unknown(_ id: PathID) -> MarathonError {
        MarathonError(404, "Group '\(id)' does not exist")
    }

    private func exists(_ id: PathID, _ state: SchedulerState) -> Bool {
        state.apps.keys.contains { id.isAncestor(of: $0) }
    }

    private func list(under id: PathID, _ state: SchedulerState) -> APIResponse {
        let deployments = AppPresentation.deployments(in: state)
        let apps = state.apps.keys.filter { id.isAncestor(of: $0) }.sorted()
        return APIResponse(json: [
            "apps": .array(
                apps.compactMap { AppPresentation.info($0, state, deployments: deployments, details: details) })
        ])
    }

    private var details: AppPresentation.Details {
        var details: AppPresentation.Details = []
        if embeds("tasks") { details.insert(.tasks) }
        if embeds("lastTaskFailure") { details.insert(.lastTaskFailure) }
        return details
    }

    private func group(_ id: PathID, _ state: SchedulerState, _ deployments: [PathID: [JSON]]) -> JSON {
        let below = state.apps.keys.filter { id.isAncestor(of: $0) }
        let asked = request.values(of: "embed")
        let embeds = { (name: String) in asked.isEmpty || asked.contains { $0 == name || $0.hasPrefix(name + ".") } }
        let apps = below.filter { $0.parent == id }.sorted()
        let children = Set(below.filter { $0.parent != id }.map { $0.segments[id.segments.count] }).sorted()
        var group = JSONObject(fields: [("id", .string(id.description))])
        if embeds("group.apps") {
            group["apps"] = .array(
                apps.compactMap { AppPresentation.info($0, state, deployments: deployments, details: details) })
        }
        if embeds("group.groups") {
            group["groups"] = .array(
                children.map { self.group(PathID(segments: id.segments + [$0]), state, deployments) })
        }
        if embeds("group.pods") { group["pods"] = [] }
        group["dependencies"] = []
        group["version"] = .string(state.version.description)
        group["enforceRole"] = false
        return .object(group)
    }
}
