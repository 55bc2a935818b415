import Migration
import Operations

/// A plan with everything in it that a plan can have: each kind of step, source, probe, rule and finding, and a value for
/// each key. Golden files in `Formats` hold it as each format writes it.
enum FullPlan {
    static var plan: Plan {
        Plan(
            id: "p-0", environment: environment, direction: Direction(from: .blue), createdAt: time, source: source,
            world: world, steps: steps, onHalt: [page],
            provisioning: ProvisioningChanges(
                add: ["server.a"], change: ["server.b"], replace: ["server.c"], remove: ["server.d"],
                inDoubt: ["server.e"], provisioner: "Terraform 1.11.4", servers: ["server.c": ["blue-1"]]),
            destruction: ["server.z"], services: services, capacity: "blue: services ask for 2 of 16 cpus",
            ignored: [
                IgnoredService(id: "/infra/lb", reason: "`/infra/*` is ignored"),
                IgnoredService(id: "/data/kafka", reason: "its data is local", isLeftToPeople: true),
            ],
            drifts: [Drift(.loadBalancers, "edge-1/be_web/green-1", "has another weight", diff: ["weight: 0 → 7"])],
            lifted: [LiftedLimit(.flipWithin, reason: "CHG 4711", by: "ada@ctl-1")],
            unreachable: UnreachableColor(
                keptAt: time, digest: "k1", silent: ["marathon /shop", "metronome"],
                unverified: ["that no user is left"]),
            warnings: ["edge-1 keeps no state file"], obstacles: ["edge-2 can't be reached"])
    }

    private static let time = Instant(milliseconds: 1_795_455_000_000)
    private static let tls = TLSRules(
        authorities: "tls/ca.pem",
        clientCertificate: TLSRules.ClientCertificate(certificate: "tls/rz.pem", key: "${file:/etc/rz/rz.key}"),
        serverName: "master.mesos", insecure: "self-signed until March")

    private static let source = PinnedSource(
        commit: "4f1c2e97d0a41", changed: ["ansible/site.yaml"], isSigned: true, copy: "4f1c2e97d0a4", digest: "d1",
        checkout: "/srv/shop")

    private static let world = World(
        live: .blue, servers: [.blue: ["blue-1"], .green: []],
        services: ["/shop/cart": WorldService(fingerprint: "f1", instances: 2, revision: "v1")],
        backends: ["edge-1/be_web": ["blue-1", "green-1"]], configuration: "c1")

    private static let services =
        [
            PlannedService(
                id: "/shop/cart", instances: 2, mode: .parallel, layer: 1,
                changes: [
                    FieldChange(path: "env.HOST", from: "10.1.0.1", to: "10.2.0.1"),
                    FieldChange(path: "env.NEW", from: nil, to: "1"),
                ],
                findings: Finding.Kind.allCases.filter { $0 != .task }.map {
                    Finding($0, at: "p.\($0)", "a finding", .blocking)
                } + [
                    Finding(.role, at: "p", "t", .harmless), Finding(.role, at: "p", "t", .mapped),
                    Finding(.role, at: "p", "t", .deferred),
                    Finding(.role, at: "p", "t", .accepted(reason: "so it is")),
                ])
        ] + ServiceMode.allCases.map { PlannedService(id: ServiceID("/mode/\($0)"), instances: 1, mode: $0, layer: 2) }

    // MARK: - Steps

    /// One step for each action, in the phases in turn.
    static let actions: [Action] = [
        .check, .buildDisks, .buildServers, .configure, .awaitPlatform, .launch("/shop/cart"), .awaitServices,
        .readyTraffic, .shift(to: Percent(10), bake: .minutes(1)), .handOver("/shop/report"), .drain,
        .soak(.minutes(15)), .stopServices, .destroyServers, .approval(ApprovalDemand(2), reason: "no way back"),
        .exec(
            ExecWork(
                command: ["bin/smoke", "${env:TOKEN}"], variables: ["TOKEN": "${env:TOKEN}"], affects: .new,
                undo: ["bin/smoke", "{{ run }}", "off"],
                outputs: ["id": StepOutput(.text), "isFull": StepOutput(.boolean), "rows": StepOutput(.integer)])),
        .exec(ExecWork(command: ["true"], affects: .nothing)), .exec(ExecWork(command: ["true"], affects: .old)),
        .http(
            HTTPWork(
                method: "POST", url: "https://chat.example.org", headers: ["X": "y"], body: "{}", expect: 204,
                affects: .nothing, tls: tls, redirects: 3, outputs: ["id": StepOutput(.text, at: "/ticket/id")])),
        .wait(.seconds(30)), .window, signedApproval,
    ]

    private static let page = Step(
        id: "onHalt/page", phase: .onHalt, title: "POST https://page", action: .http(HTTPWork(url: "https://page")),
        estimate: .zero, deadline: .seconds(30), attempts: 3)

    private static let conditions = [
        Condition("soak/15.rows", above: 10), Condition("soak/15.rows", below: 100), Condition("color", is: "green"),
        Condition("oldColor", isNot: "green"),
    ]

    static let signedApproval = Action.approval(
        ApprovalDemand(2, othersOnly: true, roles: ["leads"], isSigned: true), reason: "before soak")

    private static var steps: [Step] {
        actions.enumerated().map { number, action in
            let phase = [Phase].rzUpdate[number % [Phase].rzUpdate.count].id
            return Step(
                id: StepID("\(phase)/\(number)"), phase: phase, title: "step \(number)", action: action,
                color: [nil, .blue, .green][number % 3], needs: number == 0 ? [] : [StepID("x/\(number - 1)")],
                undo: [.free, .costly, .none][number % 3],
                closesWayBack: action == .stopServices || action == .destroyServers,
                isTakenBack: action == .handOver("/shop/report"), estimate: .seconds(5), deadline: .minutes(5),
                attempts: 3,
                onFailure: OnFailure.allCases[number % OnFailure.allCases.count],
                when: action == .wait(.seconds(30)) ? conditions : [])
        }
    }

    // MARK: - The environment

    private static var environment: Environment {
        Environment(
            name: "shop", runbook: "rz-update", git: GitPolicy(requireClean: false, requireSigned: true),
            provision: Provision(
                terraform: TerraformRoot(
                    root: "terraform/servers", disks: "terraform/disks", variables: ["region": "fra1"],
                    colors: [.blue: ["image": "debian-12.7"], .green: ["image": "debian-12.11"]],
                    structured: ["zones"],
                    backend: TerraformBackend(
                        type: "pg", config: ["schema_name": "shop_{{ color }}"],
                        credentials: ["PG_CONN_STR": "${env:PG}"]),
                    inventory: [
                        "agent": TerraformGroup(
                            output: "cluster", path: "nodes", name: "tags.Name", address: "ip", port: "ssh.port",
                            attributes: ["rack": "labels.rack"])
                    ]),
                static: StaticServers(
                    command: ["static.py"],
                    servers: [
                        .blue: Inventory(groups: [
                            "web": [
                                Host(
                                    name: "web-1", address: "10.1.0.1", variables: ["ports": "[1]"],
                                    structured: ["ports"])
                            ]
                        ])
                    ])),
            configure: Configure(
                playbook: "ansible/site.yaml", idempotenceCheck: true,
                exceptions: [
                    IdempotenceException(.task("docker : Restart docker"), reason: "always"),
                    IdempotenceException(.tag("volatile"), reason: "says its author"),
                ], inventory: "ansible/inventory", hostAddress: .whenNeeded, variables: ["a": "b"]),
            platform: Platform(
                mesosMaster: "https://{{ control[0].address }}:5050", user: "rz", password: "${env:MESOS}",
                agentsAtLeast: 3, agentAttributes: ["pool": "services"], mesosVersion: "1.11.*", tls: tls,
                leaders: ["m1.example.org"]),
            services: rules,
            loadBalancers: [
                LoadBalancerAddress(
                    name: "edge-1",
                    .haproxy(
                        .init(
                            socket: "unix:/run/haproxy.sock", stateFile: "/var/state",
                            withoutStateFile: "none", configuration: "/etc/haproxy.cfg", withoutConfiguration: "none",
                            epochMap: "/etc/epoch.map", master: "unix:/run/master.sock",
                            hardStopAfter: .minutes(10)))),
                LoadBalancerAddress(
                    name: "edge-2",
                    .traefik(
                        .init(
                            api: "https://edge-2:8080", .file("/etc/traefik/rz.yml"),
                            metrics: "https://edge-2:8082/metrics",
                            user: "u", password: "${env:P}", tls: tls))),
                LoadBalancerAddress(
                    name: "edge-3",
                    .alb(
                        .init(
                            region: "eu-central-1", rules: ["be_web": "arn:aws:elasticloadbalancing:rule"],
                            accessKey: "AKIA", secretKey: "${env:K}", sessionToken: "${env:T}",
                            endpoint: "https://alb:5000", tls: tls))),
            ],
            traffic: [
                TrafficRule(
                    backend: "be_web", servers: [.blue: "blue-*", .green: "green-*"], persistence: .leave,
                    anyAddress: "behind a NAT"),
                TrafficRule(backend: "be_cut", servers: [:], persistence: .cut),
                TrafficRule(backend: "be_wait", servers: [:], persistence: .wait),
                TrafficRule(
                    backend: "search", servers: ["be_blue/*", "be_green/*"].byColor, loadBalancers: ["edge-1"],
                    switching: TrafficSwitch(
                        map: "/etc/active.map", key: "active", backends: ["be_blue", "be_green"].byColor,
                        values: ["b", "g"].byColor, withoutFile: "HAProxy is elsewhere")),
                TrafficRule(
                    backend: "be_new", servers: ["blue-*", "green-*"].byColor,
                    registration: [
                        .green: ServerRegistration(
                            .group("agent"), port: "{{ http }}", name: "green-{{ name }}", matches: "green-*",
                            options: ["check"])
                    ]),
            ],
            ignoreBackends: [IgnoredBackend(backend: "be_stats", reason: "not of the shop")], gates: gates,
            drain: DrainPolicy(quiet: .seconds(30), deadline: .minutes(30), atDeadline: .force), soak: .minutes(15),
            drillEvery: .hours(2160),
            approvals: [
                .cutOver: .count(1), .drain: .needed(ApprovalDemand(2, othersOnly: true)),
                .soak: .needed(ApprovalDemand(2, roles: ["leads"], isSigned: true), within: .hours(8)),
                .tearDown: .waived(reason: "a test"),
            ], approvers: Approvers(roles: ["leads": ["ada", "grace@ctl-1"]], signers: "keys", mustSign: true),
            limits: Limits(
                minHealthy: 2, minHealthyPart: Percent(80), maxStep: Percent(20), headroom: 1.3,
                peaks: [
                    PeakQuery(
                        PrometheusQuery(
                            name: "last hour", url: "https://prometheus", query: "{{ loadBalancer }}/{{ backend }}",
                            series: "up"), of: .rate, backend: "be_web", tls: tls)
                ], flipWithin: .seconds(10), launches: 4, returnFor: .minutes(5),
                windows: ChangeWindows(
                    zone: "Europe/Berlin", open: [.init([.tue], from: 1320, to: 240)],
                    freezes: [.init(from: Day("2026-12-18")!, until: Day("2027-01-06")!, reason: "Christmas")])),
            tls: tls, pass: ["AWS_PROFILE"],
            proxy: ProxyRules(url: "http://proxy:3128", except: ["*.example.org"]),
            policies: PolicyRules(
                severity: .warn, severities: [.privileged: .block, .noDigest: .off], maxImageAge: .hours(2160),
                waivers: [.init(.root, services: "/infra/*", reason: "CHG 4711", until: Day("2027-03-01")!)],
                reports: [
                    ReportRule(name: "scan", .file("scan.sarif"), maxAge: .hours(168), severity: .warn),
                    ReportRule(
                        name: "lint", .program(["ansible-lint", "site.yaml"], writes: "out.sarif"), fails: .warning),
                ]))
    }

    private static var rules: ServiceRules {
        ServiceRules(
            sources: [
                .marathon(
                    ServiceSource.Marathon(
                        url: "http://m:8080", group: "/shop", user: "u", password: "${env:P}", token: "${env:T}",
                        login: "https://dcos/login", tls: tls, leaders: ["m1"])),
                .metronome(access), .chronos(access),
                .compose(
                    ServiceSource.Compose(
                        access: access, files: ["services/*.yaml"], projects: ["shop": ["shop/*.yaml"]], prefix: "mc",
                        framework: "compose", mesos: access,
                        redis: ServiceSource.Redis(
                            address: "10.1.0.1:6379", password: "${env:R}", database: 2, tls: tls))),
            ], ignore: ["/infra/*"],
            overrides: [
                Override(
                    match: .id("/shop/*"), set: ["env.HOST": "{{ db[0].address }}"], remove: ["env.OLD"],
                    mode: .exclusive, accept: [.hostPath: "it is on every agent"]),
                Override(match: .label(name: "rz.mode", value: "exclusive")),
            ],
            declared: [
                DeclaredService(
                    name: "kafka", mover: .playbook, method: "kafka.yaml", tasks: ["kafka/*"],
                    probe: Probe(.tcp(address: "kafka:9092"))),
                DeclaredService(
                    name: "elastic", mover: .hand, method: "by Ada", probe: Probe(.tcp(address: "es:9200"))),
            ], keep: false)
    }

    private static let access = ServiceSource.Access(
        url: "http://m:9000", user: "u", password: "${env:P}", token: "${env:T}", tls: tls, leaders: ["m1"])

    private static var gates: Gates {
        Gates(
            platform: ProbeGate(
                probes: [
                    Probe(.zooKeeper(servers: ["zk-1:2181", "zk-2:2181"])),
                    Probe(
                        .mesosDNS(Probe.MesosDNS(server: "dns:53", name: "_web._tcp.mesos", anyAddress: "by design"))),
                    Probe(
                        .redis(
                            Probe.Redis(
                                address: "r:6379", password: "${env:R}", role: .replica,
                                withoutPersistence: "a cache"))),
                    Probe(.redis(Probe.Redis(address: "r:6380"))), Probe(.vault(url: "https://vault:8200")),
                    Probe(
                        .traefik(
                            Probe.Traefik(
                                url: "http://traefik:8080", user: "u", password: "${env:P}",
                                ignore: [.init(router: "api@internal", reason: "its own")]))),
                ], passes: 2),
            service: ServiceGate(
                healthyFor: .seconds(20),
                probes: [
                    Probe(
                        .http(url: "https://web/health", path: "/health", expect: 204), timeout: .seconds(3), tls: tls),
                    Probe(.http(url: nil, path: "/health", expect: 200)), Probe(.tcp(address: "db:5432")),
                    Probe(.tcp(address: nil)), Probe(.command(["bin/check", "--all"])),
                    Probe(.prometheus(query)),
                    Probe(.http(url: "http://edge", path: "/", expect: 200, headers: ["X-Color": "{{ new }}"])),
                ], passes: 3),
            cutOver: CutOverGate(
                steps: [.init(share: Percent(thousandths: 12_500), bake: .seconds(90), pause: pause)],
                analysis: [
                    .loadBalancers(
                        .init(
                            errorRate: Percent(thousandths: 100), responseTimeRatio: 1.25, minRequests: 20,
                            whenIdle: .ignore)), .loadBalancers(.init(whenIdle: .hold)),
                    .loadBalancers(
                        .init(
                            classes: [
                                .clientErrors: ErrorLimit(max: Percent(5), maxAboveLive: Percent(thousandths: 2500)),
                                .retries: ErrorLimit(max: Percent(1)),
                            ], queue: 20, backends: ["be_web"])),
                    .prometheus(
                        .init(
                            query, tls: tls, timeout: .seconds(3), interval: .seconds(4), failures: 2, whenIdle: .ignore
                        )),
                ], interval: .seconds(2)))
    }

    private static let pause = CutOverGate.Pause(
        ApprovalDemand(2, roles: ["leads"]), reason: "Is the shop fine?", limit: .hours(8))

    private static let query = PrometheusQuery(
        name: "errors", url: "https://prometheus:9090", query: "sum(errors)", series: "errors", maxAge: .seconds(30),
        min: 0,
        max: 0.5, user: "u", password: "${env:P}", token: "${env:T}")
}

extension [String] {
    fileprivate var byColor: [Color: String] { [.blue: self[0], .green: self[1]] }
}
