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
        var drifts: [Drift] = []
        var unchecked: [(area: Drift.Area, text: String)] = []
        for area in areas {
            let found = try await observer.look(at: area, of: live, on: .success(servers)) { _ in }
            drifts += found.drifts
            unchecked += found.unchecked.map { (area, $0) }
        }
        // A playbook that runs looks at every server, and fails where it can't.
        let runsPlaybook = drifts.contains { [.build, .configure].contains($0.remedy) }
        drifts += unchecked.filter { $0.area != .configuration || !runsPlaybook }
            .map { Drift($0.area, $0.area.rawValue, "could not be compared", diff: [$0.text]) }
        let (states, obstacles) = try await observeLoadBalancers()
        var observation = Observation(
            source: source, direction: direction, inventory: inventory, loadBalancers: states,
            provisioning: ProvisioningChanges(), destruction: nil, services: [], rewritten: [], ignored: [],
            findings: [:], capacity: nil, obstacles: sourceObstacles(source) + warnings(drifts, source))
        observation.drifts = drifts
        observation.live = live
        if drifts.contains(where: { $0.remedy == .build }) {
            let built = try await observeProvisioning(direction, inventory, destroying: false)
            observation.provisioning = built.changes
            observation.obstacles += built.obstacles
            let losses = refusedLosses(
                built.changes, servers, states, agents: try await agents(live, servers))
            observation.obstacles += losses.map {
                Obstacle("\($0). A move to servers as they are described: rz update", isBlocking: true)
            }
        }
        if drifts.contains(where: { $0.remedy == .configure }) {
            observation.obstacles += try await drivers.configurator?.observeObstacles() ?? []
        }
        if drifts.contains(where: { $0.area == .loadBalancers }) { observation.obstacles += obstacles }
        return observation
    }

    private func agents(_ live: Color, _ servers: Inventory) async throws(Failure) -> [Agent] {
        do throws(Failure) {
            return try await drivers.agents(live, servers)?.observeAgents() ?? []
        } catch  where error.kind == .transient {
            // Asked again before anything is lost.
            return []
        }
    }

    /// What the run leaves as it is, and what it would bring along that no move has brought.
    private func warnings(_ drifts: [Drift], _ source: PinnedSource) -> [Obstacle] {
        var texts = drifts.filter { $0.remedy == nil }.map {
            "\($0.subject) \($0.text): only a person can take it back"
        }
        if let commit = lastRun?.commit, commit != source.commit, drifts.contains(where: { $0.remedy != nil }) {
            texts.append(
                "the live color was moved with commit \(commit.prefix(7)): what the environment got since then is taken "
                    + "to its servers now")
        }
        return texts.map { Obstacle($0, isBlocking: false) }
    }
}
