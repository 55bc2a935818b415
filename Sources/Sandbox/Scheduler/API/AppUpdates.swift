import JSON

/// `PUT` and `PATCH` of one app or of many.
struct AppUpdates: Routes {
    let context: RequestContext

    /// Changes one app, or makes it when there is none.
    func put(_ id: PathID, _ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        let body = try request.json()
        let existed = state.app(id) != nil
        if let written = body["id"]?.string, PathID(written, base: id.parent) != id {
            throw .invalidObject([
                .init(path: "/id", message: "the id does not match the one in the path, \(id)")
            ])
        }
        let document = try document(body, id: id, state, reader(state))
        let deployment = try state.submit([id: .put(document)], force: force, at: now)
        if let definition = state.apps[id]?.definition { apiPost(definition, &state) }
        var response = APIResponse(deployment)
        if !existed {
            response.status = 201
            response.headers.append(("Location", id.description))
        }
        return response
    }

    /// Changes many apps as one deployment.
    func putMany(create: Bool, _ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        let body = try request.json()
        guard let entries = body.array else {
            throw .invalidJSON([.init(path: "/", message: "error.expected.jsarray")], onlyBounds: false)
        }
        let reader = reader(state)
        var changes: [PathID: AppChange] = [:]
        for (index, entry) in entries.enumerated() {
            guard let written = entry["id"]?.string else {
                throw .invalidJSON([.init(path: "(\(index))/id", message: "error.path.missing")], onlyBounds: false)
            }
            let id = PathID(written)
            guard create || state.app(id) != nil else { throw .unknown(id) }
            do throws(MarathonError) {
                changes[id] = .put(try document(entry, id: id, state, reader))
            } catch {
                throw error.at("(\(index))")
            }
        }
        let deployment = try state.submit(changes, force: force, at: now)
        for id in changes.keys.sorted() {
            if let definition = state.apps[id]?.definition { apiPost(definition, &state) }
        }
        return APIResponse(deployment)
    }

    private func document(
        _ body: JSON, id: PathID, _ state: SchedulerState, _ reader: AppReader
    ) throws(MarathonError) -> JSONObject {
        guard request.flag("partialUpdate", default: true) else {
            return try reader.app(body, path: id).document
        }
        if let record = state.app(id), let version = body["version"], !version.isNull {
            let others = (body.object?.keys ?? []).filter { $0 != "version" && $0 != "id" }
            guard others.isEmpty else {
                throw .invalidObject([
                    .init(path: "/", message: "The 'version' field may only be combined with the 'id' field.")
                ])
            }
            guard let wanted = version.string.flatMap({ Timestamp($0) }) else {
                throw .invalidJSON(
                    [.init(path: "/version", message: "error.expected.date.isoformat")], onlyBounds: false)
            }
            guard let old = record.definition(of: wanted) else {
                throw MarathonError(404, "App '\(id)' does not exist in version \(wanted)")
            }
            return old.document
        }
        return try reader.update(body, of: state.app(id)?.definition, path: id).document
    }
}
