import JSON

/// Marathon's REST API over a `SchedulerState`: a function of request and state.
///
/// Source: Marathon 1.11's resources under `mesosphere.marathon.api.v2`.
struct MarathonAPI: Sendable {
    let configuration: SchedulerConfiguration

    static let version = "1.11.24"

    var leader: String { "\(configuration.address):\(configuration.port)" }

    func respond(to request: APIRequest, state: inout SchedulerState, at now: Timestamp) -> APIResponse {
        var response: APIResponse
        do {
            response = try route(request, &state, now)
        } catch {
            response = APIResponse(status: error.status, json: error.body)
        }
        response.headers += [
            ("X-Marathon-Leader", "http://\(leader)"), ("X-Frame-Options", "DENY"),
            ("X-XSS-Protection", "1; mode=block"), ("Cache-Control", "no-cache, no-store, must-revalidate"),
            ("Pragma", "no-cache"), ("Expires", "0"),
        ]
        return response
    }

    private func route(
        _ request: APIRequest, _ state: inout SchedulerState, _ now: Timestamp
    ) throws(MarathonError) -> APIResponse {
        let path = request.path
        if path == ["ping"] { return ping(request) }
        guard path.first == "v2", path.count > 1 else { throw Self.notFound }
        let rest = Array(path.dropFirst(2))
        switch path[1] {
        case "apps": return try AppRoutes(request: request, now: now).respond(rest, &state)
        case "groups": return try GroupRoutes(request: request, now: now).respond(rest, &state)
        case "deployments": return try DeploymentRoutes(request: request, now: now).respond(rest, &state)
        case "queue": return try QueueRoutes(request: request, now: now).respond(rest, &state)
        case "tasks": return try TaskRoutes(request: request, now: now).respond(rest, &state)
        case "info" where request.isReadOnly && rest.isEmpty: return info(state)
        case "leader" where request.isReadOnly && rest.isEmpty:
            return APIResponse(json: ["leader": .string(leader)])
        default: throw Self.notFound
        }
    }

    /// Marathon 1.11 maps an unknown route to 500.
    static let notFound = MarathonError(500, "URI not found")

    private func ping(_ request: APIRequest) -> APIResponse {
        let types = request.accept.split(separator: ",").map { type in
            type.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        }
        if types.contains("application/json") { return APIResponse(json: "pong") }
        if types.isEmpty || types.contains(where: { $0 == "*/*" || $0.hasPrefix("text/") }) {
            return APIResponse(contentType: "text/plain", text: "pong")
        }
        return APIResponse(status: 204)
    }

    private func info(_ state: SchedulerState) -> APIResponse {
        return APIResponse(json: [
            "name": "marathon", "version": .string(Self.version), "buildref": "sandbox", "elected": true,
            "leader": .string(leader), "frameworkId": .string(state.frameworkID),
            "marathon_config": [
                "framework_name": "marathon", "hostname": .string(configuration.address), "ha": false,
                "checkpoint": true, "features": ["task_killing"], "local_port_min": 10000, "local_port_max": 20000,
                "mesos_role": "*", "executor": "//cmd", "failover_timeout": 604_800,
                "max_instances_per_offer": 100,
            ],
            "zookeeper_config": [
                "zk": "none", "zk_connection_timeout": 10000, "zk_max_versions": 25, "zk_session_timeout": 10000,
                "zk_timeout": 10000,
            ],
            "http_config": ["http_port": .count(configuration.port), "https_port": 0],
        ])
    }
}

/// What every group of routes works with.
protocol Routes {
    var request: APIRequest { get }
    var now: Timestamp { get }
}

extension Routes {
    var force: Bool { request.flag("force") }

    /// Whether a list wants a kind of detail; Marathon takes `apps.`, `app.` and `group.apps.` for the same.
    func embeds(_ detail: String) -> Bool {
        request.values(of: "embed").contains { value in
            let prefix = ["group.apps.", "apps.", "app."].first { value.hasPrefix($0) }
            return prefix.map { value.dropFirst($0.count) == detail } ?? false
        }
    }

    func apiPost(_ definition: AppDefinition, _ state: inout SchedulerState) {
        state.publish(
            "api_post_event", at: now,
            [
                ("clientIp", "127.0.0.1"), ("uri", .string("/" + request.path.joined(separator: "/"))),
                ("appDefinition", AppPresentation.app(definition)),
            ])
    }
}
