import Glibc
import JSON
import YAML

/// mesos-compose's REST API, as unkind as the real one.
///
/// Source: mesos-compose dd95e1b, `api/`.
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
            let shown = redisIsGone ? [] : records.filter { $0.taskName.hasPrefix(configuration.framework + ":") }
            return APIResponse(json: shown.isEmpty ? .null : .array(shown.map(\.shown)))
        case ("DELETE", 2) where path[0] == "tasks":
            guard records.contains(where: { $0.id == path[1] }) else { return refusal }
            kill { $0.id == path[1] }
            return APIResponse(status: 200)
        case ("PUT", 1): return await put(request, project: path[0])
        case ("UPDATE", 1): return await update(request, project: path[0])
        case ("DELETE", 2):
            let name = "\(configuration.prefix):\(path[0]):\(path[1])"
            kill { $0.taskName == name }
            return APIResponse(status: 200)
        case ("PUT", 3) where path[2] == "restart":
            restart("\(configuration.prefix):\(path[0]):\(path[1])")
            return APIResponse(status: 200)
        default: return APIResponse(status: 404)
        }
    }

    /// With authentication the status is written before a handler has looked at the request.
    private var refusal: APIResponse { APIResponse(status: configuration.credentials == nil ? 406 : 200) }

    /// Beside the records, so that a test can take it away from a process of its own.
    private var redisIsGone: Bool { access(configuration.stateFile + ".gone", F_OK) == 0 }

    /// Creates what has fewer records than the service that was handled *before* wants; with a name of its own a task is
    /// never found, so that each call adds one.
    private func put(_ request: APIRequest, project: String) async -> APIResponse {
        guard let document = ComposeDocument(String(decoding: request.body, as: UTF8.self)) else { return refusal }
        for name in document.serviceNames {
            let key = "\(configuration.prefix):\(project):\(name)"
            guard records.count(where: { $0.taskName == key }) < handled.instances else { continue }
            handled.document = document
            let json = await record(project: project, name: name)
            if !redisIsGone { add(project: project, service: name, json: json) }
        }
        store()
        return APIResponse(json: document.shown)
    }

    /// Rewrites the records that are there; their tasks go on as they are.
    private func update(_ request: APIRequest, project: String) async -> APIResponse {
        guard let document = ComposeDocument(String(decoding: request.body, as: UTF8.self)) else { return refusal }
        handled.document = document
        for name in document.serviceNames {
            for id in records.filter({ $0.project == project && $0.service == name }).map(\.id) {
                let new = await record(project: project, name: name)
                guard let index = records.firstIndex(where: { $0.id == id }) else { continue }
                let old = records[index].json
                records[index].json = new
                for key in ["TaskID", "State", "Agent"] { records[index].json[key] = old[key] }
            }
        }
        store()
        return APIResponse(json: document.shown)
    }

    /// All handlers work on one service and one document: while one waits for Vault, another may exchange both.
    private func record(project: String, name: String) async -> JSONObject {
        handled.service = handled.document?.service(name) ?? .map([])
        let mapping = self.mapping
        var record = mapping.first(project: project, name: name)
        if mapping.asksVault, let delay = configuration.vaultDelay { try? await Task.sleep(for: delay()) }
        self.mapping.second(&record)
        return record
    }

    private var mapping: ComposeMapping {
        ComposeMapping(
            document: handled.document ?? ComposeDocument.empty, service: handled.service, prefix: configuration.prefix)
    }

    /// Answers at once; looks every five seconds whether the last task is gone, and begins again with what was its
    /// definition at the time of the call.
    private func restart(_ taskName: String) {
        guard var model = records.last(where: { $0.taskName == taskName }) else { return }
        model.json["State"] = ""
        for index in records.indices where records[index].taskName == taskName {
            records[index].json["Restart"] = "no"
            records[index].state = "__KILL"
        }
        store()
        Task {
            repeat {
                do { try await Task.sleep(for: .seconds(5)) } catch { return }
            } while records.contains { $0.taskName == taskName }
            add(project: model.project, service: model.service, json: model.json)
            store()
        }
    }
}

/// What the last handler worked on, which the next one finds.
struct HandledService: Sendable {
    var document: ComposeDocument?
    var service = YAMLTree.map([])

    var instances: Int {
        service["deploy"]?["replicas"]?.text.map { Int($0) ?? 0 } ?? 1
    }
}
