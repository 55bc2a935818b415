import Migration
import Operations

/// A plan of some size, and runs of it.
enum Example {
    static let start = Instant(milliseconds: 1_795_455_000_000)

    static func plan(change: (inout Plan) -> Void = { _ in }) -> Plan {
        var plan = Plan(
            id: "p-7d0a41", environment: environment, direction: Direction(from: .blue), createdAt: start,
            source: PinnedSource(commit: "4f1c2e97d0a41", isSigned: true),
            world: World(
                live: .blue, servers: [.blue: (1...9).map { "blue-\($0)" }, .green: []],
                services: Dictionary(
                    uniqueKeysWithValues: services.map {
                        ($0.id, WorldService(fingerprint: "f", instances: $0.instances))
                    }),
                backends: [:], configuration: "c"),
            steps: steps, provisioning: ProvisioningChanges(add: (1...9).map { "server.green-\($0)" }),
            services: services,
            capacity:
                "blue: services ask for 96 of 160 cpus, 411,648 of 655,360 MB mem on 5 agents; green is asked before "
                + "the first launch",
            ignored: [IgnoredService(id: "/infra/marathon-lb", reason: "ignored by rule")],
            warnings: ["be_shop on edge-1 keeps sessions by cookie: sessions that exist stay on blue until drain"])
        change(&plan)
        return plan
    }

    /// A plan whose old color does not answer.
    static var unreachable: Plan {
        plan { plan in
            plan.steps.removeAll { $0.phase == .soak || $0.phase == .tearDown }
            for index in plan.steps.indices {
                switch plan.steps[index].id {
                case "cutOver/approval":
                    plan.steps[index].title = "2 approvals"
                    plan.steps[index].action = .approval(ApprovalDemand(2), reason: "before cutOver")
                case "drain/drain":
                    plan.steps[index].title = "blue fenced: its servers into maintenance"
                    plan.steps[index].action = .fence
                    plan.steps[index].closesWayBack = true
                default:
                    if plan.steps[index].action.kind == "shift" { plan.steps[index].closesWayBack = true }
                }
            }
            plan.phases.removeAll { $0.id == .soak || $0.id == .tearDown }
            plan.capacity = nil
            plan.warnings = []
            plan.unreachable = UnreachableColor(
                keptAt: start - .hours(2), digest: "d", silent: ["marathon"],
                unverified: [
                    "what changed on blue since \(start - .hours(2)): its services are those of then",
                    "marathon of blue does not answer (connection refused)",
                    "edge-1/be_shop: 0 of 9 servers of blue are up",
                    "that nothing of report, billing and 3 more runs on blue still: what must run in one color only may "
                        + "run in both",
                ])
        }
    }

    private static let environment = Environment(
        name: "shop", configure: Configure(playbook: "ansible/site.yaml"),
        loadBalancers: ["edge-1", "edge-2"].map { LoadBalancerAddress(name: $0, .haproxy(.init(socket: "unix:/x"))) },
        traffic: [TrafficRule(backend: "be_shop", servers: [.blue: "blue-*", .green: "green-*"])],
        gates: Gates(
            service: ServiceGate(probes: [Probe(.http(url: nil, path: "/health", expect: 200))]),
            cutOver: CutOverGate(
                steps: [1, 10, 50, 100].map { .init(share: Percent($0), bake: .minutes(2)) })),
        approvals: [.cutOver: .count(1), .tearDown: .count(2)])

    static let services = [
        PlannedService(id: "/shop/db", instances: 1, layer: 1),
        PlannedService(
            id: "/shop/cart", instances: 3, layer: 2,
            changes: [
                FieldChange(path: "env.CACHE_HOST", from: "10.1.0.7", to: "{{ cache[0].address }}"),
                FieldChange(path: "env.PASSWORD", from: nil, to: "•••"),
                FieldChange(path: "constraints.0", from: #"["rack","IS","r1"]"#, to: nil),
            ],
            findings: [
                Finding(.oldAddress, at: "env.CACHE_HOST", "10.1.0.7: cache-1 of the old color", .mapped),
                Finding(
                    .fixedPort, at: "portDefinitions.0.port", "port 80; each color has agents of its own", .harmless),
                Finding(
                    .constraint, at: "constraints.1", "pool LIKE web: an agent must fit", .deferred),
            ]),
        PlannedService(
            id: "/shop/a-service-with-a-rather-long-name", instances: 2, layer: 3,
            changes: [
                FieldChange(
                    path: "labels.HAPROXY_0_BACKEND_HTTP_OPTIONS", from: "option forwardfor and much more of the same",
                    to: "option forwardfor and much more of the same, only different")
            ]),
    ]

    private static var steps: [Step] {
        func step(
            _ id: StepID, _ phase: PhaseID, _ title: String, _ action: Action, needs: [StepID] = [],
            undo: Reversibility = .free, _ estimate: Period
        ) -> Step {
            Step(
                id: id, phase: phase, title: title, action: action, needs: needs, undo: undo,
                closesWayBack: phase == .tearDown && undo == .none,
                isTakenBack: phase == .cutOver && undo == .costly, estimate: estimate,
                deadline: .minutes(30))
        }
        let shifts = [1, 10, 50, 100].map { share in
            step(
                StepID("cutOver/shift-\(share)%"), .cutOver, "green \(share) %, watched for 2m",
                .shift(to: Percent(share), bake: .minutes(2)),
                needs: [
                    share == 1 ? "cutOver/ready" : StepID("cutOver/shift-\(share == 10 ? 1 : share == 50 ? 10 : 50)%")
                ],
                .seconds(121))
        }
        return [
            step(
                "preflight/checks", .preflight, "checks of load balancers, platform and services", .check, .seconds(10)),
            step("standUp/disks", .standUp, "data disks", .buildDisks, .seconds(2)),
            step(
                "standUp/servers", .standUp, "servers of green", .buildServers, needs: ["standUp/disks"], undo: .costly,
                .seconds(240)),
            step("configure/configuration", .configure, "servers of green configured", .configure, .seconds(360)),
            step("platformGate/platform", .platformGate, "platform of green", .awaitPlatform, .seconds(20)),
            step(
                "replicate/launch/shop/db", .replicate, "/shop/db × 1", .launch("/shop/db"), undo: .costly, .seconds(30)
            ),
            step(
                "replicate/launch/shop/cart", .replicate, "/shop/cart × 3", .launch("/shop/cart"),
                needs: ["replicate/launch/shop/db"], undo: .costly, .seconds(30)),
            step(
                "replicate/warm", .replicate, "bin/warm-caches --all --color green",
                .exec(ExecWork(command: ["bin/warm-caches"], affects: .new)), undo: .none, .seconds(5)),
            step("serviceGate/health", .serviceGate, "all services healthy for 20s", .awaitServices, .seconds(22)),
            step(
                "cutOver/approval", .cutOver, "1 approval", .approval(ApprovalDemand(1), reason: "before cutOver"),
                .zero),
            step(
                "cutOver/ready", .cutOver, "servers of green ready at weight 0", .readyTraffic,
                needs: ["cutOver/approval"], .seconds(3)),
        ] + shifts + [
            step("drain/drain", .drain, "until blue is quiet for 30s", .drain, .seconds(32)),
            step("soak/soak", .soak, "15m, blue untouched", .soak(.minutes(15)), .minutes(15)),
            step(
                "tearDown/approval", .tearDown, "2 approvals", .approval(ApprovalDemand(2), reason: "before tearDown"),
                .zero),
            step(
                "tearDown/stop", .tearDown, "services of blue stopped", .stopServices, needs: ["tearDown/approval"],
                undo: .none, .seconds(5)),
            step(
                "tearDown/destroy", .tearDown, "9 servers of blue destroyed", .destroyServers, needs: ["tearDown/stop"],
                undo: .none, .seconds(14)),
        ]
    }

    static let failure = Failure(
        "green failed the gate errorRate at 10 %", at: "edge-1/be_shop",
        details: ["edge-1/be_shop: 1.8 % errors of 12410 requests, limit 0.1 %"],
        advice: "See why, then: rz resume (starts the cutover anew). Or take green down: rz rollback.")

    static func samples(green: Double) -> [TrafficSample] {
        ["edge-1", "edge-2"].flatMap { name in
            [
                TrafficSample(
                    loadBalancer: LoadBalancerID(name), backend: "be_shop", color: .green, share: green,
                    requestsPerSecond: 4100 * green, errorRate: 0.0, responseTime: Period(milliseconds: 41), sessions: 3
                ),
                TrafficSample(
                    loadBalancer: LoadBalancerID(name), backend: "be_shop", color: .blue, share: 1 - green,
                    requestsPerSecond: 4100 * (1 - green), errorRate: 0.0001, responseTime: Period(milliseconds: 43),
                    sessions: 17),
            ]
        }
    }
}

/// A run told event by event.
struct Story {
    let plan: Plan
    private(set) var state = RunState(run: "r-20261123-0007")
    private(set) var now = Example.start

    init(_ plan: Plan = Example.plan()) { self.plan = plan }

    init(_ story: Story, haltedBy failure: Failure) {
        self = story
        happens(.runHalted(failure: failure))
    }

    mutating func happens(after period: Period = .seconds(1), _ kinds: Event.Kind...) {
        for kind in kinds {
            now = now + period
            state = evolve(state, Event(run: state.run, sequence: state.sequence + 1, time: now, kind: kind))
        }
    }

    /// Starts, and enters every phase up to this one with all steps before it done as long as they were expected to take.
    mutating func reaches(_ phase: PhaseID) {
        happens(.runStarted(environment: "shop", plan: plan.id, from: .blue, to: .green, by: "ada"))
        for earlier in plan.phases.map(\.id) {
            happens(.phaseEntered(phase: earlier))
            guard earlier != phase else { return }
            for step in plan.steps(in: earlier) { completes(step.id) }
        }
    }

    mutating func completes(_ id: StepID) {
        guard let step = plan.step(id) else { return }
        happens(.stepStarted(step: id, attempt: 1), .stepIntended(step: id, intent: "x"))
        if let share = step.action["to"].flatMap({ Percent($0) }) {
            happens(
                .trafficIntended(share: share), .trafficVerified(share: share, loadBalancers: ["edge-1", "edge-2"]))
        }
        if step.action == .drain { happens(.oldSideQuiet(since: now)) }
        happens(after: step.estimate, .stepCompleted(step: id, summary: "done"))
    }
}
