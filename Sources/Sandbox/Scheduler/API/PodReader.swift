import JSON

/// From a client's document to a complete, valid pod.
struct PodReader {
    let configuration: SchedulerConfiguration
    /// The tree the pod is to be put in.
    let tree: Tree

    /// Keys that only the server writes; a client that sends them back is not wrong, they are ignored.
    private static let readOnly = ["version"]

    func pod(_ body: JSON) throws(MarathonError) -> (id: PathID, document: JSONObject) {
        let body = body.withoutNulls
        try Shape.pod.check(body)
        guard var document = body.object, let id = document["id"]?.string.map({ PathID($0) }) else {
            throw .invalidJSON([.init(path: "/id", message: "error.path.missing")], onlyBounds: false)
        }
        for key in Self.readOnly { document[key] = nil }
        let roles = tree.roles(for: id, of: configuration.role)
        let complete = PodDefaults.complete(document, id: id, role: roles.standard)
        let validation = PodValidation(features: configuration.features, roles: roles, old: tree.services[id])
        try validation.check(complete, id: id)
        return (id, complete)
    }
}
