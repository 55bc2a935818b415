import Migration
import Transport
import Trust

/// The Mesos cluster of one color.
public struct MesosAgentPool: AgentPool {
    private let master: MesosMaster
    private let gate: PlatformGate
    private let tenants: [any MesosTenant]

    /// - Parameter clusters: the frameworks that launch services there.
    /// - Throws: `Failure` when the URL refers to a server that the inventory does not have, or a setting is missing.
    public init(
        _ platform: Platform, master url: Setting, clusters: [any Cluster], inventory: Inventory,
        resolver: @escaping Resolver, proxy: ProxyRules? = nil
    ) throws(Failure) {
        let user = try platform.user.map(resolver)
        let password = try platform.password.map(resolver) ?? ""
        self.init(
            MesosMaster(
                url: try inventory.fill(url, resolver),
                credentials: user.map { .basic(user: $0, password: password) },
                tls: MesosMaster.access(platform.tls, inventory: inventory, resolver: resolver),
                reach: Reach(inventory, leaders: platform.leaders, proxy: proxy, resolver: resolver)),
            PlatformGate(
                agentsAtLeast: platform.agentsAtLeast, attributes: platform.agentAttributes,
                version: platform.mesosVersion),
            clusters: clusters)
    }

    init(_ master: MesosMaster, _ gate: PlatformGate, clusters: [any Cluster]) {
        self.master = master
        self.gate = gate
        tenants = clusters.compactMap { $0 as? any MesosTenant }
    }

    public func observe() async throws(Failure) -> PlatformState {
        var frameworks: [PlatformGate.Framework] = []
        for tenant in tenants { frameworks.append(try await tenant.observeFramework()) }
        return try await gate.observe(master, frameworks: frameworks)
    }

    public func observeAgents() async throws(Failure) -> [Agent] {
        try await master.agents().filter(\.isActive).map { agent in
            Agent(hostname: agent.hostname, attributes: agent.attributes, roles: Set(agent.pools.keys))
        }
    }

    public func observeCapacity(for services: [Service]) async throws(Failure) -> CapacityReport {
        let state = try await master.state()
        var requests: [ResourceRequest] = []
        for tenant in tenants {
            let framework = gate.framework(try await tenant.observeFramework(), in: state)
            let own = services.filter { tenant.taskOwner(of: $0.id) != nil }
            let running = framework.map { runningTasks(of: tenant, $0, own, state) } ?? [:]
            for service in own {
                let request = try request(for: service, tenant, framework, running[service.id] ?? [])
                if request.instances > 0 { requests.append(request) }
            }
        }
        return room(for: requests, state)
    }

    public func observeDemand(of services: [Service]) async throws(Failure) -> String {
        var requests: [ResourceRequest] = []
        for tenant in tenants {
            for service in services where tenant.taskOwner(of: service.id) != nil {
                requests.append(try request(for: service, tenant, nil, []))
            }
        }
        let agents = try await master.agents().filter(\.isActive)
        let all = agents.flatMap(\.pools.values).reduce(MesosResources()) { $0 + $1.total }
        return "services ask for \(share(requests, of: all)) on \(count(agents.count, "agent"))"
    }

    public func observeTaskContents(
        of services: [Service]
    ) async throws(Failure) -> [ServiceID: Set<TaskContent>] {
        var kinds: Set<TaskContent> = []
        var contents: [String: TaskContent] = [:]
        let state = try await master.state { task, json in
            guard task.state == .running else { return }
            // Of thousands of tasks most are alike, and share one.
            contents[task.framework + " " + task.id] = kinds.insert(TaskContent(task: json)).memberAfterInsert
        }
        var found: [ServiceID: Set<TaskContent>] = [:]
        for tenant in tenants {
            guard let framework = gate.framework(try await tenant.observeFramework(), in: state) else { continue }
            for (service, tasks) in runningTasks(of: tenant, framework, services, state) {
                found[service] = Set(tasks.compactMap { contents[$0.framework + " " + $0.id] })
            }
        }
        return found.filter { !$0.value.isEmpty }
    }

    public func unprovenNeeds(of services: [Service]) -> [String] {
        AgentNeeds(of: services).unproven(besides: gate.attributes)
    }

    /// What is still asked for: tasks that run already have their place.
    private func request(
        for service: Service, _ tenant: any MesosTenant, _ framework: MesosFramework?, _ running: [MesosTask]
    ) throws(Failure) -> ResourceRequest {
        var request = try tenant.request(for: service)
        // A job has no instances while it waits for its time, and needs its place when that comes.
        let wanted = service.mode == .scheduled ? max(1, service.instances) : service.instances
        request.instances = max(0, wanted - running.count)
        request.runningOn = running.map(\.agent)
        // A framework that may take unreserved resources may also take those reserved for its own roles.
        if request.roles.contains("*") { request.roles.formUnion(framework?.roles ?? []) }
        return request
    }

    private func runningTasks(
        of tenant: any MesosTenant, _ framework: MesosFramework, _ services: [Service], _ state: MesosState
    ) -> [ServiceID: [MesosTask]] {
        let owners = Dictionary(
            services.compactMap { service in tenant.taskOwner(of: service.id).map { ($0, service.id) } },
            uniquingKeysWith: { first, _ in first })
        let claim = TaskClaim(framework: framework.id, naming: tenant.taskNaming, services: Set(owners.keys))
        var tasks: [ServiceID: [MesosTask]] = [:]
        for task in state.tasks where task.framework == framework.id && task.state != .unreachable {
            if let owner = claim.service(of: task).flatMap({ owners[$0] }) { tasks[owner, default: []].append(task) }
        }
        return tasks
    }

    private func room(for requests: [ResourceRequest], _ state: MesosState) -> CapacityReport {
        let proof = CapacityProof(requests, on: state.agents)
        let active = state.agents.filter(\.isActive)
        let free = active.flatMap(\.pools.values).reduce(MesosResources()) { $0 + $1.free }
        return CapacityReport(
            description: "services ask for \(share(requests, of: free)) free on \(count(active.count, "agent"))",
            shortfalls: proof.shortfalls)
    }

    /// `0.2 of 8 cpus, 64 of 4096 MB mem`.
    private func share(_ requests: [ResourceRequest], of resources: MesosResources) -> String {
        func sum(_ kind: Scalar) -> Double { requests.reduce(0) { $0 + kind.amount($1) * Double($1.instances) } }
        return [Scalar.cpus, .mem].map { kind in
            "\(CapacityTotals.text(sum(kind))) of \(CapacityTotals.text(max(0, resources[keyPath: kind.path])))"
                + "\(kind.unit) \(kind.rawValue)"
        }.joined(separator: ", ")
    }

    public func observeUnclaimed(
        besides services: [ServiceID], ignoring patterns: [String]
    ) async throws(Failure) -> [String] {
        let state = try await master.state()
        guard state.leader != nil else {
            throw Failure("No Mesos master leads, so no one knows what runs", at: master.place, kind: .transient)
        }
        guard state.missingAgents == 0 else {
            throw Failure(
                "Mesos does not know yet what runs on all agents", at: master.place,
                details: ["\(count(state.missingAgents, "agent")) have not registered again since it came up"],
                advice: "They register again, or count as lost, within ten minutes: try again then.", kind: .transient)
        }
        var claims: [TaskClaim] = []
        for tenant in tenants {
            guard let framework = gate.framework(try await tenant.observeFramework(), in: state) else { continue }
            claims.append(
                TaskClaim(
                    framework: framework.id, naming: tenant.taskNaming,
                    services: Set(services.compactMap { tenant.taskOwner(of: $0) })))
        }
        return Completeness(of: state, claims: claims, ignored: patterns).sentences
    }
}
