import Migration

/// I5: whatever happened on the way, the world ends as it should.
extension Checker {
    func checkEnd(_ status: RunState.Status, _ world: WorldState) {
        let live = plan.direction.old
        let next = plan.direction.new
        func demand(_ isTrue: Bool, _ text: String) { if !isTrue { breaks("I5", "\(status), but \(text)") } }
        switch status {
        case .done:
            demand(world[live].servers.isEmpty, "\(live) has servers")
            demand(holds(world[next], what: self.live), "\(next) does not run what \(live) ran")
            demandTraffic(on: next, world, demand)
            demand(world.disksAreBuilt, "the disks are gone")
        case .rolledBack:
            demand(world[next].servers.isEmpty, "\(next) has servers")
            demand(holds(world[live], what: self.live), "\(live) does not run what it ran")
            demandTraffic(on: live, world, demand)
        case .aborted:
            demand(holds(world[live], what: self.live), "\(live) does not run what it ran")
            demandTraffic(on: live, world, demand)
        case .running, .paused, .halted, .rollingBack:
            demand(false, "it has not ended")
        }
    }

    private func demandTraffic(on color: Color, _ world: WorldState, _ demand: (Bool, String) -> Void) {
        for balancer in world.loadBalancers {
            // A run that has ended watches no weights any more.
            guard balancer.resetAt < 0 || color == plan.direction.old else { continue }
            for server in balancer.servers {
                demand(
                    (server.weight > 0 && server.administration == .ready) == (server.color == color),
                    "\(server.name) on \(balancer.name) has weight \(server.weight), \(server.administration)")
            }
        }
    }

    private func holds(_ state: ColorState, what other: ColorState) -> Bool {
        state.services.count == other.services.count
            && other.services.allSatisfy { id, launched in
                guard let found = state.services[id] else { return false }
                return found.service.fingerprint == launched.service.fingerprint
                    && found.instances == launched.instances && found.isArmed == launched.isArmed
            }
    }
}
