import Migration

/// How users fare while an rz owns their traffic, and what a return leaves them.
extension Checker {
    /// While one and the same rz runs, owns the traffic and could give it back, users do not suffer for long.
    func checkUsers(_ world: WorldState, _ state: RunState, watchedBy process: String?) {
        guard let process, state.traffic.isShifted, canRollBack(state, plan), !state.status.isEnded else {
            watcher = nil
            sufferingSince = [:]
            return
        }
        if watcher?.process != process {
            watcher = (process, world.time)
            sufferingSince = [:]
        }
        for balancer in world.loadBalancers {
            for backend in balancer.backends {
                let place = "\(balancer.name)/\(backend.name)"
                guard isAvoidable(backend, on: balancer, world) else {
                    sufferingSince[place] = nil
                    continue
                }
                let since = sufferingSince[place] ?? world.time
                sufferingSince[place] = since
                if world.time - since > patience + balancer.checkPeriod + balancer.slowStart {
                    breaks(
                        "users",
                        "\(process) lives and owns the traffic, but since \(since) ms \(new) fails users of \(place), or a limit, "
                            + "whom \(old) could serve")
                }
            }
        }
    }

    private func isAvoidable(
        _ backend: SimulatedBackend, on balancer: SimulatedLoadBalancer, _ world: WorldState
    ) -> Bool {
        guard backend.hurtSince(by: new) != nil || isOverLimit(backend), world.time >= balancer.isUnreachableUntil,
            world.time >= balancer.isFrozenUntil
        else { return false }
        let prefix = backend.name + "/"
        let out = Set(takenOut.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) })
        return world.couldServe(old, backend.name, on: balancer, without: out)
    }

    /// Whether the new color is beyond a limit of the gate that its users don't feel.
    private func isOverLimit(_ backend: SimulatedBackend) -> Bool {
        backend.refusingSince[new] != nil
            && plan.environment.gates.cutOver.analysis.contains { analysis in
                guard case .loadBalancers(let limits) = analysis else { return false }
                return limits.classes?[.retries] != nil
            }
    }

    /// I13: the old color is exactly as it was found, and what a person took out stays out.
    func checkWayBack(_ what: String, _ world: WorldState) {
        for balancer in world.loadBalancers {
            guard let start = found[balancer.name] else { continue }
            for server in balancer.servers where server.color == old && !server.isFree {
                guard let was = start.servers.first(where: { $0.name == server.name && $0.backend == server.backend })
                else { continue }
                if givenUp.contains("\(balancer.name)/\(server.backend)") { continue }
                let place = "\(balancer.name)/\(server.backend)/\(server.name)"
                let isTakenOut = takenOut.contains("\(server.backend)/\(server.name)")
                // A reload makes everything ready that a person took out while it ran.
                let isReset = balancer.resetAt >= 0
                if isTakenOut {
                    if !isReset, was.isSetToServe == false || server.administration != .maint, server.isSetToServe {
                        breaks("I13", "\(what), and \(place) serves, which a person took out")
                    }
                } else if !isReset, server.weight != was.weight || server.administration != was.administration {
                    breaks(
                        "I13",
                        "\(what), and \(place) has weight \(server.weight), \(server.administration); it had "
                            + "\(was.weight), \(was.administration)")
                } else if isReset, was.isSetToServe, !server.isSetToServe {
                    breaks("I13", "\(what), and \(place) serves no more")
                }
            }
        }
    }

    /// Whoever is hurt in the end is hurt by what rz left: were it as it was found, they would not be.
    func checkUsersAtEnd(_ status: RunState.Status, _ world: WorldState) {
        // How they fare now, not how they have fared since something last happened.
        var world = world
        world.advance(to: world.time + 1)
        for balancer in world.loadBalancers {
            for backend in balancer.backends where backend.hurt > 0.05 {
                let place = "\(balancer.name)/\(backend.name)"
                if status == .done {
                    guard let since = backend.hurtSince(by: new), let end = pointOfNoReturn,
                        since + Checker.late < end
                    else { continue }
                    breaks("users", "done, but users of \(place) have been hurt since \(since) ms")
                } else if balancer.resetAt < 0 || takenOut.isEmpty,
                    world.wouldServe(old, backend.name, as: found[balancer.name] ?? balancer)
                {
                    breaks("users", "\(status), and users of \(place) are hurt as they would not have been before")
                }
            }
        }
    }

    private static let late: Int64 = 12_000
}

extension WorldState {
    /// Whether users would be well, were a load balancer set as it was found.
    fileprivate func wouldServe(_ color: Color, _ backend: String, as found: SimulatedLoadBalancer) -> Bool {
        guard let now = self[found.name] else { return false }
        let names = found.servers.filter { $0.backend == backend && $0.color == color && $0.isSetToServe }.map(\.name)
        let asFound = now.servers.filter { $0.backend == backend && names.contains($0.name) }
        guard !asFound.isEmpty else { return false }
        let all = Set(asFound.map(\.name))
        return asFound.allSatisfy { server in
            // One that is set as it was and still called down would serve no better.
            guard !server.isSetToServe || operation(of: server, on: now) != .down else { return false }
            return couldServe(color, backend, on: now, without: all.subtracting([server.name]))
        }
    }
}
