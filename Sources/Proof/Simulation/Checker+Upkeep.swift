import Migration
import Operations

/// Runs that move no traffic: they take no server away that serves users, and touch only what they are for.
extension Checker {
    /// Whether the plan moves no traffic.
    var isUpkeep: Bool { !plan.phases.contains { $0.traits.contains(.ownsTraffic) } }

    /// Since when a load balancer sends users to a server, or has sessions there, as `load balancer/color/host`.
    func noteUse(_ world: WorldState) {
        guard isUpkeep else { return }
        var inUse: [String: Int64] = [:]
        for balancer in world.loadBalancers {
            for server in balancer.servers where world[server.machine].serves(server.host) {
                let takesUsers = server.isSetToServe && world.operation(of: server, on: balancer) != .down
                guard takesUsers || server.past.busyUntil > world.time else { continue }
                let place = "\(balancer.name)/\(server.machine)/\(server.host)"
                inUse[place] = inUseSince[place] ?? world.time
            }
        }
        inUseSince = inUse
    }

    func checkUpkeep(
        _ call: Call, _ looker: Looker, _ issuedAt: Int64, _ before: WorldState, _ after: WorldState
    ) {
        if before[old] != after[old] { breaks("I11", "“\(call.description)” touched \(old)") }
        switch call.target {
        case .servers: checkTakenAway(call, looker, issuedAt, before, after)
        case .cluster: checkHands(call, looker, issuedAt, before, after)
        case .loadBalancer(let name): checkSettings(call, looker, issuedAt, name, before, after)
        case .disks: break
        }
    }

    /// I12: a server that serves users is not replaced, nor destroyed.
    private func checkTakenAway(
        _ call: Call, _ looker: Looker, _ issuedAt: Int64, _ before: WorldState, _ after: WorldState
    ) {
        let stay = after[new].servers.count == before[new].servers.count
        for host in before[new].servers.indices where before[new].serves(host) && !(stay && after[new].serves(host)) {
            for balancer in before.loadBalancers {
                guard let since = inUseSince["\(balancer.name)/\(new)/\(host)"],
                    since <= knowledge(of: balancer.name, looker, issuedAt)
                else { continue }
                breaks(
                    "I12",
                    "“\(call.description)” took \(before[new].servers[host]) away, to which \(balancer.name) sends users "
                        + "since \(since) ms")
            }
        }
    }

    /// What people changed again since the plan was made stays; no service is removed.
    private func checkHands(
        _ call: Call, _ looker: Looker, _ issuedAt: Int64, _ before: WorldState, _ after: WorldState
    ) {
        for (id, was) in before[new].services where after[new].services[id] != was {
            guard let now = after[new].services[id] else {
                breaks("I12", "“\(call.description)” removed \(id)")
                continue
            }
            guard let hand = changedByHand[id], was.service.fingerprint == hand.fingerprint,
                now.service.fingerprint != hand.fingerprint
            else { continue }
            if hand.at <= min(issuedAt, lastClusterLook[looker] ?? issuedAt) {
                breaks("I12", "“\(call.description)” overwrote what someone made of \(id) at \(hand.at) ms")
            }
        }
    }

    /// I1 and I12: load balancers are changed only where that was asked for; what does not serve gets no users, and no
    /// server gets fewer of them while the live color does not carry its backend.
    private func checkSettings(
        _ call: Call, _ looker: Looker, _ issuedAt: Int64, _ name: LoadBalancerID, _ before: WorldState,
        _ after: WorldState
    ) {
        guard let was = before[name], let now = after[name], was.settings != now.settings else { return }
        if !plan.drifts.contains(where: { $0.area == .loadBalancers && $0.remedy != nil }) {
            breaks("I12", "“\(call.description)” changed \(name), which is only read")
        }
        for (first, second) in zip(was.servers, now.servers)
        where !first.isSetToServe && second.isSetToServe && first.administration != .ready
            && !before[first.machine].serves(first.host)
        {
            breaks("I12", "“\(call.description)” sends users to \(first.name), which does not serve")
        }
        let known = knowledge(of: name, looker, issuedAt)
        for backend in was.backends {
            let isLowered = Color.allCases.contains { color in
                now.weights(of: color, in: backend.name).reduce(0, +)
                    < was.weights(of: color, in: backend.name).reduce(0, +)
            }
            guard isLowered, let silent = backend.silentSince[new], silent <= known else { continue }
            breaks(
                "I1", "“\(call.description)”, while since \(silent) ms \(new) does not carry \(name)/\(backend.name)")
        }
    }

    /// I5: what was to be taken back is, or nothing of the services is.
    func checkUpkeepEnd(_ status: RunState.Status, _ world: WorldState) {
        func demand(_ isTrue: Bool, _ text: String) { if !isTrue { breaks("I5", "\(status), but \(text)") } }
        if !status.isEnded { demand(false, "it has not ended") }
        let state = world[new]
        switch (status, plan.operation) {
        case (.done, Operation.build.name):
            demand(!state.servers.isEmpty && !state.isHalfBuilt, "\(new) is not built")
            demand(
                state.servers { $0.isReplaced || !$0.isConfigured }.isEmpty, "servers of \(new) are not as described")
        case (.rolledBack, Operation.build.name):
            let wasBuilt = plan.steps.contains { $0.action == .buildServers && intended.contains($0.id) }
            demand(!wasBuilt || state.servers.isEmpty, "\(new) has servers")
        case (.done, _):
            let lost = Set(plan.provisioning.lost).intersection(state.servers(\.isReplaced))
            let restless = Set(plan.drifts.filter { $0.remedy == .configure }.map(\.subject))
                .intersection(state.servers { !$0.isConfigured })
            demand(lost.union(restless).isEmpty, "servers of \(new) have drifted still")
            for drift in plan.drifts {
                demand(hasEnd(drift, state, \.to) && isSet(drift, world), "\(drift.subject) is not as it was")
            }
        case (.rolledBack, _):
            for drift in plan.drifts { demand(hasEnd(drift, state, \.from), "\(drift.subject) is not as found") }
        default: break
        }
        checkUsersAfterUpkeep(status, world)
    }

    /// Whoever is hurt in the end is hurt by what the run left: enough servers stand.
    private func checkUsersAfterUpkeep(_ status: RunState.Status, _ world: WorldState) {
        var world = world
        world.advance(to: max(world.time, world[new].isLostUntil))
        for balancer in world.loadBalancers { world.advance(to: world.time + balancer.checkPeriod + 1) }
        world.advance(to: world.time + 1)
        for balancer in world.loadBalancers {
            for backend in balancer.backends where backend.hurt > 0.05 {
                breaks("users", "\(status), and users of \(balancer.name)/\(backend.name) are hurt")
            }
        }
    }

    /// Whether a load balancer has what was to be set, where no one else changed it.
    private func isSet(_ drift: Drift, _ world: WorldState) -> Bool {
        guard case .set(let name, let change) = drift.remedy, meddledAt < 0, let balancer = world[name],
            balancer.process == 1,
            let server = balancer.servers.first(where: { $0.name == change.server && $0.backend == change.backend })
        else { return true }
        switch change.change {
        case .weight(let weight): return server.weight == weight
        case .administration(let administration): return server.administration == administration
        case .shutdownSessions, .takeQueue, .add, .remove: return true
        }
    }

    private func hasEnd(
        _ drift: Drift, _ state: ColorState, _ side: KeyPath<(from: WorldService?, to: WorldService?), WorldService?>
    ) -> Bool {
        switch drift.remedy {
        // Someone has changed it since.
        case .restore(let id, _, _) where changedByHand[id] != nil: return true
        case .restore(let id, let from, let to):
            let wanted = (from: from, to: to)[keyPath: side]
            // What was gone stays launched.
            guard let wanted else { return true }
            guard let found = state.services[id] else { return false }
            return found.instances == wanted.instances && found.service.fingerprint == wanted.fingerprint
        case .suspend(let id, let instances):
            return state.services[id]?.instances == (side == \.to ? 0 : instances)
        default: return true
        }
    }
}
