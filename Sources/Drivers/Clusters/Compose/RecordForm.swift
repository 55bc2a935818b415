import JSON
import Migration

/// The record of a task in one form, whoever reports it: mesos-compose, or a definition by what mesos-compose makes of
/// it. Ids, ports, agents and states are left out. Numbers are by value, and what is empty is null.
///
/// Source: mesos-compose dd95e1b, `api/compose.go` and `types/types.go`; Mesos 1.11, `mesos.proto`.
struct RecordForm: Sendable, Hashable {
    /// By the field, named as in a compose file where it has a name there. A field that is missing is not reported, or
    /// depends on how mesos-compose was started.
    private(set) var fields: [String: JSON] = [:]

    init(fields: [String: JSON]) { self.fields = fields.mapValues(RecordForm.byValue) }

    init(_ json: JSON) {
        for (key, value) in json.object ?? JSONObject() { fields[key] = value }
    }

    var json: JSON {
        .object(JSONObject(fields.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
    }

    /// Where a field is not determined here, as another record reports it.
    func filled(from other: RecordForm?) -> RecordForm {
        var filled = self
        filled.fields.merge(other?.fields ?? [:]) { own, _ in own }
        return filled
    }

    /// What another form reports differently. What the other does not report is not compared.
    func differences(to other: RecordForm) -> [FieldChange] {
        fields.keys.sorted().flatMap { name -> [FieldChange] in
            guard let one = fields[name], let reported = other.fields[name] else { return [] }
            return Differences.between(one, reported, at: [name])
        }
    }

    private static func byValue(_ value: JSON) -> JSON {
        switch value {
        case .null, .bool(false), .string(""): .null
        case .array(let elements): elements.isEmpty ? .null : .array(elements.map(byValue))
        case .object(let object):
            RecordForm.filled(object.map { ($0.key, byValue($0.value)) }.filter { $0.1 != .null })
        case .number(let number): number.double.flatMap { JSONNumber($0) }.map(JSON.number) ?? value
        default: value
        }
    }

    private static func filled(_ pairs: [(String, JSON)]) -> JSON {
        pairs.isEmpty ? .null : .object(JSONObject(pairs.sorted { $0.0 < $1.0 }))
    }
}

// MARK: - What mesos-compose reports

extension RecordForm {
    /// A record as `GET /api/compose/v0/tasks` and Redis have it.
    init(record json: JSON) {
        let type = json["container_type"]?.string?.lowercased() ?? ""
        let parameters = (json["parameters"]?.array ?? []).map { parameter in
            "\(parameter["key"]?.string ?? "")=\(parameter["value"]?.string ?? "")"
        }
        let driver = parameters.first { $0.hasPrefix("volume-driver=") }
        var fields: [String: JSON] = [
            "image": json["container_image"] ?? .null, "container_type": .string(type),
            "task_name": json["task_name"] ?? .null, "command": json["command"] ?? .null,
            "shell": json["shell"] ?? .null, "privileged": json["privileged"] ?? .null,
            "hostname": RecordForm.hostname(json["hostname"]?.string),
            "network_mode": .string(json["network_mode"]?.string?.lowercased() ?? ""),
            "volumes": .array((json["volumes"]?.array ?? []).map(RecordForm.volume)),
            "volume-driver": .string(driver ?? ""),
            "parameters": .array(parameters.filter { $0 != driver }.sorted().map(JSON.string)),
            "ports": RecordForm.ports(json), "fetch": .array((json["uris"]?.array ?? []).map(RecordForm.fetched)),
            "arguments": json["arguments"] ?? .null, "executor": json["executor"]?["command"]?["value"] ?? .null,
            "restart": json["Restart"] ?? .null, "cpus": json["CPU"] ?? .null, "memory": json["Memory"] ?? .null,
            "disk": json["Disk"] ?? .null, "gpus": RecordForm.amount(json["GPUs"]),
            "pull_policy": json["PullPolicy"] ?? .null,
            "labels": RecordForm.map(json["Labels"], "key", except: ComposeService.label),
            "attributes": RecordForm.map(json["Attributes"], "key"),
            "capabilities": json["linux_info"]?["effective_capabilities"]?["capabilities"] ?? .null,
            "healthcheck": json["EnableHealthCheck"]?.bool == true ? json["Health"] ?? .null : .null,
        ]
        // A task that runs has the network that Mesos reports, which may have no name.
        if let network = json["networkinfo"]?[0]?["name"]?.string, !network.isEmpty {
            fields["networks"] = .string(network)
        }
        self.init(fields: fields)
    }

    /// mesos-compose makes a name up where the file has none.
    private static func hostname(_ text: String?) -> JSON {
        let text = text ?? ""
        let isMadeUp = text.wholeMatch(of: /[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}/) != nil
        return .string(isMadeUp ? "" : text)
    }

    private static func volume(_ json: JSON) -> JSON {
        let docker = json["source"]?["docker_volume"]
        let mode = json["mode"]
        return volume(
            docker?["name"]?.string ?? "", json["container_path"]?.string ?? "", docker?["driver"]?.string ?? "",
            isReadOnly: mode?.int == 2 || mode?.string == "RO")
    }

    private static func volume(_ name: String, _ path: String, _ driver: String, isReadOnly: Bool) -> JSON {
        .string("\(name):\(path)\(isReadOnly ? ":ro" : "") (\(driver))")
    }

    /// Docker knows tcp and udp only; the others are in the discovery.
    private static func ports(_ json: JSON) -> JSON {
        let mappings = json["port_mappings"]?.array ?? []
        let discovered = json["discovery"]?["ports"]?["ports"]?.array ?? []
        return .array(
            mappings.enumerated().map { index, mapping in
                let named = mappings.count == discovered.count ? discovered[index]["protocol"]?.string : nil
                let port = mapping["container_port"]?.int ?? 0
                return .string("\(port)/\(named ?? mapping["protocol"]?.string ?? "tcp")")
            })
    }

    private static func fetched(_ json: JSON) -> JSON {
        .object(
            JSONObject(
                ["value", "executable", "extract", "cache", "output_file"].compactMap { key in
                    json[key].map { (key, byValue($0)) }
                }))
    }

    private static func amount(_ json: JSON?) -> JSON { json?.double == 0 ? .null : json ?? .null }

    private static func map(_ pairs: JSON?, _ key: String, except left: String? = nil) -> JSON {
        let pairs = (pairs?.array ?? []).compactMap { pair -> (String, JSON)? in
            guard let name = pair[key]?.string, name != left else { return nil }
            return (name, .string(pair["value"]?.string ?? ""))
        }
        return .object(JSONObject(pairs.sorted { $0.0 < $1.0 }))
    }
}

// MARK: - What mesos-compose makes of a definition

extension RecordForm {
    /// - Parameter prefix: mesos-compose's `PREFIX_TASKNAME`.
    init(expectedOf definition: ComposeService, prefix: String) {
        let service = JSON.object(definition.service)
        let type = definition.containerType
        let mode = definition.network
        let limits = service["deploy"]?["resources"]?["limits"]
        let command = service["command"]?.string ?? ""
        var fields: [String: JSON] = [
            "image": service["image"] ?? .null, "container_type": .string(type),
            "task_name": .string(definition.taskName(prefix: prefix)), "command": .string(command),
            "shell": .bool(service["shell"]?.bool == true && !command.isEmpty),
            "privileged": service["privileged"] ?? .null,
            "network_mode": .string(mode.mode),
            "hostname": mode.mode == "host" ? .null : service["hostname"] ?? service["container_name"] ?? .null,
            "volumes": .array(
                definition.volumes.map {
                    RecordForm.volume($0.name, $0.path, $0.driver, isReadOnly: $0.isReadOnly)
                }),
            "ports": .array(mode.mode == "host" ? [] : definition.ports.map { .string("\($0.port)/\($0.scheme)") }),
            "fetch": .array((service["mesos"]?["fetch"]?.array ?? []).map(RecordForm.expectedFetch)),
            "arguments": service["arguments"] ?? .null,
            "restart": .string(RecordForm.text(service["restart"], else: "unless-stopped")),
            "pull_policy": service["pull_policy"] ?? .null, "healthcheck": definition.healthCheck ?? .null,
            "labels": RecordForm.labels(definition), "attributes": RecordForm.attributes(definition),
        ]
        if !mode.name.isEmpty { fields["networks"] = .string(mode.name) }
        // Without a limit that counts, mesos-compose takes its own default.
        for (name, key) in [("cpus", "cpus"), ("memory", "memory")] {
            if let limit = limits?[key]?.double, limit > 0 { fields[name] = limits?[key] }
        }
        if definition.service["cap_add"] == nil, definition.service["cap_drop"] == nil {
            fields["capabilities"] = .null
        }
        if let executor = service["mesos"]?["executor"]?["command"]?.string, !executor.isEmpty {
            fields["executor"] = .string("exec '\(executor)' \(command)")
        } else {
            fields["executor"] = .null
        }
        if type == "docker" {
            fields["parameters"] = .array(RecordForm.parameters(definition).sorted().map(JSON.string))
            // Its name is DEFAULT_VOLUME_DRIVER.
            if !(service["volumes"]?.array ?? []).isEmpty { fields["volume-driver"] = .null }
        } else {
            fields["parameters"] = .null
            fields["volume-driver"] = .null
        }
        // Whether a GPU is asked of Mesos depends on ENABLE_GPU_ALLOCATION.
        if service["gpus"]?["driver"]?.string != "nvidia" { fields["gpus"] = .null }
        self.init(fields: fields)
    }

    private static func text(_ value: JSON?, else standard: String) -> String {
        value?.string.flatMap { $0.isEmpty ? nil : $0 } ?? standard
    }

    private static func expectedFetch(_ json: JSON) -> JSON {
        .object(
            JSONObject(
                [
                    ("value", "value"), ("executable", "executable"), ("extract", "extract"), ("cache", "cache"),
                    ("outputfile", "output_file"),
                ].compactMap { key, name in json[key].map { (name, byValue($0)) } }))
    }

    /// With the constraints, which mesos-compose keeps as labels.
    private static func labels(_ definition: ComposeService) -> JSON {
        var labels = definition.labels
        labels[ComposeService.label] = nil
        for constraint in definition.constraints {
            let halves = constraint.split(separator: "==", omittingEmptySubsequences: false).map(String.init)
            if halves.count >= 2, let label = placement[halves[0]] { labels[label] = .string(halves[1]) }
            if constraint.lowercased() == "unique" { labels["__mc_placement"] = "unique" }
        }
        return .object(JSONObject(labels.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
    }

    private static let placement = [
        "node.hostname": "__mc_placement_node_hostname", "node.platform.os": "__mc_placement_node_platform_os",
        "node.platform.arch": "__mc_placement_node_platform_arch",
    ]

    private static func attributes(_ definition: ComposeService) -> JSON {
        let pairs = definition.attributes.compactMap { text -> (String, JSON)? in
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            return parts.count >= 2 ? (String(parts[0]), .string(String(parts[1]))) : nil
        }
        return .object(JSONObject(pairs.sorted { $0.0 < $1.0 }))
    }

    private static func parameters(_ definition: ComposeService) -> [String] {
        let service = JSON.object(definition.service)
        var parameters: [String] = []
        if let alias = definition.alias { parameters.append("net-alias=\(alias)") }
        for name in ["memlock", "nofile"] {
            guard let limit = service["ulimits"]?[name], let hard = limit["hard"]?.int, hard != 0 else { continue }
            parameters.append("ulimit=\(name)=\(hard):\(limit["soft"]?.int ?? 0)")
        }
        switch service["gpus"]?["driver"]?.string {
        case "amd": parameters += ["device=/dev/kfd", "device=/dev/dri", "security-opt=seccomp=unconfined"]
        case "nvidia":
            let device = service["gpus"]?["device"]?.int ?? 0
            if device >= 0 { parameters.append("gpus=device=\(device)") }
        default: break
        }
        if let runtime = service["deploy"]?["runtime"]?.string, !runtime.isEmpty {
            parameters += ["runtime=\(runtime.lowercased())", "memory-swap=0", "cpu-shares=0"]
        }
        return parameters
    }
}
