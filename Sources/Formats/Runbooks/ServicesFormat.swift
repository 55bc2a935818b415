import Migration

/// `services` of an environment.
enum ServicesFormat {
    static let shape = Shape.object([
        .required("sources", .list(source, atLeast: 1), "the frameworks that launch services"),
        .optional(
            "ignore", .list(.text, atLeast: 0), "patterns of services that stay, * for any text",
            example: "[ /infra/marathon-lb ]"),
        .optional("overrides", .list(override, atLeast: 0), "what is different in the other color"),
        .optional(
            "keep", .flag,
            "whether rz keeps what it saw of them in its home, mode 0600, for `--old-unreachable` and `rz converge`",
            default: true, example: "false"),
    ])

    private static let source = Shape.object(
        [
            .optional("marathon", marathon, "apps and pods of Marathon; their ids are as /shop/cart"),
            .optional("metronome", access(9000), "scheduled jobs of Metronome; their ids are as shop.report"),
            .optional("chronos", access(4400), "scheduled jobs of Chronos; their ids are as chronos:report"),
            .optional("compose", compose, "services of mesos-compose; their ids are as project/service"),
            .optional("declared", .list(declared, atLeast: 1), "what a playbook or a person moves, no framework"),
        ], rules: [.exactlyOne(["marathon", "metronome", "chronos", "compose", "declared"])])

    private static let declared = Shape.object([
        .required("name", .text, "what people call it", example: "kubernetes"),
        .required(
            "by", .choice(DeclaredService.Mover.allCases.map(\.rawValue)), "who moves it", example: "playbook"),
        .required("how", .text, "what brings it to the new color", example: "the role mesos-m3s of site.yaml"),
        .optional(
            "tasks", .list(.text, atLeast: 1), "patterns of its tasks on Mesos, as FRAMEWORK/TASK NAME",
            example: "[ \"m3s/*\" ]"),
        .required("probe", ProbesFormat.shape, "what shows that it serves in the new color"),
    ])

    private static func access(_ port: Int) -> Shape { .object(fields(port)) }

    private static func fields(_ port: Int) -> [Field] {
        [
            .required(
                "url", .setting(.url), "may hold `{{ … }}`: each color has its own",
                example: "\"http://{{ control[0].address }}:\(port)\""),
            .optional("user", .setting, "who asks", example: "rz"),
            .optional("password", .secret, "a reference", example: "\"${file:/etc/rz/jobs.password}\""),
            .optional(
                "token", .secret, "a token of DC/OS, in place of user and password",
                example: "\"${file:/etc/rz/dcos.token}\""),
            TLSFormat.field, TLSFormat.leaders,
        ]
    }

    private static let compose = Shape.object(
        fields(10_000) + [
            .optional(
                "files", .either([.list(.text, atLeast: 1), .text]),
                "the compose files below the environment's folder, * for any text; each is a project by its name",
                example: "services/*.yaml"),
            .optional(
                "projects", .map(.either([.list(.text, atLeast: 1), .text])),
                "files by the name of the project that they are", example: "{ shop: [ shop/*.yaml ] }"),
            .optional(
                "prefix", .text(.name), "what stands before the project in the names of tasks: PREFIX_TASKNAME",
                default: ServiceSource.Compose(access: .init(url: ""), files: []).prefix, example: "mc"),
            .optional(
                "framework", .text(.name), "FRAMEWORK_NAME, where it is not the prefix; needs `redis`", example: "mc"),
            .optional("mesos", access(5050), "the Mesos master, where it is not the platform's"),
            .optional("redis", redis, "the Redis of mesos-compose, for services that are in no file; only read"),
        ], rules: [.atLeastOne(["files", "projects"], otherwise: "no compose file")])

    private static let redis = Shape.object([
        .required(
            "address", .setting, "host:port; may hold `{{ … }}`", example: "\"{{ control[0].address }}:6379\""),
        .optional("password", .secret, "a reference", example: "\"${file:/etc/rz/redis.password}\""),
        .optional("tls", TLSFormat.shape, "the same for a Redis that speaks TLS; without it, it is called in clear"),
        .optional(
            "database", .integer(0...65_535), "its number",
            default: ServiceSource.Redis(address: "").database, example: "1"),
    ])

    private static let marathon = Shape.object([
        .required(
            "url", .setting(.url), "may hold `{{ … }}`: each color has its own",
            example: "\"http://{{ control[0].address }}:8080\""),
        .optional(
            "group", .text(.absolutePath), "only services below it move",
            default: ServiceSource.Marathon(url: "").group, example: "/shop"),
        .optional("user", .setting, "who asks", example: "rz"),
        .optional("password", .secret, "a reference", example: "\"${file:/etc/rz/marathon.password}\""),
        .optional(
            "token", .secret, "a token of DC/OS, in place of user and password",
            example: "\"${file:/etc/rz/dcos.token}\""),
        .optional(
            "login", .setting(.url), "where DC/OS gives a token for user and password",
            example: "https://dcos.example.com/acs/api/v1/auth/login"),
        TLSFormat.field, TLSFormat.leaders,
    ])

    private static let override = Shape.object(
        [
            .required(
                "match",
                .either([
                    .text, .object([.required("label", .text(.label), "key=value", example: "tier=web")]),
                ]), "a pattern of ids, * for any text, or a label", example: "/shop/cart"),
            .optional(
                "set", .map(.string(.anything, references: true)),
                "paths into the definition and their new values; may hold `{{ … }}`",
                example: "{ env.CACHE_HOST: \"{{ cache[0].address }}\" }"),
            .optional(
                "remove", .list(.text, atLeast: 0),
                "paths that go; an element of a list by its index or a field, as `ports[name=http]`",
                example: "[ env.OLD ]"),
            .optional(
                "mode", .choice(ServiceMode.allCases.map(\.rawValue)),
                "beside the old one, in one color only, by a schedule, moved by a person, or not at all",
                default: ServiceMode.parallel.rawValue, example: "exclusive"),
            .optional(
                "accept", .object(accepted),
                "what must not stop a plan though it is bound to the environment, each with the reason"),
        ],
        rules: [
            .atLeastOne(
                ["set", "remove", "mode", "accept"],
                otherwise: "an override without `set`, `remove`, `mode` and `accept` changes nothing")
        ])

    private static let accepted = Finding.Kind.allCases.filter(\.canBeAccepted).map { kind in
        Field.optional(kind.rawValue, .text, kind.meaning, example: example(of: kind))
    }

    private static func example(of kind: Finding.Kind) -> String {
        switch kind {
        case .hostPath: "\"the same NFS is mounted on the new agents\""
        default: "\"why it holds in the other color\""
        }
    }
}
