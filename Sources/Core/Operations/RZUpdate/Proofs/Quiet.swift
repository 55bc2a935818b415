import Engine
import Migration

/// The proof that no one talks to the old color any more (invariant I3).
struct Quiet: Sendable {
    let context: StepContext
    private var old: Color { context.direction.old }
    private var policy: DrainPolicy { context.environment.drain }
    private var rules: [TrafficRule] { context.environment.traffic }

    init(_ context: StepContext) { self.context = context }

    /// Waits until sessions, queue and rate of the old color have been zero on every load balancer for the whole time
    /// that the policy asks for, old processes of load balancers included, and writes down since when. Where no one is
    /// counted, that time begins once no one can be there any more.
    func prove() async throws(Failure) -> Instant {
        var deadline = context.clock.uptime + policy.deadline
        var wasForced = false
        var quietSince: Period?
        var disturbances = await context.traffic.disturbances
        var isNoted = false
        var listedAt: Period?
        while true {
            // A load balancer that lost what was set may have given it traffic between two looks.
            let count = await context.traffic.disturbances
            if count != disturbances { quietSince = nil }
            disturbances = count
            let asked = context.clock.uptime
            let observation = try await context.traffic.observe()
            let isKept = try await context.keepTraffic(observation)
            let busy = busyServers(observation)
            let unseen = try await oldProcesses(observation)
            let now = context.clock.uptime
            quietSince = busy.isEmpty && isKept && unseen.isEmpty ? quietSince ?? now : nil
            let length = policy.quiet + (observation.unseenFor ?? .zero)
            let isQuiet = quietSince.map { asked - $0 >= length } ?? false
            // A look says how it was when it began: what a reload let in since, the next one shows.
            if let quietSince, isQuiet, now - asked <= TrafficControl.freshness {
                let since = context.clock.now - (now - quietSince)
                try await context.record(.oldSideQuiet(since: since))
                if await context.traffic.disturbances == disturbances { return since }
            }
            if now >= deadline, isQuiet { throw late() }
            // Where it is quiet, the end is near.
            if now >= deadline, quietSince == nil {
                if wasForced || policy.atDeadline != .force { try await end(busy, unseen) }
                try await cut(rules)
                wasForced = true
                deadline = now + max(policy.deadline, .minutes(1))
            }
            if isKept { try await keepOut(wasForced ? rules : rules.filter(\.movesInDrain), observation) }
            listedAt = await list(busy, listedAt, now)
            if !isNoted, let text = unseenSessions(observation) {
                isNoted = true
                try await context.record(.noted(text: text))
            }
            if let process = unseen.first { try await ask(about: process) }
            let missing =
                !isKept
                ? StepContext.restoring
                : isQuiet ? Quiet.timelyAnswers : "\(length) of quiet"
            await context.wait(
                for: busy.first.map { "\(Wording.count(busy.count, "server")) to get quiet, first \($0.text)" }
                    ?? unseen.first?.text ?? missing)
            try await context.pause(Period(milliseconds: 200))
        }
    }

    /// What the proof does not rest on belongs in the report; nil where sessions are counted everywhere.
    private func unseenSessions(_ observation: TrafficObservation) -> String? {
        let names = observation.states.filter { $0.value.countsEndedOnly == true }.map(\.key.text).sorted()
        let blind = observation.states.filter { $0.value.unseenFor != nil }.map(\.key.text).sorted()
        if let length = observation.unseenFor {
            return "\(old) counts as quiet on \(blind.joined(separator: ", ")) once it has had no weight for "
                + "\(policy.quiet + length): no one is counted there"
        }
        guard !names.isEmpty else { return nil }
        return "\(old) counts as quiet on \(names.joined(separator: ", ")) once no request of it has ended for "
            + "\(policy.quiet): sessions are not reported there, and a request that is under way is not seen"
    }

    /// Asked right before something of the old color goes for good: no one is there, the new color carries everything, and
    /// users have been watched for long enough to know how they fare. A rz that goes on where another one ended has seen
    /// nothing of them yet.
    func demandForGood() async throws(Failure) {
        try await context.poll { () async throws(Failure) in
            await context.traffic.hasSeenUsers ? nil : "\(TrafficControl.acquaintance) of users' traffic"
        }
        // A load balancer that answers late, or a rz that was stopped, leaves the rest unwatched meanwhile.
        try await context.poll { () async throws(Failure) in
            let asked = context.clock.uptime
            try await demand()
            try await context.traffic.demandAllCarried()
            return context.clock.uptime - asked <= TrafficControl.freshness ? nil : Quiet.timelyAnswers
        }
    }

    private static let timelyAnswers = "answers of all load balancers within \(TrafficControl.freshness)"

    /// Asked right before the old color is touched: quiet was proved, nothing has disturbed it since, and it is so now.
    func demand() async throws(Failure) {
        guard await context.state.traffic.quietSince != nil else {
            throw Failure("\(old) was never seen quiet, so nothing of it may be stopped")
        }
        var observation = try await context.traffic.observe()
        while try await needsProof(observation) {
            _ = try await prove()
            observation = try await context.traffic.observe()
        }
        let busy = observation.states.keys.sorted().flatMap { name in
            context.environment.traffic.on(name).flatMap { rule in
                observation.servers(rule, old, on: name)
                    .filter { !$0.counters.isQuiet || $0.isMovable && $0.takesTraffic }
                    .map { "\(name)/\(rule.backend)/\($0.name): \($0.counters.sessions) sessions, weight \($0.weight)" }
            }
        }
        guard busy.isEmpty else {
            throw Failure(
                "\(old) has traffic again, so nothing of it is stopped", at: busy[0], details: busy,
                advice: "Find out who gave it traffic, then run: rz resume \(context.environment.name)")
        }
    }

    /// Whether a load balancer lost what was set and may have given the old color traffic, or was reloaded with sessions
    /// on it, or someone was there for a moment. What disturbed the quiet and was put right before the look is written
    /// down by now.
    private func needsProof(_ observation: TrafficObservation) async throws(Failure) -> Bool {
        let isKept = try await context.keepTraffic(observation)
        let hasDrifted = await context.state.traffic.hasDrifted
        let isUnseen = try await !oldProcesses(observation).isEmpty
        let wasBusy = await context.traffic.wasOldBusy(observation, within: policy.quiet)
        return hasDrifted || !isKept || isUnseen || wasBusy
    }

    // MARK: - Ending what stays

    /// Has users who are remembered move between two of their requests: only maintenance makes a load balancer forget
    /// whose they are. It ends no session. A reload may undo it.
    private func keepOut(_ rules: [TrafficRule], _ observation: TrafficObservation) async throws(Failure) {
        guard !rules.isEmpty else { return }
        let traffic = await context.traffic
        let targets = try await traffic.targets(observation)
        let awake = rules.filter { rule in
            observation.states.contains { name, state in
                rule.isOn(name)
                    && targets.movable(old, rule, on: name, state).contains { $0.administration != .maint }
            }
        }
        guard !awake.isEmpty else { return }
        try await context.intend("put \(old) into maintenance, so that users whom it remembers move")
        do throws(Failure) {
            try await traffic.takeOutOldColor(.maint, in: awake)
        } catch {
            // Another reload, for example: the next look shows what there is to do.
            guard error.kind == .transient else { throw error }
        }
    }

    /// Moves the users who stay: maintenance first, so that no one comes back, then the sessions are ended, once.
    func cut(_ rules: [TrafficRule]) async throws(Failure) {
        let traffic = await context.traffic
        try await context.intend("put \(old) into maintenance and end the sessions that it still has")
        try await traffic.takeOutOldColor(.maint, in: rules)
        // Those who are there once no one comes any more are the ones who are cut off.
        let busy = busyServers(try await traffic.observe()).filter { server in
            rules.contains { $0.backend == server.backend }
        }
        try await noteCut(await sessions(of: busy, detailed: OpenSessions.limit), busy)
        try await traffic.shutDownSessions(in: rules)
    }

    /// Writes down whose sessions are ended, all of them that are listed.
    private func noteCut(_ sessions: OpenSessions, _ busy: [BusyServer]) async throws(Failure) {
        let lines = sessions.lines(OpenSessions.limit)
        let all = lines.isEmpty ? texts(busy) : lines
        for start in stride(from: 0, to: max(1, all.count), by: Quiet.notedAtOnce) {
            let some = all.dropFirst(start).prefix(Quiet.notedAtOnce)
            let text = some.isEmpty ? "none is open" : some.joined(separator: "; ")
            try await context.record(.noted(text: "sessions of \(old) are ended: \(text)"))
        }
    }

    private static let notedAtOnce = 100

    private func end(_ busy: [BusyServer], _ unseen: [OldProcess]) async throws(Failure) {
        let sessions = await sessions(of: busy, detailed: Quiet.shownInFailure)
        let name = context.environment.name
        if policy.atDeadline == .rollback {
            try await context.record(
                .noted(
                    text: "\(old) is not quiet after \(policy.deadline): " + texts(busy).joined(separator: "; "))
            )
            try await context.record(.rollbackRequested(by: "drain.atDeadline: rollback"))
            // The rollback stops this step.
            try await context.pause(context.step.deadline)
        }
        let isHeldByProcess = busy.isEmpty && !unseen.isEmpty
        throw Failure(
            "\(old) is not quiet after \(policy.deadline)", at: busy.first?.text ?? unseen.first?.loadBalancer.text,
            details: texts(busy)
                + sessions.lines(Quiet.shownInFailure, rest: "rz status \(name) --sessions") + unseen.map(\.text),
            advice: isHeldByProcess
                ? "See on the load balancer that no old process is left, then run: rz approve \(name), and "
                    + "rz resume \(name)"
                : "Wait until these sessions have ended, then run: rz resume \(name). To end them, set "
                    + "`drain.atDeadline: force`, commit, then run: rz resume \(name) --commit HEAD. "
                    + "Or go back: rz rollback \(name)")
    }

    private func late() -> Failure {
        Failure(
            "\(old) looks quiet, but the load balancers take too long to say so",
            details: [
                "a look at all of them took more than \(TrafficControl.freshness), up to the end of \(policy.deadline)"
            ],
            advice: "See what keeps them busy, then run: rz resume \(context.environment.name)", kind: .transient)
    }

    private func sessions(of busy: [BusyServer], detailed: Int) async -> OpenSessions {
        let servers = Dictionary(grouping: busy, by: \.loadBalancer).mapValues { servers in
            servers.map { ListedServer(backend: $0.backend, name: $0.name) }
        }
        return await context.drivers.loadBalancers.observeSessions(of: servers, detailed: detailed)
    }

    /// Lists those who still talk to the old color for who looks on, now and then.
    ///
    /// - Returns: when they were listed last; nil where there is no one.
    private func list(_ busy: [BusyServer], _ listedAt: Period?, _ now: Period) async -> Period? {
        let isDue = listedAt.map { now - $0 >= Quiet.listing } ?? true
        guard !busy.isEmpty else {
            if listedAt != nil { await context.traffic.noteOpen(nil) }
            return nil
        }
        guard isDue else { return listedAt }
        await context.traffic.noteOpen(await sessions(of: busy, detailed: Quiet.few).oldest(Quiet.few))
        return now
    }

    /// How often those who still talk to the old color are listed while the drain waits, and how many.
    private static let listing = Period.seconds(5)
    private static let few = 5
    private static let shownInFailure = 10

    // MARK: - Who still talks to it

    private struct BusyServer {
        var loadBalancer: LoadBalancerID
        var backend: String
        var name: String
        var text: String
    }

    /// However many servers there are, a person reads the first.
    private func texts(_ busy: [BusyServer]) -> [String] {
        busy.prefix(20).map(\.text) + (busy.count > 20 ? ["\(busy.count - 20) more servers"] : [])
    }

    private func busyServers(_ observation: TrafficObservation) -> [BusyServer] {
        observation.states.keys.sorted().flatMap { name in
            context.environment.traffic.on(name).flatMap { rule in
                observation.servers(rule, old, on: name).filter { !$0.counters.isQuiet }.map { server in
                    BusyServer(
                        loadBalancer: name, backend: rule.backend, name: server.name,
                        text: "\(name)/\(rule.backend)/\(server.name): \(server.counters.sessions) sessions, "
                            + "\(server.counters.queued) queued, \(server.counters.rate)/s" + awaited(server))
                }
            }
        }
    }

    /// No one can end these from here, as they are no sessions: they end by `timeout http-keep-alive`, or with the process.
    private func awaited(_ server: ServerState) -> String {
        let clients = server.counters.awaited
        guard clients > 0 else { return "" }
        return ", \(Wording.count(clients, "client")) of a process from before a reload, between two requests"
    }

    // MARK: - Old processes

    /// A process of before a reload that may still serve its own sessions, and can't be asked.
    private struct OldProcess {
        var loadBalancer: LoadBalancerID
        var text: String
        var endsByItself: Bool
    }

    /// The load balancers that may have been reloaded during the run, whose old processes no one can ask, and of which
    /// neither `hard-stop-after` nor a person says that they have ended.
    private func oldProcesses(_ observation: TrafficObservation) async throws(Failure) -> [OldProcess] {
        let traffic = await context.traffic
        let isAgeKnown = await traffic.runAge != nil
        var vouched: Instant?
        if let drain = context.plan.steps.first(where: { $0.action == .drain }) {
            vouched = try await context.countedApprovals(of: drain).map(\.at).max()
        }
        var found: [OldProcess] = []
        for (name, balancer) in observation.states.sorted(by: { $0.key < $1.key }) {
            guard balancer.oldWorkers == nil, let process = balancer.process else { continue }
            if await traffic.isOfBefore(process, on: name) { continue }
            if let vouched, context.clock.now - process.uptime <= vouched { continue }
            if let limit = process.hardStopAfter, process.uptime >= limit { continue }
            let end = process.hardStopAfter.map { "at most \($0) (hard-stop-after)" } ?? "an unknown time"
            found.append(
                OldProcess(
                    loadBalancer: name,
                    text: "\(name) was reloaded \(process.uptime) ago"
                        + (isAgeKnown ? "" : ", maybe during this run, as the clock was set back")
                        + ": its old process may serve sessions for \(end)",
                    endsByItself: process.hardStopAfter != nil))
        }
        return found
    }

    /// A person may know what rz can't see.
    private func ask(about process: OldProcess) async throws(Failure) {
        let step = context.plan.steps.first { $0.action == .drain }?.id ?? context.step.id
        guard !process.endsByItself, await context.state.approvalRequests[step] == nil else { return }
        try await context.record(
            .approvalRequested(
                step: step, count: 1, reason: "that no process of before the reload of \(process.loadBalancer) is left")
        )
    }
}

extension TrafficRule {
    /// Whether its users are not waited for: they move, or are moved, once the drain begins.
    fileprivate var movesInDrain: Bool { persistence == .leave || persistence == .cut }
}
