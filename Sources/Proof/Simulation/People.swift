import Migration
import Operations

/// The operator who starts rz, and starts it again when it has ended; others who pull cables and set clocks.
///
/// `@unchecked Sendable`: see `Timeline`.
final class People: @unchecked Sendable {
    let simulation: Simulation
    let lies: Set<Lie>
    let faults: RandomFaults
    private var process: SimulatedProcess?
    /// Faults happen until then, in milliseconds; afterwards every run must come to its end.
    let faultsEnd: Int64
    private var attemptsSinceFaults = 0
    private var wantsBack = false
    private(set) var isDone = false

    var timeline: Timeline { simulation.timeline }
    var plan: Plan { simulation.scenario.plan }
    var old: Color { plan.direction.old }
    var new: Color { plan.direction.new }

    init(simulation: Simulation, faults: RandomFaults, lies: Set<Lie>) {
        self.simulation = simulation
        self.faults = faults
        self.lies = lies
        faultsEnd = Int64.random(
            in: lies.isEmpty ? 5_000...60_000 : 20_000...90_000, using: &simulation.timeline.generator)
    }

    func begin() {
        faults.onKill = { [unowned self] process in
            simulation.kill(process)
            notice(after: Int64.random(in: 100...5_000, using: &timeline.generator))
            if timeline.generator.chance(oneIn: 4) { meddle() }
        }
        // A process can also be stopped between its look at the lock and the call that it then makes. Load balancers
        // refuse that call by its epoch; frameworks know no epoch, so that the simulation spares them this instant.
        faults.onStop = { [unowned self] process in timeline.after(0) { [self] in stop(process) } }
        timeline.after(faultsEnd) { [self] in
            simulation.happens("no more faults") { [old] in $0.heal(old) }
            faults.rates = .none
            excuseWhereNoOneServed()
        }
        if isUpkeep { planHands() } else { planLies() }
        start(opening: firstEvent)
        for _ in 0..<(isUpkeep ? 0 : Int.random(in: 0...3, using: &timeline.generator)) { planMishap() }
        approve()
    }

    // MARK: - The operator

    private var firstEvent: Event.Kind {
        .runStarted(environment: plan.environment.name, plan: plan.id, from: old, to: new, by: "ada")
    }

    private func start(opening: Event.Kind) {
        process = simulation.start(opening: opening) { [self] outcome in
            if case .failure(let failure) = outcome { simulation.note("ended: \(failure.summary)") }
            ended()
        }
    }

    /// A process came to its end by itself.
    private func ended() {
        guard let process, process.isAlive else { return }
        simulation.kill(process)
        notice(after: 500)
    }

    private func notice(after delay: Int64) {
        timeline.after(delay) { [self] in
            guard process?.isAlive != true, !isDone else { return }
            goOn()
        }
    }

    /// Looks at `rz status` and types what it says, or thinks better of it.
    private func goOn() {
        let status = simulation.state.status
        switch status {
        case .done, .rolledBack:
            isDone = true
            return
        case .aborted where !wantsBack:
            if timeline.generator.chance(oneIn: 2) {
                isDone = true
                return
            }
            wantsBack = true
            simulation.ask(.rollbackRequested(by: "ada"))
        default:
            break
        }
        // What went wrong last may last a while.
        if timeline.elapsed > faultsEnd + 10_000 {
            attemptsSinceFaults += 1
            if attemptsSinceFaults > 12 {
                simulation.checker.breaks("liveness", "still not ended after 12 resumes without faults: \(status)")
                return
            }
        } else if canRollBack(simulation.state, plan), !status.isEnded {
            // Who loses rz in the middle of a cutover often goes back.
            let caution = simulation.state.phase == .cutOver ? 3 : 10
            if timeline.generator.chance(oneIn: caution) { simulation.ask(.rollbackRequested(by: "ada")) }
            if timeline.generator.chance(oneIn: caution) { simulation.ask(.abortRequested(by: "ada")) }
        }
        if isGivenUp(after: attemptsSinceFaults) { simulation.ask(.rollbackRequested(by: "ada")) }
        moveWhatWouldBeLost()
        let opening: Event.Kind =
            simulation.journal.events.isEmpty ? firstEvent : .runResumed(by: "ada")
        start(opening: opening)
    }

    /// The process hangs. After a while someone takes the lock from it and goes on elsewhere; later it wakes up.
    private func stop(_ process: SimulatedProcess) {
        guard process.state == .running else { return }
        simulation.note("\(process.name) is stopped")
        process.stop()
        let takeOver = Int64.random(in: 1_000...20_000, using: &timeline.generator)
        let wake = Int64.random(in: 500...40_000, using: &timeline.generator)
        timeline.after(takeOver) { [self] in
            guard process.state == .stopped, self.process === process, !isDone else { return }
            simulation.note("rz unlock")
            simulation.journal.unlock()
            self.process = nil
            goOn()
        }
        timeline.after(wake) { [self] in
            guard process.state == .stopped else { return }
            simulation.note("\(process.name) goes on")
            process.goOn()
        }
    }

    private func approve() {
        timeline.after(Int64.random(in: 1_000...15_000, using: &timeline.generator)) { [self] in
            guard !isDone else { return }
            for step in plan.steps {
                guard case .approval(let demand, _) = step.action, simulation.state.steps[step.id]?.progress == .running
                else { continue }
                let given = simulation.state.approvals[step.id, default: []].count
                if given < demand.people {
                    simulation.ask(.approvalGiven(step: step.id, by: ["grace", "edsger", "barbara"][given % 3]))
                }
            }
            approve()
        }
    }

    // MARK: - What others do

    private func planMishap() {
        let time = Int64.random(in: 500...faultsEnd, using: &timeline.generator)
        let kind = Int.random(in: 0..<10, using: &timeline.generator)
        timeline.after(time) { [self] in
            guard !isDone, !simulation.state.status.isEnded else { return }
            mishap(kind)
        }
    }

    func mishap(_ kind: Int) {
        let balancer = simulation.world.loadBalancers.randomElement(using: &timeline.generator)?.name ?? ""
        let length = Int64.random(in: 200...8_000, using: &timeline.generator)
        switch kind {
        case 0:
            simulation.happens("\(balancer) is reloaded") { $0.reset(balancer) }
            excuseUntilWatched(balancer)
        case 1:
            simulation.happens("\(balancer) does not answer for \(length) ms") { world in
                let end = world.time + length
                world[balancer]?.isUnreachableUntil = end
            }
        case 2:
            simulation.happens("\(new) loses its servers for \(length) ms") { [new] world in
                let end = world.time + length
                world[new].isLostUntil = end
            }
            excuse(for: length + 60_000)
        case 3:
            simulation.happens("\(new) answers with errors for \(length) ms") { [new] in $0[new].errorRate = 0.3 }
            timeline.after(length) { [self] in
                simulation.happens("\(new) answers well") { [new] in $0[new].errorRate = 0 }
            }
        case 4:
            let jump = Int64.random(in: -3_600_000...3_600_000, using: &timeline.generator)
            simulation.note("the clock is set by \(jump) ms")
            timeline.wallOffset += jump
        case 5:
            simulation.ask(.pauseRequested(by: "ada"))
            timeline.after(length) { [self] in simulation.ask(.resumeRequested(by: "ada")) }
        case 6:
            flap(times: Int.random(in: 1...5, using: &timeline.generator))
        case 7: deploy()
        case 8:
            if canRollBack(simulation.state, plan) { simulation.ask(.abortRequested(by: "ada")) }
        default:
            if canRollBack(simulation.state, plan) { simulation.ask(.rollbackRequested(by: "ada")) }
        }
    }

    /// Whether the run, or another phase, has left a phase behind.
    func isPast(_ phase: PhaseID, at other: PhaseID? = nil) -> Bool {
        plan.phases.after(phase).contains { $0.id == other ?? simulation.state.phase }
    }

    /// Developers deploy to the old color, as they do every day, until the traffic begins to move.
    private func deploy() {
        guard !plan.phases.has(.ownsTraffic, in: simulation.state.phase), !simulation.world[old].servers.isEmpty,
            plan.unreachable == nil
        else { return }
        let version = simulation.timeline.elapsed
        let id: ServiceID = timeline.generator.chance(oneIn: 2) ? "/shop/web" : "/shop/extra"
        let isScaled = timeline.generator.chance(oneIn: 2)
        simulation.happens("\(id) is \(isScaled ? "scaled" : "deployed") in \(old)") { [old] world in
            var service =
                world[old].services[id]?.service
                ?? Service(id: id, definition: "{}", instances: 1, fingerprint: "\(id) 1")
            if isScaled { service.instances += 1 } else { service.fingerprint = "\(id) of \(version)" }
            world[old].services[id] = LaunchedService(live: service)
        }
        simulation.checker.live = simulation.world[old]
    }

    /// A service of the new color falls over and gets up again, more than once.
    private func flap(times: Int) {
        guard times > 0, !isDone, !simulation.state.status.isEnded,
            let id = simulation.world[new].services.keys.sorted().randomElement(using: &timeline.generator)
        else { return }
        let down = Int64.random(in: 100...1_500, using: &timeline.generator)
        simulation.happens("\(id) of \(new) is down for \(down) ms") { [new] world in
            let end = world.time + down
            world[new].services[id]?.readyAt = end
        }
        excuse(for: down + 60_000)
        timeline.after(down + Int64.random(in: 200...3_000, using: &timeline.generator)) { [self] in
            flap(times: times - 1)
        }
    }

    /// While no rz runs, someone gives the old color traffic by hand, and thinks better of it.
    private func meddle() {
        guard let balancer = simulation.world.loadBalancers.randomElement(using: &timeline.generator),
            balancer.servers.allSatisfy({ $0.color != old || $0.weight == 0 })
        else { return }
        var meddled = balancer
        for index in meddled.servers.indices {
            let server = meddled.servers[index]
            // No one sends all users where no one answers.
            if meddled.isSwitch(server.backend),
                !simulation.world.couldServe(old, server.backend, on: balancer, without: [])
            {
                continue
            }
            if server.color == old {
                meddled.servers[index].weight = server.configuredWeight
                meddled.servers[index].administration = .ready
            } else if meddled.isSwitch(server.backend) {
                meddled.servers[index].weight = 0
            }
        }
        timeline.after(50) { [self, meddled] in
            guard process?.isAlive != true, !simulation.state.status.isEnded,
                simulation.world[balancer.name]?.settings == balancer.settings
            else {
                return
            }
            simulation.checker.meddledAt = timeline.elapsed
            simulation.happens("\(old) gets weight on \(balancer.name) by hand") { world in
                world[balancer.name]?.settings = meddled.settings
            }
        }
        timeline.after(400) { [self, meddled] in
            guard simulation.world[balancer.name]?.settings == meddled.settings else { return }
            // An rz that has just seen the old color serve may be about to lower the new one.
            excuse(for: 1_000)
            simulation.happens("and no more") { world in world[balancer.name]?.settings = balancer.settings }
        }
    }

    /// Failed requests are not what rz did until one and the same rz has run for ten seconds in which it did not wait for
    /// an answer of the load balancer: while it does, it can't know how that one stands.
    func excuseUntilWatched(_ name: LoadBalancerID, by watcher: SimulatedProcess? = nil, for watched: Int64 = 0) {
        guard watched < 10_000, !isDone else { return }
        excuse(for: 1_000)
        timeline.after(500) { [self] in
            let running = process?.state == .running ? process : nil
            guard let running, running === watcher else { return excuseUntilWatched(name, by: running) }
            let isWaiting = simulation.isWaiting(running, for: .loadBalancer(name))
            excuseUntilWatched(name, by: running, for: watched + (isWaiting ? 0 : 500))
        }
    }

    /// Where no one could serve and now someone can, no rz can have sent users there yet.
    func excuseWhereNoOneServed() {
        for balancer in simulation.world.loadBalancers {
            let isServed = balancer.backends.allSatisfy { backend in
                balancer.servers.contains { $0.backend == backend.name && $0.isSetToServe }
            }
            // Its servers count once they are checked.
            if !isServed { excuseUntilWatched(balancer.name, for: -balancer.checkPeriod) }
        }
    }

    /// For so long failed requests are not what rz did.
    private func excuse(for length: Int64) {
        simulation.checker.isExcusedUntil = max(simulation.checker.isExcusedUntil, timeline.elapsed + length)
    }
}
