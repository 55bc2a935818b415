import Migration
import Operations

/// I5: whatever happened on the way, the world ends as it should.
extension Checker {
    func checkEnd(_ status: RunState.Status, _ world: WorldState) {
        if isUpkeep { return checkUpkeepEnd(status, world) }
        let live = plan.direction.old
        let next = plan.direction.new
        func demand(_ isTrue: Bool, _ text: String) { if !isTrue { breaks("I5", "\(status), but \(text)") } }
        switch status {
        case .done where plan.unreachable != nil:
            demand(holds(world[next], what: self.live), "\(next) does not run what \(live) ran")
            demandTraffic(on: next, world, demand)
            demandFenced(live, world, demand)
            demand(!world[live].servers.isEmpty, "servers of \(live) were destroyed")
        case .done where plan.isDrill:
            demand(false, "a drill ends where it began")
        case .done:
            demand(world[live].servers.isEmpty, "\(live) has servers")
            demand(holds(world[next], what: self.live), "\(next) does not run what \(live) ran")
            demandTraffic(on: next, world, demand)
            demandListed(next, world, demand)
            demand(world.disksAreBuilt, "the disks are gone")
        case .rolledBack:
            demand(world[next].servers.isEmpty, "\(next) has servers")
            demandKept(live, world, demand)
            demandTraffic(on: live, world, demand)
            demandListed(live, world, demand)
        case .aborted:
            demandKept(live, world, demand)
            demandTraffic(on: live, world, demand)
        case .running, .paused, .halted, .rollingBack:
            demand(false, "it has not ended")
        }
        if status.isEnded {
            if status != .done { checkWayBack("\(status)", world) }
            checkUsersAtEnd(status, world)
        }
    }

    /// What can't be asked for anything can't be kept either.
    private func demandKept(_ color: Color, _ world: WorldState, _ demand: (Bool, String) -> Void) {
        guard plan.unreachable == nil else { return }
        demand(holds(world[color], what: live), "\(color) does not run what it ran")
    }

    /// What comes back to life of a color gets no users.
    private func demandFenced(_ color: Color, _ world: WorldState, _ demand: (Bool, String) -> Void) {
        for balancer in world.loadBalancers where balancer.resetAt < 0 {
            let open = balancer.servers.filter { $0.color == color && !$0.isFree && $0.administration != .maint }
            demand(open.isEmpty, "\(balancer.name) may send users to \(open.map(\.name).joined(separator: ", "))")
        }
    }

    private func demandTraffic(on color: Color, _ world: WorldState, _ demand: (Bool, String) -> Void) {
        for balancer in world.loadBalancers {
            // What is lost as a run ends no one puts right any more.
            guard balancer.resetAt < world.time - Checker.repaired || color == plan.direction.old else { continue }
            for backend in balancer.backends {
                let serving = balancer.servers.filter { $0.backend == backend.name && $0.isSetToServe }
                let colors = Set(serving.map(\.color))
                demand(
                    colors == [color],
                    "\(backend.name) on \(balancer.name) is served by "
                        + (colors.isEmpty ? "no one" : serving.map(\.name).joined(separator: ", ")))
            }
        }
    }

    /// Where runs put servers into backends, those of a color that is gone are listed no more.
    private func demandListed(_ color: Color, _ world: WorldState, _ demand: (Bool, String) -> Void) {
        for rule in plan.environment.traffic where rule.registration?[color.other] != nil {
            for balancer in world.loadBalancers {
                let left = balancer.servers.filter {
                    $0.backend == rule.backend && $0.color != color && !$0.isBackup && !$0.isFree
                }
                demand(left.isEmpty, "\(balancer.name) lists \(left.map(\.name).joined(separator: ", "))")
            }
        }
    }

    /// A run repairs within this time what a load balancer lost.
    private static let repaired: Int64 = 2_000

    private func holds(_ state: ColorState, what other: ColorState) -> Bool {
        state.services.count == other.services.count
            && other.services.allSatisfy { id, launched in
                guard let found = state.services[id] else { return false }
                return found.service.fingerprint == launched.service.fingerprint
                    && found.instances == launched.instances && found.isArmed == launched.isArmed
            }
    }
}
