import JSON
import Migration
import Transport

/// The operator API, version 1: `POST /api/v1`, one call a type, answered by the leader only.
///
/// Source: Apache Mesos 1.11, docs/operator-http-api, `include/mesos/v1/master/master.proto`.
extension MesosMaster {
    /// The calls that only look.
    public enum Question: String, Sendable, CaseIterable {
        case health = "GET_HEALTH"
        case version = "GET_VERSION"
        case master = "GET_MASTER"
        case agents = "GET_AGENTS"
        case frameworks = "GET_FRAMEWORKS"
        case tasks = "GET_TASKS"
        case roles = "GET_ROLES"
        case quota = "GET_QUOTA"
        case weights = "GET_WEIGHTS"
        case flags = "GET_FLAGS"
        case maintenance = "GET_MAINTENANCE_STATUS"
    }

    /// Asks, and gives the answer without its envelope: what is in `get_master` for `GET_MASTER`.
    public func ask(_ question: Question) async throws(Failure) -> JSON {
        var request = try request(.post, "/api/v1", body: ["type": .string(question.rawValue)])
        // It changes nothing, though it is a POST.
        request.retry = .standard
        let answer = try json(try await succeed(request, "/api/v1"), "/api/v1")
        // An answer without members leaves its envelope out.
        return answer[question.rawValue.lowercased()] ?? [:]
    }

    /// Agents by `GET_AGENTS`.
    public func askForAgents() async throws(Failure) -> [MesosAgent] {
        (try await ask(.agents)["agents"]?.array ?? []).compactMap { MesosAgent(operatorAnswer: $0) }
    }

    /// Frameworks by `GET_FRAMEWORKS`.
    public func askForFrameworks() async throws(Failure) -> [MesosFramework] {
        (try await ask(.frameworks)["frameworks"]?.array ?? []).compactMap { MesosFramework(operatorAnswer: $0) }
    }

    /// Tasks that have not ended, by `GET_TASKS`.
    public func askForTasks() async throws(Failure) -> [MesosTask] {
        let answer = try await ask(.tasks)
        return ["pending_tasks", "tasks", "unreachable_tasks"].flatMap { answer[$0]?.array ?? [] }
            .compactMap { MesosTask(operatorAnswer: $0) }.filter { !$0.state.isTerminal }
    }
}

extension MesosAgent {
    init?(operatorAnswer json: JSON) {
        guard let info = json["agent_info"], let id = info["id"]?["value"]?.string else { return nil }
        let isOut = json["deactivated"]?.bool ?? false
        self.init(
            id: id, hostname: info["hostname"]?.string ?? "",
            isActive: (json["active"]?.bool ?? false) && !isOut && json["drain_info"] == nil,
            version: json["version"]?.string ?? "", pools: ["*": MesosPool(total: MesosResources())])
        for attribute in info["attributes"]?.array ?? [] {
            let value = attribute["text"]?["value"]?.string ?? attribute["scalar"]?["value"]?.compact
            if let name = attribute["name"]?.string { attributes[name] = value ?? "" }
        }
        for resource in json["total_resources"]?.array ?? [] {
            pools[resource.reservation, default: MesosPool(total: MesosResources())].total.add(resource)
        }
        for resource in json["allocated_resources"]?.array ?? [] { pools[resource.reservation]?.used.add(resource) }
    }
}

extension MesosFramework {
    init?(operatorAnswer json: JSON) {
        guard let info = json["framework_info"], let id = info["id"]?["value"]?.string else { return nil }
        self.init(
            id: id, name: info["name"]?.string ?? "", isActive: json["active"]?.bool ?? false,
            isConnected: json["connected"]?.bool ?? false, webUI: info["webui_url"]?.string,
            roles: (info["roles"]?.array ?? [info["role"]].compactMap { $0 }).compactMap(\.string))
    }
}

extension MesosTask {
    init?(operatorAnswer json: JSON) {
        guard let id = json["task_id"]?["value"]?.string else { return nil }
        self.init(
            id: id, name: json["name"]?.string ?? "", framework: json["framework_id"]?["value"]?.string ?? "",
            agent: json["agent_id"]?["value"]?.string ?? "",
            state: MesosTaskState(
                rawValue: json["status_update_state"]?.string ?? json["state"]?.string ?? "TASK_UNKNOWN"),
            isHealthy: json["statuses"]?.array?.last?["healthy"]?.bool,
            labels: MesosTask.labels(json["labels"]?["labels"]), resources: MesosResources(list: json["resources"]))
    }
}
