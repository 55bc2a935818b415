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
        let isThere = await traffic.isAt(share, try await traffic.observe())
        if known.intended != share || !isThere {
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

    /// Watches for the bake time; a bad verdict ends it at once, an open one holds it until the step's deadline.
    private func watch(_ context: StepContext) async throws(Failure) {
        let gate = context.environment.gates.cutOver
        let start = try await context.engine.traffic.observe()
        let end = start.time + bake
        while true {
            try await context.pause(min(gate.interval, max(Period(milliseconds: 100), end - context.clock.now)))
            let now = try await context.engine.traffic.observe()
            let samples = gate.analysis.flatMap { analysis in
                judge(analysis, from: start, to: now, rules: context.environment.traffic, direction: context.direction)
            }
            if let bad = samples.first(where: { $0.verdict == .fail }) { throw try await failure(bad, context) }
            let open =
                gate.analysis.filter(\.holdsWhenIdle).isEmpty ? nil : samples.first { $0.verdict == .inconclusive }
            if now.time >= end, open == nil { break }
            await context.wait(for: open?.message ?? "\(bake) at \(share) without a bad verdict")
        }
        if !gate.analysis.isEmpty { try await context.record(.gatePassed(gate: "cutOver \(share)")) }
    }

    private func failure(_ sample: GateSample, _ context: StepContext) async throws(Failure) -> Failure {
        try await context.record(.gateFailed(sample: sample))
        return Failure(
            "\(context.direction.new) failed the gate \(sample.gate) at \(share)", at: sample.subject,
            details: [sample.message],
            advice:
                "See why, then: rz resume (starts the cutover anew). Or take \(context.direction.new) down: rz rollback."
        )
    }
}

/// Drains the old color until it has been quiet for a while on every load balancer, then puts it into maintenance.
struct DrainOldColor: StepWork {
    func perform(_ context: StepContext) async throws(Failure) -> String {
        let traffic = await context.engine.traffic
        let old = context.direction.old
        guard await context.state.traffic.verified == .all else {
            throw Failure("\(context.direction.new) does not verifiably carry all traffic, so \(old) is not drained")
        }
        try await context.intend("drain \(old)")
        if try await !isInMaintenance(old, context) { try await traffic.administrate(old, .drain) }
        let since = try await awaitQuiet(context)
        try await context.record(.oldSideQuiet(since: since))
        try await traffic.administrate(old, .maint)
        return "\(old) quiet since \(since.clock)"
    }

    private func awaitQuiet(_ context: StepContext) async throws(Failure) -> Instant {
        let policy = context.environment.drain
        let deadline = context.clock.now + policy.deadline
        var quietSince: Instant?
        while true {
            let busy = try await busyServers(context)
            quietSince = busy.isEmpty ? quietSince ?? context.clock.now : nil
            if let quietSince, context.clock.now - quietSince >= policy.quiet { return quietSince }
            if context.clock.now >= deadline { try await atDeadline(policy, busy, context) }
            await context.wait(
                for: busy.first.map { "\(busy.count) servers to get quiet, first \($0.text)" }
                    ?? "\(policy.quiet) of quiet")
            try await context.pause(Period(milliseconds: 200))
        }
    }

    private func atDeadline(_ policy: DrainPolicy, _ busy: [BusyServer], _ context: StepContext) async throws(Failure) {
        guard policy.atDeadline == .force else {
            var sessions: [String] = []
            for server in busy.prefix(5) {
                for loadBalancer in context.drivers.loadBalancers where loadBalancer.name == server.loadBalancer {
                    sessions +=
                        (try? await loadBalancer.observeSessions(backend: server.backend, server: server.name)) ?? []
                }
            }
            let failure = Failure(
                "\(context.direction.old) is not quiet after \(policy.deadline)", at: busy.first?.text,
                details: busy.map(\.text) + sessions.prefix(20),
                advice:
                    "End these sessions, or set `drain.atDeadline: force`, then: rz resume. Or go back: rz rollback.")
            throw failure
        }
        try await context.intend("end the sessions that \(context.direction.old) still has")
        try await context.engine.traffic.shutDownSessions()
    }

    private struct BusyServer {
        var loadBalancer: LoadBalancerID
        var backend: String
        var name: String
        var text: String
    }

    private func busyServers(_ context: StepContext) async throws(Failure) -> [BusyServer] {
        let observation = try await context.engine.traffic.observe()
        return observation.states.keys.sorted().flatMap { name in
            context.environment.traffic.flatMap { rule in
                observation.servers(rule, context.direction.old, on: name).filter { !$0.counters.isQuiet }.map {
                    server in
                    BusyServer(
                        loadBalancer: name, backend: rule.backend, name: server.name,
                        text: "\(name)/\(rule.backend)/\(server.name): \(server.counters.sessions) sessions, "
                            + "\(server.counters.queued) queued, \(server.counters.rate)/s")
                }
            }
        }
    }

    private func isInMaintenance(_ color: Color, _ context: StepContext) async throws(Failure) -> Bool {
        let observation = try await context.engine.traffic.observe()
        return observation.states.keys.allSatisfy { name in
            context.environment.traffic.allSatisfy { rule in
                observation.servers(rule, color, on: name).allSatisfy { $0.administration == .maint }
            }
        }
    }
}

/// Leaves the old color up for a while, so that the way back stays short.
struct Soak: StepWork {
    let period: Period

    func perform(_ context: StepContext) async throws(Failure) -> String {
        await context.wait(for: "\(period) to pass, \(context.direction.old) untouched")
        try await context.pause(period)
        return "\(period) without a complaint"
    }
}

extension Analysis {
    /// Whether a backend without enough requests keeps the gate shut.
    fileprivate var holdsWhenIdle: Bool {
        switch self {
        case .haproxy(let limits): limits.whenIdle == .hold
        }
    }
}
