import JSON
import Migration

/// Source: Apache Mesos 1.11, `src/common/http.cpp`, `json(writer, const Task&)`, and `include/mesos/mesos.proto`.
extension TaskContent {
    /// - Parameter json: a task of `/state`.
    init(task json: JSON) {
        let resources = MesosResources(json["resources"] ?? [:])
        var fields = ["resources.ports": "\(resources.ports.count)"]
        for kind in Scalar.allCases {
            fields["resources.\(kind.rawValue)"] = CapacityTotals.text(resources[keyPath: kind.path])
        }
        for (key, value) in MesosTask.labels(json["labels"]) { fields["labels.\(key)"] = value }
        let parts = ["container", "health_check", "discovery"].compactMap { part in
            json[part].map { (part, TaskContent.fields(of: $0, task: json["id"]?.string ?? "")) }
        }
        self.init(fields: fields.merging(TaskContent.joined(parts)) { $1 })
    }

    /// Each task gets these for itself.
    private static let given: Set<String> = ["host_port", "ip_addresses", "number", "port", "environment"]
    /// What distinguishes the objects of a list, whose order says nothing.
    private static let names = ["container_path", "container_port", "name", "key"]

    /// The values in a part of a task by their paths, of which a single value has an empty one.
    private static func fields(of value: JSON, task: String) -> [String: String] {
        if let members = value.object {
            return joined(members.filter { !given.contains($0.key) }.map { ($0.key, fields(of: $0.value, task: task)) })
        }
        guard let elements = value.array else { return ["": value.string ?? value.compact] }
        guard elements.contains(where: { $0.object != nil }) else {
            return joined(elements.enumerated().map { ("\($0)", fields(of: $1, task: task)) })
        }
        // Marathon hands Docker the task's id as a parameter.
        let own = elements.filter { task.isEmpty || $0["value"]?.string?.contains(task) != true }
        let named = Dictionary(grouping: own) { element in
            names.lazy.compactMap { element[$0] }.first.map { $0.string ?? $0.compact } ?? ""
        }
        return joined(
            named.map { name, alike in
                let parts = alike.map { fields(of: $0, task: task) }
                guard parts.count > 1 || name.isEmpty else { return (name, parts[0]) }
                let sorted = parts.sorted { "\($0.sorted { $0.key < $1.key })" < "\($1.sorted { $0.key < $1.key })" }
                return (name, joined(sorted.enumerated().map { ("\($0)", $1) }))
            })
    }

    private static func joined(_ parts: [(name: String, fields: [String: String])]) -> [String: String] {
        var all: [String: String] = [:]
        for (name, fields) in parts {
            for (path, text) in fields {
                all[[name, path].filter { !$0.isEmpty }.joined(separator: ".")] = text
            }
        }
        return all
    }
}
