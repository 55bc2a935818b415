import JSON
import YAML

/// A compose document as mesos-compose reads it; what it can't decode it refuses as a whole, without a word.
///
/// Source: mesos-compose 1.2, `types/compose.go`, `api/api_v0_compose_put.go`.
struct ComposeDocument: Sendable {
    let services: [(name: String, service: JSON)]
    private let document: JSON

    /// Nil for a text that mesos-compose answers 406 to.
    init?(_ text: String) {
        guard let document = try? JSON(yaml: text), let services = document["services"]?.object else { return nil }
        for (_, service) in services {
            guard service.object != nil,
                ["environment", "labels", "networks"].allSatisfy({ key in
                    service[key].map { $0.isNull || $0.object != nil } ?? true
                }),
                ["command", "image"].allSatisfy({ key in
                    service[key].map { $0.array == nil && $0.object == nil } ?? true
                }),
                ["ports", "volumes", "arguments"].allSatisfy({ key in
                    service[key].map { $0.isNull || $0.array != nil } ?? true
                })
            else { return nil }
        }
        self.document = document
        self.services = services.map { ($0.key, $0.value) }
    }

    /// What the API answers: the document with the names of Go's fields.
    var shown: JSON {
        .object(
            JSONObject([
                ("Version", document["version"].flatMap { $0.string.map(JSON.string) } ?? ""),
                ("Services", .object(JSONObject(services.map { ($0.name, ComposeDocument.goNames($0.service)) }))),
                ("Networks", document["networks"] ?? .null), ("Volumes", document["volumes"] ?? .null),
            ]))
    }

    /// The record that a service of the document becomes.
    static func record(_ service: JSON, project: String, name: String, prefix: String) -> JSONObject {
        let taskName = service["mesos"]?["task_name"]?.string ?? "\(prefix):\(project):\(name)"
        func pairs(_ key: String, _ keyName: String) -> JSON {
            .array(
                (service[key]?.object ?? JSONObject()).map { pair in
                    let value = pair.value.string ?? (pair.value.isNull ? "" : pair.value.compact)
                    return .object(JSONObject([(keyName, .string(pair.key)), ("value", .string(value))]))
                })
        }
        let limits = service["deploy"]?["resources"]?["limits"]
        let ports = (service["ports"]?.array ?? []).map { port -> JSON in
            let halves = (port.string ?? port.compact).split(separator: "/", maxSplits: 1)
            let number = halves.first?.split(separator: ":").last.flatMap { Int($0) } ?? 0
            return [
                "host_port": 0, "container_port": .count(number),
                "protocol": .string(halves.count > 1 ? String(halves[1]) : "tcp"),
            ]
        }
        let replicas = service["deploy"]?["replicas"]
        var record = JSONObject()
        record["container_image"] = service["image"] ?? ""
        record["container_type"] = service["container_type"] ?? "docker"
        record["task_name"] = .string(taskName)
        record["command"] = service["command"] ?? ""
        record["hostname"] = service["hostname"] ?? ""
        record["arguments"] = service["arguments"] ?? []
        record["port_mappings"] = .array(ports)
        record["environment"] = ["variables": pairs("environment", "name")]
        record["discovery"] = ["name": .string(taskName.replacing(":", with: "."))]
        record["Restart"] = service["restart"] ?? "unless-stopped"
        record["CPU"] = limits?["cpus"] ?? 0.1
        record["Memory"] = limits?["memory"] ?? 50
        record["Disk"] = 1000
        record["Labels"] = pairs("labels", "key")
        record["Instances"] = .count(replicas?.int ?? replicas?.string.flatMap { Int($0) } ?? 1)
        record["State"] = ""
        record["PullPolicy"] = service["pull_policy"] ?? ""
        return record
    }

    private static func goNames(_ service: JSON) -> JSON {
        .object(
            JSONObject(
                (service.object ?? JSONObject()).map { pair in
                    (
                        pair.key.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined(),
                        pair.value
                    )
                }))
    }
}
