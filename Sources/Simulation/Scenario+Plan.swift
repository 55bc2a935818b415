import Migration

extension Scenario {
    /// The data centre that a plan was made for, as far as the plan recorded it: load balancers with their backends,
    /// servers, services. Its steps are those of the plan.
    ///
    /// - Throws: `Failure` when the plan has nothing to do, or something refuses it.
    public init(_ plan: Plan) throws(Failure) {
        guard !plan.steps.isEmpty, plan.obstacles.isEmpty else {
            throw Failure(
                plan.steps.isEmpty ? "The plan has nothing to do" : "The plan can't be run as it is",
                details: plan.obstacles, advice: "See it: rz plan \(plan.environment.name).", kind: .refused)
        }
        let old = plan.direction.old
        let new = plan.direction.new
        var world = WorldState(loadBalancers: plan.environment.loadBalancers.map { Scenario.balancer($0.name, plan) })
        let services = plan.services.map { planned in
            let known = plan.world.services[planned.id]
            return Service(
                id: planned.id, definition: "{}", instances: known?.instances ?? planned.instances, mode: planned.mode,
                fingerprint: known?.fingerprint ?? "")
        }
        world[old] = ColorState(servers: plan.world.servers[old, default: []], isConfigured: true)
        for service in services {
            world[old].services[service.id] = LaunchedService(live: service)
        }
        let standing = plan.world.servers[new, default: []]
        world[new].servers = standing
        let added = plan.provisioning.add.isEmpty ? ["\(new)-server"] : plan.provisioning.add
        environment = plan.environment
        startTime = 5_000
        serverNames = [old: world[old].servers, new: standing.isEmpty ? added : standing]
        self.world = world
        self.plan = plan
    }

    private static func balancer(_ name: LoadBalancerID, _ plan: Plan) -> SimulatedLoadBalancer {
        let servers = plan.environment.traffic.flatMap { rule in
            plan.world.backends["\(name)/\(rule.backend)", default: []].compactMap { server -> SimulatedServer? in
                guard let color = rule.color(of: server) else { return nil }
                let weight = color == plan.direction.old ? 100 : 0
                return SimulatedServer(
                    backend: rule.backend, name: server, color: color, weight: weight, configuredWeight: weight)
            }
        }
        return SimulatedLoadBalancer(name: name, servers: servers)
    }
}
