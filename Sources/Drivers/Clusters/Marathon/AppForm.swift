import JSON

/// An app in the form of Marathon 1.5 and later, without what Marathon owns. Applied twice it changes nothing more.
enum AppForm {
    static func of(_ app: JSONObject) -> JSONObject {
        var app = JSONObject(
            app.filter { !owned.contains($0.key) && !$0.value.isNull }.map { ($0.key, $0.value.withoutNulls) })
        if let id = app["id"]?.string, !id.hasPrefix("/") { app["id"] = .string("/" + id) }
        if app["executor"]?.string?.isEmpty == true { app["executor"] = nil }
        app["residency"] = nil
        moveURIs(&app)
        moveDockerPortMappings(&app)
        moveNetwork(&app)
        movePorts(&app)
        return app
    }

    /// Fields that Marathon owns: an app that carries them can't be sent back.
    private static let owned: Set<String> = [
        "version", "versionInfo", "tasks", "tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy",
        "deployments", "readinessCheckResults", "lastTaskFailure", "taskStats", "tasksStats", "storeUrls",
    ]

    /// `uris` from before 1.5 are `fetch` since; both together are refused by Marathon.
    private static func moveURIs(_ app: inout JSONObject) {
        guard let uris = app["uris"]?.array else { return }
        app["uris"] = nil
        guard !uris.isEmpty, app["fetch"]?.array?.isEmpty != false else { return }
        app["fetch"] = .array(
            uris.filter { !$0.isNull }.map { uri in
                ["uri": uri, "extract": .bool(isArchive(uri.string ?? "")), "executable": false, "cache": false]
            })
    }

    /// Judged by the path: what follows `?` or `#` says nothing about the file.
    private static func isArchive(_ uri: String) -> Bool {
        let path = uri.prefix { $0 != "?" && $0 != "#" }
        return [".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".gz", ".tgz", ".tbz2", ".txz", ".zip"]
            .contains { path.hasSuffix($0) }
    }

    private static func moveDockerPortMappings(_ app: inout JSONObject) {
        guard var container = app["container"]?.object, var docker = container["docker"]?.object,
            let mappings = docker["portMappings"]
        else { return }
        docker["portMappings"] = nil
        container["docker"] = .object(docker)
        if container["portMappings"]?.array?.isEmpty != false { container["portMappings"] = mappings }
        app["container"] = .object(container)
    }

    /// `docker.network` and `ipAddress` are `networks` since 1.5.
    private static func moveNetwork(_ app: inout JSONObject) {
        let address = app["ipAddress"]?.object
        let named = app["container"]?["docker"]?["network"]
        let docker = named?.string
        app["ipAddress"] = nil
        // Marathon refuses any other kind, also NONE; without it the app would quietly get the host's network.
        guard named == nil || ["HOST", "BRIDGE", "USER"].contains(docker) else { return }
        setDockerNetwork(&app, nil)
        if let ports = address?["discovery"]?["ports"]?.array, !ports.isEmpty { moveDiscovery(ports, &app) }
        guard app["networks"]?.array?.isEmpty != false else { return }
        let labels = address?["labels"]?.object.flatMap { $0.isEmpty ? nil : $0 }.map(JSON.object)
        let name = address?["networkName"]
        switch (docker, address) {
        case ("HOST", _): app["networks"] = [["mode": "host"]]
        case ("BRIDGE", _): app["networks"] = [network("container/bridge", nil, labels)]
        case ("USER", _): app["networks"] = [network("container", name, labels)]
        case (_, _?) where name == "mesos-bridge": app["networks"] = [network("container/bridge", nil, labels)]
        case (_, _?): app["networks"] = [network("container", name, labels)]
        default: break
        }
    }

    private static func setDockerNetwork(_ app: inout JSONObject, _ network: JSON?) {
        guard var container = app["container"]?.object, var docker = container["docker"]?.object else { return }
        docker["network"] = network
        container["docker"] = .object(docker)
        app["container"] = .object(container)
    }

    private static func network(_ mode: JSON, _ name: JSON?, _ labels: JSON?) -> JSON {
        var network = JSONObject([("mode", mode)])
        network["name"] = name
        network["labels"] = labels
        return .object(network)
    }

    /// Ports of an address of its own were `ipAddress.discovery.ports`; they had no port on the host.
    private static func moveDiscovery(_ ports: [JSON], _ app: inout JSONObject) {
        var container = app["container"]?.object ?? JSONObject([("type", "MESOS")])
        guard container["portMappings"]?.array?.isEmpty != false else { return }
        container["portMappings"] = .array(
            ports.map { port in
                var mapping = JSONObject([("containerPort", port["number"] ?? 0)])
                for key in ["name", "protocol", "labels"] { mapping[key] = port[key] }
                return .object(mapping)
            })
        app["container"] = .object(container)
    }

    /// `ports` from before 1.5 are `portDefinitions` since; a network that is not the host's has port mappings only.
    private static func movePorts(_ app: inout JSONObject) {
        let ports = app["ports"]?.array
        app["ports"] = nil
        guard isOnHost(app) else {
            app["portDefinitions"] = nil
            if app["requirePorts"] != nil { app["requirePorts"] = false }
            return
        }
        if let ports, app["portDefinitions"] == nil {
            // Members that are null are left out everywhere.
            app["portDefinitions"] = .array(
                ports.map { $0.isNull ? ["protocol": "tcp"] : ["port": $0, "protocol": "tcp"] })
        }
        if var container = app["container"]?.object, container["portMappings"] != nil {
            container["portMappings"] = nil
            app["container"] = .object(container)
        }
    }

    private static func isOnHost(_ app: JSONObject) -> Bool {
        (app["networks"]?.array ?? []).allSatisfy { $0["mode"]?.string == "host" }
    }
}

extension JSON {
    /// Without the members that are null, in depth; elements of a list stay where they are.
    var withoutNulls: JSON {
        switch self {
        case .object(let object):
            .object(JSONObject(object.filter { !$0.value.isNull }.map { ($0.key, $0.value.withoutNulls) }))
        case .array(let elements): .array(elements.map(\.withoutNulls))
        default: self
        }
    }
}
