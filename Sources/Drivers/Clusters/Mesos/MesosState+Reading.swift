import JSON

/// The shapes of `/state`, `/slaves`, `/frameworks` and `/tasks`.
///
/// Source: Apache Mesos 1.11, `src/master/http.cpp`, `src/common/http.cpp`. What older versions leave out is taken for
/// the ordinary case: a framework without `connected` is as connected as it is active.
extension MesosAgent {
    /// Nil when it has no id.
    init?(_ json: JSON) {
        guard let id = json["id"]?.string else { return nil }
        let isOut = json["deactivated"]?.bool ?? false
        self.init(
            id: id, hostname: json["hostname"]?.string ?? "",
            isActive: (json["active"]?.bool ?? true) && !isOut && json["drain_info"] == nil,
            version: json["version"]?.string ?? "", attributes: json["attributes"]?.texts ?? [:], pools: [:])
        if let reserved = json["reserved_resources"]?.object {
            for (role, amounts) in reserved { pools[role] = MesosPool(total: MesosResources(amounts)) }
        }
        pools["*"] = MesosPool(
            total: MesosResources(json["unreserved_resources"] ?? json["resources"] ?? [:]))
        charge(json)
    }

    /// Only newer masters report from which reservation the used resources are. Else each pool is taken for as used as
    /// the whole agent is, so that nothing counts as free that might not be.
    private mutating func charge(_ json: JSON) {
        if let used = json["used_resources_full"]?.array {
            for resource in used { pools[resource.reservation]?.used.add(resource) }
        } else {
            let used = MesosResources(json["used_resources"] ?? [:])
            for role in pools.keys { pools[role]?.used = used }
        }
    }
}

extension MesosFramework {
    init?(_ json: JSON) {
        guard let id = json["id"]?.string else { return nil }
        let isActive = json["active"]?.bool ?? true
        let web = json["webui_url"]?.string ?? ""
        self.init(
            id: id, name: json["name"]?.string ?? "", isActive: isActive,
            isConnected: json["connected"]?.bool ?? isActive, webUI: web.isEmpty ? nil : web,
            roles: (json["roles"]?.array ?? [json["role"]].compactMap { $0 }).compactMap(\.string))
    }
}

extension MesosTask {
    init?(_ json: JSON) {
        guard let id = json["id"]?.string else { return nil }
        self.init(
            id: id, name: json["name"]?.string ?? "", framework: json["framework_id"]?.string ?? "",
            agent: json["slave_id"]?.string ?? "",
            state: MesosTaskState(rawValue: json["state"]?.string ?? "TASK_UNKNOWN"),
            isHealthy: json["statuses"]?.array?.last?["healthy"]?.bool, labels: MesosTask.labels(json["labels"]),
            resources: MesosResources(json["resources"] ?? [:]))
    }

    static func labels(_ json: JSON?) -> [String: String] {
        var labels: [String: String] = [:]
        for label in json?.array ?? [] {
            if let key = label["key"]?.string { labels[key] = label["value"]?.string ?? "" }
        }
        return labels
    }
}

extension MesosResources {
    /// `{"cpus": 4.0, "mem": 1024.0, "ports": "[31000-32000]"}`.
    init(_ json: JSON) {
        self.init(
            cpus: json["cpus"]?.double ?? 0, mem: json["mem"]?.double ?? 0, disk: json["disk"]?.double ?? 0,
            gpus: json["gpus"]?.double ?? 0, ports: PortRanges(parsing: json["ports"]?.string ?? ""))
    }

    /// A list of `Resource` messages.
    init(list: JSON?) {
        self.init()
        for resource in list?.array ?? [] { add(resource) }
    }

    /// One `Resource` message: `{"name": "cpus", "scalar": {"value": 0.1}}`, or with `ranges`.
    mutating func add(_ resource: JSON) {
        let amount = resource["scalar"]?["value"]?.double ?? 0
        switch resource["name"]?.string {
        case "cpus": cpus += amount
        case "mem": mem += amount
        case "disk": disk += amount
        case "gpus": gpus += amount
        case "ports":
            let ranges = (resource["ranges"]?["range"]?.array ?? []).compactMap { range -> ClosedRange<Int>? in
                guard let begin = range["begin"]?.int, let end = range["end"]?.int, begin <= end else { return nil }
                return begin...end
            }
            ports = ports.union(PortRanges(ranges))
        default: break
        }
    }
}

extension JSON {
    /// Of a `Resource` message: the role it is reserved for.
    var reservation: String { self["reservations"]?.array?.last?["role"]?.string ?? self["role"]?.string ?? "*" }

    /// The members of an object as texts: attributes may be numbers.
    fileprivate var texts: [String: String] {
        var texts: [String: String] = [:]
        for (key, value) in object ?? JSONObject() { texts[key] = value.string ?? value.compact }
        return texts
    }
}
