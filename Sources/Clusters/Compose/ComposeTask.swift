import JSON
import Migration

/// One record of a task as mesos-compose keeps and shows it.
struct ComposeTask: Sendable, Hashable {
    let json: JSON

    var id: String { json["TaskID"]?.string ?? "" }
    var name: String { json["task_name"]?.string ?? "" }
    var state: String { json["State"]?.string ?? "" }
    /// How many tasks of its service there shall be.
    var instances: Int { json["Instances"]?.int ?? 1 }
    var isRunning: Bool { state == "TASK_RUNNING" }
    var isBeingKilled: Bool { state == "__KILL" }

    var labels: [String: String] {
        (json["Labels"]?.array ?? []).reduce(into: [:]) { labels, label in
            if let key = label["key"]?.string { labels[key] = label["value"]?.string ?? "" }
        }
    }

    /// The fingerprint that rz launched it with.
    var fingerprint: String? { labels[ComposeService.label] }

    /// `mc:PROJECT:SERVICE` names the service; nil for a name of the operator's own.
    func service(prefix: String) -> ServiceID? {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == prefix else { return nil }
        return ServiceID("\(parts[1])/\(parts[2])")
    }

    func belongs(to service: ComposeService, prefix: String) -> Bool {
        if let own = service.taskName {
            return name == own || name.hasPrefix(own + ":") || id.hasPrefix("\(service.project)_\(service.name).")
        }
        return self.service(prefix: prefix) == service.id
    }

    /// Where what runs and what a definition says do not agree, as far as the API tells; by the path.
    func drift(from service: ComposeService) -> [String: String] {
        var drift: [String: String] = [:]
        func compare(_ path: String, _ runs: String?, _ says: String?) {
            guard let runs, !runs.isEmpty, runs != (says ?? "") else { return }
            drift[path] = "runs with \(runs), the file says \(says ?? "nothing")"
        }
        let limits = service.service["deploy"]?["resources"]?["limits"]
        compare("image", json["container_image"]?.string, service.service["image"]?.string)
        if let says = service.service["command"]?.string { compare("command", json["command"]?.string, says) }
        for (path, key, value) in [("cpus", "CPU", limits?["cpus"]), ("memory", "Memory", limits?["memory"])] {
            guard let says = value?.double ?? value?.string.flatMap(Double.init), let runs = json[key]?.double,
                runs != says
            else { continue }
            compare("deploy.resources.limits.\(path)", "\(runs)", "\(says)")
        }
        let said = service.labels
        for (key, value) in labels where key != ComposeService.label {
            compare("labels.\(key)", value, said[key].map { $0.string ?? $0.compact })
        }
        return drift
    }
}
