import Migration
import Planning

extension Simulation {
    /// The drivers of one process.
    func drivers(of process: SimulatedProcess) -> Drivers {
        let outside = SimulatedOutside(process: process, simulation: self)
        var drivers = Drivers(
            loadBalancers: scenario.world.loadBalancers.map { balancer in
                SimulatedBalancerDriver(name: balancer.name, outside: outside)
            },
            provisioner: outside, configurator: outside,
            cluster: { color, _ in SimulatedClusterDriver(color: color, outside: outside) },
            agents: { [hasMesos = scenario.hasMesos] color, _ in
                hasMesos ? SimulatedAgentPool(color: color, outside: outside) : nil
            }, prober: outside, stepRunner: outside)
        drivers.keptServices = { [kept = scenario.kept] color in kept.map { $0.color == color ? [$0] : [] } ?? [] }
        guard let unreachable = scenario.plan.unreachable, let kept = scenario.kept else { return drivers }
        return drivers.keeping(kept, as: unreachable, scenario.environment.services)
    }
}

/// Everything outside as one process reaches it.
struct SimulatedOutside: Sendable {
    let process: SimulatedProcess
    let simulation: Simulation

    func look<Answer: Sendable>(
        _ name: String, _ target: Call.Target, _ effect: @escaping (WorldState) throws(Failure) -> Answer
    ) async throws(Failure) -> Answer {
        let call = Call(name: name, target: target, isMutating: false)
        return try await simulation.call(call, by: process) { (world, _) throws(Failure) in try effect(world) }
    }

    func change<Answer: Sendable>(
        _ name: String, _ target: Call.Target, isRepeatable: Bool = true,
        _ effect: @escaping (inout WorldState, Int?) throws(Failure) -> Answer
    ) async throws(Failure) -> Answer {
        let call = Call(name: name, target: target, isMutating: true, isRepeatable: isRepeatable)
        return try await simulation.call(call, by: process, effect)
    }

    /// Runs a program that changes something, once the one that an earlier rz left behind has ended.
    func runProgram<Answer: Sendable>(
        _ name: String, _ target: Call.Target, permit: @Sendable () async throws(Failure) -> Void = {},
        begin: @escaping (inout WorldState) -> Void = { _ in },
        _ effect: @escaping (inout WorldState) throws(Failure) -> Answer
    ) async throws(Failure) -> Answer {
        let call = Call(name: name, target: target, isMutating: true, isRepeatable: false, isProgram: true)
        try await simulation.awaitPrograms(before: call, by: process)
        try await permit()
        try await Permission.ask()
        return try await simulation.call(call, by: process) { (world, limit) throws(Failure) in
            begin(&world)
            if limit != nil { throw Failure("\(name) broke off", details: ["simulated"], kind: .transient) }
            return try effect(&world)
        }
    }

    var readyAfter: Int64 { simulation.scenario.startTime }
}

struct SimulatedBalancerDriver: LoadBalancer {
    let name: LoadBalancerID
    let outside: SimulatedOutside

    func observe() async throws(Failure) -> LoadBalancerState {
        try await outside.look("observe", .loadBalancer(name)) { (world) throws(Failure) in try world.state(of: name) }
    }

    func apply(_ changes: [ServerChange], epoch: Int) async throws(Failure) {
        try await outside.change(words(for: changes), .loadBalancer(name), isRepeatable: false) {
            (world, limit) throws(Failure) in
            try world.apply(changes, on: name, epoch: epoch, limit: limit)
        }
    }

    func change(
        _ changes: [ServerChange], in process: LoadBalancerProcess?, isFollowed: Bool, epoch: Int
    ) async throws(Failure) -> LoadBalancerState {
        try await outside.change(words(for: changes), .loadBalancer(name), isRepeatable: false) {
            (world, limit) throws(Failure) in
            try world.refuse(unless: process, on: name)
            try world.apply(changes, on: name, epoch: epoch, limit: limit)
        }
        return try await observe()
    }

    private func words(for changes: [ServerChange]) -> String {
        guard !changes.isEmpty else { return "claim" }
        let shown = changes.prefix(6).map { "\($0.server) \($0.change.words)" }.joined(separator: ", ")
        return shown + (changes.count > 6 ? " and \(changes.count - 6) more" : "")
    }

    func observeSessions(
        of servers: [ListedServer], detailed: Int
    ) async throws(Failure) -> OpenSessions { OpenSessions() }
    func observeObstacles(_ rules: [TrafficRule]) async throws(Failure) -> [Obstacle] { [] }
}

struct SimulatedClusterDriver: Cluster {
    let color: Color
    let outside: SimulatedOutside

    func observePlatform() async throws(Failure) -> PlatformState {
        try await outside.look("observe platform", .cluster(color)) { (world) throws(Failure) in
            let isReady = world[color].isConfigured && !world[color].servers.isEmpty && !world[color].isSilent
            return PlatformState(
                description: "simulated cluster of \(color)", isReady: isReady,
                missing: isReady ? [] : ["its servers are not configured"])
        }
    }

    func observeServices() async throws(Failure) -> [Service] {
        try await outside.look("observe services", .cluster(color)) { (world) throws(Failure) in
            try world.asReported(by: color).services(in: color)
        }
    }

    func rewrite(_ service: Service, overrides: [Override], inventory: Inventory?) throws(Failure) -> Service {
        service
    }

    func launch(_ service: Service, suspended: Bool) async throws(Failure) {
        let readyAfter = outside.readyAfter
        try await outside.change("launch \(service.id)", .cluster(color)) { (world, _) throws(Failure) in
            try world.launch(service, in: color, suspended: suspended, readyAfter: readyAfter)
        }
    }

    func observeTasks(of service: ServiceID) async throws(Failure) -> [ServiceTask] {
        try await outside.look("observe tasks of \(service)", .cluster(color)) { (world) throws(Failure) in
            try world.asReported(by: color).tasks(of: service, in: color)
        }
    }

    func observeService(_ service: ServiceID, revision: String) async throws(Failure) -> Service? {
        try await outside.look("observe \(service) \(revision)", .cluster(color)) { world in
            world[color].definitions[service]?[revision]
        }
    }

    func observeHealth(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceHealth] {
        try await outside.look("observe health", .cluster(color)) { (world) throws(Failure) in
            try world.asReported(by: color).health(of: services, in: color)
        }
    }

    func stop(_ service: ServiceID) async throws(Failure) {
        try await outside.change("stop \(service)", .cluster(color)) { world, _ in world.stop(service, in: color) }
    }

    func observeActivity(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceActivity] {
        try await outside.look("observe activity", .cluster(color)) { (world) throws(Failure) in
            try world.asReported(by: color).activity(of: services, in: color)
        }
    }

    func suspend(_ service: ServiceID) async throws(Failure) {
        try await outside.change("suspend \(service)", .cluster(color)) { (world, _) throws(Failure) in
            try world.suspend(service, in: color)
        }
    }

    func activate(_ service: ServiceID, instances: Int) async throws(Failure) {
        let readyAfter = outside.readyAfter
        try await outside.change("activate \(service)", .cluster(color)) { (world, _) throws(Failure) in
            try world.activate(service, in: color, instances: instances, readyAfter: readyAfter)
        }
    }

    func runOnce(_ job: ServiceID) async throws(Failure) {
        try await outside.change("run \(job)", .cluster(color), isRepeatable: false) { (world, _) throws(Failure) in
            try world.runOnce(job, in: color)
        }
    }
}

/// What Mesos itself tells, whatever a framework has forgotten.
struct SimulatedAgentPool: AgentPool {
    let color: Color
    let outside: SimulatedOutside

    func observe() async throws(Failure) -> PlatformState {
        PlatformState(description: "simulated Mesos of \(color)", isReady: true)
    }
    func observeAgents() async throws(Failure) -> [Agent] { [] }
    func observeCapacity(for services: [Service]) async throws(Failure) -> CapacityReport {
        CapacityReport(description: "room for all")
    }
    func observeDemand(of services: [Service]) async throws(Failure) -> String { "little" }
    func unprovenNeeds(of services: [Service]) -> [String] { [] }

    func observeTaskContents(of services: [Service]) async throws(Failure) -> [ServiceID: Set<TaskContent>] {
        try await outside.look("observe task contents", .cluster(color)) { world in
            services.reduce(into: [:]) { contents, service in
                guard let launched = world[color].services[service.id], launched.instances > 0 else { return }
                let content = launched.service.fingerprint + (world[color].runsOtherwise ? ", otherwise" : "")
                contents[service.id] = [TaskContent(fields: ["definition": content])]
            }
        }
    }

    func observeUnclaimed(
        besides services: [ServiceID], ignoring patterns: [String]
    ) async throws(Failure) -> [String] {
        try await outside.look("observe tasks", .cluster(color)) { world in
            world.running(in: color).filter { !services.contains($0) }.map { "\($0) is in no source" }
        }
    }
}

extension SimulatedOutside: Provisioner, Configurator {
    func observeVersion() async throws(Failure) -> String { "simulated" }

    func observeDrift(_ color: Color) async throws(Failure) -> [Drift] { try await driftByChanges(color) }

    func observeDrift(_ color: Color, _ inventory: Inventory, report: Report) async throws(Failure) -> DriftLook {
        try await look("observe drift", .servers(color)) { world in
            let state = world[world.target[color]]
            return DriftLook(
                state.servers { !$0.isConfigured && $0.serves }.map {
                    Drift(.configuration, $0, "differs", remedy: .configure)
                })
        }
    }

    func observeServers(_ color: Color) async throws(Failure) -> Inventory {
        try await look("observe servers", .servers(color)) { $0.inventory(of: color) }
    }

    func observeChanges(_ color: Color) async throws(Failure) -> ProvisioningChanges {
        let servers = simulation.scenario.servers(of: color)
        return try await look("observe changes", .servers(color)) { world in
            let state = world[world.target[color]]
            if state.isHalfBuilt { return ProvisioningChanges(inDoubt: servers) }
            var changes = ProvisioningChanges(
                add: state.servers.isEmpty ? servers : [], replace: state.servers { $0.isReplaced && !$0.isInDoubt },
                inDoubt: state.servers(\.isInDoubt))
            let lost = changes.lost.map { ($0, [$0]) }
            changes.servers = lost.isEmpty ? nil : Dictionary(uniqueKeysWithValues: lost)
            return changes
        }
    }

    func build(
        _ color: Color, permit: ProvisioningPermit?, report: Report
    ) async throws(Failure) -> Inventory {
        let servers = simulation.scenario.servers(of: color)
        await report("\(servers.count) servers to build")
        return try await runProgram("build", .servers(color)) { () async throws(Failure) in
            // What it will do is known once its own plan is made, which takes its time.
            guard let permit else { return }
            let woken = await process.wait { id in
                simulation.timeline.after(5_000, owner: process) { process.wake(id) }
            }
            guard woken, process.isAlive else { throw .cancelled }
            try await permit(try await observeChanges(color))
        } begin: { world in
            if world[color].servers.isEmpty { world[color].isHalfBuilt = true }
            world[color].beginReplacing()
        } _: { world in
            world.build(color, servers: servers)
        }
    }

    func buildDisks(report: Report) async throws(Failure) {
        try await runProgram("build disks", .disks) { world in world.disksAreBuilt = true }
    }

    func destroy(_ color: Color, report: Report) async throws(Failure) {
        try await runProgram("destroy", .servers(color)) { world in world.destroy(color) }
    }

    func configure(_ color: Color, _ inventory: Inventory, report: Report) async throws(Failure) -> ConfigurationResult
    {
        try await runProgram("configure", .servers(color)) { (world) throws(Failure) in
            let changes = try world.configure(color)
            return ConfigurationResult(
                changed: Dictionary(uniqueKeysWithValues: inventory.hosts.map { ($0.name, changes) }))
        }
    }
}

extension SimulatedOutside: Prober, StepRunner {
    func ask(_ probe: Probe, target: String?, inventory: Inventory, other: Inventory) async -> GateSample {
        if case .prometheus(let query) = probe.kind { return await askPrometheus(query) }
        guard let target else {
            // Its address is outside of the simulated world.
            return GateSample(gate: "probe", subject: "", verdict: .pass, message: "is not simulated")
        }
        let answers = try? await look("ask \(target)", .servers(.blue)) { world in world.answers(at: target) }
        return GateSample(
            gate: "probe", subject: target, verdict: answers == true ? .pass : .fail,
            message: answers == true ? "answers" : "does not answer")
    }

    /// Knows how the users of one color fare, which one the query says, and the peaks of backends.
    private func askPrometheus(_ query: PrometheusQuery) async -> GateSample {
        func sample(_ verdict: Verdict, _ message: String, samples: Int? = nil) -> GateSample {
            GateSample(gate: "probe", subject: query.name, verdict: verdict, samples: samples, message: message)
        }
        let color = query.query.contains(Color.blue.rawValue) ? Color.blue : .green
        do throws(Failure) {
            if simulation.scenario.plan.limits.peaks?.contains(where: { $0.query.name == query.name }) == true {
                let peak = try await look("ask prometheus", .servers(.blue)) { $0.peak(named: query.query) }
                guard let peak else { return sample(.inconclusive, "no data", samples: 0) }
                return GateSample(
                    gate: "probe", subject: query.name, verdict: .pass, value: Double(peak), message: query.name)
            }
            guard let failed = try await look("ask prometheus", .servers(.blue), { $0.failedShare(of: color) }) else {
                return sample(.inconclusive, "no data", samples: 0)
            }
            return sample(query.isWithin(failed) ? .pass : .fail, "\(query.name): \(failed)")
        } catch {
            return sample(.inconclusive, "Prometheus does not answer")
        }
    }

    func run(_ work: ExecWork, inventory: Inventory, report: Report) async throws(Failure) -> [String: String] {
        work.outputs?.samples ?? [:]
    }

    func call(_ work: HTTPWork, inventory: Inventory) async throws(Failure) -> [String: String] {
        work.outputs?.samples ?? [:]
    }
}

extension ServerChange.Change {
    fileprivate var words: String {
        switch self {
        case .weight(let weight): "weight \(weight)"
        case .administration(let administration): administration.rawValue
        case .shutdownSessions: "shutdown sessions"
        case .takeQueue: "take the queue"
        case .add(let address): "add at \(address)"
        case .remove: "remove"
        }
    }
}
