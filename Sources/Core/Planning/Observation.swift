import Migration

/// Everything a plan is made from, read from the outside without changing anything.
public struct Observation: Sendable {
    public var source: PinnedSource
    public var direction: Direction
    public var inventory: [Color: Inventory]
    public var loadBalancers: [LoadBalancerID: LoadBalancerState]
    /// What others report of the most that backends had, where the environment asks for it.
    public var peaks = MeasuredPeaks()
    public var provisioning: ProvisioningChanges
    /// What destroying the live color would take away; nil where that is refused.
    public var destruction: [String]?
    /// The live color's services as they are.
    public var services: [Service]
    /// The same services as the new color will have them, as far as that can be known before its servers exist.
    public var rewritten: [Service]
    public var ignored: [IgnoredService]
    /// What of each service is bound to its environment.
    public var findings: [ServiceID: [Finding]]
    /// What the definitions of the services say of their containers, as the new color will have them.
    public var containers: [ServiceID: [ContainerFacts]] = [:]
    /// What the tools report that `policies.reports` asks for, by the rules' names.
    public var reports: [String: ReportFinding] = [:]
    /// For people: what the services ask for, and what there is; nil where no agents are known.
    public var capacity: String?
    public var obstacles: [Obstacle]
    /// What servers showed that are called over TLS, by color.
    public var certificates: [Color: [CertificateSighting]] = [:]
    /// What a run is to take back, where it is for that.
    public var drifts: [Drift] = []
    /// The color that carries the traffic; nil for the old one of the direction.
    public var live: Color?
    /// What is to be kept of the live color's services, for a day on which it does not answer; nil where they were not
    /// looked at, or may be fewer than there are.
    public var look: ServiceLook?
    /// What is said of an old color that does not answer.
    public var unreachable: UnreachableColor?
}

/// Reads the world.
public struct Observer: Sendable {
    let environment: Environment
    let drivers: Drivers
    /// What the next run writes to load balancers at least; nil where none is meant.
    let epoch: Int?
    let lastRun: LastRun?

    /// - Parameter lastRun: what the last run of this environment left behind; nil where there was none.
    public init(environment: Environment, drivers: Drivers, epoch: Int? = nil, lastRun: LastRun? = nil) {
        self.environment = environment
        self.drivers = drivers
        self.epoch = epoch
        self.lastRun = lastRun
    }

    /// Everything that a plan rests on. Makes no mutating call.
    ///
    /// - Throws: `Failure` when a part of the world can't be read: a plan that guesses is worse than none.
    public func observe(_ source: PinnedSource) async throws(Failure) -> Observation {
        let (states, obstacles) = try await observeLoadBalancers()
        return try await observe(
            source, Direction(from: try liveColor(of: states, environment.traffic)), states, obstacles)
    }

    /// - Parameter isOldReachable: whether the old color's servers can be asked for anything.
    func observe(
        _ source: PinnedSource, _ direction: Direction, _ states: [LoadBalancerID: LoadBalancerState],
        _ obstacles: [Obstacle], isOldReachable: Bool = true
    ) async throws(Failure) -> Observation {
        var inventory: [Color: Inventory] = [:]
        for color in Color.allCases { inventory[color] = try await drivers.provisioner.observeServers(color) }
        let servers = try await observeProvisioning(direction, inventory, destroying: isOldReachable)

        let old = direction.old
        var certificates: [Color: [CertificateSighting]] = [:]
        if isOldReachable {
            certificates[old] = await drivers.certificates(inventory[old, default: Inventory()], false)
        }
        let new = inventory[direction.new].flatMap { $0.isEmpty ? nil : $0 }
        if let new { certificates[direction.new] = await drivers.certificates(new, true) }
        let isUntrusted = certificates[direction.new, default: []].contains { $0.problem != nil }
        // Servers whose certificates are not taken get others with their configuration, perhaps, and are asked again
        // before the first launch; the plan warns of them.
        let agents =
            try isUntrusted
            ? nil : new.flatMap { (servers) throws(Failure) in try drivers.agents(direction.new, servers) }
        let cluster = try drivers.cluster(old, inventory[old, default: Inventory()])
        let services = try await ServiceObservation(
            of: cluster, rules: environment.services,
            in: PlacementContext(
                old: inventory[old, default: Inventory()], new: new, agents: try await agents.ifAnswering()))
        let unproven = try unprovenNeeds(of: services.rewritten, old, inventory[old, default: Inventory()])
        let doubts = SourceDoubts(rules: environment.services, live: old, lastRun: lastRun)
            .obstacles(of: services, try await cluster.observeDoubts())
        let unclaimed = try await observeUnclaimed(services, direction.old, inventory[old, default: Inventory()])
        let room = try await agents.room(for: services.rewritten)
        let shortfalls = (room?.shortfalls ?? []).map { Obstacle("\(direction.new): \($0)", isBlocking: true) }
        var capacity = room.map { "\(direction.new): \($0.description)" }
        if room == nil, let own = try drivers.agents(old, inventory[old, default: Inventory()]) {
            let demand = try await own.observeDemand(of: services.moving)
            capacity = "\(old): \(demand); \(direction.new) is asked before the first launch"
        }
        let standing = TrafficDrift(
            rules: environment.traffic, lastRun: lastRun, minHealthy: environment.limits.minHealthy
        ).remarks(in: states, live: old, of: environment.name).map { Obstacle($0, isBlocking: false) }
        let isWhole = !(doubts + unclaimed).contains(where: \.isBlocking)
        let look =
            isWhole && isOldReachable
            ? try await ServiceLook(
                at: old, services.all, singletons: services.desired.singletons, in: cluster) : nil
        return Observation(
            source: source, direction: direction, inventory: inventory, loadBalancers: states,
            peaks: await observePeaks(direction, states, inventory),
            provisioning: servers.changes, destruction: servers.destruction, services: services.moving,
            rewritten: services.rewritten,
            ignored: services.ignored, findings: services.findings, containers: services.containers,
            reports: await observeReports(),
            capacity: capacity,
            obstacles: obstacles + standing + servers.obstacles + identityObstacles(states, inventory) + doubts
                + unclaimed
                + ruins(of: direction.new, inventory[direction.new, default: Inventory()]) + shortfalls + unproven
                + (try await drivers.configurator?.observeObstacles() ?? [])
                + sourceObstacles(source), certificates: certificates, look: look)
    }

    private func observeReports() async -> [String: ReportFinding] {
        var reports: [String: ReportFinding] = [:]
        for rule in environment.policies?.reports ?? [] where rule.severity != .off {
            reports[rule.name] = await drivers.report(rule)
        }
        return reports
    }

    private func observePeaks(
        _ direction: Direction, _ states: [LoadBalancerID: LoadBalancerState], _ inventories: [Color: Inventory]
    ) async -> MeasuredPeaks {
        let places = states.keys.sorted().flatMap { name in
            environment.traffic.on(name).map { PeakPlace(name, $0, direction) }
        }
        var peaks = MeasuredPeaks()
        await peaks.ask(drivers.prober, environment.limits.peaks ?? [], at: places, direction, inventories)
        return peaks
    }

    /// What a plan rests on that builds a color which no user is on.
    ///
    /// Load balancers may not exist yet: one that does not answer is a warning, as long as the color has no servers that
    /// could be replaced under its users.
    public func observeBuild(of color: Color, _ source: PinnedSource) async throws(Failure) -> Observation {
        let direction = Direction(from: color.other)
        var inventory: [Color: Inventory] = [:]
        for color in Color.allCases { inventory[color] = try await drivers.provisioner.observeServers(color) }
        let isEmpty = inventory[color, default: Inventory()].isEmpty
        var states: [LoadBalancerID: LoadBalancerState] = [:]
        var obstacles: [Obstacle] = []
        for loadBalancer in drivers.loadBalancers {
            do throws(Failure) {
                states[loadBalancer.name] = try await loadBalancer.observe()
            } catch {
                obstacles.append(Obstacle("\(loadBalancer.name) was not read: \(error.summary)", isBlocking: !isEmpty))
            }
        }
        let used = serversWithUsers(of: color, states, environment.traffic)
        if let first = used.first {
            let more = used.count == 1 ? "" : " and \(used.count - 1) more servers"
            obstacles.append(Obstacle("\(color) may have users: \(first)\(more)", isBlocking: true))
        }
        let servers = try await observeProvisioning(direction, inventory, destroying: false)
        return Observation(
            source: source, direction: direction, inventory: inventory, loadBalancers: states,
            provisioning: servers.changes, destruction: nil, services: [], rewritten: [], ignored: [], findings: [:],
            capacity: nil,
            obstacles: obstacles + servers.obstacles + ruins(of: color, inventory[color, default: Inventory()])
                + (try await drivers.configurator?.observeObstacles() ?? []) + sourceObstacles(source))
    }

    /// Servers that are not what their names say, and those that would go down unseen (invariant I11).
    private func identityObstacles(
        _ states: [LoadBalancerID: LoadBalancerState], _ inventories: [Color: Inventory]
    ) -> [Obstacle] {
        let misplaced = misplacedServers(states, environment.traffic, inventories: inventories)
        let unlisted = unlistedBackends(
            states, environment.traffic, ignored: environment.ignoreBackends ?? [], inventories: inventories)
        return (misplaced + unlisted).map { Obstacle($0, isBlocking: true) }
    }

    /// What building and destroying would change. What is refused then is found now, while nothing has begun.
    func observeProvisioning(
        _ direction: Direction, _ inventory: [Color: Inventory], destroying: Bool = true
    ) async throws(Failure) -> (changes: ProvisioningChanges, destruction: [String]?, obstacles: [Obstacle]) {
        let provisioner = drivers.provisioner
        let shared = inventory[.blue, default: Inventory()].overlaps(with: inventory[.green, default: Inventory()])
        var obstacles = shared.map { Obstacle("the colors share servers: \($0)", isBlocking: true) }
        func unlessRefused<Result>(_ work: () async throws(Failure) -> Result) async throws(Failure) -> Result? {
            do throws(Failure) {
                return try await work()
            } catch  where error.kind == .refused {
                obstacles.append(Obstacle(error))
                return nil
            }
        }
        var changes =
            try await unlessRefused { () async throws(Failure) in try await provisioner.observeChanges(direction.new) }
            ?? ProvisioningChanges()
        changes.provisioner = try await provisioner.observeVersion()
        guard destroying else { return (changes, nil, obstacles) }
        let destruction = try await unlessRefused { () async throws(Failure) in
            try await provisioner.observeDestruction(of: direction.old)
        }
        return (changes, destruction, obstacles)
    }

    /// What no source tells of would be left behind, and be gone with the old servers.
    private func observeUnclaimed(
        _ services: ServiceObservation, _ old: Color, _ inventory: Inventory
    ) async throws(Failure) -> [Obstacle] {
        guard let agents = try drivers.agents(old, inventory) else { return [] }
        let known = services.moving.map(\.id) + services.ignored.map(\.id)
        return try await agents.observeUnclaimed(besides: known, ignoring: environment.services.unclaimedPatterns)
            .map { Obstacle($0, isBlocking: true) }
    }

    /// What is named in the plan, as no one can tell before the launch whether it is there.
    private func unprovenNeeds(
        of services: [Service], _ old: Color, _ inventory: Inventory
    ) throws(Failure) -> [Obstacle] {
        // What a color requires of its agents is the same for both.
        let agents = try drivers.agents(old, inventory)
        return (agents?.unprovenNeeds(of: services) ?? []).map { Obstacle($0, isBlocking: false) }
    }

    /// The color that carries the traffic.
    public func observeLiveColor() async throws(Failure) -> Color {
        try liveColor(of: await observeLoadBalancers().0, environment.traffic)
    }

    func observeLoadBalancers() async throws(Failure) -> ([LoadBalancerID: LoadBalancerState], [Obstacle]) {
        var states: [LoadBalancerID: LoadBalancerState] = [:]
        var obstacles: [Obstacle] = []
        for loadBalancer in drivers.loadBalancers {
            states[loadBalancer.name] = try await loadBalancer.observe()
            obstacles += try await loadBalancer.observeObstacles(environment.traffic)
            if let epoch { obstacles += try await loadBalancer.observeClaim(epoch: epoch) }
        }
        return (states, obstacles)
    }

    func sourceObstacles(_ source: PinnedSource) -> [Obstacle] {
        var obstacles: [Obstacle] = []
        if !source.changed.isEmpty {
            let names = source.changed.prefix(5).joined(separator: ", ") + (source.changed.count > 5 ? ", …" : "")
            obstacles.append(
                Obstacle(
                    "the checkout has \(source.changed.count) uncommitted \(source.changed.count == 1 ? "file" : "files") (\(names)); commit or stash them"
                        + (environment.git.requireClean ? "" : ", the run uses a copy of them"),
                    isBlocking: environment.git.requireClean))
        }
        if source.commit == nil {
            obstacles.append(
                Obstacle("the environment is not in a Git repository", isBlocking: environment.git.requireClean))
        }
        if environment.git.requireSigned, !source.isSigned {
            obstacles.append(Obstacle("the commit has no signature that can be verified", isBlocking: true))
        }
        return obstacles
    }
}

extension Optional<any AgentPool> {
    /// The agents; nil while their servers are there and do not answer yet: they are asked again before a launch.
    fileprivate func ifAnswering() async throws(Failure) -> [Agent]? {
        do {
            return try await self?.observeAgents()
        } catch  where error.kind == .transient {
            return nil
        }
    }

    /// Nil while no one knows yet: it is asked again before a launch.
    fileprivate func room(for services: [Service]) async throws(Failure) -> CapacityReport? {
        do {
            guard let self, try await self.observe().isReady else { return nil }
            return try await self.observeCapacity(for: services)
        } catch  where error.kind == .transient {
            return nil
        }
    }
}

/// The color that carries the traffic on every load balancer.
///
/// - Throws: `Failure` when the load balancers disagree, when both colors carry traffic, or none does.
public func liveColor(
    of states: [LoadBalancerID: LoadBalancerState], _ rules: [TrafficRule]
) throws(Failure) -> Color {
    var places: [Color: [String]] = [:]
    for (name, state) in states.sorted(by: { $0.key < $1.key }) {
        for rule in rules.on(name) {
            guard let backend = state.backends[rule.backend] else {
                throw Failure(
                    "\(name) has no backend \(rule.backend)",
                    details: ["it has: \(state.backends.keys.sorted().joined(separator: ", "))"],
                    advice: "Add the backend to \(name), or correct `traffic` in environment.yaml.")
            }
            for server in backend.servers where server.weight > 0 && server.administration == .ready {
                if let color = rule.color(of: server.name) {
                    places[color, default: []].append("\(name)/\(rule.backend)/\(server.name) weight \(server.weight)")
                }
            }
        }
    }
    switch (places[.blue], places[.green]) {
    case (_?, nil): return .blue
    case (nil, _?): return .green
    case (nil, nil):
        throw Failure(
            "No server of either color has weight on any load balancer",
            details: ["so it is unknown which color is live"],
            advice: "Give the live color's servers their weights, then plan again.")
    case (let blue?, let green?):
        throw Failure(
            "Both colors carry traffic, so a flip is half done",
            details: [blue.prefix(2), green.prefix(2)].map { $0.joined(separator: ", ") },
            advice: "If a run was stopped there, go on with: rz resume, or go back with: rz rollback. If no run did "
                + "this, give the servers of the color that should have no users the weight 0.",
            kind: .refused)
    }
}
