import JSON
import Migration

extension MarathonCluster {
    /// Tasks that run, and are healthy where Marathon checks them.
    ///
    /// Source: Marathon 1.11, `GET /v2/apps/{id}?embed=app.tasks`, `GET /v2/pods/{id}::status`.
    public func observeTasks(of service: ServiceID) async throws(Failure) -> [ServiceTask] {
        let path = try service.marathonPath()
        if let answer = try await client.find("/v2/apps\(path)?embed=app.tasks") {
            let app = try client.app(in: answer, service)
            let names = MarathonCluster.portNames(of: app)
            return (app["tasks"]?.array ?? []).filter { MarathonCluster.mayServe($0, of: app) }
                .map { ServiceTask(host: $0["host"]?.string ?? "", ports: MarathonCluster.ports($0, names)) }
        }
        let pod = try await client.find("/v2/pods\(path)::status")
        return (pod?["instances"]?.array ?? []).filter { $0["status"]?.string == "STABLE" }.map { instance in
            let endpoints = (instance["containers"]?.array ?? []).flatMap { $0["endpoints"]?.array ?? [] }
            return ServiceTask(
                host: instance["agentHostname"]?.string ?? "",
                ports: endpoints.compactMap { endpoint in
                    endpoint["allocatedHostPort"]?.int.map { .init($0, name: endpoint["name"]?.string) }
                })
        }
    }

    private static func mayServe(_ task: JSON, of app: JSON) -> Bool {
        guard task["state"]?.string == "TASK_RUNNING" else { return false }
        guard app["healthChecks"]?.array?.isEmpty == false else { return true }
        let results = task["healthCheckResults"]?.array ?? []
        return !results.isEmpty && results.allSatisfy { $0["alive"]?.bool == true }
    }

    /// In the order in which a task's `ports` are listed: those of the host, or those of its container that lead to one.
    private static func portNames(of app: JSON) -> [String?] {
        let mappings = (app["container"]?["portMappings"]?.array ?? []).filter { $0["hostPort"]?.isNull == false }
        let definitions = mappings.isEmpty ? app["portDefinitions"]?.array ?? [] : mappings
        return definitions.map { $0["name"]?.string }
    }

    private static func ports(_ task: JSON, _ names: [String?]) -> [ServiceTask.Port] {
        (task["ports"]?.array ?? []).enumerated().compactMap { place, port in
            port.int.map { .init($0, name: names.indices.contains(place) ? names[place] : nil) }
        }
    }
}
