import Digest
import JSON
import Migration

/// Digest of what makes two apps the same, whichever version of Marathon tells of them: defaults are filled in, what
/// is empty is left out, sets are sorted, numbers are compared by value. The instance count does not belong to it.
enum Fingerprint {
    static func of(_ app: AppDefinition) -> String {
        var bare = app.json
        bare["instances"] = nil
        bare["dependencies"] = .array(app.dependencies.map { .string($0.text) })
        fill(&bare)
        for key in ["constraints", "acceptedResourceRoles", "dependencies"] {
            bare[key] = bare[key]?.array.map { .array($0.sorted { $0.canonical < $1.canonical }) }
        }
        for key in bare.keys where isEmpty(bare[key]) { bare[key] = nil }
        return SHA256.hexadecimal(of: byValue(.object(bare)).canonical)
    }

    /// What Marathon fills in where a definition is silent (RAML types of 1.11, `AppNormalization.scala`).
    private static func fill(_ app: inout JSONObject) {
        let isResident = (app["container"]?["volumes"]?.array ?? []).contains { $0["persistent"] != nil }
        app = merged(app, defaults)
        app["upgradeStrategy"] = filled(
            app["upgradeStrategy"] ?? [:],
            isResident
                ? ["minimumHealthCapacity": 0.5, "maximumOverCapacity": 0]
                : ["minimumHealthCapacity": 1, "maximumOverCapacity": 1])
        app["unreachableStrategy"] = filled(
            app["unreachableStrategy"] ?? (isResident ? "disabled" : [:]),
            ["inactiveAfterSeconds": 0, "expungeAfterSeconds": 0])
        if app["networks"] == nil || isEmpty(app["networks"]) { app["networks"] = [["mode": "host"]] }
        fillEach("networks", of: &app, ["mode": "container"])
        fillEach("portDefinitions", of: &app, ["port": 0, "protocol": "tcp"])
        fillEach("fetch", of: &app, ["extract": true, "executable": false, "cache": false])
        fillEach("readinessChecks", of: &app, readinessCheck)
        fillEach("healthChecks", of: &app, healthCheck)
        app["healthChecks"] = app["healthChecks"]?.array.map { .array($0.map(withPort)) }
        fillContainer(&app)
    }

    private static func fillContainer(_ app: inout JSONObject) {
        guard var container = app["container"]?.object else { return }
        let isBridge = (app["networks"]?.array ?? []).contains { $0["mode"] == "container/bridge" }
        fillEach("portMappings", of: &container, ["containerPort": 0, "servicePort": 0, "protocol": "tcp"])
        if isBridge { fillEach("portMappings", of: &container, ["hostPort": 0]) }
        fillEach("volumes", of: &container, ["mode": "RW"])
        if container["docker"] != nil {
            container["docker"] = filled(container["docker"] ?? [:], ["forcePullImage": false, "privileged": false])
        }
        if container["type"] == nil { container["type"] = "DOCKER" }
        for key in container.keys where isEmpty(container[key]) { container[key] = nil }
        app["container"] = .object(container)
    }

    private static let defaults: KeyValuePairs<String, JSON> = [
        "cpus": 1, "mem": 128, "disk": 0, "gpus": 0, "backoffSeconds": 1, "backoffFactor": 1.15,
        "maxLaunchDelaySeconds": 300, "requirePorts": false, "killSelection": "YOUNGEST_FIRST", "role": "*",
    ]

    private static let healthCheck: KeyValuePairs<String, JSON> = [
        "gracePeriodSeconds": 300, "intervalSeconds": 60, "timeoutSeconds": 20, "maxConsecutiveFailures": 3,
        "delaySeconds": 15, "protocol": "HTTP", "ignoreHttp1xx": false, "ipProtocol": "IPv4",
    ]

    private static let readinessCheck: KeyValuePairs<String, JSON> = [
        "name": "readinessCheck", "protocol": "HTTP", "path": "/", "portName": "http-api", "intervalSeconds": 30,
        "timeoutSeconds": 10, "httpStatusCodesForReady": [200], "preserveLastResponse": false,
    ]

    private static func withPort(_ healthCheck: JSON) -> JSON {
        guard healthCheck["protocol"] != "COMMAND", healthCheck["port"] == nil else { return healthCheck }
        return filled(healthCheck, ["portIndex": 0])
    }

    // MARK: - Shapes

    private static func fillEach(_ key: String, of object: inout JSONObject, _ defaults: KeyValuePairs<String, JSON>) {
        object[key] = object[key]?.array.map { .array($0.map { filled($0, defaults) }) }
    }

    /// With defaults where it is silent, and without the empty lists and objects in it. What is no object stays.
    private static func filled(_ value: JSON, _ defaults: KeyValuePairs<String, JSON>) -> JSON {
        guard let object = value.object else { return value }
        var result = merged(object, defaults)
        for key in result.keys where isEmpty(result[key]) { result[key] = nil }
        return .object(result)
    }

    private static func merged(_ object: JSONObject, _ defaults: KeyValuePairs<String, JSON>) -> JSONObject {
        var result = object
        for (key, value) in defaults where result[key] == nil { result[key] = value }
        return result
    }

    private static func isEmpty(_ value: JSON?) -> Bool {
        value?.object?.isEmpty == true || value?.array?.isEmpty == true
    }

    /// Numbers by their value, so that `1` and `1.0` compare equal.
    private static func byValue(_ value: JSON) -> JSON {
        switch value {
        case .number(let number): number.double.flatMap(JSONNumber.init).map(JSON.number) ?? value
        case .array(let elements): .array(elements.map(byValue))
        case .object(let object): .object(JSONObject(object.map { ($0.key, byValue($0.value)) }))
        default: value
        }
    }
}
