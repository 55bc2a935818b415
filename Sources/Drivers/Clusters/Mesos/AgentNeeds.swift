import JSON
import Migration

/// What services need of the agents and no API of Mesos lists: container networks and volume plugins. An agent reports the
/// folder of its CNI files (`network_cni_config_dir`), not what is in it, and nothing of Docker's networks and plugins.
///
/// Source: Apache Mesos 1.11, docs/cni, docs/docker-volume, docs/endpoints/slave/state.
struct AgentNeeds: Sendable, Hashable {
    private var networks: [String: [ServiceID]] = [:]
    private var plugins: [String: [ServiceID]] = [:]

    init(of services: [Service]) {
        for service in services.sorted(by: { $0.id < $1.id }) {
            guard let json = try? service.definitionJSON() else { continue }
            let definition = JSON.object(json)
            for network in AgentNeeds.networks(of: definition) { networks[network, default: []].append(service.id) }
            for plugin in AgentNeeds.plugins(of: definition) { plugins[plugin, default: []].append(service.id) }
        }
    }

    /// The needs that no agent has declared, one sentence each.
    ///
    /// - Parameter attributes: what each agent must say of itself; a network or plugin among the values is vouched for.
    func unproven(besides attributes: [String: String]) -> [String] {
        func sentences(_ kind: String, _ needs: [String: [ServiceID]]) -> [String] {
            needs.sorted { $0.key < $1.key }.filter { !attributes.values.contains($0.key) }.map { name, services in
                let others = services.count > 1 ? " and \(services.count - 1) more" : ""
                return
                    "unproven: the \(kind) \(name), which \(services[0])\(others) needs. Mesos does not report whether "
                    + "agents have it. Let them say so in an attribute, and require it in platform.mesos.agents.attributes"
            }
        }
        return sentences("container network", networks) + sentences("volume plugin", plugins)
    }

    /// What every agent has.
    private static let ownNetworks: Set<String> = ["", "bridge", "default", "mesos-bridge"]

    private static func networks(of definition: JSON) -> Set<String> {
        var names = (definition["networks"]?.array ?? []).compactMap { $0["name"]?.string }
        if let name = definition["ipAddress"]?["networkName"]?.string { names.append(name) }
        if let network = compose(definition)?.network, !["host", "none"].contains(network.mode) {
            names.append(network.name)
        }
        return Set(names).subtracting(ownNetworks)
    }

    private static func plugins(of definition: JSON) -> Set<String> {
        var names: [String?] = (compose(definition)?.volumes ?? []).map(\.driver)
        let holders = [definition["container"], definition].compactMap { $0 }
        for volume in holders.flatMap({ $0["volumes"]?.array ?? [] }) {
            let options = volume["external"]?["options"]
            names += [options?["dvdi/driver"]?.string, options?["pluginName"]?.string]
        }
        for parameter in definition["container"]?["docker"]?["parameters"]?.array ?? []
        where parameter["key"]?.string == "volume-driver" {
            names.append(parameter["value"]?.string)
        }
        return Set(names.compactMap { $0 }).subtracting(["local", ""])
    }

    /// As mesos-compose reads it; nil for a definition of another framework.
    private static func compose(_ definition: JSON) -> ComposeService? {
        guard definition["service"] != nil, let object = definition.object else { return nil }
        return try? ComposeService(object)
    }
}
