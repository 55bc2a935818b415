import Migration
import Operations

/// `environments/NAME/environment.yaml`.
enum EnvironmentFormat {
    /// What a field means when it is left out: the same values that the decoder starts from.
    private static let standard = Environment(name: "")

    static let shape = Shape.object([
        .required("apiVersion", .choice(["rz/v1"]), "the version of this format", example: "rz/v1"),
        .required("name", .text(.name), "the name of the environment, that of its folder", example: "shop"),
        .optional(
            "runbook", .text(.name), "a file under runbooks/, without .yaml", default: standard.runbook,
            example: "rz-update"),
        .optional("git", git, "what the checkout must be like before a run is pinned to it"),
        .required("provision", provision, "how servers are built"),
        .optional("configure", configure, "how servers are configured"),
        .optional("platform", platform, "what must run before services are launched"),
        .required("services", ServicesFormat.shape, "which services move, and what changes on the way"),
        .required("loadBalancers", .list(loadBalancer, atLeast: 1), "the load balancers in front of both colors"),
        .required("traffic", .list(trafficRule, atLeast: 1), "which servers belong to which color"),
        .optional(
            "ignoreBackends", .list(ignoredBackend, atLeast: 0),
            "backends with servers of a color that no run moves"),
        .optional("gates", GatesFormat.shape, "under which conditions a run goes on"),
        .optional("drain", drain, "how the old color gets quiet"),
        .optional(
            "soak", .period, "how long the old color stays up, untouched, before its end", default: standard.soak,
            example: "15m"),
        .optional("drill", drill, "how moves are practised, with `rz drill`"),
        .optional("approvals", ApprovalsFormat.shape, "by phase: who must say yes before it begins"),
        .optional("approvers", ApprovalsFormat.approvers, "who may say it, and how they prove who they are"),
        .optional("limits", limits, "bounds that a run never crosses"),
        .optional(
            "tls", TLSFormat.shape, "the default for each place that is called over TLS"),
        .optional(
            "pass", .list(.text(.variable), atLeast: 0),
            "environment variables of rz that its programs may see besides the usual ones", example: "[NETBOX_URL]"),
        .optional("proxy", proxy, "how rz calls hosts outside both colors; variables such as HTTPS_PROXY are ignored"),
        .optional("policies", PoliciesFormat.shape, "what the definitions of services may not say"),
        .later("notify"),
    ])

    private static let git = Shape.object([
        .optional(
            "requireClean", .flag, "refuse a checkout with uncommitted or untracked files",
            default: standard.git.requireClean, example: "true"),
        .optional(
            "requireSigned", .flag, "refuse a commit without a signature that can be verified",
            default: standard.git.requireSigned, example: "false"),
    ])

    private static let drill = Shape.object([
        .required(
            "every", .periodAboveZero,
            "how long ago a run may have shown that a move works, there and back; then plans warn", example: "90d")
    ])

    private static let proxy = Shape.object([
        .required(
            "url", .setting(.url), "http://host:port; a user and a password by reference",
            example: "http://proxy.example.org:3128"),
        .optional(
            "except", .list(.text(.hosts), atLeast: 1),
            "hosts that are called without it, beside this host and the colors' servers; `*` stands for any text",
            example: "[ \"*.example.org\" ]"),
    ])

    // MARK: - Servers

    private static let provision = Shape.object(
        [
            .optional("terraform", TerraformFormat.shape, "servers built by Terraform or OpenTofu"),
            .optional("static", staticServers, "servers built by a program instead of Terraform, or a fixed list"),
        ], rules: [.atLeastOne(["terraform", "static"], otherwise: "`terraform` or `static` is needed here")])

    private static let staticServers = Shape.object(
        [
            .optional(
                "command", .list(.setting, atLeast: 1),
                "called with apply COLOR, destroy COLOR, apply disks, output COLOR", example: "[./servers, --quiet]"),
            .optional(
                "servers",
                .object(
                    Color.allCases.map {
                        .optional(
                            $0.rawValue, groups,
                            "servers by group, one in several too; keys beside name and address are its variables",
                            example: "{ control: [ { name: \($0)-1, address: 10.0.0.1 } ] }")
                    }), "servers that always exist, by color"),
        ], rules: [.atLeastOne(["command", "servers"], otherwise: "`command` or `servers` is needed here")])

    private static let groups = Shape.map(
        .list(
            .object(
                [.required("name", .text(.name), "its name"), .required("address", .text, "its address")], rest: .data),
            atLeast: 0))

    private static let configure = Shape.object([
        .required(
            "ansible",
            .object([
                .required(
                    "playbook", .text, "relative to the environment's folder", example: "ansible/site.yaml"),
                .optional(
                    "idempotenceCheck", .either([.flag, .object([.required("except", exceptions, meaningOfExcept)])]),
                    "whether a second run must change nothing; with `except`, nothing but that",
                    default: Configure(playbook: "").idempotenceCheck, example: "true"),
                .optional(
                    "inventory", .text,
                    "file or folder of the project's inventory, relative to the environment's folder: groups of "
                        + "groups, `group_vars` and `host_vars`; it adds no servers",
                    example: "ansible/inventory"),
                .optional(
                    "hostAddress", .choice(Configure.HostAddress.allCases.map(\.rawValue)),
                    "when `ansible_host` is a server's address: needed where its name does not lead to it",
                    default: Configure.HostAddress.whenNeeded.rawValue, example: "whenNeeded"),
                .optional(
                    "variables", .map(.string(.anything, references: true)), "extra variables",
                    example: "{ ntp: 10.0.0.1 }"),
            ]), "configured by Ansible")
    ])

    private static let meaningOfExcept = "what may change in every run, each with its reason"

    private static let exceptions = Shape.list(
        .object(
            [
                .optional(
                    "task", .text, "name of a task or handler, with or without its role's",
                    example: "\"docker : Restart docker\""),
                .optional("tag", .text, "a tag of tasks, their blocks, roles or plays", example: "restarts"),
                .required(
                    "reason", .text, "why, for people: shown with each use", example: "the role always restarts it"),
            ], rules: [.exactlyOne(["task", "tag"])]), atLeast: 1)

    private static let platform = Shape.object([
        .required(
            "mesos",
            .object([
                .required(
                    "master", .setting(.url), "URL of the Mesos master; may hold `{{ … }}`",
                    example: "\"http://{{ control[0].address }}:5050\""),
                .optional("user", .setting, "who asks", example: "rz"),
                .optional("password", .secret, "a reference", example: "\"${file:/etc/rz/mesos.password}\""),
                TLSFormat.field,
                TLSFormat.leaders,
                .optional("version", .text, "of master and agents; `*` stands for any text", example: "\"1.11.*\""),
                .optional("agents", agents, "its agents"),
            ]), "an Apache Mesos cluster")
    ])

    private static let agents = Shape.object([
        .optional(
            "atLeast", .integer(0...100_000), "how many must have joined", default: Platform().agentsAtLeast,
            example: "3"),
        .optional(
            "attributes", .map(.text), "what each of these must say of itself", example: "{ pool: services }"),
    ])

    // MARK: - Traffic

    private static let loadBalancer = Shape.object(
        [
            .required("name", .text(.name), "what rz calls it", example: "edge-1"),
            .optional("haproxy", haproxy, "an HAProxy, over its runtime API"),
            .optional("traefik", traefik, "a Traefik 3, over its file or Redis provider, and its API"),
            .optional("alb", alb, "listener rules of an AWS Application Load Balancer, over its API"),
            .later("dataplane"),
        ], rules: [.exactlyOne(["haproxy", "traefik", "alb"])])

    private static let traefik = Shape.object(
        [
            .required(
                "api", .setting(.url), "URL of its API, without `/api`", example: "\"https://edge-3.example.org:8080\""),
            .optional(
                "file", .setting,
                "the file that its file provider watches and that holds the weighted services and nothing else: rz's own",
                example: "/etc/traefik/dynamic/rz.yml"),
            .optional("redis", traefikRedis, "the Redis of its Redis provider, which holds the weighted services"),
            .optional(
                "metrics", .setting(.url), "URL of its metrics for Prometheus; without it `/metrics` beside the API",
                example: "\"https://edge-3.example.org:8082/metrics\""),
            .optional("user", .setting, "who asks", example: "rz"),
            .optional("password", .secret, "a reference", example: "\"${file:/etc/rz/traefik.password}\""),
            TLSFormat.field,
        ], rules: [.exactlyOne(["file", "redis"])])

    private static let traefikRedis = Shape.object([
        .required("address", .setting, "host:port of the primary", example: "\"redis.example.org:6379\""),
        .optional(
            "rootKey", .text(.keyPath), "that of Traefik's `providers.redis`",
            default: LoadBalancerAddress.Traefik.Redis(address: "").rootKey, example: "traefik"),
        .optional(
            "database", .integer(0...65_535), "its number, `db` of `providers.redis`",
            default: LoadBalancerAddress.Traefik.Redis(address: "").database, example: "1"),
        .optional("user", .setting, "who writes; without it `default`", example: "rz"),
        .optional("password", .secret, "a reference", example: "\"${file:/etc/rz/redis.password}\""),
        .optional("tls", TLSFormat.shape, "the same for a Redis that speaks TLS; without it, it is called in clear"),
    ])

    private static let alb = Shape.object([
        .required("region", .text(.name), "its AWS region", example: "eu-central-1"),
        .required(
            "rules", .map(.setting),
            "by the `backend` of `traffic`: the ARN of the listener rule that forwards to the target groups of both "
                + "colors; that of a listener for its default rule",
            example: "{ be_shop: \"${file:/etc/rz/shop-rule.arn}\" }"),
        .required("accessKey", .setting, "who asks", example: "\"${env:AWS_ACCESS_KEY_ID}\""),
        .required("secretKey", .secret, "a reference", example: "\"${file:/etc/rz/aws.secret}\""),
        .optional(
            "sessionToken", .secret, "a reference; of temporary credentials", example: "\"${file:/etc/rz/aws.token}\""),
        .optional(
            "endpoint", .setting(.url), "URL of the API; without it that of the region",
            example: "\"https://vpce-0a1b.elasticloadbalancing.eu-central-1.vpce.amazonaws.com\""),
        TLSFormat.field,
    ])

    private static let haproxy = Shape.object(
        [
            .required(
                "socket", .setting(.socket), "unix:/path or tcp:host:port, level admin",
                example: "\"unix:/run/haproxy/admin.sock\""),
            .optional(
                "stateFile",
                .either([
                    .setting,
                    .object([
                        .required(
                            "none", .text, "why it does no harm that a reload brings back the configured weights",
                            example: "its configuration is generated with the weights of now")
                    ]),
                ]), "the server state file that a reload reads; without it the plan is refused, unless with `none`",
                example: "/var/lib/haproxy/server-state"),
            .optional(
                "configuration",
                .either([
                    .setting,
                    .object([
                        .required(
                            "none", .text, "why it does no harm that a reload forgets the servers that runs added",
                            example: "a program writes them from Mesos")
                    ]),
                ]),
                "the file of its configuration with the backends that runs put servers into: their lines are kept "
                    + "between two comments; needed only for those",
                example: "/etc/haproxy/haproxy.cfg"),
            .optional(
                "epochMap", .setting, "the map whose entry `epoch-ENVIRONMENT` names the run that may write",
                example: "/etc/haproxy/rz-epoch.map"),
            .optional(
                "master", .setting(.socket), "the master's socket (`haproxy -S`): shows sessions of old workers",
                example: "\"unix:/run/haproxy/master.sock\""),
            .optional(
                "hardStopAfter", .periodAboveZero, "its `hard-stop-after`: how long an old worker can last",
                example: "30m"),
            .later("dataplane"),
        ])

    private static let trafficRule = Shape.object(
        [
            .required(
                "backend", .text(.trafficName),
                "its name, the same on every load balancer that has it; of a switch, any name",
                example: "be_shop"),
            .optional(
                "loadBalancers", .list(.text(.name), atLeast: 1), "those that have it; without it all",
                example: "[edge-2]"),
            .optional(
                "servers",
                .object(
                    Color.allCases.map {
                        .required(
                            $0.rawValue, .either([.text(.trafficName), registration($0)]),
                            "pattern of the names of its \($0) servers, * for any text; or the servers that a run puts into "
                                + "the backend and takes out again",
                            example: "\"\($0)-*\"")
                    }), "which servers belong to which color: their weights move the traffic"),
            .optional(
                "switch", trafficSwitch, "each color has a backend of its own, and an entry of a map names one of them"),
            .optional(
                "persistence", .choice(TrafficRule.Persistence.allCases.map(\.rawValue)),
                "users with a cookie or in a stick table: the drain moves them between two requests, cuts them off, or waits for them",
                default: TrafficRule.Persistence.wait.rawValue, example: "cut"),
            .optional(
                "addresses",
                .object([
                    .required(
                        "any", .text, "why its servers may be elsewhere than in their color's inventory",
                        example: "a CDN outside of both colors")
                ]), "where its servers are; without it each at an address of its color's inventory"),
        ], rules: [.exactlyOne(["servers", "switch"])])

    private static func registration(_ color: Color) -> Shape {
        .object(
            [
                .optional("from", .text(.name), "the group of the inventory that its servers are", example: "agent"),
                .optional(
                    "tasks", .text,
                    "the service whose tasks they are, each at the port that it was given; while a run has "
                        + "them listed the list follows what is restarted", example: "/shop/web"),
                .required(
                    "port", .either([.integer(0...65_535), .text]),
                    "theirs; `{{ variable }}` for a variable of each server. Of tasks the place among their ports, from 0 on, or "
                        + "a port's name",
                    example: "31001"),
                .optional(
                    "name", .text,
                    "what each is called in the backend; of tasks, `{{ name }}` is the server that one runs on",
                    default: "\(color)-{{ name }}", example: "\"\(color)-{{ name }}\""),
                .optional(
                    "matches", .text(.trafficName), "pattern of these names; without it that of `name`",
                    example: "\"\(color)-*\""),
                .optional(
                    "options", .list(.text, atLeast: 1),
                    "what stands behind the address in a `server` line; without it `check`, `rise`, `fall`, `maxconn` and "
                        + "`maxqueue` as HAProxy reports them of the backend's other servers",
                    example: "[check, inter, 2s, maxconn, \"200\"]"),
            ], rules: [.exactlyOne(["from", "tasks"])])
    }

    private static let trafficSwitch = Shape.object([
        .required("map", .setting, "the map, as HAProxy names it: its path", example: "/etc/haproxy/active.map"),
        .required("key", .text, "the entry that says where requests go", example: "active"),
        .required(
            "backends",
            .object(
                Color.allCases.map {
                    .required($0.rawValue, .text(.trafficName), "the \($0) one", example: "be_shop_\($0)")
                }), "the backend of each color"),
        .optional(
            "servers",
            .object(
                Color.allCases.map {
                    .optional($0.rawValue, registration($0), "those of \($0)")
                }), "servers that a run puts into these backends and takes out again"),
        .optional(
            "values",
            .object(Color.allCases.map { .required($0.rawValue, .text, "for \($0)", example: "\($0)") }),
            "what the entry is for each color; without it the names of the backends"),
        .optional(
            "mapFile",
            .object([
                .required(
                    "none", .text, "why it does no harm that a reload brings back what the file says",
                    example: "another program writes it from HAProxy's own answer")
            ]), "without it rz writes the entry into the map's file, too, for the next reload"),
    ])

    private static let ignoredBackend = Shape.object([
        .required("backend", .text(.trafficName), "its name, * for any text", example: "\"be_legacy_*\""),
        .required("reason", .text, "why it may lose its servers", example: "switched off in March"),
    ])

    private static let drain = Shape.object([
        .optional(
            "quiet", .period, "how long sessions, queue and rate must be zero", default: standard.drain.quiet,
            example: "30s"),
        .optional(
            "deadline", .periodAboveZero, "for the old sessions to end", default: standard.drain.deadline,
            example: "30m"),
        .optional(
            "atDeadline", .choice(DrainPolicy.AtDeadline.allCases.map(\.rawValue)),
            "what happens then: wait for a person, roll the run back, or end the sessions",
            default: standard.drain.atDeadline.rawValue, example: "hold"),
    ])

    // MARK: - People and bounds

    private static let limits = LimitsFormat.shape
}
