extension Shape {
    /// The types of an app's fields (Marathon 1.11, `app.raml` and the types it names).
    static let app = Shape.object([
        "id": .string(), "cmd": .string(minimumLength: 1), "args": .array(.string()), "user": .string(),
        "cpus": .number(minimum: 0.001), "mem": .number(minimum: 0), "disk": .number(minimum: 0),
        "gpus": .integer(natural), "instances": .integer(natural), "env": environment, "labels": .map(.string()),
        "constraints": .array(.array(.string())), "container": container, "dependencies": .array(.string()),
        "healthChecks": .array(healthCheck), "portDefinitions": .array(portDefinition),
        "ports": .array(.integer(port)), "requirePorts": .boolean,
        "upgradeStrategy": .object(["minimumHealthCapacity": .number(), "maximumOverCapacity": .number()]),
        "backoffSeconds": .integer(natural), "backoffFactor": .number(minimum: 1),
        "maxLaunchDelaySeconds": .integer(natural), "taskKillGracePeriodSeconds": .integer(natural),
        "killSelection": .enumeration(["YOUNGEST_FIRST", "OLDEST_FIRST"]), "unreachableStrategy": .any,
        "uris": .array(.string()),
        "fetch": .array(
            .object(
                [
                    "uri": .string(minimumLength: 1), "extract": .boolean, "executable": .boolean, "cache": .boolean,
                    "destPath": .string(minimumLength: 1),
                ], required: ["uri"])),
        "networks": .array(network),
        "ipAddress": .object([:]), "role": .string(minimumLength: 1), "secrets": .map(secret),
        "acceptedResourceRoles": .array(.string()),
        "residency": .object([
            "relaunchEscalationTimeoutSeconds": .integer(0...Int.max),
            "taskLostBehavior": .enumeration(["WAIT_FOREVER", "RELAUNCH_AFTER_TIMEOUT"]),
        ]), "readinessChecks": .array(readinessCheck),
        "tty": .boolean, "executor": .string(), "version": .string(),
    ])

    static let natural = 0...Int(Int32.max)
    static let port = 0...65535

    private static let protocols = ["tcp", "udp", "udp,tcp", "tcp,udp"]

    /// A value, or a reference to a secret.
    static let environment = Shape.map(.either(.string(), .object(["secret": .string()], required: ["secret"])))
    static let secret = Shape.object(["source": .string(minimumLength: 1)], required: ["source"])
    static let network = Shape.object([
        "name": .string(minimumLength: 1), "mode": .enumeration(["container", "container/bridge", "host"]),
        "labels": .map(.string()),
    ])

    private static let volume = Shape.object([
        "containerPath": .string(minimumLength: 1), "hostPath": .string(), "mode": .enumeration(["RO", "RW"]),
        "persistent": .object(
            [
                "size": .integer(0...Int.max), "type": .enumeration(["root", "path", "mount"]),
                "constraints": .array(.array(.string())),
            ], required: ["size"]),
        "external": .object(["name": .string(), "provider": .string(), "options": .map(.any)]),
        "secret": .string(minimumLength: 1),
    ])

    private static let readinessCheck = Shape.object([
        "name": .string(minimumLength: 1), "protocol": .enumeration(["HTTP", "HTTPS"]),
        "path": .string(minimumLength: 1), "portName": .legacyName, "intervalSeconds": .integer(natural),
        "timeoutSeconds": .integer(1...Int(Int32.max)),
        "httpStatusCodesForReady": .array(.integer(natural), minimumCount: 1), "preserveLastResponse": .boolean,
    ])

    private static let portMapping = Shape.object([
        "containerPort": .integer(port), "hostPort": .integer(port), "servicePort": .integer(port),
        "name": .legacyName, "protocol": .enumeration(protocols), "labels": .map(.string()),
    ])

    private static let portDefinition = Shape.object([
        "port": .integer(port), "name": .legacyName, "protocol": .enumeration(protocols), "labels": .map(.string()),
    ])

    private static let container = Shape.object([
        "type": .enumeration(["MESOS", "DOCKER"]), "volumes": .array(volume),
        "portMappings": .array(portMapping),
        "docker": .object(
            [
                "image": .string(minimumLength: 1), "network": .enumeration(["BRIDGE", "HOST", "NONE", "USER"]),
                "privileged": .boolean, "forcePullImage": .boolean, "portMappings": .array(portMapping),
                "parameters": .array(
                    .object(["key": .string(minimumLength: 1), "value": .string()], required: ["key", "value"])),
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
