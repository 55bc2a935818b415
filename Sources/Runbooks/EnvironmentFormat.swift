import Migration

/// `environments/NAME/environment.yaml`.
enum EnvironmentFormat {
    static let shape = Shape.object([
        .required("apiVersion", .choice(["rz/v1"]), "the version of this format"),
        .required("name", .text, "the name of the environment, that of its folder"),
        .optional("runbook", .text, "a file under runbooks/, without .yaml"),
        .optional(
            "git",
            .object([
                .optional("requireClean", .flag, "refuse a checkout with uncommitted or untracked files"),
                .optional("requireSigned", .flag, "refuse a commit without a signature that can be verified"),
            ]), "what the checkout must be like"),
        .required(
            "provision", .object([.optional("terraform", terraform), .optional("static", staticServers)]),
            "how servers come to be"),
        .optional(
            "configure",
            .object([
                .required(
                    "ansible",
                    .object([
                        .required("playbook", .text, "relative to the environment's folder"),
                        .optional("idempotenceCheck", .flag, "whether a second run must change nothing"),
                        .optional("variables", .map(.setting), "extra variables"),
                    ]))
            ]), "how servers are configured"),
        .optional(
            "platform",
            .object([
                .required(
                    "mesos",
                    .object([
                        .required("master", .setting, "URL of the Mesos master; may hold {{ … }}"),
                        .optional(
                            "agents",
                            .object([.optional("atLeast", .integer(0...100_000), "agents that must be there")])),
                    ]))
            ]), "what must run before services are launched"),
        .required("services", services, "which services move, and what changes on the way"),
        .required("loadBalancers", .list(loadBalancer, atLeast: 1), "the load balancers in front of both colors"),
        .required(
            "traffic",
            .list(
                .object([
                    .required("backend", .text, "the same name on every load balancer"),
                    .required(
                        "servers", .object([.required("blue", .text), .required("green", .text)]),
                        "patterns of server names, * for any text"),
                ]), atLeast: 1), "which servers belong to which color"),
        .optional(
            "gates", .object([.optional("service", serviceGate), .optional("cutOver", cutOver)]),
            "under which conditions a run goes on"),
        .optional(
            "drain",
            .object([
                .optional("quiet", .period, "how long sessions, queue and rate must be zero"),
                .optional("deadline", .period, "for the old sessions to end"),
                .optional("atDeadline", .choice(DrainPolicy.AtDeadline.allCases.map(\.rawValue)), "what happens then"),
            ]), "how the old color gets quiet"),
        .optional("soak", .period, "how long the old color stays up, untouched, before its end"),
        .optional(
            "approvals",
            .object(
                Phase.allCases.map { phase in
                    .optional(
                        phase.rawValue,
                        .either([
                            .integer(0...100), .object([.required("waived", .text, "the reason")]),
                        ]), "approvals before \(phase)")
                }), "how many people must say yes, by phase"),
        .optional(
            "limits",
            .object([
                .optional("minHealthy", .integer(1...10_000), "servers that must be up before a color gets traffic"),
                .optional("launches", .integer(1...100), "services launched at the same time"),
                .later("maxStep"), .later("headroom"),
            ]), "bounds that a run never crosses"),
        .later("notify"),
    ])

    private static let terraform = Shape.object([
        .required("root", .text, "folder of the servers' root module; each color has its own state"),
        .optional("disks", .text, "folder of the data disks' root module, a state that nothing destroys"),
        .optional("variables", .map(.setting)),
        .optional(
            "colors", .object([.optional("blue", .map(.setting)), .optional("green", .map(.setting))]),
            "variables that differ"),
    ])

    private static let staticServers = Shape.object([
        .optional(
            "command", .list(.setting, atLeast: 1),
            "called with apply COLOR, destroy COLOR, apply disks, output COLOR"),
        .optional(
            "servers", .object([.optional("blue", groups), .optional("green", groups)]),
            "servers that always exist, by color and group"),
    ])

    private static let groups = Shape.map(.list(.map(.text), atLeast: 0))

    private static let services = Shape.object([
        .required(
            "sources",
            .list(
                .object([
                    .optional(
                        "marathon",
                        .object([
                            .required("url", .setting, "may hold {{ … }}: each color has its own"),
                            .optional("group", .text, "only services below it move"),
                            .optional("user", .setting), .optional("password", .setting),
                        ])),
                    .later("metronome"), .later("compose"), .later("chronos"),
                ]), atLeast: 1), "the frameworks that launch services"),
        .optional("ignore", .list(.text, atLeast: 0), "patterns of services that stay"),
        .optional(
            "overrides",
            .list(
                .object([
                    .required(
                        "match", .either([.text, .object([.required("label", .text, "key=value")])]),
                        "a pattern of ids, or a label"),
                    .optional("set", .map(.setting), "dotted paths and their new values; may hold {{ … }}"),
                    .optional("remove", .list(.text, atLeast: 0), "dotted paths"),
                    .later("mode"),
                ]), atLeast: 0), "changes on the way"),
    ])

    private static let loadBalancer = Shape.object([
        .required("name", .text),
        .required(
            "haproxy",
            .object([
                .required("socket", .setting, "unix:/path or tcp:host:port, level admin"),
                .optional("stateFile", .setting, "the file that a reload reads, if this host can write it"),
                .optional("epochMap", .setting, "the map whose entry `epoch` tells which run may write"),
                .later("dataplane"),
            ])),
    ])

    private static let serviceGate = Shape.object([
        .optional("healthy", .object([.required("for", .period, "without a break")])),
        .optional(
            "probes",
            .list(
                .object([
                    .optional(
                        "http",
                        .object([
                            .optional("url", .setting, "without it, every server of the new color that is up is asked"),
                            .required("path", .text), .optional("expect", .integer(100...599), "the status"),
                        ])),
                    .optional("tcp", .object([.optional("address", .setting, "host:port")])),
                    .optional("command", .list(.setting, atLeast: 1), "passes when it exits with 0"),
                    .optional("timeout", .period),
                ]), atLeast: 0)),
        .optional("passes", .integer(1...1000), "consecutive passes that each probe needs"),
    ])

    private static let cutOver = Shape.object([
        .optional(
            "steps",
            .list(
                .object([
                    .required("weight", .percent, "the new color's share"),
                    .required("bake", .period, "how long it is watched"),
                ]), atLeast: 1)),
        .optional(
            "analysis",
            .list(
                .object([
                    .optional(
                        "haproxy",
                        .object([
                            .optional("errorRate", .object([.required("max", .percent)])),
                            .optional(
                                "responseTime", .object([.required("maxRatioToLive", .number)]),
                                "mean, over the last 1024 requests"),
                            .optional("minRequests", .integer(1...1_000_000), "below this there is no verdict"),
                            .optional(
                                "whenIdle", .choice(Analysis.HAProxy.WhenIdle.allCases.map(\.rawValue)),
                                "what a backend without enough requests means"),
                            .later("p99"),
                        ])),
                    .later("prometheus"),
                ]), atLeast: 0)),
        .optional("interval", .period, "how often the analysis looks"),
    ])
}
