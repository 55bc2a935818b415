import Migration
import Operations

/// What the world does behind everyone's back while a run is under way.
extension People {
    func planLies() {
        let phases: [PhaseID] = [.cutOver, .cutOver, .cutOver, .drain, .soak, .tearDown]
        for lie in Lie.allCases where lies.contains(lie) {
            let phase = phases.randomElement(using: &timeline.generator) ?? .cutOver
            let delay = Int64.random(in: 0...4_000, using: &timeline.generator)
            switch lie {
            case .sickness: when(.in(phase), delay) { [self] in fallSick(again: timeline.generator.chance(oneIn: 3)) }
            case .retried: when(.in(phase), delay) { [self] in refuseAtFirst() }
            case .queue: when(.in(.drain), delay / 2) { [self] in queueUp() }
            case .frozen: when(.in(phase), delay) { [self] in freeze() }
            case .deadBackend: when(.in(phase), delay) { [self] in loseBackend() }
            case .oldProcesses: when(.in(isPast(.drain, at: phase) ? .drain : phase), delay / 2) { [self] in reload() }
            case .emptied: when(.in(phase), delay) { [self] in reload() }
            case .takenOutLater: when(.in(.cutOver), delay) { [self] in takeOut() }
            case .shrunkSource: planShrunkSources()
            default: break
            }
        }
    }

    /// When something happens: once a run is in a phase.
    private enum Moment { case `in`(PhaseID) }

    private func when(_ moment: Moment, _ delay: Int64, _ action: @escaping () -> Void) {
        guard case .in(let phase) = moment, !isDone, !simulation.state.status.isEnded else { return }
        if simulation.state.phase == phase {
            timeline.after(delay) { [self] in
                if !isDone, !simulation.state.status.isEnded { action() }
            }
        } else if !isPast(phase) {
            timeline.after(100) { [self] in when(moment, delay, action) }
        }
    }

    private func fallSick(again: Bool) {
        guard timeline.elapsed < faultsEnd else { return }
        let length = Int64.random(in: 3_000...60_000, using: &timeline.generator)
        let rate = timeline.generator.chance(oneIn: 2) ? 1 : 0.4
        let kind = Int.random(in: 0..<4, using: &timeline.generator)
        let words = ["answers with errors", "refuses what it is asked", "hangs", "dies"]
        simulation.happens("\(new) \(words[kind]) for \(length) ms") { [new] world in
            switch kind {
            case 0: world[new].errorRate = rate
            case 1: world[new].clientErrorRate = rate
            case 2: world[new].isHanging = true
            default:
                let end = world.time + length
                world[new].isLostUntil = max(world[new].isLostUntil, end)
            }
        }
        timeline.after(length) { [self] in
            guard !isDone else { return }
            simulation.happens("\(new) is well") { [new] world in
                world[new].errorRate = 0
                world[new].clientErrorRate = 0
                world[new].isHanging = false
            }
            let delay = Int64.random(in: 500...10_000, using: &timeline.generator)
            if again { timeline.after(delay) { [self] in if !isDone { fallSick(again: false) } } }
        }
    }

    private func refuseAtFirst() {
        guard timeline.elapsed < faultsEnd else { return }
        let length = Int64.random(in: 3_000...60_000, using: &timeline.generator)
        simulation.happens("\(new) needs a second try for \(length) ms") { [new] in $0[new].retryRate = 0.4 }
        timeline.after(length) { [self] in
            guard !isDone else { return }
            simulation.happens("\(new) needs no second try") { [new] in $0[new].retryRate = 0 }
        }
    }

    private func queueUp() {
        let length = Int64.random(in: 3_000...12_000, using: &timeline.generator)
        simulation.happens("requests wait for servers of \(old) for \(length) ms") { [old] world in
            let end = world.time + length
            // An ALB, which counts nothing, has no queue.
            for balancer in world.loadBalancers.indices where !world.loadBalancers[balancer].isBlind {
                for server in world.loadBalancers[balancer].servers.indices {
                    let known = world.loadBalancers[balancer].servers[server]
                    guard known.color == old, known.administration != .maint, known.past.busyUntil > world.time else {
                        continue
                    }
                    world.loadBalancers[balancer].servers[server].past.queuedUntil = end
                    world.loadBalancers[balancer].servers[server].past.busyUntil = world.time
                }
            }
        }
    }

    private func freeze() {
        guard timeline.elapsed < faultsEnd,
            let name = simulation.world.loadBalancers.randomElement(using: &timeline.generator)?.name
        else { return }
        let length = Int64.random(in: 3_000...40_000, using: &timeline.generator)
        simulation.happens("\(name) says nothing for \(length) ms") { world in
            let end = world.time + length
            world[name]?.isFrozenUntil = end
        }
    }

    private func reload() {
        guard let name = simulation.world.loadBalancers.randomElement(using: &timeline.generator)?.name else { return }
        simulation.happens("\(name) is reloaded") { $0.reset(name) }
        excuseUntilWatched(name)
    }

    /// Only while the new color serves it can be done without.
    private func loseBackend() {
        guard timeline.elapsed < faultsEnd,
            let backend = simulation.world.loadBalancers.first?.backends.randomElement(using: &timeline.generator)?.name
        else { return }
        let length = Int64.random(in: 5_000...60_000, using: &timeline.generator)
        simulation.happens("\(old) is dead in \(backend) for \(length) ms") { [old] world in
            let end = world.time + length
            for balancer in world.loadBalancers.indices {
                for server in world.loadBalancers[balancer].servers.indices
                where world.loadBalancers[balancer].servers[server].machine == old
                    && world.loadBalancers[balancer].servers[server].backend == backend
                {
                    world.loadBalancers[balancer].servers[server].isDeadUntil = end
                }
            }
        }
        timeline.after(length) { [self] in excuseWhereNoOneServed() }
    }

    /// Someone takes the last server of each backend of the old color into maintenance, on all load balancers.
    private func takeOut() {
        let world = simulation.world
        guard simulation.state.phase == .cutOver, simulation.state.traffic.verified != .all,
            let name = world.loadBalancers.first?.servers.last(where: { $0.color == old && $0.isSetToServe })?.name,
            world.loadBalancers.allSatisfy({ balancer in
                balancer.backends.allSatisfy { backend in
                    balancer.servers.contains {
                        $0.backend == backend.name && $0.color == old && $0.name != name && $0.isSetToServe
                    }
                }
            })
        else { return }
        simulation.happens("\(name) is taken out by hand") { world in
            for balancer in world.loadBalancers.indices {
                for server in world.loadBalancers[balancer].servers.indices
                where world.loadBalancers[balancer].servers[server].name == name {
                    world.loadBalancers[balancer].servers[server].administration = .maint
                }
            }
        }
        let backends = world.loadBalancers.flatMap(\.backends).map(\.name)
        simulation.checker.takenOut.formUnion(backends.map { "\($0)/\(name)" })
    }
}
