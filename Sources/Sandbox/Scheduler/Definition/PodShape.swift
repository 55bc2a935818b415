extension Shape {
    /// The types of a pod's fields (Marathon 1.11, `pod.raml` and the types it names).
    static let pod = Shape.object(
        [
            "id": .string(minimumLength: 1), "labels": .map(.string()), "user": .string(),
            "environment": environment, "containers": .array(container, minimumCount: 1), "secrets": .map(secret),
            "volumes": .array(.object(["name": .string(minimumLength: 1)], required: ["name"])),
            "networks": .array(network), "scaling": scaling, "scheduling": scheduling,
            "executorResources": .object([
                "cpus": .number(minimum: 0.1), "mem": .number(minimum: 32), "disk": .number(minimum: 10),
            ]),
            "role": .string(minimumLength: 1), "version": .string(),
        ], required: ["id", "containers"])

    private static let scaling = Shape.object([
        "kind": .enumeration(["fixed"]), "instances": .integer(natural),
    ])

    private static let scheduling = Shape.object([
        "backoff": .object([
            "backoff": .number(minimum: 0), "backoffFactor": .number(minimum: 0), "maxLaunchDelay": .number(minimum: 0),
        ]),
        "upgrade": .object([
            "minimumHealthCapacity": .number(minimum: 0, maximum: 1),
            "maximumOverCapacity": .number(minimum: 0, maximum: 1),
        ]),
        "placement": .object([
            "acceptedResourceRoles": .array(.string()),
            "constraints": .array(
                .object(
                    [
                        "fieldName": .string(),
                        "operator": .enumeration(["UNIQUE", "CLUSTER", "GROUP_BY", "LIKE", "UNLIKE", "MAX_PER", "IS"]),
                        "value": .string(),
                    ], required: ["fieldName", "operator"])),
        ]),
        "killSelection": .enumeration(["YOUNGEST_FIRST", "OLDEST_FIRST"]),
    ])

    private static let container = Shape.object(
        [
            "name": .name, "exec": .object(["command": command], required: ["command"]),
            "resources": .object(
                [
                    "cpus": .number(minimum: 0.001), "mem": .number(minimum: 0.001), "disk": .number(minimum: 0),
                    "gpus": .integer(natural),
                ], required: ["cpus", "mem"]),
            "endpoints": .array(endpoint), "environment": environment, "user": .string(), "labels": .map(.string()),
            "image": .object(
                ["kind": .enumeration(["DOCKER"]), "id": .string(minimumLength: 1), "forcePull": .boolean],
                required: ["kind", "id"]),
            "healthCheck": healthCheck, "tty": .boolean,
            "volumeMounts": .array(
                .object(
                    ["name": .name, "mountPath": .string(minimumLength: 1), "readOnly": .boolean],
                    required: ["name", "mountPath"])),
            "artifacts": .array(.object(["uri": .string(minimumLength: 1)], required: ["uri"])),
            "lifecycle": .object(["killGracePeriodSeconds": .number(minimum: 0)]),
        ], required: ["name", "resources"])

    private static let command = Shape.object([
        "shell": .string(minimumLength: 1), "argv": .array(.string(), minimumCount: 1),
    ])

    private static let endpoint = Shape.object(
        [
            "name": .name, "containerPort": .integer(1...65535), "hostPort": .integer(port),
            "protocol": .array(.string()), "labels": .map(.string()),
        ], required: ["name"])

    private static let healthCheck = Shape.object([
        "http": .object(
            ["endpoint": .name, "path": .string(minimumLength: 1), "scheme": .enumeration(["HTTP", "HTTPS"])],
            required: ["endpoint"]),
        "tcp": .object(["endpoint": .name], required: ["endpoint"]),
        "exec": .object(["command": command], required: ["command"]),
        "gracePeriodSeconds": .integer(natural), "intervalSeconds": .integer(natural),
        "maxConsecutiveFailures": .integer(natural), "timeoutSeconds": .integer(natural),
        "delaySeconds": .integer(natural),
    ])
}
