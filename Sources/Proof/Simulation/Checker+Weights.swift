import Migration
import Operations

/// I1 and I12: what takes servers away from users needs the other color to carry them, truly.
extension Checker {
    /// A color is lowered, or taken out, only when the other one carries what it then has to.
    func checkWeights(
        _ call: Call, _ looker: Looker, _ name: LoadBalancerID, _ issuedAt: Int64, _ before: WorldState,
        _ after: WorldState, _ state: RunState
    ) {
        guard var was = before[name], var now = after[name] else { return }
        // Whom a person took out, and a reload put in, rz may put out again: no one counts on it.
        was.servers.removeAll { takenOut.contains("\($0.backend)/\($0.name)") }
        now.servers.removeAll { takenOut.contains("\($0.backend)/\($0.name)") }
        // Where a task has left, no one ever listens again: there is no one to keep.
        was.servers.removeAll { !before.isListening($0) }
        now.servers.removeAll { !before.isListening($0) }
        // Going back is done on each load balancer by itself, so that one that is down keeps none waiting; and so is
        // what puts right what one of them forgot.
        let isPutRight = max(was.resetAt, was.process > 1 ? was.startedAt : 0) > verifiedAt || state.traffic.isReturning
        for backend in now.backends {
            for color in Color.allCases
            where isTakenAway(color, backend.name, was, now)
                // Whom no one serves, no one takes anything from: whom the load balancer calls down gets no users.
                && before.couldServe(color, backend.name, on: was, without: takenOut)
                && !isCalledDown(color, backend.name, was, before)
                // A new color that has no user yet may be taken back, whoever does not answer.
                && !(plan.unreachable != nil && color == new && share(of: color, backend.name, was) == 0)
            {
                if color == new, !isPutRight { checkKept(backend.name, call, looker, was, now) }
                // A switch has no raise that others could make before it.
                let isAlone = isPutRight || now.isSwitch(backend.name)
                let others = color == old && !isAlone ? after.loadBalancers.map(\.name) : [name]
                for other in others {
                    guard let balancer = after[other], let changed = after[name],
                        other == name || !isCalledDown(color, backend.name, balancer, after)
                    else { continue }
                    demandCarrying(color.other, backend.name, on: balancer, as: changed, call, looker, issuedAt, state)
                }
            }
        }
    }

    /// I1: on its way forward the new color keeps the share that it was proved to carry.
    private func checkKept(
        _ backend: String, _ call: Call, _ looker: Looker, _ was: SimulatedLoadBalancer, _ now: SimulatedLoadBalancer
    ) {
        // A switch moves with the last step.
        let verified = now.isSwitch(backend) && verifiedShare < .all ? 0 : verifiedShare.fraction
        let (before, after) = (share(of: new, backend, was), share(of: new, backend, now))
        guard before >= verified - Checker.rounding, after < verified - Checker.rounding else { return }
        breaks(
            "I1",
            "\(looker.process) gave \(new) \(after) of \(now.name)/\(backend) (“\(call.description)”), where \(verifiedShare) "
                + "was verified")
    }

    private func isCalledDown(
        _ color: Color, _ backend: String, _ balancer: SimulatedLoadBalancer, _ world: WorldState
    ) -> Bool {
        let ready = balancer.servers.filter { $0.color == color && $0.backend == backend && $0.isReady }
        return !ready.isEmpty && ready.allSatisfy { world.operation(of: $0, on: balancer) == .down }
    }

    private func isTakenAway(
        _ color: Color, _ backend: String, _ was: SimulatedLoadBalancer, _ now: SimulatedLoadBalancer
    ) -> Bool {
        let before = was.weights(of: color, in: backend).reduce(0, +)
        return share(of: color, backend, was) > share(of: color, backend, now) + 0.000_001
            && now.weights(of: color, in: backend).reduce(0, +) < before
            || now.isPutToSleep(color, backend, since: was)
    }

    func share(of color: Color, _ backend: String, _ balancer: SimulatedLoadBalancer) -> Double {
        let own = balancer.weights(of: color, in: backend).reduce(0, +)
        let all = own + balancer.weights(of: color.other, in: backend).reduce(0, +)
        return all == 0 ? 0 : Double(own) / Double(all)
    }

    private func demandCarrying(
        _ color: Color, _ backend: String, on balancer: SimulatedLoadBalancer, as changed: SimulatedLoadBalancer,
        _ call: Call, _ looker: Looker, _ issuedAt: Int64, _ state: RunState
    ) {
        let known = knowledge(of: balancer.name, looker, issuedAt)
        if balancer.resetAt >= known || balancer.startedAt >= max(known, 1) { return }
        let place = "\(balancer.name)/\(backend)"
        if let silent = balancer.backends.first(where: { $0.name == backend })?.silentSince[color], silent <= known {
            breaks(
                "I12",
                "\(looker.process) took \(color.other) away (“\(call.description)”), while since \(silent) ms \(color) "
                    + "does not carry \(place)")
            return
        }
        // What the one load balancer now gives this color, each of the others must give it too.
        guard color == new, balancer.name != changed.name else { return }
        // Whose servers a person took out there meanwhile has left the rest a greater part: no one meant to give it that.
        let wanted = share(of: color, backend, changed.without(unchecked: color).with(takenOut))
        let carried = Double(balancer.without(unchecked: color).weights(of: color, in: backend).reduce(0, +))
        let lowered = balancer.weight(of: color.other, backend, loweredAs: changed, found: state.traffic.found)
        let there = carried + lowered == 0 ? 0 : carried / (carried + lowered)
        if there < wanted - Checker.rounding {
            breaks(
                "I1",
                "\(looker.process) lowered \(color.other) on \(changed.name), where \(color) has \(wanted), while it has "
                    + "\(there) on \(place)")
        }
    }

    /// Weights are whole numbers, and small ones where one color has many more servers than the other.
    private static let rounding = 0.06

    /// What was so by then, whoever asks for a change may know. An old look is none, unless its process was stopped
    /// meanwhile.
    func knowledge(of name: LoadBalancerID, _ looker: Looker, _ issuedAt: Int64) -> Int64 {
        // Of a call that is on its way for long, what its own process sees meanwhile comes too late.
        let look = min(lastLook[looker]?[name] ?? issuedAt, issuedAt)
        if let stop = stops(looker.process), stop.end > look { return look }
        return max(look, issuedAt - Checker.freshness)
    }

    private static let freshness: Int64 = 3_000

    // MARK: - The end of a color

    /// Before anything of a color is stopped or destroyed, the other one carries every backend, and its users are well.
    ///
    /// - Parameter issuedAt: when it was asked for. What happens while a call is on its way, no one can know.
    func checkEndOfColor(_ color: Color, _ action: Action?, _ step: StepID, _ issuedAt: Int64, _ world: WorldState) {
        switch action {
        case .stopServices?, .destroyServers?: guard color == old else { return }
        case let action? where action.kind == LaunchStep.name || action == .buildServers:
            guard color == new else { return }
        default: return
        }
        for balancer in world.loadBalancers {
            let look = lastLook.values.compactMap { $0[balancer.name] }.max() ?? world.time
            let known = min(issuedAt, max(look, world.time - Checker.freshness))
            if balancer.startedAt >= max(known, 1) || balancer.resetAt >= known { continue }
            for backend in balancer.backends {
                if balancer.isSwitch(backend.name),
                    balancer.weights(of: color, in: backend.name).contains(where: { $0 > 0 })
                {
                    breaks(
                        "I12",
                        "\(step) begins to take \(color) down, to which \(balancer.name)/\(backend.name) is switched")
                }
                // Whom no one serves, no one takes anything from.
                if let silent = backend.silentSince[color.other], silent <= known, wasFound(balancer, backend.name),
                    world.couldServe(color, backend.name, on: balancer, without: [])
                {
                    breaks(
                        "I12",
                        "\(step) begins to take \(color) down, while since \(silent) ms \(color.other) does not carry "
                            + "\(balancer.name)/\(backend.name)")
                }
                guard color == old, let bad = backend.hurtSince(by: new), world.time - bad > Checker.noticed else {
                    continue
                }
                breaks(
                    "users",
                    "\(step) begins to take \(color) down, while users of \(balancer.name)/\(backend.name) have been "
                        + "hurt by \(new) since \(bad) ms")
            }
        }
    }

    /// A backend that was served when rz came; what no one served, no one has to.
    private func wasFound(_ balancer: SimulatedLoadBalancer, _ backend: String) -> Bool {
        found[balancer.name]?.servers.contains { $0.backend == backend && $0.isSetToServe } ?? true
    }

    /// I12: users of a color that does not answer are moved only where the new one carries them, whoever served them last.
    func checkCarried(_ world: WorldState) {
        guard plan.unreachable != nil else { return }
        for balancer in world.loadBalancers where world.time - balancer.startedAt > Checker.freshness {
            for backend in balancer.backends {
                guard let silent = backend.silentSince[new], silent < world.time - Checker.freshness else { continue }
                breaks(
                    "I12",
                    "all traffic is called moved, while since \(silent) ms \(new) does not carry "
                        + "\(balancer.name)/\(backend.name)")
            }
        }
    }

    /// How long rz may take to notice that users are hurt, in milliseconds.
    private static let noticed: Int64 = 12_000
}

extension SimulatedLoadBalancer {
    /// The sum of a color's weights once it is lowered here as it was there: load balancers may weigh on other scales.
    fileprivate func weight(
        of color: Color, _ backend: String, loweredAs other: SimulatedLoadBalancer, found: FoundTraffic?
    ) -> Double {
        func sums(_ balancer: SimulatedLoadBalancer) -> (now: Double, found: Double) {
            let known = balancer.servers.filter { $0.backend == backend && $0.color == color && !$0.isBackup }
                .compactMap { found?.server($0.name, in: backend, on: balancer.name)?.weight }
            return (Double(balancer.weights(of: color, in: backend).reduce(0, +)), Double(known.reduce(0, +)))
        }
        let (here, there) = (sums(self), sums(other))
        guard here.found > 0, there.found > 0 else { return min(here.now, there.now) }
        return min(here.now, here.found * there.now / there.found)
    }

    /// Without a color's servers that no check has called up: whatever their weight, they have no part of the users. Where
    /// that leaves none in a backend, whether someone carries it is another question (I12).
    fileprivate func without(unchecked color: Color) -> SimulatedLoadBalancer {
        var balancer = self
        balancer.servers.removeAll { server in
            server.color == color && !server.isCheckedUp
                && servers.contains {
                    $0.color == color && $0.backend == server.backend && $0.isSetToServe && $0.isCheckedUp
                }
        }
        return balancer
    }

    /// With servers in that a person took out.
    fileprivate func with(_ takenOut: Set<String>) -> SimulatedLoadBalancer {
        var balancer = self
        for server in servers.indices where takenOut.contains("\(servers[server].backend)/\(servers[server].name)") {
            balancer.servers[server].administration = .ready
        }
        return balancer
    }

    /// Whether servers of a color went into maintenance.
    fileprivate func isPutToSleep(_ color: Color, _ backend: String, since was: SimulatedLoadBalancer) -> Bool {
        servers.contains { server in
            server.color == color && server.backend == backend && server.administration == .maint && !server.isFree
                && was.servers.contains {
                    $0.name == server.name && $0.backend == backend && $0.administration != .maint
                }
        }
    }
}

extension SimulatedBackend {
    /// Since when a color that is asked fails, or no server can be asked.
    func hurtSince(by color: Color) -> Int64? {
        switch (failingSince[color], unservedSince) {
        case (let failing?, let unserved?): min(failing, unserved)
        case (let failing?, nil): failing
        case (nil, let unserved): unserved
        }
    }
}

extension SimulatedServer {
    fileprivate var isCheckedUp: Bool { isBelievedUp && isChecked }
}
