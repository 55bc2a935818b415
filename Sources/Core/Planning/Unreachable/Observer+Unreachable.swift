import Migration

extension Observer {
    /// Everything that a plan rests on whose old color does not answer. Makes no mutating call.
    ///
    /// - Parameters:
    ///   - kept: what was kept of each color's services.
    ///   - time: now.
    /// - Throws: `Failure`, refused, where the old color answers, or nothing was kept of it.
    public func observeUnreachable(
        _ source: PinnedSource, kept: [Color: KeptServices], at time: Instant
    ) async throws(Failure) -> Observation {
        let (states, obstacles) = try await observeLoadBalancers()
        let old = try liveColor(of: states)
        let inventory = try await drivers.provisioner.observeServers(old)
        let files = ServiceLook(ofFilesFor: old, try drivers.cluster(old, inventory))
        guard let kept = kept[old] ?? files?.kept(at: time) else { throw nothingKept(of: old) }
        let answers = try await OldColorAnswers(old, inventory, states, environment, drivers)
        guard !answers.isReachable else { throw answers.refusal }
        var unreachable = UnreachableColor(
            keptAt: kept.time, digest: try kept.digest(), silent: answers.silent.map(\.title))
        let observer = Observer(
            environment: environment, drivers: drivers.keeping(kept, as: unreachable, environment.services),
            lastRun: lastRun)
        var observation = try await observer.observe(
            source, Direction(from: old), states, obstacles, isOldReachable: false)
        unreachable.unverified = answers.unverified(kept, observation)
        observation.unreachable = unreachable
        if kept.areFromFiles { observation.look = files }
        return observation
    }

    /// What is left of a color that did not answer when its users were moved may run what must run in one color only, and
    /// is nothing to build on.
    func ruins(of color: Color, _ inventory: Inventory) -> [Obstacle] {
        guard let lastRun, lastRun.ruins == color, !inventory.isEmpty else { return [] }
        let isFixed = drivers.provisioner.hasFixedServers
        return [
            Obstacle(
                "\(color) did not answer when \(lastRun.run) moved its users, and its servers are there still; "
                    + (isFixed
                        ? "see that nothing runs on them"
                        : "destroy them first: rz destroy \(environment.name) --color \(color)"),
                isBlocking: !isFixed)
        ]
    }

    /// As the load balancers report it; where no server of either color has weight any more, as the last run left it.
    private func liveColor(of states: [LoadBalancerID: LoadBalancerState]) throws(Failure) -> Color {
        do throws(Failure) {
            return try Planning.liveColor(of: states, environment.traffic)
        } catch {
            guard error.kind != .refused, let lastRun else { throw error }
            return lastRun.live
        }
    }

    private func nothingKept(of old: Color) -> Failure {
        let name = environment.name
        return Failure(
            "Nothing is known of \(old)'s services: no look at them was kept on this host",
            details: [
                "rz keeps one with each `rz plan`, `rz update` and `rz converge --check` that finds all of them, "
                    + "in $RZ_HOME/environments/\(name)/kept"
            ] + (environment.services.keep == false ? ["\(name) has services.keep: false"] : []),
            advice:
                "If another host or a backup has that folder, copy \(old).json from there. Else build the other color "
                + "with `rz build \(name)`, launch its services from their definitions in Git, and move the weights by "
                + "hand.", kind: .refused)
    }
}

extension Drivers {
    /// Asked right before the first user leaves a color that did not answer when the plan was made: people may have taken
    /// days to approve.
    ///
    /// - Throws: `Failure`, refused, where it answers by now.
    package func demandSilence(
        of old: Color, _ inventory: Inventory, _ states: [LoadBalancerID: LoadBalancerState], _ environment: Environment
    ) async throws(Failure) {
        let answers = try await OldColorAnswers(old, inventory, states, environment, self)
        if answers.isReachable { throw answers.refusal(of: environment.name) }
    }
}

/// Who of a color answers.
private struct OldColorAnswers {
    let silent: [(title: String, reason: String)]
    private let answering: [String]
    /// Servers that load balancers send users to, or could, by `edge-1/be_shop`: those that are up, and all.
    private let servers: [(place: String, up: Int, all: Int)]
    private let old: Color
    private let rules: ServiceRules

    init(
        _ old: Color, _ inventory: Inventory, _ states: [LoadBalancerID: LoadBalancerState],
        _ environment: Environment, _ drivers: Drivers
    ) async throws(Failure) {
        self.old = old
        rules = environment.services
        var silent: [(String, String)] = []
        var answering: [String] = []
        func note(_ title: String, _ look: () async throws(Failure) -> PlatformState) async {
            do throws(Failure) {
                let state = try await look()
                if state.isReady { return answering.append(title) }
                silent.append((title, state.missing.first ?? state.description))
            } catch {
                silent.append((title, error.summary))
            }
        }
        let cluster = try drivers.cluster(old, inventory)
        for framework in (cluster as? KeptCluster)?.known ?? cluster.frameworks {
            let title = (framework.source ?? environment.services.sources.first)?.title ?? ServiceSource.unnamedTitle
            await note(title) { () async throws(Failure) in try await framework.cluster.observePlatform() }
        }
        if let agents = try drivers.agents(old, inventory) {
            await note("the agents") { () async throws(Failure) in try await agents.observe() }
        }
        self.silent = silent.map { (title: $0.0, reason: $0.1) }
        self.answering = answering
        servers = states.sorted { $0.key < $1.key }.flatMap { name, state in
            environment.traffic.on(name).map { rule in
                let own = (state.backends[rule.backend]?.servers ?? []).filter {
                    $0.hasAddress && rule.color(of: $0.name) == old
                }
                let up = own.count { $0.operation != .down && $0.check != .failed && $0.administration == .ready }
                return (place: "\(name)/\(rule.backend)", up: up, all: own.count)
            }
        }
    }

    /// All its frameworks, and most of its servers.
    var isReachable: Bool {
        silent.isEmpty && servers.map(\.up).reduce(0, +) * 2 > servers.map(\.all).reduce(0, +)
    }

    var refusal: Failure {
        Failure(
            "\(old) answers, so its users can be moved without hurting anyone", details: signs,
            advice: "Leave --old-unreachable out: it skips the drain and every proof that rests on \(old).",
            kind: .refused)
    }

    /// What a run is refused with that was planned while it did not answer.
    func refusal(of environment: String) -> Failure {
        Failure(
            "\(old) answers again, so no user has to leave it without a drain", details: signs,
            advice:
                "End this run, then move it as usual: rz abort \(environment), then: rz update \(environment). If it "
                + "falls silent again first: rz resume \(environment)", kind: .refused)
    }

    private var signs: [String] {
        let up = servers.map(\.up).reduce(0, +)
        return answering.map { "\($0) answers" } + [
            "\(up) of \(servers.map(\.all).reduce(0, +)) servers are up on the load balancers"
        ]
    }

    /// What no one can verify of a move, one sentence each.
    func unverified(_ kept: KeptServices, _ observation: Observation) -> [String] {
        let down = servers.filter { $0.up < $0.all }
        let unserved = servers.filter { $0.up == 0 }.map(\.place)
        let singletons = observation.rewritten.filter { service in
            service.mode.isSingleton && silent.contains { $0.title == rules.sourceTitle(of: service.id) }
        }.map(\.id.text)
        var sentences = [
            kept.areFromFiles
                ? "what ran on \(old): no look was kept, and its services are those that files of the environment declare"
                : "what changed on \(old) since \(kept.time): its services are those of then"
        ]
        sentences += silent.map { "\($0.title) of \(old) does not answer (\($0.reason))" }
        sentences += down.map { "\($0.place): \($0.up) of \($0.all) servers of \(old) are up" }
        if !unserved.isEmpty {
            sentences.append(
                "whether \(old) ever served \(unserved.joined(separator: ", ")): it must be carried anyway")
        }
        if !singletons.isEmpty {
            sentences.append(
                "that nothing of \(Wording.few(singletons)) runs on \(old) still: what must run in one color only may "
                    + "run in both")
        }
        if observation.rewritten.contains(where: { $0.mode == .scheduled }) {
            sentences.append("which runs of jobs \(old) missed: none is made up for")
        }
        sentences.append("that no user is left on \(old), and that what it runs ends: no drain, no stop")
        sentences.append("data that \(old) had not written to shared disks or replicated")
        return sentences
    }
}
