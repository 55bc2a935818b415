import JSON

/// mesos-compose's REST API. Source: mesos-compose 1.2, `api/`.
extension ComposeScheduler {
    func respond(to request: APIRequest) async -> APIResponse {
        let path = request.path
        if request.method == "GET", path == ["api", "compose", "versions"] {
            return APIResponse(contentType: "text/plain", text: "/api/compose/v0")
        }
        guard configuration.credentials?.refusal(of: request) == nil else { return APIResponse(status: 401) }
        guard path.starts(with: ["api", "compose", "v0"]) else { return APIResponse(status: 404) }
        return await route(request, Array(path.dropFirst(3)))
    }

    private func route(_ request: APIRequest, _ path: [String]) async -> APIResponse {
        switch (request.method, path.count) {
        case ("GET", 1) where path[0] == "tasks":
            return APIResponse(json: records.isEmpty ? .null : .array(records.map(\.shown)))
        case ("DELETE", 2) where path[0] == "tasks":
            guard records.contains(where: { $0.id == path[1] }) else { return refusal }
            kill { $0.id == path[1] }
            return APIResponse(status: 200)
        case ("PUT", 1): return put(request, project: path[0])
        case ("UPDATE", 1): return update(request, project: path[0])
        case ("DELETE", 2):
            let name = "\(configuration.prefix):\(path[0]):\(path[1])"
            kill { $0.taskName == name }
            return APIResponse(status: 200)
        case ("PUT", 3) where path[2] == "restart":
            await restart("\(configuration.prefix):\(path[0]):\(path[1])")
            return APIResponse(status: 200)
        default: return APIResponse(status: 404)
        }
    }

    /// With authentication the status is written before a handler has looked at the request.
    private var refusal: APIResponse { APIResponse(status: configuration.credentials == nil ? 406 : 200) }

    /// Creates what has fewer records than it shall have; with a name of its own a task is never found, so that each
    /// call adds one.
    private func put(_ request: APIRequest, project: String) -> APIResponse {
        guard let document = ComposeDocument(String(decoding: request.body, as: UTF8.self)) else { return refusal }
        for (name, service) in document.services {
            let json = ComposeDocument.record(service, project: project, name: name, prefix: configuration.prefix)
            let key = "\(configuration.prefix):\(project):\(name)"
            if records.count(where: { $0.taskName == key }) < json["Instances"]?.int ?? 1 {
                add(project: project, service: name, json: json)
            }
        }
        store()
        return APIResponse(json: document.shown)
    }

    /// Rewrites the records that are there; their tasks go on as they are.
    private func update(_ request: APIRequest, project: String) -> APIResponse {
        guard let document = ComposeDocument(String(decoding: request.body, as: UTF8.self)) else { return refusal }
        for (name, service) in document.services {
            let new = ComposeDocument.record(service, project: project, name: name, prefix: configuration.prefix)
            for index in records.indices where records[index].project == project && records[index].service == name {
                let old = records[index].json
                records[index].json = new
                for key in ["TaskID", "State", "Agent", "port_mappings"] { records[index].json[key] = old[key] }
            }
        }
        store()
        return APIResponse(json: document.shown)
    }

    /// Ends every task of a service, and begins with one anew when they are gone.
    private func restart(_ taskName: String) async {
        guard let model = records.first(where: { $0.taskName == taskName }) else { return }
        kill { $0.taskName == taskName }
        let end = ContinuousClock.now + .seconds(60)
        while records.contains(where: { $0.taskName == taskName }) {
            guard ContinuousClock.now < end else { return }
            do { try await Task.sleep(for: .milliseconds(50)) } catch { return }
        }
        var json = model.json
        json["State"] = ""
        add(project: model.project, service: model.service, json: json)
        store()
    }
}
