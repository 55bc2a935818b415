import Migration

extension Scenario {
    /// The data centre that a plan was made for, as far as the plan recorded it: load balancers with their backends,
    /// servers, services. Its steps are those of the plan.
    ///
    /// - Throws: `Failure` when the plan has nothing to do, or something refuses it.
    public init(_ plan: Plan) throws(Failure) {
        guard plan.unreachable == nil else {
            throw Failure(
                "What happens where \(plan.direction.old) does not answer can't be simulated by a plan",
                advice: "Simulate a plan of while it answered.", kind: .refused)
        }
        guard !plan.steps.isEmpty, plan.obstacles.isEmpty else {
            throw Failure(
                plan.steps.isEmpty ? "The plan has nothing to do" : "The plan can't be run as it is",
                details: plan.obstacles, advice: "See it: rz plan \(plan.environment.name).", kind: .refused)
        }
        let old = plan.direction.old
        let new = plan.direction.new
        let services = plan.services.map { planned in
            let known = plan.world.services[planned.id]
            return Service(
                id: planned.id, definition: "{}", instances: known?.instances ?? planned.instances, mode: planned.mode,
                fingerprint: known?.fingerprint ?? "")
        }
        let standing = plan.world.servers[new, default: []]
        let added = plan.provisioning.add.isEmpty ? ["\(new)-server"] : plan.provisioning.add
        let hosts = [old: plan.world.servers[old, default: []], new: standing.isEmpty ? added : standing]
        var world = WorldState(
            loadBalancers: plan.environment.loadBalancers.map { Scenario.balancer($0.name, plan, hosts) })
        world[old] = ColorState(servers: plan.world.servers[old, default: []], isConfigured: true)
        for service in services {
            world[old].services[service.id] = LaunchedService(live: service)
        }
        world[new].servers = standing
        var plan = plan
        // A plan names resources of a provisioner; the simulated one has servers alone.
        plan.destruction = nil
        plan.takesAnyHourAndAnyone()
        // The simulated servers are all of one group, and have no variables.
        for place in plan.environment.traffic.indices {
            let registration = plan.environment.traffic[place].registration?.mapValues { registered in
                ServerRegistration(
                    .group("control"), port: "\(1000 + place)",
                    name: registered.pattern.replacing("*", with: "{{ name }}"))
            }
            plan.environment.traffic[place].registration = registration
        }
        environment = plan.environment
        startTime = 5_000
        serverNames = hosts
        self.world = world
        live = world[old]
        self.plan = plan
    }

    private static func balancer(_ name: LoadBalancerID, _ plan: Plan, _ hosts: [Color: [String]])
        -> SimulatedLoadBalancer
    {
        let servers = plan.environment.traffic.flatMap { rule in
            let names = plan.world.backends["\(name)/\(rule.backend)", default: []]
            return Color.allCases.flatMap { color in
                names.filter { rule.color(of: $0) == color }.enumerated().map { index, server in
                    let weight = color == plan.direction.old ? 100 : 0
                    return SimulatedServer(
                        backend: rule.backend, name: server, color: color, weight: weight, configuredWeight: weight,
                        host: index % max(1, hosts[color, default: []].count))
                }
            }
        }
        var balancer = SimulatedLoadBalancer(name: name, servers: servers)
        // A plan does not record what load balancers counted: what its limits ask for is there.
        for index in balancer.servers.indices { balancer.servers[index].limit = SimulatedServer.enough }
        for index in balancer.backends.indices {
            (balancer.backends[index].peak, balancer.backends[index].countedPeak) = (1, 1)
        }
        return balancer
    }
}

extension Plan {
    /// The simulated world has no nights, and its people have neither roles nor keys.
    fileprivate mutating func takesAnyHourAndAnyone() {
        environment.approvers = nil
        for index in steps.indices {
            guard case .approval(let demand, let reason) = steps[index].action else { continue }
            steps[index].action = .approval(ApprovalDemand(demand.people), reason: reason)
        }
        environment.limits.windows = nil
        let windows = Set(steps.filter { $0.action == .window }.map(\.id))
        steps.removeAll { windows.contains($0.id) }
        for index in steps.indices { steps[index].needs.removeAll(where: windows.contains) }
    }
}
