import JSON

/// `/ping`, `/metrics`, `/v2/info` and `/v2/leader`: what Marathon reports about itself.
struct SystemRoutes: Routes {
    let context: RequestContext

    private static let version = "1.11.24"

    func respond(_ path: [String], _ state: inout SchedulerState) throws(MarathonError) -> APIResponse {
        switch (request.method, path) {
        case ("GET", ["ping"]), ("HEAD", ["ping"]): return ping
        case ("GET", ["metrics"]): return metrics(state)
        case ("GET", ["v2", "info"]), ("HEAD", ["v2", "info"]): return info(state)
        case ("GET", ["v2", "leader"]), ("HEAD", ["v2", "leader"]):
            return APIResponse(json: ["leader": .string(context.configuration.endpoint)])
        case ("DELETE", ["v2", "leader"]):
            // There is no other candidate, so it is elected again at once; but as with Marathon, its events end.
            state.emit(.detachSubscribers)
            return APIResponse(json: ["message": "Leadership abdicated"])
        default: throw MarathonAPI.notFound
        }
    }

    private var ping: APIResponse {
        let types = request.accept.split(separator: ",").map { type in
            type.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        }
        if types.contains("application/json") { return APIResponse(json: "pong") }
        if types.isEmpty || types.contains(where: { $0 == "*/*" || $0.hasPrefix("text/") }) {
            return APIResponse(contentType: "text/plain", text: "pong")
        }
        return APIResponse(status: 204)
    }

    private func metrics(_ state: SchedulerState) -> APIResponse {
        let gauges: [(String, Int)] = [
            ("marathon.apps.active.gauge", state.ids(of: .app).count),
            ("marathon.pods.active.gauge", state.ids(of: .pod).count),
            ("marathon.groups.active.gauge", state.groups.count),
            ("marathon.deployments.active.gauge", state.deployments.count),
            ("marathon.instances.running.gauge", state.tasks.values.count { $0.phase == .running }),
            ("marathon.instances.staged.gauge", state.tasks.values.count { $0.phase == .staging }),
        ]
        return APIResponse(json: [
            "version": "4.0.0", "counters": [:], "histograms": [:], "meters": [:], "timers": [:],
            "gauges": .object(JSONObject(gauges.map { ($0, ["value": .count($1)]) })),
        ])
    }

    private func info(_ state: SchedulerState) -> APIResponse {
        let configuration = context.configuration
        let features = configuration.features.sorted().map { JSON.string($0) }
        return APIResponse(json: [
            "name": "marathon", "version": .string(Self.version), "buildref": "sandbox", "elected": true,
            "leader": .string(configuration.endpoint),
            "frameworkId": state.frameworkID.isEmpty ? .null : .string(state.frameworkID),
            "marathon_config": [
                "checkpoint": true, "decline_offer_duration": 120_000, "executor": "//cmd",
                "failover_timeout": 604_800, "features": .array(features), "framework_name": "marathon", "ha": false,
                "hostname": .string(configuration.address), "leader_proxy_connection_timeout_ms": 5000,
                "leader_proxy_read_timeout_ms": 10000, "local_port_min": 10000, "local_port_max": 20000,
                "master": .string(configuration.mesos?.master ?? "sandbox-\(configuration.color)"),
                "max_instances_per_offer": 100,
                "mesos_bridge_name": "mesos-bridge", "mesos_role": .string(configuration.role),
                "new_group_enforce_role": "off", "scale_apps_interval": 300_000, "task_launch_timeout": 300_000,
                "task_lost_expunge_initial_delay": 300_000, "task_lost_expunge_interval": 30_000,
                "task_reservation_timeout": 20000, "webui_url": .string("http://\(configuration.endpoint)"),
            ],
            "zookeeper_config": [
                "zk": "none", "zk_connection_timeout": 10000, "zk_max_node_size": 1_024_000, "zk_max_versions": 25,
                "zk_session_timeout": 10000, "zk_timeout": 10000, "zk_compression": true,
                "zk_compression_threshold": 65536,
            ],
            "http_config": ["http_port": .count(configuration.port), "https_port": 0],
        ])
    }
}
