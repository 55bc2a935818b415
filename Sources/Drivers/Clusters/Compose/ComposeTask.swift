import JSON
import Migration

/// One record of a task as mesos-compose keeps and shows it.
struct ComposeTask: Sendable, Hashable {
    let json: JSON

    var id: String { json["TaskID"]?.string ?? "" }
    var name: String { json["task_name"]?.string ?? "" }
    var state: String { json["State"]?.string ?? "" }
    /// How many tasks of its service are wanted.
    var instances: Int { json["Instances"]?.int ?? 1 }
    var isRunning: Bool { state == "TASK_RUNNING" }
    var isBeingKilled: Bool { state == "__KILL" }
    var form: RecordForm { RecordForm(record: json) }

    /// The fingerprint that rz launched it with.
    var fingerprint: String? {
        (json["Labels"]?.array ?? []).first { $0["key"]?.string == ComposeService.label }?["value"]?.string
    }

    /// `mc:PROJECT:SERVICE` names the service; nil for a name of the operator's own.
    func service(prefix: String) -> ServiceID? {
        let parts = name.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == prefix else { return nil }
        return ServiceID("\(parts[1])/\(parts[2])")
    }

    func belongs(to service: ComposeService, prefix: String) -> Bool {
        name == service.taskName(prefix: prefix)
            || service.service["mesos"]?["task_name"] != nil && id.hasPrefix("\(service.project)_\(service.name).")
    }
}
