import JSON

/// From a client's document to a complete, valid app.
struct AppReader {
    let configuration: SchedulerConfiguration
    /// The tree the app is to be put in.
    let tree: Tree

    /// Reads a whole app.
    ///
    /// - Parameters:
    ///   - path: the id of the path it was sent to, which may stand in for a missing one.
    ///   - base: the group that relative ids start at.
    func app(
        _ body: JSON, path: PathID? = nil, base: PathID = .root
    ) throws(MarathonError) -> (id: PathID, document: JSONObject) {
        try complete(AppNormalization.canonical(body), path: path, base: base)
    }

    /// Reads an update: its top-level fields replace those of `old`, or make a new app.
    func update(
        _ body: JSON, of old: AppDefinition?, path: PathID
    ) throws(MarathonError) -> (id: PathID, document: JSONObject) {
        let update = try AppNormalization.canonical(body)
        guard let old else { return try complete(update, path: path) }
        var merged = old.document
        // The one of the two ways to launch that the update names takes the place of the other.
        if update["cmd"] != nil { merged["args"] = nil }
        if update["args"] != nil { merged["cmd"] = nil }
        for (key, value) in update where key != "id" { merged[key] = value }
        return try complete(merged, path: old.id)
    }

    private func complete(
        _ canonical: JSONObject, path: PathID?, base: PathID = .root
    ) throws(MarathonError) -> (id: PathID, document: JSONObject) {
        let written = canonical["id"]?.string
        guard let id = path ?? written.map({ PathID($0, base: base) }) else {
            throw .invalidJSON([.init(path: "/id", message: "error.path.missing")], onlyBounds: false)
        }
        let roles = tree.roles(for: id, of: configuration.role)
        let document = AppDefaults.complete(canonical, id: id, role: roles.standard)
        let validation = AppValidation(features: configuration.features, roles: roles, old: tree.services[id])
        try validation.check(document, id: id)
        return (id, document)
    }
}
