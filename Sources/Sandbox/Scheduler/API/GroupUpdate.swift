import JSON

/// A `GroupUpdate` document, worked out against the tree as it is.
///
/// What it lists replaces what there is: apps and groups it leaves out of a list go; a list it leaves out stays. Pods
/// are not part of it: they stay as long as their group does.
struct GroupUpdate {
    private(set) var services: [PathID: AppChange] = [:]
    private(set) var groups: [PathID: GroupRecord?] = [:]
    private let configuration: SchedulerConfiguration
    private let state: SchedulerState

    init(
        _ body: JSON, of id: PathID, _ state: SchedulerState, _ configuration: SchedulerConfiguration
    ) throws(MarathonError) {
        self.configuration = configuration
        self.state = state
        let body = body.withoutNulls
        try Self.refuseMixtures(body, at: "")
        if let version = body["version"] {
            try restore(id, version)
        } else if let factor = body["scaleBy"]?.double {
            try scale(id, by: factor)
        } else {
            try replace(id, by: body)
        }
    }

    /// `version` and `scaleBy` are ways of their own to say what is wanted; so the output of GET is no update as it is.
    private static func refuseMixtures(_ body: JSON, at path: String) throws(MarathonError) {
        let others = (body.object?.keys ?? []).filter { $0 != "id" }
        for key in ["version", "scaleBy"] where others.contains(key) && others.count > 1 {
            let message = "not allowed in conjunction with other properties"
            throw .invalidObject([.init(path: "\(path)/\(key)", message: message)])
        }
        for (index, child) in (body["groups"]?.array ?? []).enumerated() {
            try refuseMixtures(child, at: "\(path)/groups(\(index))")
        }
    }

    static func notTopLevel(_ id: PathID) -> MarathonError {
        .invalidObject([
            .init(
                path: "/enforceRole",
                message: "enforceRole can only be set for top-level groups, and \(id) is not top-level")
        ])
    }

    private mutating func restore(_ id: PathID, _ version: JSON) throws(MarathonError) {
        guard let wanted = version.string.flatMap({ Timestamp($0) }) else {
            throw .invalidJSON([.init(path: "/version", message: "error.expected.date.isoformat")], onlyBounds: false)
        }
        guard let old = state.tree(at: wanted), old.contains(id) else {
            throw MarathonError(422, "Group \(id) not available in version \(wanted)")
        }
        let isInside = { (other: PathID) in other == id || id.isAncestor(of: other) }
        for service in state.apps.keys where isInside(service) { services[service] = .remove }
        for (service, definition) in old.services where isInside(service) {
            services[service] = .put(definition.document, as: definition.kind)
        }
        for group in state.groups.keys where isInside(group) { groups[group] = .some(nil) }
        for (group, record) in old.groups where isInside(group) { groups[group] = record }
    }

    private mutating func scale(_ id: PathID, by factor: Double) throws(MarathonError) {
        guard state.groups[id] != nil else { throw .unknownGroup(id) }
        for service in state.ids(of: .app) where id.isAncestor(of: service) {
            guard let app = state.app(service)?.definition else { continue }
            let instances = Int((Double(app.instances) * factor).rounded(.up))
            services[service] = .put(app.document(instances: instances))
        }
    }

    private mutating func replace(_ id: PathID, by body: JSON) throws(MarathonError) {
        // The roles of the services depend on what the same document says about the groups above them.
        var tree = state.tree
        try collect(body, id, "", &tree)
        try replaceServices(body, id, "", tree)
    }

    /// Takes in the groups of the document, and removes those that its lists leave out.
    private mutating func collect(
        _ body: JSON, _ id: PathID, _ path: String, _ tree: inout Tree
    ) throws(MarathonError) {
        guard id.isValid else {
            let message = "must fully match regular expression '\(PathID.segmentPattern)'"
            throw .invalidObject([.init(path: path + "/id", message: message)])
        }
        var record = state.groups[id] ?? GroupRecord()
        if let dependencies = body["dependencies"]?.array {
            record.dependencies = dependencies.compactMap { $0.string.map { PathID($0, base: id) } }
        }
        if let enforces = body["enforceRole"]?.bool {
            if enforces, id.segments.count != 1 { throw Self.notTopLevel(id).at(path) }
            record.enforcesRole = enforces
        }
        groups[id] = record
        tree.groups[id] = record
        guard let children = body["groups"]?.array else { return }
        var listed: Set<PathID> = []
        for (index, child) in children.enumerated() {
            let place = "\(path)/groups(\(index))"
            let childID = try Self.id(of: child, in: id, place)
            listed.insert(childID)
            try collect(child, childID, place, &tree)
        }
        for group in state.groups.keys where group != .root && group.parent == id && !listed.contains(group) {
            removeGroup(group)
        }
    }

    private mutating func removeGroup(_ id: PathID) {
        for group in state.groups.keys where group == id || id.isAncestor(of: group) { groups[group] = .some(nil) }
        for service in state.apps.keys where id.isAncestor(of: service) { services[service] = .remove }
    }

    private mutating func replaceServices(
        _ body: JSON, _ id: PathID, _ path: String, _ tree: Tree
    ) throws(MarathonError) {
        if let apps = body["apps"]?.array {
            let reader = AppReader(configuration: configuration, tree: tree)
            for service in state.ids(of: .app) where service.parent == id { services[service] = .remove }
            for (index, app) in apps.enumerated() {
                let place = "\(path)/apps(\(index))"
                do throws(MarathonError) {
                    let (appID, document) = try reader.app(app, base: id)
                    try Self.refuseStranger(appID, in: id, "")
                    services[appID] = .put(document)
                } catch {
                    throw error.at(place)
                }
            }
        }
        for (index, child) in (body["groups"]?.array ?? []).enumerated() {
            let place = "\(path)/groups(\(index))"
            try replaceServices(child, try Self.id(of: child, in: id, place), place, tree)
        }
    }

    private static func id(of child: JSON, in parent: PathID, _ place: String) throws(MarathonError) -> PathID {
        guard let written = child["id"]?.string else {
            throw .invalidJSON([.init(path: place + "/id", message: "error.path.missing")], onlyBounds: false)
        }
        let id = PathID(written, base: parent)
        try refuseStranger(id, in: parent, place)
        return id
    }

    private static func refuseStranger(
        _ id: PathID, in parent: PathID, _ place: String
    ) throws(MarathonError) {
        guard id == .root || id.parent != parent else { return }
        let message = "Identifier \(id) is not child of '\(parent)'. Hint: use relative paths."
        throw .invalidObject([.init(path: place + "/id", message: message)])
    }
}
