import Migration
import Operations
import Planning

/// Runs beside the update: hands were laid on a data centre that an update left, and `rz converge` takes that back, or
/// `rz build` builds the color that no user is on (invariants I1, I5, I11 and I12).
///
/// Whatever is done, no server that serves users is taken away.
public struct Upkeep: Sendable {
    /// Data centres as updates left them, one of each shape.
    private let bases: [Base]

    private struct Base: Sendable {
        var scenario: Scenario
        var lastRun: LastRun
    }

    public init() throws(Failure) {
        var bases: [Base] = []
        for scenario in try Scenario.various() {
            let run = ScriptedRun(scenario)
            run.perform(opening: run.start)
            let simulation = run.simulation
            defer { simulation.close() }
            guard var lastRun = LastRun(scenario.plan, simulation.state), lastRun.live == .green else {
                throw Failure("An update came to no end: \(simulation.state.status)")
            }
            // The framework keeps each definition by its digest.
            lastRun.left = lastRun.left?.mapValues { service in
                WorldService(
                    fingerprint: service.fingerprint, instances: service.instances, revision: service.fingerprint)
            }
            var left = scenario
            left.world = simulation.world
            left.world.rest()
            // Of one service the framework keeps nothing, but rz does.
            lastRun.left?["/shop/web"]?.revision = nil
            left.kept = KeptServices(
                color: lastRun.live, time: Instant(milliseconds: 0),
                services: left.world[lastRun.live].services.values.map(\.service))
            bases.append(Base(scenario: left, lastRun: lastRun))
        }
        self.bases = bases
    }

    /// A run in the world that a seed decides; nil where its plan has nothing to do, or is blocked.
    public func run(_ seed: UInt64, isTracing: Bool = false) throws(Failure) -> SimulatedRun? {
        let base = bases[Int(seed % UInt64(bases.count))]
        var dice = SeededGenerator(seed: seed ^ 0x75_706b_6565_70)
        var scenario = base.scenario
        scenario.lastRun = base.lastRun
        if dice.chance(oneIn: 3) {
            scenario.operation = .build
            scenario.request = PlanRequest(color: base.lastRun.live.other)
            scenario.world.prepare(base.lastRun.live.other, like: base.lastRun.live, &dice)
        } else {
            scenario.operation = .converge
            scenario.request = PlanRequest(
                areas: [.servers, .configuration, .services, .loadBalancers].filter { _ in !dice.chance(oneIn: 4) })
            scenario.world.drift(base.lastRun.live, &dice)
            if dice.chance(oneIn: 4) {
                scenario.world.share(with: base.lastRun.live.other, like: base.lastRun.live, &dice)
            }
        }
        scenario = try scenario.planned(.rzUpdate)
        guard scenario.plan.obstacles.isEmpty, !scenario.plan.steps.isEmpty else { return nil }
        return SimulatedRun(scenario, seed: seed, lies: [], isTracing: isTracing)
    }
}

extension WorldState {
    /// Long after a run: its sessions are over, and what it set is in the configuration.
    fileprivate mutating func rest() {
        time = 0
        upgradesRoll = true
        jobRuns = [:]
        manualRuns = [:]
        for color in Color.allCases {
            for (id, launched) in self[color].services {
                var service = launched.service
                service.revision = service.fingerprint
                self[color].services[id]?.service = service
                self[color].services[id]?.readyAt = 0
                self[color].services[id]?.runsUntil = 0
                self[color].definitions[id] = [service.fingerprint: service]
            }
        }
        for index in loadBalancers.indices {
            var rested = SimulatedLoadBalancer(
                name: loadBalancers[index].name,
                servers: loadBalancers[index].servers.map { server in
                    var rested = SimulatedServer(
                        backend: server.backend, name: server.name, color: server.color, weight: server.weight,
                        configuredWeight: server.weight, host: server.host)
                    rested.administration = server.administration
                    return rested
                })
            rested.epoch = loadBalancers[index].epoch
            for backend in rested.backends.indices {
                rested.backends[backend].isSwitch = loadBalancers[index].isSwitch(rested.backends[backend].name)
            }
            loadBalancers[index] = rested
        }
        noteWhoCarries()
    }

    /// What hands did to the live color while no one looked.
    fileprivate mutating func drift(_ live: Color, _ dice: inout SeededGenerator) {
        let hosts = self[live].servers.count
        let lost = Int.random(in: 0..<hosts, using: &dice)
        let isLost = dice.chance(oneIn: 2)
        if isLost { self[live].machines[lost] = Machine(isDead: true, isOutdated: dice.chance(oneIn: 2)) }
        if dice.chance(oneIn: 8) { self[live].machines[(lost + 1) % hosts, default: Machine()].isOutdated = true }
        if dice.chance(oneIn: 2) { self[live].machines[(lost + 1) % hosts, default: Machine()].isChanged = true }
        if dice.chance(oneIn: 8) {
            self[live].services["/shop/web"] = nil
        } else if dice.chance(oneIn: 2) {
            change("/shop/web", in: live) { $0.fingerprint = "web by hand" }
        }
        if dice.chance(oneIn: 2) { change("/shop/db", in: live) { $0.instances += 2 } }
        if dice.chance(oneIn: 2) {
            var stranger = LaunchedService(
                live: Service(id: "/shop/stranger", definition: "{}", instances: 1, fingerprint: "stranger"))
            stranger.isNeeded = false
            self[live].services["/shop/stranger"] = stranger
        }
        for index in loadBalancers.indices {
            if dice.chance(oneIn: 2) { loadBalancers[index].checkPeriod = Int64.random(in: 300...5_000, using: &dice) }
            for server in loadBalancers[index].servers.indices {
                let known = loadBalancers[index].servers[server]
                // Someone else of its backend is always there.
                guard known.color == live, known.host != (lost + 1) % hosts, dice.chance(oneIn: 4) else { continue }
                if dice.chance(oneIn: 2), !loadBalancers[index].isSwitch(known.backend) {
                    loadBalancers[index].servers[server].weight = 7
                } else {
                    loadBalancers[index].servers[server].administration = .maint
                }
            }
        }
        check()
        noteWhoCarries()
    }

    /// Hands gave the other color servers, services and users.
    fileprivate mutating func share(with color: Color, like live: Color, _ dice: inout SeededGenerator) {
        stand(color, like: live)
        self[color].machines = [:]
        giveUsers(to: color)
        check()
        noteWhoCarries()
    }

    private mutating func stand(_ color: Color, like live: Color) {
        self[color] = self[live]
        self[color].servers = self[live].servers.map { color.rawValue + $0.dropFirst(live.rawValue.count) }
        self[color].services = self[live].services.filter { !$0.value.service.mode.isSingleton }
    }

    /// The color that is to be built: empty, or standing there with a server that is described otherwise by now.
    fileprivate mutating func prepare(_ color: Color, like live: Color, _ dice: inout SeededGenerator) {
        guard !dice.chance(oneIn: 4) else { return }
        stand(color, like: live)
        let host = Int.random(in: 0..<self[color].servers.count, using: &dice)
        self[color].machines[host] = Machine(isOutdated: true)
        if dice.chance(oneIn: 8) { giveUsers(to: color) }
        check()
        noteWhoCarries()
    }

    /// Someone gives a color weight by hand; what an entry of a map moves stays.
    mutating func giveUsers(to color: Color) {
        for index in loadBalancers.indices {
            for server in loadBalancers[index].servers.indices
            where loadBalancers[index].servers[server].color == color
                && !loadBalancers[index].isSwitch(loadBalancers[index].servers[server].backend)
            {
                loadBalancers[index].servers[server].weight = 100
                loadBalancers[index].servers[server].administration = .ready
            }
        }
        noteWhoCarries()
    }

    /// Someone changes a service; its framework keeps the definition.
    mutating func change(
        _ id: ServiceID, in color: Color, _ change: (inout Service) -> Void
    ) {
        guard var service = self[color].services[id]?.service else { return }
        service.instances = self[color].services[id]?.instances ?? 0
        change(&service)
        service.revision = service.fingerprint
        self[color].definitions[id, default: [:]][service.fingerprint] = service
        self[color].services[id]?.service = service
        self[color].services[id]?.instances = service.instances
    }
}
