import Migration
import Operations
import Planning

/// What a simulation moves: an environment, the plan that the real planner makes for it, and the world it starts from.
public struct Scenario: Sendable {
    public var environment: Environment
    public internal(set) var plan: Plan
    /// What its plans are of, what they are asked for, and what an earlier run left.
    var operation = Operation.rzUpdate
    var request = PlanRequest()
    var lastRun: LastRun?
    var world: WorldState
    /// What was kept of a live color that does not answer any more, and what it ran while it did.
    var kept: KeptServices?
    var live: ColorState
    /// How long a service takes to get healthy, in milliseconds.
    var startTime: Int64
    /// Whether Mesos reports what runs.
    var hasMesos = false
    let serverNames: [Color: [String]]

    func servers(of color: Color) -> [String] { serverNames[color, default: []] }
}

extension Scenario {
    /// The small model: 2 load balancers, 2 services of which one needs the other, 1 scheduled job.
    ///
    /// - Parameters:
    ///   - startTime: how long a service takes to get healthy, in milliseconds.
    ///   - exclusive: whether the service that needs no other may run in one color only.
    ///   - hasMesos: whether Mesos reports what runs, beside the framework.
    ///   - isBrief: whether everything that only takes time is cut short, for an exploration of what can happen.
    public static func small(
        startTime: Int64 = 150, exclusive: Bool = false, isBrief: Bool = false, hasMesos: Bool = false
    ) throws(Failure) -> Scenario {
        try Scenario(Shape(isExclusive: exclusive, isBrief: isBrief, hasMesos: hasMesos), startTime: startTime)
    }

    /// The small model and its relatives, each of another shape: more backends, more servers, other policies.
    public static func various() throws(Failure) -> [Scenario] {
        let shapes = [
            Shape(), Shape(isExclusive: true), Shape(serversEach: 3, minHealthy: 2, atDeadline: .force),
            Shape(backends: ["be_shop", "be_api"], atDeadline: .rollback),
            Shape(serversEach: 3, persistence: .cut, atDeadline: .force), Shape(persistence: .wait),
            Shape(backends: ["be_shop", "be_map"], switched: ["be_map"]), Shape(isRegistered: true),
            Shape(backends: ["be_shop", "be_map"], switched: ["be_map"], isRegistered: true),
        ]
        var scenarios: [Scenario] = []
        for shape in shapes { scenarios.append(try Scenario(shape, startTime: 150)) }
        return scenarios
    }

    /// The small model with a second backend.
    public static func twoBackends() throws(Failure) -> Scenario {
        try Scenario(Shape(backends: ["be_shop", "be_api"]), startTime: 150)
    }

    /// The small model with three servers of each color.
    static func threeServers() throws(Failure) -> Scenario { try Scenario(Shape(serversEach: 3), startTime: 150) }

    /// The small model where runs put the new color's servers into the backends, and take the old one's out.
    public static func registered() throws(Failure) -> Scenario {
        try Scenario(Shape(isRegistered: true), startTime: 150)
    }

    /// The same where an entry of a map moves them.
    public static func registeredInSwitch() throws(Failure) -> Scenario {
        try Scenario(Shape(switched: ["be_shop"], isRegistered: true), startTime: 150)
    }

    /// The same where these servers are tasks, each at the port that it was given.
    public static func ofTasks() throws(Failure) -> Scenario {
        try Scenario(Shape(isRegistered: true, isOfTasks: true), startTime: 150)
    }

    /// The small model with users who are remembered, keep coming, and are to move in the drain.
    public static func remembering() throws(Failure) -> Scenario {
        var scenario = try Scenario(Shape(persistence: .leave), startTime: 150)
        scenario.world.visitLength = 30_000
        let old = scenario.plan.direction.old
        for index in scenario.world.loadBalancers.indices {
            for backend in scenario.world.loadBalancers[index].backends.indices {
                var remembered = ByColor(both: 0.0)
                remembered[old] = 1
                scenario.world.loadBalancers[index].backends[backend].remembered = remembered
            }
        }
        return scenario
    }

    /// The small model where a Prometheus, and no load balancer, tells how the new color's users fare, and where a person
    /// says yes to the first share.
    public static func measured() throws(Failure) -> Scenario {
        try Scenario(Shape(isMeasured: true), startTime: 150)
    }

    /// The same where load balancers count nothing: neither requests nor sessions. What one sees would prove quiet for the
    /// other, as both have the same users.
    public static func blind() throws(Failure) -> Scenario {
        var scenario = try measured()
        for index in scenario.world.loadBalancers.indices {
            scenario.world.loadBalancers[index].isBlind = true
            scenario.world.loadBalancers[index].keepsState = true
        }
        return try scenario.planned(Runbook.rzUpdate)
    }

    /// The small model, whose move is a drill.
    public static func drill() throws(Failure) -> Scenario {
        var scenario = try small()
        scenario.operation = .drill
        return try scenario.planned(Runbook.rzUpdate)
    }

    /// The small model where each error class has a limit of its own, and all errors together have none.
    public static func classified() throws(Failure) -> Scenario {
        try Scenario(Shape(analysis: Scenario.classes), startTime: 150)
    }

    /// Whether its run is judged by error classes.
    var limitsClasses: Bool { plan.environment.gates.cutOver.analysis == [Scenario.classes] }

    /// The small model where the live color does not answer: its framework is silent, and of two backends it serves neither
    /// any more, or one still.
    public static func unreachable() throws(Failure) -> [Scenario] {
        let shapes = [
            Shape(isExclusive: true, gone: ["be_shop"]), Shape(backends: ["be_shop", "be_api"], gone: ["be_api"]),
            Shape(backends: ["be_shop", "be_map"], switched: ["be_map"], gone: ["be_shop", "be_map"]),
            Shape(isRegistered: true, gone: ["be_shop"]),
            Shape(isExclusive: true, gone: ["be_shop"], isSilent: false),
        ]
        var scenarios: [Scenario] = []
        for shape in shapes { scenarios.append(try Scenario(shape, startTime: 150)) }
        return scenarios
    }

    /// What one data centre of these differs in from another.
    private struct Shape {
        var backends = ["be_shop"]
        /// Those of them that an entry of a map moves.
        var switched: [String] = []
        var serversEach = 2
        var minHealthy = 1
        /// Whether runs put the new color's servers into the backends, and take the old one's out.
        var isRegistered = false
        /// Whether these servers are tasks.
        var isOfTasks = false
        var isMeasured = false
        /// What judges its cutover; nil for the usual.
        var analysis: Analysis?
        var isExclusive = false
        var isBrief = false
        var hasMesos = false
        var persistence: TrafficRule.Persistence?
        var atDeadline = DrainPolicy.AtDeadline.hold
        /// Backends whose servers of the live color never answer again; its framework is silent then, or answers still.
        var gone: [String] = []
        var isSilent = true
    }

    private init(_ shape: Shape, startTime: Int64) throws(Failure) {
        let services = [
            Service(
                id: "/shop/db", definition: ServiceDefinition(#"{"password":"\#(Scenario.canary)"}"#), instances: 1,
                fingerprint: "db 1"),
            Service(
                id: "/shop/web", definition: "{}", instances: 2, dependencies: ["/shop/db"], fingerprint: "web 1"),
            Service(id: "report", definition: "{}", instances: 0, mode: .scheduled, fingerprint: "report 1"),
        ].map { service in
            var service = service
            if shape.isExclusive, service.id == "/shop/db" { service.mode = .exclusive }
            return service
        }
        let pause = Period(milliseconds: shape.isBrief ? 100 : 1000)
        let environment = Environment(
            name: "small", git: GitPolicy(requireClean: false), configure: Configure(playbook: "site.yaml"),
            services: ServiceRules(),
            traffic: shape.backends.enumerated().map { place, backend in
                TrafficRule(
                    backend: backend,
                    servers: shape.isRegistered && shape.switched.contains(backend)
                        ? [.blue: "blue*", .green: "green*"] : [.blue: "blue-*", .green: "green-*"],
                    persistence: shape.persistence,
                    switching: shape.switched.contains(backend)
                        ? TrafficSwitch(map: "/simulated", key: backend, backends: [.blue: "blue", .green: "green"])
                        : nil, registration: shape.isRegistered ? Scenario.registration(place, shape) : nil)
            },
            gates: Gates(
                service: ServiceGate(healthyFor: pause),
                cutOver: CutOverGate(
                    steps: [
                        .init(share: Percent(10), bake: pause, pause: shape.isMeasured ? .init() : nil),
                        .init(share: .all, bake: pause),
                    ],
                    analysis: shape.isBrief
                        ? [] : [shape.analysis ?? (shape.isMeasured ? Scenario.measurement : Scenario.counted)],
                    interval: pause)),
            drain: DrainPolicy(quiet: pause + pause, deadline: .seconds(20), atDeadline: shape.atDeadline),
            soak: pause + pause, approvals: shape.isBrief ? [:] : [.tearDown: .count(1)],
            limits: Limits(minHealthy: shape.minHealthy))
        let hosts = ["control", "agent"] + (2..<max(2, shape.serversEach)).map { "agent-\($0)" }
        var scenario = Scenario(
            environment, services: services, servers: hosts, serversEach: shape.serversEach,
            loadBalancers: ["edge-1", "edge-2"], startTime: startTime, hasMesos: shape.hasMesos)
        if !shape.gone.isEmpty { scenario.loseLive(services, gone: shape.gone, isSilent: shape.isSilent) }
        self = try scenario.planned(Runbook.rzUpdate)
    }

    /// From here on the live color serves these backends no more. With a framework that is silent ends what must run in one
    /// color only.
    private mutating func loseLive(_ services: [Service], gone: [String], isSilent: Bool) {
        let color = plan.direction.old
        let kept = KeptServices(color: color, time: Instant(milliseconds: Timeline.start), services: services)
        self.kept = kept
        request = PlanRequest(isOldUnreachable: true)
        request.kept = [color: kept]
        world[color].isSilent = isSilent
        for service in services where isSilent && service.mode.isSingleton {
            world[color].services[service.id]?.instances = 0
            world[color].services[service.id]?.isArmed = false
        }
        for balancer in world.loadBalancers.indices {
            for server in world.loadBalancers[balancer].servers.indices {
                let state = world.loadBalancers[balancer].servers[server]
                if state.color == color, gone.contains(state.backend) {
                    world.loadBalancers[balancer].servers[server].isGone = true
                }
            }
        }
    }

    private static let counted = Analysis.loadBalancers(.init(errorRate: Percent("1%"), minRequests: 3))

    private static let classes = Analysis.loadBalancers(
        .init(
            classes: [
                .serverErrors: ErrorLimit(max: Percent(1), maxAboveLive: Percent(1)),
                .clientErrors: ErrorLimit(maxAboveLive: Percent(5)), .connectionErrors: ErrorLimit(max: Percent(1)),
                .retries: ErrorLimit(max: Percent(5)),
            ], minRequests: 3))

    /// The share of what users asked of the new color and did not get, as their own programs report it.
    private static let measurement = Analysis.prometheus(
        Analysis.Prometheus(
            PrometheusQuery(
                name: "failed", url: "http://simulated", query: "failed{color=\"{{ new }}\"}", series: "asked", max: 0.1
            ),
            timeout: .seconds(1), interval: .seconds(1)))

    private static func registration(_ place: Int, _ shape: Shape) -> [Color: ServerRegistration] {
        Dictionary(
            uniqueKeysWithValues: Color.allCases.map { color in
                guard shape.isOfTasks else {
                    return (
                        color,
                        ServerRegistration(.group("control"), port: "\(80 + place)", name: "\(color)-{{ name }}")
                    )
                }
                return (
                    color, ServerRegistration(.tasks("/shop/web"), port: "\(place)", name: "\(color)-{{ name }}")
                )
            })
    }

    /// A text that no plan, event or error may ever hold.
    static let canary = "hunter2-canary"

    init(
        _ environment: Environment, services: [Service], servers: [String], serversEach: Int,
        loadBalancers: [LoadBalancerID], live: Color = .blue, startTime: Int64, hasMesos: Bool = false
    ) {
        var environment = environment
        environment.loadBalancers = loadBalancers.map {
            LoadBalancerAddress(name: $0, .haproxy(.init(socket: "unix:/simulated")))
        }
        self.environment = environment
        self.startTime = startTime
        self.hasMesos = hasMesos
        serverNames = Dictionary(
            uniqueKeysWithValues: Color.allCases.map { color in (color, servers.map { "\(color)-\($0)" }) })
        let old = ColorState(
            servers: servers.map { "\(live)-\($0)" }, isConfigured: true,
            services: Dictionary(uniqueKeysWithValues: services.map { ($0.id, LaunchedService(live: $0)) }))
        world = WorldState(
            loadBalancers: loadBalancers.map { name in
                var balancer = SimulatedLoadBalancer(
                    name: name,
                    servers: environment.traffic.flatMap { rule in
                        Scenario.servers(of: rule, serversEach, live: live)
                    })
                for index in balancer.backends.indices {
                    balancer.backends[index].isSwitch = environment.traffic[index].switching != nil
                }
                return balancer
            })
        world.needed[live.other] = environment.limits.minHealthy
        world[live] = old
        self.live = old
        plan = Plan(
            id: "", environment: environment, direction: Direction(from: live), createdAt: Instant(milliseconds: 0),
            source: PinnedSource(commit: nil),
            world: World(live: live, servers: [:], services: [:], backends: [:], configuration: ""), steps: [])
    }

    private static func servers(of rule: TrafficRule, _ count: Int, live: Color) -> [SimulatedServer] {
        Color.allCases.filter { $0 == live || rule.registration?[$0] == nil }.flatMap { color in
            (0..<count).map { host in
                let weight = color == live ? rule.switching == nil ? 100 : 1 : 0
                return SimulatedServer(
                    backend: rule.backend, name: "\(color)-\(host + 1)", color: color, weight: weight,
                    configuredWeight: weight, host: host)
            }
        }
    }

    /// With the plan that the real observer and planner make in this world.
    ///
    /// - Throws: `Failure` when there is none, or when looking changed anything (invariant I9).
    func planned(_ runbook: Runbook) throws(Failure) -> Scenario {
        let simulation = Simulation(
            self, timeline: Timeline(seed: 0, isShuffled: false), faults: NoFaults(), isTracing: false)
        let process = SimulatedProcess(name: "rz-0", timeline: simulation.timeline)
        let drivers = simulation.drivers(of: process)
        let (environment, operation, request, lastRun) = (environment, operation, request, lastRun)
        let made = Box<Result<Plan, Failure>?>(nil)
        Task(executorPreference: process) {
            do throws(Failure) {
                let observer = Observer(environment: environment, drivers: drivers, lastRun: lastRun)
                let seen = try await operation.observe(observer, PinnedSource(commit: "4f1c2e9"), request)
                made.value = .success(
                    try Planner(environment: environment, runbook: runbook, operation: operation).plan(
                        seen, at: simulation.timeline.now))
            } catch {
                made.value = .failure(error)
            }
        }
        _ = simulation.timeline.run(limit: .max) { made.value != nil }
        guard let result = made.value else { throw Failure("The planner never came to an end") }
        guard simulation.eventCount == 0 else { throw Failure("Planning changed the world") }
        var planned = self
        planned.plan = try result.get()
        return planned
    }
}

/// A value that one thread shares.
///
/// `@unchecked Sendable`: see `Timeline`.
final class Box<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
}

/// A world in which nothing goes wrong.
final class NoFaults: FaultSource {
    func fate(of call: Call) -> Fate { .answered(effectAfter: 1, replyAfter: 1) }
}

extension Runbook {
    /// What `runbooks/rz-update.yaml` says, in code: simulations read no files.
    static let rzUpdate: Runbook = {
        func line(_ work: BuiltIn, _ timeout: Period, retries: Int = 0) -> RunbookStep {
            RunbookStep(id: work.rawValue, work: .builtIn(work), timeout: timeout, retries: retries)
        }
        let phases: [PhaseID: [RunbookStep]] = [
            .preflight: [line(.checks, .minutes(2))],
            .standUp: [line(.disks, .minutes(15)), line(.servers, .minutes(60), retries: 1)],
            .configure: [line(.configuration, .minutes(60), retries: 1)],
            .platformGate: [line(.platform, .minutes(10))],
            .replicate: [line(.launch, .minutes(15), retries: 2)],
            .serviceGate: [line(.register, .minutes(5), retries: 1), line(.health, .minutes(15))],
            .cutOver: [
                line(.ready, .minutes(5), retries: 1), line(.shift, .minutes(15)), line(.handOver, .minutes(60)),
            ],
            .drain: [line(.drain, .minutes(5))],
            .soak: [line(.soak, .minutes(5))],
            .tearDown: [
                line(.stop, .minutes(15), retries: 2), line(.destroy, .minutes(60), retries: 1),
                line(.unregister, .minutes(5), retries: 1),
            ],
        ]
        return Runbook(name: "rz-update", phases: phases.mapValues { PhaseRule(steps: $0) })
    }()
}
