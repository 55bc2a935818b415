import JSON
import Migration

extension MarathonCluster {
    /// Few services are asked for one by one: a list holds every app of the cluster.
    private static let few = 3

    public func observeHealth(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceHealth] {
        var health =
            services.count <= MarathonCluster.few ? try await healthOfEach(services) : try await healthOfAll(services)
        for id in try await servicesBeingRemoved(services.filter { health[$0] == nil }) {
            health[id] = ServiceHealth(
                expected: 0, staged: 0, running: 0, healthy: 0, unhealthy: 0, hasHealthChecks: false, isDeploying: true,
                reasons: ["Marathon still ends its tasks"])
        }
        guard health.values.contains(where: { !$0.isReady }) else { return health }
        for (id, reasons) in try await queueReasons() where health[id]?.isReady == false {
            health[id]?.reasons += reasons
        }
        return health
    }

    private func healthOfEach(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceHealth] {
        let details = "embed=app.counts&embed=app.deployments&embed=app.lastTaskFailure"
        var health: [ServiceID: ServiceHealth] = [:]
        for id in services {
            let path = try id.marathonPath()
            if let app = try await client.find("/v2/apps\(path)?\(details)") {
                health[id] = ServiceHealth(app: try client.app(in: app, id))
            } else if let pod = try await client.find("/v2/pods\(path)::status") {
                let deploying = try await client.podsUnderDeployment()
                health[id] = ServiceHealth(pod: pod, isDeploying: deploying.contains(id))
            }
        }
        return health
    }

    private func healthOfAll(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceHealth] {
        let wanted = Set(services)
        var health: [ServiceID: ServiceHealth] = [:]
        for app in try await client.apps(embedding: ["counts", "deployments", "lastTaskFailure"]) {
            guard let id = app["id"]?.string.map({ ServiceID($0, from: "/") }), wanted.contains(id) else { continue }
            health[id] = ServiceHealth(app: app)
        }
        guard health.count < wanted.count, let pods = try await client.find("/v2/pods/::status")?.array, !pods.isEmpty
        else { return health }
        let deploying = try await client.podsUnderDeployment()
        for pod in pods {
            guard let id = pod["id"]?.string.map({ ServiceID($0, from: "/") }), wanted.contains(id) else { continue }
            health[id] = ServiceHealth(pod: pod, isDeploying: deploying.contains(id))
        }
        return health
    }

    /// A removed service leaves every list at once, but its tasks end gracefully, in a deployment.
    private func servicesBeingRemoved(_ absent: [ServiceID]) async throws(Failure) -> [ServiceID] {
        guard !absent.isEmpty else { return [] }
        let deployments = try await client.deployments()
        let affected = deployments.flatMap { ($0["affectedApps"]?.array ?? []) + ($0["affectedPods"]?.array ?? []) }
        let changing = Set(affected.compactMap(\.string).map { ServiceID($0, from: "/") })
        return absent.filter(changing.contains)
    }

    /// Why launches are stuck, for example `2 offers declined: InsufficientMemory`.
    private func queueReasons() async throws(Failure) -> [ServiceID: [String]] {
        var reasons: [ServiceID: [String]] = [:]
        for item in try await client.get("/v2/queue")["queue"]?.array ?? [] {
            guard let id = (item["app"] ?? item["pod"])?["id"]?.string else { continue }
            reasons[ServiceID(id, from: "/")] = LaunchQueue.reasons(item)
        }
        return reasons
    }
}

extension ServiceHealth {
    /// By the counts that Marathon reports of an app.
    init(app: JSON) {
        self.init(
            expected: app["instances"]?.int ?? 1, staged: app["tasksStaged"]?.int ?? 0,
            running: app["tasksRunning"]?.int ?? 0, healthy: app["tasksHealthy"]?.int ?? 0,
            unhealthy: app["tasksUnhealthy"]?.int ?? 0,
            hasHealthChecks: app["healthChecks"]?.array?.isEmpty == false,
            isDeploying: app["deployments"]?.array?.isEmpty == false, reasons: ServiceHealth.lastFailure(app))
    }

    /// By the states of a pod's instances: a stable one runs with all its containers, healthy if they can be; a
    /// degraded one runs and isn't.
    init(pod: JSON, isDeploying: Bool) {
        let spec = pod["spec"] ?? [:]
        let instances = pod["instances"]?.array ?? []
        func count(_ states: String...) -> Int {
            instances.count { states.contains($0["status"]?.string ?? "") }
        }
        self.init(
            expected: spec["scaling"]?["instances"]?.int ?? 1, staged: count("PENDING", "STAGING"),
            running: count("STABLE", "DEGRADED"), healthy: count("STABLE"), unhealthy: count("DEGRADED"),
            hasHealthChecks: (spec["containers"]?.array ?? []).contains { $0["healthCheck"]?.object != nil },
            isDeploying: isDeploying, reasons: ServiceHealth.podReasons(pod, instances))
    }

    private static func lastFailure(_ app: JSON) -> [String] {
        guard let failure = app["lastTaskFailure"], let state = failure["state"]?.string else { return [] }
        let message = failure["message"]?.string.map { ": \($0)" } ?? ""
        return ["last task \(state)\(message)" + (failure["host"]?.string.map { " on \($0)" } ?? "")]
    }

    private static func podReasons(_ pod: JSON, _ instances: [JSON]) -> [String] {
        let unstable = instances.filter { $0["status"]?.string != "STABLE" }
        let messages = unstable.flatMap { instance in
            [instance["message"]?.string]
                + (instance["containers"]?.array ?? []).map { container in
                    container["message"]?.string.map { "container \(container["name"]?.string ?? ""): \($0)" }
                }
        }.compactMap { $0 }
        guard let last = pod["terminationHistory"]?.array?.first else { return unique(messages) }
        let ended = (last["containers"]?.array ?? []).compactMap { container -> String? in
            guard let termination = container["termination"] else { return nil }
            let exit = termination["exitCode"]?.int.map { "exited with \($0)" }
            return [container["containerId"]?.string, termination["message"]?.string ?? exit]
                .compactMap { $0 }.joined(separator: ": ")
        }
        return unique(messages + [last["message"]?.string].compactMap { $0.map { "last instance: \($0)" } } + ended)
    }

    private static func unique(_ texts: [String]) -> [String] {
        var seen: Set<String> = []
        return texts.filter { !$0.isEmpty && seen.insert($0).inserted }
    }
}

/// What `GET /v2/queue` reports of a service that waits to be launched.
enum LaunchQueue {
    static func reasons(_ item: JSON) -> [String] {
        let summary = item["processedOffersSummary"]
        var lines = (summary?["rejectSummaryLastOffers"]?.array ?? []).compactMap { step -> String? in
            guard let declined = step["declined"]?.int, declined > 0 else { return nil }
            let reason = step["reason"]?.string ?? "no reason given"
            return "\(declined == 1 ? "1 offer" : "\(declined) offers") declined: \(reason)"
        }
        if let seconds = item["delay"]?["timeLeftSeconds"]?.int, seconds > 0 {
            lines.append("next launch in \(seconds)s after failures")
        }
        if lines.isEmpty, summary?["processedOffersCount"]?.int == 0 { lines = ["no offer came yet"] }
        return lines
    }
}
