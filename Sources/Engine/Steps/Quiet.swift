import Migration

/// The proof that nobody talks to the old color any more (invariant I3).
struct Quiet: Sendable {
    let context: StepContext
    private var old: Color { context.direction.old }
    private var policy: DrainPolicy { context.environment.drain }

    init(_ context: StepContext) { self.context = context }

    /// Waits until sessions, queue and rate of the old color have been zero on every load balancer for the whole time
    /// that the policy asks for, and writes down since when.
    func prove() async throws(Failure) -> Instant {
        let deadline = context.clock.uptime + policy.deadline
        var quietSince: Period?
        var disturbances = await context.engine.traffic.disturbances
        while true {
            // A load balancer that forgot what was set may have given it traffic between two looks.
            let count = await context.engine.traffic.disturbances
            if count != disturbances { quietSince = nil }
            disturbances = count
            let asked = context.clock.uptime
            let observation = try await context.engine.traffic.observe()
            let isKept = try await context.engine.keepTraffic(observation)
            let busy = busyServers(observation)
            let now = context.clock.uptime
            quietSince = busy.isEmpty && isKept ? quietSince ?? now : nil
            if let quietSince, asked - quietSince >= policy.quiet {
                let since = context.clock.now - (now - quietSince)
                try await context.record(.oldSideQuiet(since: since))
                if await context.engine.traffic.disturbances == disturbances { return since }
            }
            if now >= deadline { try await atDeadline(busy) }
            let missing = isKept ? "\(policy.quiet) of quiet" : "weights that were forgotten to be put back"
            await context.wait(
                for: busy.first.map { "\(busy.count) servers to get quiet, first \($0.text)" } ?? missing)
            try await context.pause(Period(milliseconds: 200))
        }
    }

    /// Asked right before the old color is touched: quiet was proved, nothing has disturbed it since, and it is so now.
    func demand() async throws(Failure) {
        guard await context.state.traffic.quietSince != nil else {
            throw Failure("\(old) was never seen quiet, so nothing of it may be stopped")
        }
        var observation = try await context.engine.traffic.observe()
        while try await needsProof(observation) {
            _ = try await prove()
            observation = try await context.engine.traffic.observe()
        }
        let busy = observation.states.keys.sorted().flatMap { name in
            context.environment.traffic.flatMap { rule in
                observation.servers(rule, old, on: name)
                    .filter { !$0.counters.isQuiet || $0.takesTraffic }
                    .map { "\(name)/\(rule.backend)/\($0.name): \($0.counters.sessions) sessions, weight \($0.weight)" }
            }
        }
        guard busy.isEmpty else {
            throw Failure(
                "\(old) has traffic again, so nothing of it is stopped", at: busy[0], details: busy,
                advice: "Find out who gave it traffic, then: rz resume.")
        }
    }

    /// Whether a load balancer forgot what was set and may have given the old color traffic. What disturbed the quiet
    /// and was put right before the look is written down by now.
    private func needsProof(_ observation: TrafficObservation) async throws(Failure) -> Bool {
        let isKept = try await context.engine.keepTraffic(observation)
        let isDisturbed = await context.state.traffic.isDisturbed
        return isDisturbed || !isKept
    }

    private func atDeadline(_ busy: [BusyServer]) async throws(Failure) {
        guard policy.atDeadline == .force else {
            var sessions: [String] = []
            for server in busy.prefix(5) {
                for loadBalancer in context.drivers.loadBalancers where loadBalancer.name == server.loadBalancer {
                    sessions +=
                        (try? await loadBalancer.observeSessions(backend: server.backend, server: server.name)) ?? []
                }
            }
            throw Failure(
                "\(old) is not quiet after \(policy.deadline)", at: busy.first?.text,
                details: busy.map(\.text) + sessions.prefix(20),
                advice:
                    "End these sessions, or set `drain.atDeadline: force`, then: rz resume. Or go back: rz rollback.")
        }
        try await context.intend("end the sessions that \(old) still has")
        try await context.engine.traffic.shutDownSessions()
    }

    private struct BusyServer {
        var loadBalancer: LoadBalancerID
        var backend: String
        var name: String
        var text: String
    }

    private func busyServers(_ observation: TrafficObservation) -> [BusyServer] {
        observation.states.keys.sorted().flatMap { name in
            context.environment.traffic.flatMap { rule in
                observation.servers(rule, old, on: name).filter { !$0.counters.isQuiet }.map { server in
                    BusyServer(
                        loadBalancer: name, backend: rule.backend, name: server.name,
                        text: "\(name)/\(rule.backend)/\(server.name): \(server.counters.sessions) sessions, "
                            + "\(server.counters.queued) queued, \(server.counters.rate)/s")
                }
            }
        }
    }
}
