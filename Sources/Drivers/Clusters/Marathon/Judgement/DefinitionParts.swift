import JSON
import Migration

/// The parts of an app or a pod that matter to a judgement, each with its path: apps and pods spell them differently.
struct DefinitionParts: Sendable {
    struct Part: Sendable {
        let path: String
        let json: JSON
    }

    let definition: MarathonDefinition
    private let json: JSON

    init(_ definition: MarathonDefinition) {
        self.definition = definition
        json = .object(definition.json)
    }

    var isPod: Bool { definition.kind == .pod }

    /// Containers of a pod; of an app the one that it may have.
    var containers: [Part] {
        if isPod { return list("containers") }
        return json["container"].map { [Part(path: "container", json: $0)] } ?? []
    }

    var volumes: [Part] { list(isPod ? "volumes" : "container.volumes") }
    var networks: [Part] { list("networks") }
    var constraints: [Part] { list(isPod ? "scheduling.placement.constraints" : "constraints") }

    var acceptedRoles: Part? { part(isPod ? "scheduling.placement.acceptedResourceRoles" : "acceptedResourceRoles") }

    /// Files that are fetched before a start.
    var files: [Part] {
        guard isPod else { return list("fetch") }
        return containers.flatMap { list("artifacts", of: $0) }
    }

    /// Variables, those of a pod's containers too.
    var variables: [Part] {
        let own = isPod ? members("environment") : members("env")
        return own + (isPod ? containers.flatMap { members("environment", of: $0) } : [])
    }

    /// What a registry requires before it gives an image.
    var pullConfigs: [Part] {
        containers.compactMap { container in
            let key = isPod ? "image" : "docker"
            return container.json[key]?["pullConfig"].map {
                Part(path: "\(container.path).\(key).pullConfig", json: $0)
            }
        }
    }

    var images: [String] {
        containers.compactMap { container in
            isPod ? container.json["image"]?["id"]?.string : container.json["docker"]?["image"]?.string
        }
    }

    /// Ports of the host that are asked for by their number.
    var fixedPorts: [Part] {
        if isPod { return containers.flatMap { list("endpoints", of: $0) }.flatMap { fixed("hostPort", of: $0) } }
        let isRequired = json["requirePorts"]?.bool == true
        return (isRequired ? list("portDefinitions").flatMap { fixed("port", of: $0) } : [])
            + list("container.portMappings").flatMap { fixed("hostPort", of: $0) }
    }

    func part(_ path: String) -> Part? {
        json.value(at: FieldPath(keys: path.split(separator: ".").map(String.init))).map { Part(path: path, json: $0) }
    }

    private func fixed(_ key: String, of part: Part) -> [Part] {
        guard let port = part.json[key]?.int, port != 0 else { return [] }
        return [Part(path: "\(part.path).\(key)", json: part.json[key] ?? .null)]
    }

    private func list(_ path: String) -> [Part] { part(path).map(elements) ?? [] }

    private func list(_ key: String, of part: Part) -> [Part] {
        part.json[key].map { elements(Part(path: "\(part.path).\(key)", json: $0)) } ?? []
    }

    private func elements(_ part: Part) -> [Part] {
        (part.json.array ?? []).enumerated().map { Part(path: "\(part.path).\($0.offset)", json: $0.element) }
    }

    private func members(_ key: String) -> [Part] {
        (json[key]?.object ?? JSONObject()).map { Part(path: "\(key).\($0.key)", json: $0.value) }
    }

    private func members(_ key: String, of part: Part) -> [Part] {
        (part.json[key]?.object ?? JSONObject()).map {
            Part(path: "\(part.path).\(key).\($0.key)", json: $0.value)
        }
    }
}
