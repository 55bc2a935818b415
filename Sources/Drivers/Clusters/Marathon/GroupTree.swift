import JSON
import Migration

/// The groups of a Marathon: what each says of its own, without its members.
struct GroupTree: Sendable {
    private var groups: [ServiceID: JSONObject] = [:]

    /// - Parameter root: the answer of `GET /v2/groups`.
    /// - Throws: `Failure` when a group has no id.
    init(_ root: JSON) throws(Failure) { try add(root) }

    private mutating func add(_ group: JSON) throws(Failure) {
        guard let object = group.object, let text = object["id"]?.string else {
            throw Failure(
                "Marathon returned a group without an id", details: [group.outline])
        }
        let own = GroupTree.own(object)
        // The root group has no id of its own to be named by, and says nothing.
        if text != "/", own.count > 1 {
            _ = try ServiceID(text.hasPrefix("/") ? text : "/" + text).marathonPath(of: "group")
            groups[ServiceID(text, from: "/")] = own
        }
        for child in object["groups"]?.array ?? [] { try add(child) }
    }

    /// The settings of a group itself: its id, what it depends on, whether its name is the role of its services, and
    /// whatever else no one knows.
    static func own(_ group: JSONObject) -> JSONObject {
        var own = JSONObject(group.filter { !notOwn.contains($0.key) && !$0.value.isNull }.map { ($0.key, $0.value) })
        let id = ServiceID(group["id"]?.string ?? "/", from: "/")
        own["id"] = .string(id.text)
        let dependencies = (group["dependencies"]?.array ?? []).compactMap(\.string).map { ServiceID($0, from: id) }
        if dependencies.isEmpty {
            own["dependencies"] = nil
        } else {
            own["dependencies"] = .array(dependencies.sorted().map { .string($0.text) })
        }
        if own["enforceRole"]?.bool == false { own["enforceRole"] = nil }
        return own
    }

    private static let notOwn: Set<String> = ["apps", "pods", "groups", "version", "versionInfo", "scaleBy"]

    /// The groups around a service that say something, the outermost first.
    func around(_ id: ServiceID) -> [ServiceGroup] {
        id.groups.compactMap { group in
            groups[group].map { ServiceGroup(id: group, definition: JSON.object($0).compact) }
        }
    }

    /// What the groups around a service must wait for.
    func dependencies(of id: ServiceID) -> [ServiceID] {
        id.groups.flatMap { group in
            (groups[group]?["dependencies"]?.array ?? []).compactMap(\.string).map { ServiceID($0) }
        }
    }

    /// The role that a service gets where its definition says nothing: the name of its outermost group if that
    /// enforces it, else the cluster's.
    func defaultRole(of id: ServiceID, cluster: String) -> String {
        guard let top = id.groups.first, groups[top]?["enforceRole"]?.bool == true else { return cluster }
        return String(top.text.dropFirst())
    }
}
