import JSON

/// From a client's document to a complete, valid one.
enum AppReader {
    /// Reads a whole app; `defaultID` is the id of the path it was sent to, which may stand in for a missing one.
    static func app(
        _ body: JSON, defaultID: PathID?
    ) throws(MarathonError) -> (id: PathID, document: JSONObject) {
        try complete(AppNormalization.canonical(body), defaultID: defaultID)
    }

    /// Reads an update: its top-level fields replace those of `old`, or make a new app.
    static func update(
        _ body: JSON, of old: AppDefinition?, defaultID: PathID?
    ) throws(MarathonError) -> (id: PathID, document: JSONObject) {
        let update = try AppNormalization.canonical(body)
        guard let old else { return try complete(update, defaultID: defaultID) }
        var merged = old.document
        // The one of the two ways to launch that the update names takes the place of the other.
        if update["cmd"] != nil { merged["args"] = nil }
        if update["args"] != nil { merged["cmd"] = nil }
        for (key, value) in update where key != "id" { merged[key] = value }
        return try complete(merged, defaultID: old.id)
    }

    private static func complete(
        _ canonical: JSONObject, defaultID: PathID?
    ) throws(MarathonError) -> (id: PathID, document: JSONObject) {
        let written = canonical["id"]?.string
        guard let id = defaultID ?? written.map({ PathID($0) }) else {
            throw .invalidJSON([.init(path: "/id", message: "error.path.missing")], onlyBounds: false)
        }
        let document = AppDefaults.complete(canonical, id: id)
        try AppValidation.check(document, id: id)
        return (id, document)
    }
}
