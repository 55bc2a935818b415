import Migration

/// A probe, wherever an environment has one.
enum ProbesFormat {
    static let shape = Shape.object(
        [
            .optional(
                "http",
                .object([
                    .optional(
                        "url", .setting(.url),
                        "what comes before the path; without it every server of the new color that is up is asked",
                        example: "\"http://{{ control[0].address }}:8080\""),
                    .required("path", .text(.absolutePath), "what is asked for", example: "/health"),
                    .optional("expect", .integer(100...599), "the status", default: 200, example: "200"),
                    .optional(
                        "headers", .map(.setting),
                        "sent with it, for example one that a load balancer leads to the new color by; `{{ new }}` and "
                            + "`{{ old }}` stand for the colors", example: "{ X-Color: \"{{ new }}\" }"),
                    .optional(
                        "tls", TLSFormat.shape, "as above; with it, and without `url`, servers are asked by https"),
                ]), "a GET request"),
            .optional(
                "tcp",
                .object([
                    .optional(
                        "address", .setting, "host:port; without it every server as above",
                        example: "\"{{ cache[0].address }}:6379\""),
                    .optional("tls", TLSFormat.shape, "as above; with it, TLS is spoken and the certificate verified"),
                ]), "a connection"),
            .optional(
                "command", .list(.setting, atLeast: 1), "a program and its arguments; passes when it exits with 0",
                example: "[ bin/check, --fast ]"),
            .optional("zookeeper", zooKeeper, "a ZooKeeper group: every server answers `srvr`, one leads"),
            .optional("mesosDNS", mesosDNS, "a name that must resolve to the new color"),
            .optional("redis", redis, "a Redis: loaded, in its role, keeping its data on disk"),
            .optional("vault", vault, "a Vault: initialised and unsealed"),
            .optional("traefik", traefik, "the Traefik of each color: the new one has every router of the old one"),
            .optional("prometheus", PrometheusFormat.probe, "numbers of a Prometheus, within limits"),
            .optional(
                "timeout", .periodAboveZero, "for one question", default: Probe(.command([])).timeout, example: "2s"),
        ], rules: [.exactlyOne(kinds)])

    private static let kinds = [
        "http", "tcp", "command", "zookeeper", "mesosDNS", "redis", "vault", "traefik", "prometheus",
    ]

    private static let zooKeeper = Shape.object([
        .required(
            "servers", .list(.setting, atLeast: 1), "every voting server of the group, each as host:port",
            example: "[ \"{{ zookeeper[0].address }}:2181\" ]")
    ])

    private static let mesosDNS = Shape.object([
        .required("server", .setting, "host:port, asked over UDP", example: "\"{{ control[0].address }}:61053\""),
        .required("name", .text, "a name with an A record, or with `_` in front one with SRV", example: "leader.mesos"),
        .optional(
            "addresses",
            .object([
                .required(
                    "any", .text, "why they may be elsewhere; an address of the old color is never right",
                    example: "tasks have addresses of the container network")
            ]), "where it may lead; without it to addresses of the new color's inventory only"),
    ])

    private static let redis = Shape.object([
        .required("address", .setting, "host:port", example: "\"{{ control[0].address }}:6379\""),
        .optional("password", .secret, "a reference", example: "\"${file:/etc/rz/redis.password}\""),
        .optional(
            "role", .choice(Probe.Redis.Role.allCases.map(\.rawValue)), "what it must be",
            default: Probe.Redis(address: "").role.rawValue, example: "primary"),
        .optional(
            "persistence",
            .object([.required("none", .text, "why it may lose everything with a restart", example: "a cache")]),
            "without it the append-only file or snapshots must be on, and their last write have succeeded"),
        .optional("tls", TLSFormat.shape, "for a Redis that speaks TLS; without it, it is called in clear"),
    ])

    private static let vault = Shape.object([
        .required(
            "url", .setting(.url), "what comes before /v1/sys/health",
            example: "\"http://{{ control[0].address }}:8200\""),
        TLSFormat.field,
    ])

    private static let traefik = Shape.object([
        .required(
            "url", .setting(.url), "what comes before /api, filled in for each color",
            example: "\"http://{{ agent[0].address }}:9000\""),
        .optional("user", .setting, "who asks", example: "rz"),
        .optional("password", .secret, "a reference", example: "\"${file:/etc/rz/traefik.password}\""),
        .optional(
            "ignore",
            .list(
                .object([
                    .required("router", .text, "NAME@PROVIDER, * for any text", example: "\"old-shop@mesos\""),
                    .required("reason", .text, "why the new color may lack it", example: "switched off in March"),
                ]), atLeast: 0), "routers that the new color need not have"),
        TLSFormat.field,
    ])

    /// - Parameter standard: what holds for the whole environment.
    static func probe(_ value: Value, _ standard: TLSRules?, _ reader: inout Reader) -> Probe {
        var probe = Probe(kind(value, &reader))
        if let timeout = value["timeout"] { probe.timeout = timeout.period }
        probe.tls = tls(value, standard, &reader)
        return probe
    }

    /// Where only `tls` itself says that TLS is spoken, the environment's alone says nothing.
    private static func tls(_ probe: Value, _ standard: TLSRules?, _ reader: inout Reader) -> TLSRules? {
        let places = ["http", "tcp", "redis", "vault", "traefik", "prometheus"].compactMap { probe[$0] }
        guard let place = places.first, place["url"] != nil || place["tls"] != nil else { return nil }
        return TLSFormat.rules(place, url: "url", standard: standard, &reader)
    }

    private static func kind(_ probe: Value, _ reader: inout Reader) -> Probe.Kind {
        if let http = probe["http"] {
            let expect = http["expect"]?.integer ?? 200
            return .http(
                url: http["url"]?.setting, path: http["path"]?.text ?? "/", expect: expect,
                headers: http["headers"]?.settings ?? [:])
        }
        if let tcp = probe["tcp"] { return .tcp(address: tcp["address"]?.setting) }
        if let group = probe["zookeeper"] { return .zooKeeper(servers: group["servers"]?.list.map(\.setting) ?? []) }
        if let dns = probe["mesosDNS"] {
            return .mesosDNS(
                Probe.MesosDNS(
                    server: dns["server"]?.setting ?? "", name: dns["name"]?.text ?? "",
                    anyAddress: dns["addresses", "any"]?.text))
        }
        if let value = probe["redis"] {
            var redis = Probe.Redis(address: value["address"]?.setting ?? "", password: value["password"]?.setting)
            if let role = value["role"].flatMap({ Probe.Redis.Role(rawValue: $0.text) }) { redis.role = role }
            redis.withoutPersistence = value["persistence", "none"]?.text
            return .redis(redis)
        }
        if let vault = probe["vault"] { return .vault(url: vault["url"]?.setting ?? "") }
        if let traefik = probe["traefik"] {
            return .traefik(
                Probe.Traefik(
                    url: traefik["url"]?.setting ?? "", user: traefik["user"]?.setting,
                    password: traefik["password"]?.setting,
                    ignore: (traefik["ignore"]?.list ?? []).map {
                        Probe.Traefik.IgnoredRouter(router: $0["router"]?.text ?? "", reason: $0["reason"]?.text ?? "")
                    }))
        }
        if let prometheus = probe["prometheus"] { return .prometheus(PrometheusFormat.query(prometheus, &reader)) }
        return .command(probe["command"]?.list.map(\.setting) ?? [])
    }

    /// A probe of the servers that load balancers list, where there are none to ask.
    ///
    /// - Parameter reason: why there are none.
    static func refuseRelative(_ probe: Probe, _ value: Value, _ reason: String, _ reader: inout Reader) {
        guard probe.isRelative, !value.isBroken else { return }
        reader.problem("this probe needs a `url` or an `address` of its own: \(reason)", at: value)
    }
}
