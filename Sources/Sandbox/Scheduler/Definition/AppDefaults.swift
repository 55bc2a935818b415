import JSON

/// The second half of Marathon's normalisation: a canonical document gets every default Marathon writes out.
enum AppDefaults {
    static func complete(_ canonical: JSONObject, id: PathID, role: String) -> JSONObject {
        var app = canonical
        let dependencies = app["dependencies"]?.array
        var result = JSONObject(fields: [("id", .string(id.description))])
        for (key, value) in app where key != "id" { result[key] = value }
        app = result
        if let dependencies {
            app["dependencies"] = .array(
                dependencies.map { .string(PathID($0.string ?? "", base: id).description) })
        }
        let plain: [(String, JSON)] = [
            ("backoffFactor", 1.15), ("backoffSeconds", 1), ("cpus", 1), ("disk", 0), ("executor", ""), ("gpus", 0),
            ("instances", 1), ("killSelection", "YOUNGEST_FIRST"), ("labels", [:]), ("maxLaunchDelaySeconds", 300),
            ("mem", 128), ("requirePorts", false), ("role", .string(role)),
        ]
        for (key, value) in plain where app[key] == nil { app[key] = value }
        for key in [
            "constraints", "dependencies", "env", "fetch", "healthChecks", "args", "secrets", "readinessChecks",
        ]
        where app[key]?.isEmptyContainer == true {
            app[key] = nil
        }
        networking(&app)
        strategies(&app)
        healthChecks(&app)
        return app
    }

    private static func networking(_ app: inout JSONObject) {
        if (app["networks"]?.array ?? []).isEmpty { app["networks"] = [["mode": "host"]] }
        let modes = (app["networks"]?.array ?? []).map { $0["mode"]?.string ?? "container" }
        var container = app["container"]?.object
        if modes.contains("host") {
            container?["portMappings"] = nil
            let definitions = app["portDefinitions"]?.array ?? [["port": 0, "name": "default"]]
            app["portDefinitions"] = .array(definitions.map { withDefault($0, "protocol", "tcp") })
        } else {
            let mappings = container?["portMappings"]?.array ?? expanded(app["portDefinitions"]?.array)
            app["portDefinitions"] = nil
            app["requirePorts"] = false
            let bridge = modes.contains("container/bridge")
            var complete = container ?? JSONObject(fields: [("type", "MESOS")])
            complete["portMappings"] = .array(
                mappings.map { mapping in
                    var mapping = mapping
                    for (key, value) in [("containerPort", 0), ("servicePort", 0)] as [(String, JSON)] {
                        mapping = withDefault(mapping, key, value)
                    }
                    if bridge { mapping = withDefault(mapping, "hostPort", 0) }
                    return withDefault(mapping, "protocol", "tcp")
                })
            container = complete
        }
        if container?["type"] == nil { container?["type"] = "DOCKER" }
        if let container { app["container"] = .object(container) }
    }

    private static func expanded(_ definitions: [JSON]?) -> [JSON] {
        guard let definitions else { return [["containerPort": 0, "name": "default"]] }
        return definitions.map { definition in
            var mapping = JSONObject(fields: [("containerPort", 0), ("servicePort", definition["port"] ?? 0)])
            for key in ["name", "protocol", "labels"] { mapping[key] = definition[key] }
            return .object(mapping)
        }
    }

    private static func strategies(_ app: inout JSONObject) {
        let volumes = app["container"]?["volumes"]?.array ?? []
        let resident = app["residency"] != nil || volumes.contains { $0["persistent"] != nil }
        if resident, app["residency"] == nil {
            app["residency"] = ["relaunchEscalationTimeoutSeconds": 3600, "taskLostBehavior": "WAIT_FOREVER"]
        }
        var upgrade = app["upgradeStrategy"] ?? [:]
        upgrade = withDefault(upgrade, "maximumOverCapacity", resident ? 0 : 1)
        upgrade = withDefault(upgrade, "minimumHealthCapacity", resident ? 0.5 : 1)
        app["upgradeStrategy"] = upgrade
        if app["unreachableStrategy"] == nil {
            app["unreachableStrategy"] =
                resident ? "disabled" : ["inactiveAfterSeconds": 0, "expungeAfterSeconds": 0]
        }
    }

    private static func healthChecks(_ app: inout JSONObject) {
        guard let checks = app["healthChecks"]?.array else { return }
        let ports = app["portDefinitions"]?.array ?? app["container"]?["portMappings"]?.array ?? []
        app["healthChecks"] = .array(
            checks.map { check in
                var check = withDefault(check, "protocol", "HTTP")
                let defaults: [(String, JSON)] = [
                    ("gracePeriodSeconds", 300), ("intervalSeconds", 60), ("timeoutSeconds", 20),
                    ("maxConsecutiveFailures", 3), ("delaySeconds", 15), ("ipProtocol", "IPv4"),
                ]
                for (key, value) in defaults { check = withDefault(check, key, value) }
                let kind = check["protocol"]?.string ?? ""
                if kind == "HTTP" || kind == "HTTPS" { check = withDefault(check, "ignoreHttp1xx", false) }
                if kind != "COMMAND", check["port"] == nil, check["portIndex"] == nil, !ports.isEmpty {
                    check = withDefault(check, "portIndex", 0)
                }
                return check
            })
    }

    private static func withDefault(_ json: JSON, _ key: String, _ value: JSON) -> JSON {
        guard var object = json.object, object[key] == nil else { return json }
        object[key] = value
        return .object(object)
    }
}

extension JSON {
    var isEmptyContainer: Bool {
        switch self {
        case .array(let elements): elements.isEmpty
        case .object(let object): object.isEmpty
        default: false
        }
    }
}
