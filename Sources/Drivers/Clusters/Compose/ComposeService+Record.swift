import JSON
import Migration

extension ComposeService {
    /// What a record of Redis shows of the compose file that it was made from. Variables are as they were resolved: a
    /// reference to Vault can't be recognized any more.
    init(_ record: ComposeTask, id: ServiceID) {
        let json = record.json
        var service = JSONObject()
        service["image"] = json["container_image"].flatMap(ComposeService.filled)
        for (key, from) in ComposeService.plain { service[key] = json[from].flatMap(ComposeService.filled) }
        if json["privileged"]?.bool == true { service["privileged"] = true }
        if json["shell"]?.bool == true { service["shell"] = true }
        service["environment"] = ComposeService.map(json["environment"]?["variables"], "name")
        service["labels"] = ComposeService.map(json["Labels"], "key")
        service["ports"] = json["port_mappings"]?.array.map { mappings in
            .array(
                mappings.map { mapping in
                    let port = mapping["container_port"]?.int ?? 0
                    return .string("\(port):\(port)/\(mapping["protocol"]?.string ?? "tcp")")
                })
        }
        var drivers = JSONObject()
        let volumes = (json["volumes"]?.array ?? []).compactMap { volume -> JSON? in
            guard let docker = volume["source"]?["docker_volume"], let name = docker["name"]?.string,
                let path = volume["container_path"]?.string
            else { return nil }
            drivers[name] = .object(JSONObject([("driver", docker["driver"] ?? "local")]))
            return .string("\(name):\(path)\(volume["mode"]?.int == 2 ? ":ro" : "")")
        }
        if !volumes.isEmpty { service["volumes"] = .array(volumes) }
        var networks = JSONObject()
        if let network = json["networkinfo"]?[0]?["name"]?.string, !network.isEmpty {
            service["networks"] = .object(JSONObject([(network, .object(JSONObject()))]))
            networks[network] = .object(JSONObject([("external", true), ("name", .string(network))]))
        } else if let mode = json["network_mode"] {
            service["network_mode"] = mode.int.flatMap { ComposeService.modes[$0] }.map(JSON.string) ?? mode
        }
        let limits = JSONObject([("cpus", json["CPU"] ?? 0.1), ("memory", json["Memory"] ?? 50)])
        service["deploy"] = .object(
            JSONObject([
                ("replicas", .string(String(record.instances))),
                ("resources", .object(JSONObject([("limits", .object(limits))]))),
            ]))
        self.init(
            project: String(id.text.prefix { $0 != "/" }), name: String(id.text.drop { $0 != "/" }.dropFirst()),
            service: service,
            file: .object(JSONObject([("networks", .object(networks)), ("volumes", .object(drivers))])))
    }

    private static let plain = [
        ("command", "command"), ("hostname", "hostname"), ("container_type", "container_type"),
        ("restart", "Restart"), ("pull_policy", "PullPolicy"), ("arguments", "arguments"),
    ]
    /// `ContainerInfo.DockerInfo.Network` of Mesos.
    private static let modes = [1: "host", 2: "bridge", 3: "none", 4: "user"]

    private static func filled(_ value: JSON) -> JSON? {
        switch value {
        case .null: nil
        case .string(let text): text.isEmpty ? nil : value
        case .array(let elements): elements.isEmpty ? nil : value
        case .object(let object): object.isEmpty ? nil : value
        case .bool(let flag): flag ? value : nil
        case .number: value
        }
    }

    private static func map(_ pairs: JSON?, _ key: String) -> JSON? {
        let pairs = (pairs?.array ?? []).compactMap { pair in
            pair[key]?.string.map { ($0, pair["value"] ?? "") }
        }
        return pairs.isEmpty ? nil : .object(JSONObject(pairs))
    }
}
