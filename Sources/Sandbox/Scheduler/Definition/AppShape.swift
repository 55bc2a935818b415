extension Shape {
    /// The types of an app's fields (Marathon 1.11, `app.raml` and the types it names).
    static let app = Shape.object([
        "id": .string(), "cmd": .string(minimumLength: 1), "args": .array(.string()), "user": .string(),
        "cpus": .number(minimum: 0.001), "mem": .number(minimum: 0), "disk": .number(minimum: 0),
        "gpus": .integer(natural), "instances": .integer(natural), "env": .map(.any), "labels": .map(.string()),
        "constraints": .array(.array(.string())), "container": container, "dependencies": .array(.string()),
        "healthChecks": .array(healthCheck), "portDefinitions": .array(portDefinition),
        "ports": .array(.integer(port)), "requirePorts": .boolean,
        "upgradeStrategy": .object(["minimumHealthCapacity": .number(), "maximumOverCapacity": .number()]),
        "backoffSeconds": .integer(natural), "backoffFactor": .number(minimum: 1),
        "maxLaunchDelaySeconds": .integer(natural), "taskKillGracePeriodSeconds": .integer(natural),
        "killSelection": .enumeration(["YOUNGEST_FIRST", "OLDEST_FIRST"]), "unreachableStrategy": .any,
        "uris": .array(.string()), "fetch": .array(.object(["uri": .string()], required: ["uri"])),
        "networks": .array(.object(["mode": .enumeration(["container", "container/bridge", "host"])])),
        "ipAddress": .object([:]), "role": .string(minimumLength: 1), "secrets": .map(.any),
        "acceptedResourceRoles": .array(.string()), "residency": .object([:]), "readinessChecks": .array(.object([:])),
        "tty": .boolean, "executor": .string(), "version": .string(),
    ])

    private static let natural = 0...Int(Int32.max)
    private static let port = 0...65535

    private static let portMapping = Shape.object([
        "containerPort": .integer(port), "hostPort": .integer(port), "servicePort": .integer(port),
        "name": .string(), "protocol": .string(), "labels": .map(.string()),
    ])

    private static let portDefinition = Shape.object([
        "port": .integer(port), "name": .string(), "protocol": .string(), "labels": .map(.string()),
    ])

    private static let container = Shape.object([
        "type": .enumeration(["MESOS", "DOCKER"]), "volumes": .array(.object([:])),
        "portMappings": .array(portMapping),
        "docker": .object(
            [
                "image": .string(minimumLength: 1), "network": .enumeration(["BRIDGE", "HOST", "NONE", "USER"]),
                "privileged": .boolean, "forcePullImage": .boolean, "portMappings": .array(portMapping),
                "parameters": .array(.object(["key": .string(), "value": .string()])),
            ], required: ["image"]),
    ])

    private static let healthCheck = Shape.object([
        "protocol": .enumeration(["HTTP", "HTTPS", "TCP", "COMMAND", "MESOS_TCP", "MESOS_HTTP", "MESOS_HTTPS"]),
        "command": .object(["value": .string()]), "path": .string(),
        "port": .integer(port), "portIndex": .integer(port),
        "gracePeriodSeconds": .integer(natural), "intervalSeconds": .integer(natural),
        "timeoutSeconds": .integer(natural), "maxConsecutiveFailures": .integer(natural),
        "delaySeconds": .integer(natural), "ignoreHttp1xx": .boolean,
    ])
}
