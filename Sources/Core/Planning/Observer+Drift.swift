import Migration

extension Observer {
    /// What a plan rests on that takes back drift of the live color, which becomes the new one of the direction.
    ///
    /// - Throws: `Failure` when one of these areas can't be read.
    public func observeDrift(in areas: [Drift.Area], _ source: PinnedSource) async throws(Failure) -> Observation {
        let observer = DriftObserver(environment: environment, drivers: drivers, lastRun: lastRun)
        let live = try await observer.observeLiveColor()
        let direction = Direction(from: live.other)
        var inventory: [Color: Inventory] = [:]
        for color in Color.allCases { inventory[color] = try await drivers.provisioner.observeServers(color) }
        let servers = inventory[live, default: Inventory()]
        var look = DriftLook()
        for area in areas {
            let found = try await observer.look(at: area, of: live, on: .success(servers)) { _ in }
            look.drifts += found.drifts
            look.unchecked += found.unchecked
        }
        let (states, obstacles) = try await observeLoadBalancers()
        var observation = Observation(
            source: source, direction: direction, inventory: inventory, loadBalancers: states,
            provisioning: ProvisioningChanges(), destruction: nil, services: [], rewritten: [], ignored: [],
            findings: [:], capacity: nil, obstacles: sourceObstacles(source) + warnings(look))
        observation.drifts = look.drifts
        observation.live = live
        if look.drifts.contains(where: { $0.remedy == .build }) {
            let built = try await observeProvisioning(direction, inventory, destroying: false)
            observation.provisioning = built.changes
            observation.obstacles += built.obstacles
            observation.obstacles += refusedLosses(built.changes, servers, states)
                .map { Obstacle("\($0). A move to servers as they are described: rz update", isBlocking: true) }
        }
        if look.drifts.contains(where: { $0.remedy == .configure }) {
            observation.obstacles += try await drivers.configurator?.observeObstacles() ?? []
        }
        if look.drifts.contains(where: { $0.area == .loadBalancers }) { observation.obstacles += obstacles }
        return observation
    }

    /// What the run leaves as it is.
    private func warnings(_ look: DriftLook) -> [Obstacle] {
        let left = look.drifts.filter { $0.remedy == nil }
            .map { "\($0.subject) \($0.text): only a person can take it back" }
        return (left + look.unchecked.map { "not compared: \($0)" }).map { Obstacle($0, isBlocking: false) }
    }
}
