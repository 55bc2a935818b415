import JSON
import YAML

/// The record of a task that mesos-compose makes of a service, in the two halves between which it asks Vault.
///
/// Source: mesos-compose dd95e1b, `api/compose.go`, `mapComposeServiceToMesosTask`.
struct ComposeMapping {
    let document: ComposeDocument
    let service: YAMLTree

    /// `PREFIX_TASKNAME` of the sandbox's one, and its other settings at their defaults.
    let prefix: String

    /// What is read before Vault is asked.
    func first(project: String, name: String) -> JSONObject {
        var record = JSONObject()
        record["task_name"] = .string(taskName(project, name))
        record["CPU"] = amount("cpus") ?? 0.1
        record["Memory"] = amount("memory") ?? 50
        record["Disk"] = 1000
        record["container_type"] = .string(containerType)
        record["container_image"] = service["image"]?.text.map(JSON.string)
        record["networkinfo"] = [["name": .string(networkName)]]
        record["network_mode"] = .string(networkMode)
        if isTrue("privileged") { record["privileged"] = true }
        if networkMode != "host" {
            record["hostname"] = .string(
                service["hostname"]?.text ?? service["container_name"]?.text ?? "0f1d2c3b-aaaa-4bbb-8ccc-0123456789ab")
        }
        record["command"] = service["command"]?.text.map(JSON.string)
        record["Labels"] = .array(labels.map { ["key": .string($0.0), "value": .string($0.1)] })
        if networkMode != "host", !ports.isEmpty {
            record["port_mappings"] = .array(
                ports.map { port in
                    ["host_port": 0, "container_port": .count(port.0), "protocol": port.1 == "udp" ? "udp" : "tcp"]
                })
        }
        record["environment"] = [
            "variables": .array(
                (service["environment"]?.entries ?? []).map { entry in
                    ["name": .string(entry.key), "value": .string(entry.value.text ?? "")]
                })
        ]
        return record
    }

    /// Whether a variable's value comes from Vault.
    var asksVault: Bool {
        (service["environment"]?.entries ?? []).contains { $0.value.text?.contains("vault://") == true }
    }

    /// What is read after Vault has answered, by then perhaps from another service.
    func second(_ record: inout JSONObject) {
        let taskName = record["task_name"]?.string ?? ""
        record["volumes"] = volumes.isEmpty ? nil : .array(volumes)
        record["Instances"] = .count(instances)
        record["discovery"] = [
            "name": .string(taskName.replacing(":", with: ".")),
            "ports": ["ports": .array(networkMode == "host" ? [] : ports.map { ["protocol": .string($0.1)] })],
        ]
        if isTrue("shell"), service["command"]?.text?.isEmpty == false { record["shell"] = true }
        record["parameters"] = parameters.isEmpty ? nil : .array(parameters)
        record["PullPolicy"] = .string(service["pull_policy"]?.text ?? "")
        record["Restart"] = .string(service["restart"]?.text ?? "unless-stopped")
        record["arguments"] = .array((service["arguments"]?.texts ?? []).map(JSON.string))
        if case let (.object(health)?) = healthCheck {
            record["EnableHealthCheck"] = true
            record["Health"] = .object(health)
        } else {
            record["EnableHealthCheck"] = false
            record["Health"] = .null
        }
        var labels = record["Labels"]?.array ?? []
        for constraint in service["deploy"]?["placement"]?["constraints"]?.texts ?? [] {
            if constraint.hasPrefix("node.hostname==") {
                labels.append([
                    "key": "__mc_placement_node_hostname", "value": .string(String(constraint.dropFirst(15))),
                ])
            } else if constraint.hasPrefix("node.platform.os==") {
                labels.append([
                    "key": "__mc_placement_node_platform_os", "value": .string(String(constraint.dropFirst(18))),
                ])
            } else if constraint.lowercased() == "unique" {
                labels.append(["key": "__mc_placement", "value": "unique"])
            }
        }
        record["Labels"] = .array(labels)
        let attributes = (service["deploy"]?["placement"]?["attributes"]?.texts ?? []).compactMap { text -> JSON? in
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            return parts.count > 1 ? ["key": .string(String(parts[0])), "value": .string(String(parts[1]))] : nil
        }
        record["Attributes"] = attributes.isEmpty ? .null : .array(attributes)
        record["State"] = ""
    }

    /// Nothing is one, and what is no number none.
    var instances: Int { service["deploy"]?["replicas"]?.text.map { Int($0) ?? 0 } ?? 1 }

    private func taskName(_ project: String, _ name: String) -> String {
        let own = service["mesos"]?["task_name"]?.text ?? ""
        return own.hasPrefix(prefix + ":") ? own : "\(prefix):\(project):\(name)"
    }

    private func amount(_ key: String) -> JSON? {
        guard let limit = service["deploy"]?["resources"]?["limits"]?[key], let text = limit.text,
            let number = Double(text.hasPrefix(".") ? "0" + text : text), number > 0
        else { return nil }
        return JSONNumber(number).map(JSON.number)
    }

    private func isTrue(_ key: String) -> Bool {
        ["true", "yes", "on", "y"].contains(service[key]?.text?.lowercased() ?? "")
    }

    private var containerType: String { service["container_type"]?.text?.lowercased() == "mesos" ? "mesos" : "docker" }

    private var networkKey: String {
        service["network"]?.text ?? service["networks"]?.entries?.first?.key ?? "default"
    }

    private var networkName: String {
        document.hasNetworks ? document.network(networkKey)?["name"]?.text ?? "" : networkKey
    }

    private var networkMode: String {
        var mode = service["network_mode"]?.text ?? "user"
        if document.hasNetworks {
            if document.network(networkKey)?["name"]?.text != nil { mode = "user" }
            if let driver = document.network(networkKey)?["driver"]?.text { mode = driver }
        }
        return mode.lowercased()
    }

    private var labels: [(String, String)] {
        (service["labels"]?.entries ?? []).map { entry in
            (entry.key, entry.value.isNull ? "<nil>" : entry.value.scalar.map(ComposeMapping.printed) ?? "map[]")
        }
    }

    /// A number is printed by its value.
    private static func printed(_ scalar: YAMLTree.Scalar) -> String {
        guard scalar.isPlain, let number = Double(scalar.text), number.magnitude < 1e15 else { return scalar.text }
        return number.rounded() == number ? String(Int(number)) : String(number)
    }

    private var ports: [(Int, String)] {
        (service["ports"]?.texts ?? []).map { text in
            let last = text.split(separator: ":").last.map(String.init) ?? ""
            let halves = last.split(separator: "/")
            let scheme = halves.count > 1 ? halves[1].lowercased() : "tcp"
            let known = ["udp", "wss", "http", "https", "h2c"].contains(scheme)
            return (halves.first.flatMap { Int($0) } ?? 0, known ? scheme : "tcp")
        }
    }

    private var volumes: [JSON] {
        (service["volumes"]?.texts ?? []).compactMap { text in
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count > 1 else { return nil }
            return [
                "container_path": .string(parts[1]),
                "mode": parts.count == 3 && parts[2].lowercased() == "ro" ? 2 : 1,
                "source": [
                    "type": 2,
                    "docker_volume": [
                        "driver": .string(document.volumeDriver(parts[0]) ?? "local"), "name": .string(parts[0]),
                    ],
                ],
            ]
        }
    }

    private var parameters: [JSON] {
        guard containerType == "docker" else { return [] }
        var parameters: [JSON] = []
        func add(_ key: String, _ value: String) {
            parameters.append(["key": .string(key), "value": .string(value)])
        }
        if let alias = service["networks"]?.entries?.first?.value["aliases"]?.texts.first { add("net-alias", alias) }
        if service["volumes"]?.texts.isEmpty ?? true { add("volume-driver", "local") }
        for name in ["memlock", "nofile"] {
            let limit = service["ulimits"]?[name]
            guard let hard = limit?["hard"]?.text, hard != "0" else { continue }
            add("ulimit", "\(name)=\(hard):\(limit?["soft"]?.text ?? "0")")
        }
        return parameters
    }

    private var healthCheck: JSON? {
        guard let check = service["healthcheck"] else { return nil }
        let type: JSON? =
            if check["command"]?["value"]?.text != nil { 1 } else if check["http"]?["port"]?.text != nil {
                2
            } else if check["tcp"]?["port"]?.text != nil { 3 } else { nil }
        guard let type else { return nil }
        var health = JSONObject([("type", type)])
        for (key, name) in [
            ("delayseconds", "delay_seconds"), ("intervalseconds", "interval_seconds"),
            ("timeoutseconds", "timeout_seconds"), ("consecutivefailures", "consecutive_failures"),
            ("graceperiodseconds", "grace_period_seconds"), ("command", "command"), ("http", "http"), ("tcp", "tcp"),
        ] { health[name] = check[key].map { JSON($0) } }
        return .object(health)
    }
}
