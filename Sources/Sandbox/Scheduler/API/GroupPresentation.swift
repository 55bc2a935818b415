import JSON

/// Groups as `GET` shows them.
struct GroupPresentation {
    private let state: SchedulerState
    private let deployments: [PathID: [JSON]]
    private let details: AppPresentation.Details
    private let services: [PathID: [PathID]]
    private let groups: [PathID: [PathID]]
    private let embedded: [String]

    init(routes: GroupRoutes, state: SchedulerState) {
        self.state = state
        deployments = AppPresentation.deployments(in: state)
        var details: AppPresentation.Details = []
        if routes.embeds("tasks") { details.insert(.tasks) }
        if routes.embeds("lastTaskFailure") { details.insert(.lastTaskFailure) }
        if routes.embeds("readiness") { details.insert(.readiness) }
        self.details = details
        services = Dictionary(grouping: state.apps.keys.sorted(), by: \.parent)
        groups = Dictionary(grouping: state.groups.keys.filter { $0 != .root }.sorted(), by: \.parent)
        embedded = routes.request.values(of: "embed")
    }

    /// All apps of a group and of the groups below it.
    func apps(under id: PathID) -> JSON {
        .array(state.ids(of: .app).filter { id.isAncestor(of: $0) }.compactMap { app($0) })
    }

    func group(_ id: PathID) -> JSON {
        var group = JSONObject(fields: [("id", .string(id.description))])
        let members = services[id] ?? []
        if embeds("group.apps") { group["apps"] = .array(members.compactMap { app($0) }) }
        if embeds("group.groups") { group["groups"] = .array((groups[id] ?? []).map { self.group($0) }) }
        if embeds("group.pods") {
            group["pods"] = .array(members.compactMap { PodPresentation.status($0, state) })
        }
        Self.finish(&group, state.groups[id] ?? GroupRecord(), state.version)
        return .object(group)
    }

    /// A group of an earlier version, without anything that was running then.
    static func group(_ id: PathID, in tree: Tree) -> JSON {
        let members = tree.services.values.filter { $0.id.parent == id }.sorted { $0.id < $1.id }
        let children = tree.groups.keys.filter { $0 != .root && $0.parent == id }.sorted()
        let list = { (kind: AppDefinition.Kind) in
            JSON.array(members.filter { $0.kind == kind }.map { AppPresentation.definition($0) })
        }
        var group = JSONObject(fields: [
            ("id", .string(id.description)), ("apps", list(.app)), ("pods", list(.pod)),
            ("groups", .array(children.map { self.group($0, in: tree) })),
        ])
        finish(&group, tree.groups[id] ?? GroupRecord(), tree.version)
        return .object(group)
    }

    private static func finish(_ group: inout JSONObject, _ record: GroupRecord, _ version: Timestamp) {
        group["dependencies"] = .array(record.dependencies.map { .string($0.description) })
        group["version"] = .string(version.description)
        group["enforceRole"] = .bool(record.enforcesRole)
    }

    private func app(_ id: PathID) -> JSON? {
        AppPresentation.info(id, state, deployments: deployments, details: details)
    }

    private func embeds(_ name: String) -> Bool {
        embedded.isEmpty || embedded.contains { $0 == name || $0.hasPrefix(name + ".") }
    }
}
