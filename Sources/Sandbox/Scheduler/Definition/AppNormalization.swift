import JSON

/// Marathon's `AppNormalization`: deprecated spellings become canonical ones, then absent fields get their defaults.
///
/// Fields the scheduler does not know are kept, as a newer Marathon would keep its own.
enum AppNormalization {
    /// Keys that only the server writes; a client that sends them back is not wrong, they are ignored.
    private static let readOnly: Set<String> = [
        "version", "versionInfo", "tasks", "tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy",
        "deployments", "readinessCheckResults", "lastTaskFailure", "taskStats", "tasksStats", "storeUrls",
    ]

    /// Rewrites deprecated fields of a whole app or of a partial update; throws where both spellings are given.
    static func canonical(_ body: JSON) throws(MarathonError) -> JSONObject {
        let body = body.withoutNulls
        try Shape.app.check(body)
        var app = body.object ?? JSONObject()
        for key in readOnly { app[key] = nil }
        try fetch(&app)
        try portMappings(&app)
        try networks(&app)
        if let ports = app["ports"]?.array {
            if !(app["portDefinitions"]?.array ?? []).isEmpty, !ports.isEmpty {
                throw MarathonError(422, "cannot specify both ports and port definitions")
            }
            app["ports"] = nil
            app["portDefinitions"] = .array(ports.map { ["port": $0, "protocol": "tcp"] })
        }
        return app
    }

    private static func fetch(_ app: inout JSONObject) throws(MarathonError) {
        guard let uris = app["uris"]?.array else { return }
        if !uris.isEmpty, !(app["fetch"]?.array ?? []).isEmpty {
            throw MarathonError(422, "cannot specify both uris and fetch fields")
        }
        app["uris"] = nil
        guard !uris.isEmpty else { return }
        let archives = [".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".gz", ".tgz", ".tbz2", ".txz", ".zip"]
        app["fetch"] = .array(
            uris.map { uri in
                let path = (uri.string ?? "").prefix { $0 != "?" && $0 != "#" }
                let extract = archives.contains { path.hasSuffix($0) }
                return ["uri": uri, "extract": .bool(extract), "executable": false, "cache": false]
            })
    }

    private static func portMappings(_ app: inout JSONObject) throws(MarathonError) {
        guard var container = app["container"]?.object, var docker = container["docker"]?.object,
            let mappings = docker["portMappings"]
        else { return }
        docker["portMappings"] = nil
        if !(mappings.array ?? []).isEmpty {
            guard (container["portMappings"]?.array ?? []).isEmpty else {
                throw MarathonError(422, "cannot specify both portMappings and docker.portMappings")
            }
            container["portMappings"] = mappings
        }
        container["docker"] = .object(docker)
        app["container"] = .object(container)
    }

    private static func networks(_ app: inout JSONObject) throws(MarathonError) {
        let address = app["ipAddress"]?.object
        app["ipAddress"] = nil
        var mode: String?
        if var container = app["container"]?.object, var docker = container["docker"]?.object,
            let network = docker["network"]?.string?.uppercased()
        {
            guard app["networks"] == nil else {
                throw MarathonError(422, "must not specify both container.docker.network and networks")
            }
            docker["network"] = nil
            container["docker"] = .object(docker)
            app["container"] = .object(container)
            mode = network
        }
        if address != nil, app["networks"] != nil {
            throw MarathonError(422, "cannot mix deprecated and canonical network APIs")
        }
        try discovery(address, &app)
        let name = address?["networkName"]
        switch mode {
        case "HOST": app["networks"] = [["mode": "host"]]
        case "BRIDGE": app["networks"] = [["mode": "container/bridge"]]
        case "NONE": throw MarathonError(422, "unsupported docker network type NONE")
        case "USER": app["networks"] = [containerNetwork(name, address)]
        default:
            guard address != nil else { return }
            app["networks"] =
                name?.string == "mesos-bridge" ? [["mode": "container/bridge"]] : [containerNetwork(name, address)]
        }
    }

    private static func containerNetwork(_ name: JSON?, _ address: JSONObject?) -> JSON {
        var network: JSONObject = JSONObject(fields: [("mode", "container")])
        network["name"] = name
        if let labels = address?["labels"], !labels.isEmptyContainer { network["labels"] = labels }
        return .object(network)
    }

    /// The ports an address announces are the container's; without a container they make one.
    private static func discovery(_ address: JSONObject?, _ app: inout JSONObject) throws(MarathonError) {
        guard let ports = address?["discovery"]?["ports"]?.array, !ports.isEmpty else { return }
        var container = app["container"]?.object ?? JSONObject(fields: [("type", "MESOS")])
        guard (container["portMappings"]?.array ?? []).isEmpty else {
            throw MarathonError(422, "ipAddress/discovery is not allowed in conjunction with container.portMappings")
        }
        container["portMappings"] = .array(
            ports.map { port in
                var mapping = JSONObject(fields: [("containerPort", port["number"] ?? 0)])
                for key in ["name", "protocol", "labels"] { mapping[key] = port[key] }
                return .object(mapping)
            })
        app["container"] = .object(container)
    }
}

extension JSON {
    /// The document without the object members that are null; Marathon reads null as absent.
    var withoutNulls: JSON {
        switch self {
        case .object(let object):
            return .object(
                JSONObject(fields: object.filter { !$0.value.isNull }.map { ($0.key, $0.value.withoutNulls) }))
        case .array(let elements): return .array(elements.map(\.withoutNulls))
        default: return self
        }
    }
}
