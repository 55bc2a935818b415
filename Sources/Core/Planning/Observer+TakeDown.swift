import Migration

extension Observer {
    /// What a plan rests on that destroys a color which no user is on. Makes no mutating call.
    ///
    /// - Throws: `Failure`, refused, where the color is live, has no servers, or servers that rz does not destroy.
    public func observeTakeDown(of color: Color, _ source: PinnedSource) async throws(Failure) -> Observation {
        let (states, _) = try await observeLoadBalancers()
        guard try liveColor(of: states, environment.traffic) != color else {
            throw Failure(
                "\(color) carries the traffic, so none of its servers is destroyed",
                advice: "Move its users first: rz update \(environment.name).", kind: .refused)
        }
        guard !drivers.provisioner.hasFixedServers else {
            throw Failure(
                "The servers of \(color) are a fixed list, and rz destroys none of these",
                advice: "Stop by hand what runs there.", kind: .refused)
        }
        var inventory: [Color: Inventory] = [:]
        for color in Color.allCases { inventory[color] = try await drivers.provisioner.observeServers(color) }
        guard inventory[color]?.isEmpty == false else {
            throw Failure("\(color) has no servers, so there is nothing to destroy", kind: .refused)
        }
        let shared = inventory[.blue, default: Inventory()].overlaps(with: inventory[.green, default: Inventory()])
        var obstacles = shared.map { Obstacle("the colors share servers: \($0)", isBlocking: true) }
        obstacles += serversWithUsers(of: color, states, environment.traffic).prefix(5).map {
            Obstacle("\(color) may have users: \($0)", isBlocking: true)
        }
        var destruction: [String]?
        do throws(Failure) {
            destruction = try await drivers.provisioner.observeDestruction(of: color)
        } catch  where error.kind == .refused {
            obstacles.append(Obstacle(error))
        }
        return Observation(
            source: source, direction: Direction(from: color.other), inventory: inventory, loadBalancers: states,
            provisioning: ProvisioningChanges(), destruction: destruction, services: [], rewritten: [], ignored: [],
            findings: [:], capacity: nil, obstacles: obstacles + sourceObstacles(source))
    }
}
