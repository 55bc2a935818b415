import JSON

/// One port an app asks for: a fixed host port, or any (0).
struct PortRequest: Sendable, Hashable {
    let hostPort: Int
    let servicePort: Int
    let name: String?

    /// The host ports wanted and the number of ports declared.
    static func list(of app: JSON) -> (requests: [PortRequest], declared: Int) {
        if let mappings = app["container"]?["portMappings"]?.array {
            let requests = mappings.map { mapping in
                PortRequest(
                    hostPort: mapping["hostPort"]?.int ?? 0, servicePort: mapping["servicePort"]?.int ?? 0,
                    name: mapping["name"]?.string)
            }
            return (requests, mappings.count)
        }
        let required = app["requirePorts"]?.bool ?? false
        let definitions = app["portDefinitions"]?.array ?? []
        let requests = definitions.map { definition in
            let port = definition["port"]?.int ?? 0
            return PortRequest(hostPort: required ? port : 0, servicePort: port, name: definition["name"]?.string)
        }
        return (requests, definitions.count)
    }
}
