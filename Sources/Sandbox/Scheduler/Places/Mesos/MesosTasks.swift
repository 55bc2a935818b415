import JSON

/// Tasks on the agents of a Mesos cluster, of which the scheduler is a framework.
///
/// Offers are never held: whatever the core does not use at once is declined, so that other frameworks are not kept
/// waiting. While no launch waits, none are asked for.
struct MesosTasks: TaskPlace {
    private let link: MesosLink
    private let settings: MesosSettings
    private var offers: [MesosOffer] = []
    private var launches: [(agent: String, task: JSON)] = []
    /// Tasks that were seen running by this scheduler process.
    private var confirmed: Set<String> = []
    /// Tasks that Mesos has lost sight of, and when they count as lost.
    private var outOfSight: [String: ContinuousClock.Instant] = [:]
    private var isSuppressed = false
    private var nextReconciliation = ContinuousClock.now

    /// Declined offers of a scheduler that has nothing to launch stay away for so many seconds, as with Marathon.
    private static let idleFilter = 120.0
    private static let waitingFilter = 1.0

    init(_ settings: MesosSettings, link: MesosLink) {
        self.settings = settings
        self.link = link
    }

    var service: (@Sendable () async throws -> Void)? { { [link] in try await link.run() } }

    /// The master reports how they are, as soon as it is there.
    mutating func takeOver(_ tasks: [TaskRecord]) -> [SchedulerEvent] { [] }

    mutating func look(at state: SchedulerState, round: Int) -> [SchedulerEvent] {
        var news: [SchedulerEvent] = []
        for event in link.take() { news += handle(event, state) }
        let now = ContinuousClock.now
        for (task, deadline) in outOfSight where deadline <= now {
            outOfSight[task] = nil
            news.append(
                .exited(task: task, .reported(state: "TASK_UNREACHABLE", message: "Its agent can't be reached")))
        }
        if nextReconciliation <= now { reconcile(state) }
        return news
    }

    mutating func launch(_ task: TaskRecord, of app: AppDefinition, in state: SchedulerState) -> SchedulerEvent? {
        launches.append((task.server, MesosTaskInfo.json(task, app)))
        return nil
    }

    mutating func end(_ task: TaskRecord, force: Bool) {
        link.send(MesosCall.kill(task: task.id, agent: task.server))
    }

    mutating func forget(_ task: TaskRecord) {
        confirmed.remove(task.id)
        outOfSight[task.id] = nil
    }

    mutating func finishRound(isWaiting: Bool) -> [SchedulerEvent] {
        if !isWaiting, !isSuppressed { link.send(MesosCall.suppress) }
        if isWaiting, isSuppressed { link.send(MesosCall.revive) }
        isSuppressed = !isWaiting
        guard !offers.isEmpty || !launches.isEmpty else { return [] }
        let byAgent = Dictionary(grouping: offers, by: \.agent.server)
        for (agent, tasks) in Dictionary(grouping: launches, by: \.agent) {
            // A launch without an offer is refused by the master, which says so in the task's status.
            link.send(MesosCall.launch(tasks.map(\.task), on: (byAgent[agent] ?? []).map(\.id)))
        }
        let used = Set(launches.map(\.agent))
        let unused = offers.filter { !used.contains($0.agent.server) }.map(\.id)
        if !unused.isEmpty {
            link.send(
                MesosCall.decline(unused, forSeconds: isWaiting ? MesosTasks.waitingFilter : MesosTasks.idleFilter))
        }
        (offers, launches) = ([], [])
        return [.offersGone]
    }

    /// Mesos' executors perform the checks that Marathon leaves to them.
    func performs(_ check: HealthCheck) -> Bool { check.runsOnAgent }

    // MARK: - What the master says

    private mutating func handle(_ event: MesosLink.Event, _ state: SchedulerState) -> [SchedulerEvent] {
        switch event {
        case .subscribed(let framework, let agents):
            // Calls that were under way are lost, and the master forgets that it was to send no offers.
            (offers, launches, isSuppressed) = ([], [], false)
            reconcile(state)
            link.send(MesosCall.reconcile([]))
            return [.registered(framework: framework), .agents(agents)]
        case .removed:
            return state.tasks.keys.map {
                .exited(task: $0, .reported(state: "TASK_GONE", message: "The framework was removed"))
            } + [.registered(framework: nil)]
        case .offers(let new):
            offers += new
            return [.offers(new.map(\.agent))]
        case .status(let status):
            return handle(status, state)
        }
    }

    private mutating func handle(_ status: MesosStatus, _ state: SchedulerState) -> [SchedulerEvent] {
        if let uuid = status.uuid { link.send(MesosCall.acknowledge(status, uuid: uuid)) }
        guard let task = state.tasks[status.task] else {
            // Given up while its agent was away, or launched by a call that counted as lost: it must not run twice.
            if status.state == "TASK_RUNNING" || status.state == "TASK_STAGING" || status.state == "TASK_STARTING" {
                link.send(MesosCall.kill(task: status.task, agent: status.agent))
            }
            return []
        }
        if status.isTerminal {
            return [.exited(task: task.id, .reported(state: status.state, message: status.message))]
        }
        switch status.state {
        case "TASK_RUNNING":
            outOfSight[task.id] = nil
            return confirm(task) + health(status, of: task, state)
        case "TASK_UNREACHABLE":
            lose(task, after: patience(with: task, state))
        case "TASK_UNKNOWN":
            lose(task, after: settings.unknownTolerance)
        default:
            break
        }
        return []
    }

    private mutating func confirm(_ task: TaskRecord) -> [SchedulerEvent] {
        guard confirmed.insert(task.id).inserted else { return [] }
        return [task.startedAt == nil ? .started(task: task.id, nil) : .adopted(task: task.id, nil)]
    }

    private func health(_ status: MesosStatus, of task: TaskRecord, _ state: SchedulerState) -> [SchedulerEvent] {
        let app = state.apps[task.app]?.definition(of: task.version)
        let checks = app?.container(named: task.container)?.checks ?? []
        guard let isHealthy = status.isHealthy, let index = checks.firstIndex(where: \.runsOnAgent) else { return [] }
        return [.probed(task: task.id, check: index, failure: isHealthy ? nil : "Mesos' health check failed")]
    }

    private mutating func lose(_ task: TaskRecord, after seconds: Double?) {
        guard let seconds, outOfSight[task.id] == nil else { return }
        outOfSight[task.id] = .now + .seconds(seconds)
    }

    /// By the app's `unreachableStrategy`; nil waits without end.
    private func patience(with task: TaskRecord, _ state: SchedulerState) -> Double? {
        let strategy = state.apps[task.app]?.definition(of: task.version)?.document["unreachableStrategy"]
        return strategy?.string == "disabled" ? nil : strategy?["inactiveAfterSeconds"]?.double ?? 0
    }

    private mutating func reconcile(_ state: SchedulerState) {
        nextReconciliation = .now + .seconds(settings.reconcileInterval)
        if !state.tasks.isEmpty { link.send(MesosCall.reconcile(Array(state.tasks.values))) }
    }
}
