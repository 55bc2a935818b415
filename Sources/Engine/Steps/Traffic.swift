import Migration

/// Makes the new color's servers ready, at weight zero.
struct ReadyTraffic: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        try await context.intend("make the servers of \(context.direction.new) ready at weight 0")
        try await context.engine.traffic.prepareNewColor()
        return "ready on \(context.drivers.loadBalancers.count) load balancers"
    }
}

/// Gives the new color a share of the traffic, then watches how it does.
struct ShiftTraffic: StepWork {
    let share: Percent
    let bake: Period

    func perform(_ context: StepContext) async throws(Failure) -> String {
        let traffic = await context.engine.traffic
        let known = await context.state.traffic
        // Once a user is served by the new color, services change there.
        if !known.isShifted { _ = try await CatchUp(context).perform() }
        let isThere = try await traffic.isAt(share, try await traffic.observe())
        if known.intended != share || !isThere {
            try await context.knowServers()
            try await context.intend("give \(context.direction.new) \(share)")
            try await context.record(.trafficIntended(share: share))
            do throws(Failure) {
                try await traffic.shift(to: share, from: known.verified ?? .none)
            } catch {
                // The step was undone where that was possible; what is intended again is what was before.
                try await context.record(.trafficIntended(share: known.verified ?? .none))
                throw error
            }
        }
        try await context.record(
            .trafficVerified(share: share, loadBalancers: context.drivers.loadBalancers.map(\.name)))
        try await watch(context)
        return "\(context.direction.new) carries \(share)"
    }

    /// Watches for the bake time; a bad verdict ends it at once, an open one holds it until the step's deadline. What is
    /// judged is counted by the watch over each load balancer.
    private func watch(_ context: StepContext) async throws(Failure) {
        let gate = context.environment.gates.cutOver
        let traffic = await context.engine.traffic
        await traffic.beginStep()
        let end = context.clock.uptime + bake
        while true {
            try await context.pause(min(gate.interval, max(Period(milliseconds: 100), end - context.clock.uptime)))
            let findings = try await traffic.findings()
            if let bad = findings.first(where: { $0.sample.verdict == .fail })?.sample {
                try await context.record(.gateFailed(sample: bad))
                throw context.engine.failure(of: bad, at: "at \(share)")
            }
            let open =
                await traffic.unheard().map { "an answer of \($0)" } ?? findings.first(where: \.holds)?.sample.message
            if context.clock.uptime >= end, open == nil { break }
            await context.wait(for: open ?? "\(bake) at \(share) without a bad verdict")
        }
        let usual = try await traffic.usual()
        if await context.state.traffic.usual != usual { try await context.record(.oldSideMeasured(usual: usual)) }
        if !gate.analysis.isEmpty { try await context.record(.gatePassed(gate: "cutOver \(share)")) }
    }
}

/// Drains the old color until it has been quiet for a while on every load balancer, then puts it into maintenance.
struct DrainOldColor: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        let old = context.direction.old
        guard await context.state.traffic.verified == .all else {
            throw Failure("\(context.direction.new) does not verifiably carry all traffic, so \(old) is not drained")
        }
        try await context.knowServers(again: true)
        try await context.intend("drain \(old)")
        if try await !isInMaintenance(context) {
            try await context.engine.traffic.noteTakenOut()
            try await takeOut(.drain, context)
            let cut = context.environment.traffic.filter { $0.persistence == .cut }
            if !cut.isEmpty { try await Quiet(context).cut(cut) }
        }
        let since = try await Quiet(context).prove()
        try await takeOut(.maint, context)
        return "\(old) quiet since \(since.clock)"
    }

    /// Once the new color carries everything: a load balancer may just have lost what was set.
    private func takeOut(
        _ administration: ServerState.Administration, _ context: StepContext
    ) async throws(Failure) {
        let traffic = await context.engine.traffic
        try await context.poll { () async throws(Failure) -> String? in
            try await context.engine.keepTraffic(try await traffic.observe())
                ? nil : "weights that drifted to be restored"
        }
        try await traffic.takeOutOldColor(administration)
    }

    private func isInMaintenance(_ context: StepContext) async throws(Failure) -> Bool {
        guard await context.state.traffic.isOldTakenOut else { return false }
        let traffic = await context.engine.traffic
        let observation = try await traffic.observe()
        let targets = try await traffic.targets(observation)
        return observation.states.allSatisfy { name, state in
            context.environment.traffic.allSatisfy { rule in
                targets.movable(context.direction.old, rule, on: name, state).allSatisfy { $0.administration == .maint }
            }
        }
    }
}

/// Leaves the old color up for a while, so that the way back stays short. The watch over the traffic judges meanwhile.
struct Soak: StepWork {
    let period: Period

    func perform(_ context: StepContext) async throws(Failure) -> String {
        await context.wait(for: "\(period) to pass, \(context.direction.old) untouched")
        try await context.pause(period)
        return "\(period) without a bad verdict"
    }
}
