import JSON
import Migration

/// Source: Apache Mesos 1.11, `src/common/http.cpp`, `json(writer, const Task&)`, and `include/mesos/mesos.proto`.
extension TaskContent {
    /// - Parameter json: a task of `/state`.
    init(task json: JSON) {
        self.init(fields: [:])
        let id = json["id"]?.string ?? ""
        let resources = MesosResources(json["resources"] ?? [:])
        for kind in Scalar.allCases {
            fields["resources.\(kind.rawValue)"] = CapacityTotals.text(resources[keyPath: kind.path])
        }
        fields["resources.ports"] = "\(resources.ports.count)"
        for (key, value) in MesosTask.labels(json["labels"]) { fields["labels.\(key)"] = value }
        for part in ["container", "health_check", "discovery"] {
            if let value = json[part] { add(value, at: part, of: id) }
        }
    }

    /// Each task gets these for itself.
    private static let given: Set<String> = ["host_port", "ip_addresses", "number", "port", "environment"]
    /// What distinguishes the elements of a list, whose order says nothing.
    private static let names = ["container_path", "container_port", "name", "key"]

    private mutating func add(_ value: JSON, at path: String, of task: String) {
        if let members = value.object {
            for (key, member) in members where !TaskContent.given.contains(key) {
                add(member, at: "\(path).\(key)", of: task)
            }
        } else if let elements = value.array {
            for (index, element) in elements.enumerated() {
                // Marathon hands Docker the task's id as a parameter.
                if !task.isEmpty, element["value"]?.string?.contains(task) == true { continue }
                let name = TaskContent.names.lazy.compactMap { element[$0] }.first
                add(element, at: "\(path).\(name.map { $0.string ?? $0.compact } ?? "\(index)")", of: task)
            }
        } else {
            fields[path] = value.string ?? value.compact
        }
    }
}
