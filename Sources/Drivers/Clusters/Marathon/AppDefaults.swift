import JSON

/// What Marathon fills in where the definition of an app is silent.
///
/// Source: Marathon 1.11, RAML types and `AppNormalization.scala`.
enum AppDefaults {
    /// The app as any Marathon would report it, without its instance count. Its role is not filled in: it is the
    /// cluster's, and another cluster's is called differently.
    static func filled(_ app: JSONObject) -> JSON {
        var app = app
        app["instances"] = nil
        let isResident = (app["container"]?["volumes"]?.array ?? []).contains { $0["persistent"] != nil }
        app = NormalForm.merged(app, defaults)
        app["upgradeStrategy"] = NormalForm.filled(
            app["upgradeStrategy"] ?? [:],
            isResident
                ? ["minimumHealthCapacity": 0.5, "maximumOverCapacity": 0]
                : ["minimumHealthCapacity": 1, "maximumOverCapacity": 1])
        app["unreachableStrategy"] = NormalForm.filled(
            app["unreachableStrategy"] ?? (isResident ? "disabled" : [:]),
            ["inactiveAfterSeconds": 0, "expungeAfterSeconds": 0])
        if app["networks"] == nil || NormalForm.isEmpty(app["networks"]) { app["networks"] = [["mode": "host"]] }
        NormalForm.fillEach("networks", of: &app, ["mode": "container"])
        NormalForm.fillEach("portDefinitions", of: &app, ["port": 0, "protocol": "tcp"])
        NormalForm.fillEach("fetch", of: &app, ["extract": true, "executable": false, "cache": false])
        NormalForm.fillEach("readinessChecks", of: &app, readinessCheck)
        NormalForm.fillEach("healthChecks", of: &app, healthCheck)
        app["healthChecks"] = app["healthChecks"]?.array.map { .array($0.map(withPort)) }
        fillContainer(&app)
        return NormalForm.of(app, sets: ["constraints", "acceptedResourceRoles", "dependencies"])
    }

    private static func fillContainer(_ app: inout JSONObject) {
        guard var container = app["container"]?.object else { return }
        let isBridge = (app["networks"]?.array ?? []).contains { $0["mode"] == "container/bridge" }
        NormalForm.fillEach("portMappings", of: &container, ["containerPort": 0, "servicePort": 0, "protocol": "tcp"])
        if isBridge { NormalForm.fillEach("portMappings", of: &container, ["hostPort": 0]) }
        NormalForm.fillEach("volumes", of: &container, ["mode": "RW"])
        if container["docker"] != nil {
            container["docker"] = NormalForm.filled(
                container["docker"] ?? [:], ["forcePullImage": false, "privileged": false])
        }
        if container["type"] == nil { container["type"] = "DOCKER" }
        for key in container.keys where NormalForm.isEmpty(container[key]) { container[key] = nil }
        app["container"] = .object(container)
    }

    private static let defaults: KeyValuePairs<String, JSON> = [
        "cpus": 1, "mem": 128, "disk": 0, "gpus": 0, "backoffSeconds": 1, "backoffFactor": 1.15,
        "maxLaunchDelaySeconds": 300, "requirePorts": false, "killSelection": "YOUNGEST_FIRST",
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
        return NormalForm.filled(healthCheck, ["portIndex": 0])
    }
}
