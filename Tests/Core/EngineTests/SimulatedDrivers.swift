import Engine
import Migration
import Operations
import Waiting

struct SimulatedLoadBalancer: LoadBalancer {
    let name: LoadBalancerID
    let world: SimulatedWorld

    func observe() async throws(Failure) -> LoadBalancerState {
        if await world.failing.isSlow(name) {
            // As a driver's own deadline ends it.
            do {
                _ = try await holds(within: .seconds(3)) { await !world.failing.isSlow(name) }
            } catch {
                throw .cancelled
            }
        }
        return try await world.observe(name)
    }
    func apply(_ changes: [ServerChange], epoch: Int) async throws(Failure) {
        try await takeTime(for: changes)
        try await world.apply(changes, on: name, epoch: epoch)
    }
    func change(
        _ changes: [ServerChange], in process: LoadBalancerProcess?, isFollowed: Bool, epoch: Int
    ) async throws(Failure) -> LoadBalancerState {
        try await takeTime(for: changes)
        return try await world.change(changes, on: name, in: process, epoch: epoch)
    }
    private func takeTime(for changes: [ServerChange]) async throws(Failure) {
        if await world.failing.slowChanges.contains(name), !changes.isEmpty {
            await world.noteSlowChange()
            do {
                _ = try await holds(within: .seconds(60)) { await !world.failing.slowChanges.contains(name) }
            } catch {
                throw .cancelled
            }
        }
    }
    func observeSessions(
        of servers: [ListedServer], detailed: Int
    ) async throws(Failure) -> OpenSessions {
        OpenSessions(
            servers.map { server in
                OpenSession(
                    loadBalancer: name, backend: server.backend, server: server.name, frontend: "fe",
                    client: "127.0.0.1:40000", age: .minutes(9), bytesIn: 100, bytesOut: 2000)
            })
    }
    func observeObstacles(_ rules: [TrafficRule]) async throws(Failure) -> [Obstacle] { [] }
}

struct SimulatedProvisioner: Provisioner {
    let world: SimulatedWorld

    func observeVersion() async throws(Failure) -> String { "simulated" }
    func observeServers(_ color: Color) async throws(Failure) -> Inventory { await world.servers[color] ?? Inventory() }
    func observeChanges(_ color: Color) async throws(Failure) -> ProvisioningChanges {
        ProvisioningChanges(add: await world.servers[color]?.isEmpty == false ? [] : ["server"])
    }
    func observeDrift(_ color: Color) async throws(Failure) -> [Drift] { try await driftByChanges(color) }
    func build(
        _ color: Color, permit: ProvisioningPermit?, report: Report
    ) async throws(Failure) -> Inventory { await world.build(color) }
    func buildDisks(report: Report) async throws(Failure) {}
    func destroy(_ color: Color, report: Report) async throws(Failure) { await world.destroy(color) }
}

struct SimulatedConfigurator: Configurator {
    let world: SimulatedWorld

    func observeDrift(
        _ color: Color, _ inventory: Inventory, report: Report
    ) async throws(Failure) -> DriftLook { DriftLook() }

    func observeVersion() async throws(Failure) -> String { "simulated" }
    func observeObstacles() async throws(Failure) -> [Obstacle] { await world.failing.configurationObstacles }
    func reached(_ inventory: Inventory) async throws(Failure) -> [Host] {
        let address = await world.failing.configuredAt
        return inventory.hosts.map { Host(name: $0.name, address: address ?? $0.address) }
    }
    func configure(_ color: Color, _ inventory: Inventory, report: Report) async throws(Failure) -> ConfigurationResult
    {
        let changes = await world.configure(color)
        return ConfigurationResult(
            changed: Dictionary(
                uniqueKeysWithValues: inventory.hosts.map { host in
                    (host.name, changes.count { $0.host == host.name })
                }), changes: changes, tasks: Set(changes.map(\.task)))
    }
}

struct SimulatedCluster: Cluster {
    let world: SimulatedWorld
    let color: Color

    private func hear() async throws(Failure) {
        guard await world.failing.silent.contains(color) else { return }
        throw Failure("connection refused", at: "the framework of \(color)", kind: .transient)
    }

    func observePlatform() async throws(Failure) -> PlatformState {
        try await hear()
        return PlatformState(description: "simulated", isReady: true)
    }
    func observeServices() async throws(Failure) -> [Service] {
        try await hear()
        return await world.told(in: color).values.sorted { $0.id < $1.id }
    }
    func rewrite(_ service: Service, overrides: [Override], inventory: Inventory?) throws(Failure) -> Service {
        var service = service
        for override in overrides where override.match == .id(service.id.text) {
            service.accepted.merge(override.accept) { $1 }
        }
        return service
    }
    /// The simulated definition is the image, or `privileged`.
    func containers(of service: Service) throws(Failure) -> [ContainerFacts] {
        [ContainerFacts(at: "container", isPrivileged: service.definition == "privileged")]
    }
    func launch(_ service: Service, suspended: Bool) async throws(Failure) { await world.launch(service, in: color) }
    func observeActivity(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceActivity] { [:] }
    func suspend(_ service: ServiceID) async throws(Failure) {
        try await hear()
        await world.note("suspend \(service) in \(color)")
    }
    func activate(_ service: ServiceID, instances: Int) async throws(Failure) {}
    func runOnce(_ job: ServiceID) async throws(Failure) {}
    func observeHealth(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceHealth] {
        await world.health(of: services, in: color)
    }
    func stop(_ service: ServiceID) async throws(Failure) {
        do {
            _ = try await holds(within: .seconds(30)) { await !world.failing.slowStops.contains(service) }
        } catch {
            throw .cancelled
        }
        await world.stop(service, in: color)
    }
}

/// A Mesos that knows of every service, reported or not.
struct SimulatedAgents: AgentPool {
    let world: SimulatedWorld
    let color: Color

    func observe() async throws(Failure) -> PlatformState { PlatformState(description: "Mesos", isReady: true) }
    func observeAgents() async throws(Failure) -> [Agent] { [] }
    func observeCapacity(for services: [Service]) async throws(Failure) -> CapacityReport {
        CapacityReport(description: "room")
    }
    func observeDemand(of services: [Service]) async throws(Failure) -> String { "" }
    func unprovenNeeds(of services: [Service]) -> [String] { [] }
    func observeTaskContents(of services: [Service]) async throws(Failure) -> [ServiceID: Set<TaskContent>] {
        let running = await world.services[color, default: [:]]
        let altered = await world.failing.alteredTasks[color, default: [:]]
        return services.reduce(into: [:]) { contents, service in
            guard running[service.id] != nil else { return }
            let fields = ["resources.cpus": "1", "container.docker.image": "shop:1"]
            contents[service.id] = [TaskContent(fields: fields.merging(altered[service.id] ?? [:]) { $1 })]
        }
    }
    func observeUnclaimed(
        besides services: [ServiceID], ignoring patterns: [String]
    ) async throws(Failure) -> [String] {
        await world.services[color, default: [:]].keys.filter { !services.contains($0) }.sorted()
            .map { "\($0) is in no source" }
    }
}

struct SimulatedRim: Prober, StepRunner {
    let world: SimulatedWorld

    func ask(_ probe: Probe, target: String?, inventory: Inventory, other: Inventory) async -> GateSample {
        if case .prometheus(let query) = probe.kind {
            guard let peak = await world.failing.peaks[query.query] else {
                return GateSample(
                    gate: "probe", subject: query.name, verdict: .inconclusive, message: "\(query.name): no answer")
            }
            return GateSample(gate: "probe", subject: query.name, verdict: .pass, value: peak, message: "\(peak)")
        }
        var asked = target
        if case .command(let words) = probe.kind { asked = words.first?.text }
        let isDead = await world.failing.deadAddresses.contains { asked?.hasPrefix($0) == true }
        return GateSample(
            gate: "probe", subject: target ?? "", verdict: isDead ? .fail : .pass, message: isDead ? "refused" : "ok")
    }
    func run(_ work: ExecWork, inventory: Inventory, report: Report) async throws(Failure) -> [String: String] {
        await world.note("ran " + work.command.map(\.text).joined(separator: " "))
        return await world.failing.outputs
    }
    func call(_ work: HTTPWork, inventory: Inventory) async throws(Failure) -> [String: String] { [:] }
}

/// The wall clock; tests use periods of milliseconds.
struct WallClock: RunClock {
    /// How far it is behind that of others.
    var behind = Duration.zero

    var now: Instant {
        let since = ContinuousClock.now - WallClock.start - behind
        return Instant(
            milliseconds: since.components.seconds * 1000 + since.components.attoseconds / 1_000_000_000_000_000)
    }
    var uptime: Period { now - Instant(milliseconds: 0) }
    func sleep(_ period: Period) async throws(CancellationError) {
        do { try await Task.sleep(for: period.duration) } catch { throw CancellationError() }
    }
    private static let start = ContinuousClock.now - .seconds(1_000_000)
}

/// A journal in memory that can die at a chosen append, as a killed process does: nothing after it is written.
actor MemoryJournal: EventStore {
    private(set) var events: [Event] = []
    private var epoch: Int?
    private var appendsLeft: Int?

    func dieAfter(appends: Int?) { appendsLeft = appends }
    func acquire(epoch: Int) { self.epoch = epoch }

    func append(_ kinds: [Event.Kind], run: RunID, epoch: Int?, at time: Instant) async throws(Failure) -> [Event] {
        if let epoch, let held = self.epoch, epoch < held { throw Failure("another rz took over", kind: .refused) }
        if let left = appendsLeft {
            guard left > 0 else { throw Failure("killed") }
            appendsLeft = left - 1
        }
        let appended = kinds.enumerated().map { offset, kind in
            Event(run: run, sequence: events.count + 1 + offset, time: time, kind: kind)
        }
        events += appended
        return appended
    }

    func confirm(epoch: Int) async throws(Failure) {
        if let held = self.epoch, epoch < held { throw Failure("another rz took over", kind: .refused) }
    }

    func events(of run: RunID, after sequence: Int) async throws(Failure) -> [Event] {
        events.filter { $0.run == run && $0.sequence > sequence }
    }
}

/// A run in a simulated world.
struct SimulatedRun: Sendable {
    var world: SimulatedWorld
    let journal = MemoryJournal()
    var plan: Plan
    /// Whether Mesos reports what runs.
    var hasMesos = false

    init(
        analysis: [Analysis] = [], deadline: Period = .seconds(30), hasMesos: Bool = false,
        change: (inout Environment) -> Void = { _ in }
    ) {
        self.hasMesos = hasMesos
        let services = ["/shop/db", "/shop/web"].map { id in
            Service(
                id: ServiceID(id), definition: "{}", instances: 2, dependencies: id == "/shop/web" ? ["/shop/db"] : [],
                fingerprint: id)
        }
        world = SimulatedWorld(services: services)
        let short = Period(milliseconds: 20)
        var environment = Environment(
            name: "test", configure: Configure(playbook: "site.yaml"),
            traffic: [TrafficRule(backend: "be_web", servers: [.blue: "blue-*", .green: "green-*"])],
            gates: Gates(
                service: ServiceGate(healthyFor: short),
                cutOver: CutOverGate(
                    steps: [10, 50, 100].map { .init(share: Percent($0), bake: short) }, analysis: analysis,
                    interval: Period(milliseconds: 5))),
            drain: DrainPolicy(quiet: short, deadline: .seconds(5)), soak: short)
        change(&environment)
        plan = SimulatedRun.plan(environment, services, deadline)
    }

    func engine(epoch: Int = 1, clock: WallClock = WallClock()) -> Engine {
        engine(drivers, epoch: epoch, clock: clock)
    }

    func engine(_ drivers: Drivers, epoch: Int = 1, clock: WallClock = WallClock()) -> Engine {
        Engine(
            plan: plan, run: "r-1", drivers: drivers,
            work: (Operation.all.first { $0.name == plan.operation } ?? .rzUpdate).work, journal: journal, clock: clock,
            epoch: epoch)
    }

    var drivers: Drivers {
        Drivers(
            loadBalancers: ["edge-1", "edge-2"].map { SimulatedLoadBalancer(name: $0, world: world) },
            provisioner: SimulatedProvisioner(world: world), configurator: SimulatedConfigurator(world: world),
            cluster: { [world] color, _ in SimulatedCluster(world: world, color: color) },
            agents: { [world, hasMesos] color, _ in
                hasMesos ? SimulatedAgents(world: world, color: color) : nil
            },
            prober: SimulatedRim(world: world), stepRunner: SimulatedRim(world: world))
    }

    static let start = Event.Kind.runStarted(environment: "test", plan: "p-1", from: .blue, to: .green, by: "test")

    /// The steps that the shipped runbook gives, written out.
    private static func plan(_ environment: Environment, _ services: [Service], _ deadline: Period) -> Plan {
        var steps: [Step] = []
        func add(_ id: String, _ phase: PhaseID, _ action: Action, needs: [String] = [], undo: Reversibility = .free) {
            steps.append(
                Step(
                    id: StepID(id), phase: phase, title: id, action: action,
                    color: ["drain", "soak", "stopServices", "destroyServers"].contains(action.kind) ? .blue : .green,
                    needs: needs.map { StepID($0) },
                    undo: undo, closesWayBack: phase == .tearDown && undo == .none,
                    estimate: .seconds(1), deadline: deadline))
        }
        add("checks", .preflight, .check)
        add("servers", .standUp, .buildServers, undo: .costly)
        add("site", .configure, .configure)
        add("platform", .platformGate, .awaitPlatform)
        add("launch/shop/db", .replicate, .launch("/shop/db"), undo: .costly)
        add("launch/shop/web", .replicate, .launch("/shop/web"), needs: ["launch/shop/db"], undo: .costly)
        add("health", .serviceGate, .awaitServices)
        add("ready", .cutOver, .readyTraffic)
        var before = "ready"
        for step in environment.gates.cutOver.steps {
            let id = "shift-\(step.share.text)"
            add(id, .cutOver, .shift(to: step.share, bake: step.bake), needs: [before])
            before = id
            guard let pause = step.pause else { continue }
            before = id + "-pause"
            add(before, .cutOver, .approval(pause.demand, reason: pause.reason ?? ""), needs: [id])
        }
        add("drain", .drain, .drain)
        add("soak", .soak, .soak(environment.soak))
        add("stop", .tearDown, .stopServices, undo: .none)
        add("destroy", .tearDown, .destroyServers, needs: ["stop"], undo: .none)
        return Plan(
            id: "p-1", environment: environment, direction: Direction(from: .blue), createdAt: Instant(milliseconds: 0),
            source: PinnedSource(commit: "4f1c2e9"),
            world: World(live: .blue, servers: [:], services: [:], backends: [:], configuration: ""), steps: steps,
            services: services.map { PlannedService(id: $0.id, instances: $0.instances, layer: 1) })
    }
}
