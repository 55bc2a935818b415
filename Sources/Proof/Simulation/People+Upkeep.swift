import Migration
import Operations

/// What people and machines do beside a run that moves no traffic.
extension People {
    func planHands() {
        for host in simulation.world[new].servers.indices where simulation.world[new].machines[host]?.isDead == true {
            if !timeline.generator.chance(oneIn: 3) { sometime { [self] in comeBack(host) } }
        }
        if plan.operation == Operation.build.name {
            if !timeline.generator.chance(oneIn: 3) { sometime { [self] in giveUsers() } }
        } else {
            if timeline.generator.chance(oneIn: 3) { sometime { [self] in changeAgain() } }
            if timeline.generator.chance(oneIn: 4) { sometime { [self] in loseLive() } }
        }
        if timeline.generator.chance(oneIn: 4) {
            sometime { [self] in mishap([0, 1, 4, 5].randomElement(using: &timeline.generator) ?? 5) }
        }
        if timeline.generator.chance(oneIn: 4) {
            sometime { [self] in mishap([8, 9].randomElement(using: &timeline.generator) ?? 8) }
        }
    }

    /// Runs are short: most of it happens early.
    private func sometime(_ action: @escaping () -> Void) {
        let time = Int64.random(
            in: 1...(timeline.generator.chance(oneIn: 2) ? 2_000 : 15_000), using: &timeline.generator)
        timeline.after(time) { [self] in if !isDone, timeline.elapsed < faultsEnd { action() } }
    }

    /// A server that was given up is there again.
    private func comeBack(_ host: Int) {
        guard let machine = simulation.world[new].machines[host], machine.isDead, !machine.isInDoubt else { return }
        simulation.happens("\(simulation.world[new].servers[host]) is there again") { [new] world in
            world[new].machines[host]?.isDead = false
            if !machine.isOutdated { world[new].machines[host] = machine.isChanged ? Machine(isChanged: true) : nil }
            world.check()
        }
    }

    private func loseLive() {
        let length = Int64.random(in: 500...20_000, using: &timeline.generator)
        simulation.happens("\(new) loses its servers for \(length) ms") { [new] world in
            let end = world.time + length
            world[new].isLostUntil = end
            world.check()
        }
    }

    /// Someone sends users to the color that is being built, until it is said that no one should.
    private func giveUsers() {
        let settings = simulation.world.loadBalancers.map(\.settings)
        simulation.happens("\(new) gets weight by hand") { [new] in $0.giveUsers(to: new) }
        timeline.after(max(1, faultsEnd - timeline.elapsed)) { [self] in
            simulation.happens("and no more") { world in
                for index in settings.indices { world.loadBalancers[index].settings = settings[index] }
            }
        }
    }

    /// Someone changes a service that the plan shows otherwise, and takes it back.
    private func changeAgain() {
        let id: ServiceID = "/shop/web"
        guard let before = simulation.world[new].services[id] else { return }
        simulation.happens("\(id) is changed again") { [new] in
            $0.change(id, in: new) { $0.fingerprint = "web by another hand" }
        }
        let changed = simulation.world[new].services[id]?.service
        simulation.checker.changedByHand[id] = (timeline.elapsed, changed?.fingerprint ?? "")
        timeline.after(max(1, faultsEnd - timeline.elapsed)) { [self] in
            simulation.checker.changedByHand[id] = nil
            guard let now = simulation.world[new].services[id], now.service == changed else { return }
            simulation.happens("\(id) is as it was before that") { [new] in
                $0[new].services[id] = before
            }
        }
    }

    /// What was refused is taken back, as the message says.
    func isGivenUp(after attempts: Int) -> Bool {
        guard isUpkeep, case .halted(let failure) = simulation.state.status else { return false }
        return attempts > 4 || failure.kind == .refused && timeline.generator.chance(oneIn: 2)
    }

    var isUpkeep: Bool { simulation.checker.isUpkeep }
}
