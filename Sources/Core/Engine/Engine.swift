import Migration

/// Performs a plan: asks the core what to do, does it through drivers, and writes down what came of it.
///
/// Everything that happens passes through the journal first; the state is always the fold of what the journal holds,
/// other processes' requests included. So a run can be killed at any moment and performed by another engine.
public actor Engine: RunLedger {
    /// Sees each event after it is in the journal.
    public typealias Listener = @Sendable (Event, RunState) async -> Void

    public let plan: Plan
    public private(set) var state: RunState

    let drivers: Drivers
    let clock: any RunClock
    private let journal: any EventStore
    private let fence: Fence
    private let executor: (any TaskExecutor)?
    private let listener: Listener
    private let telemetry: any TelemetrySink

    private var underWay: [StepID: Task<Void, Never>] = [:]
    private var waiter: CheckedContinuation<Void, Never>?
    private var hasNews = false
    private var interruption: Failure?
    private var fatal: Failure?
    /// Work under way does not end: it is not waited for any more.
    private var isLeaving = false
    private var stopAfter: PhaseID?
    private var timers: Task<Void, Never>?
    /// The time up to which the loop has slept, whatever the clock says.
    private var wakeTime: Instant?
    private let work: @Sendable (Step) -> any StepWork
    /// What is known of each color's servers.
    private(set) var sessions: [Color: ColorSession] = [:]
    private(set) var pace = PaceRecord()
    private(set) lazy var traffic = TrafficControl(
        plan: plan, drivers: drivers, fence: fence, clock: clock, ledger: self)

    /// - Parameters:
    ///   - work: the work behind each step, as the plan's operation has it.
    ///   - epoch: of the lock that the caller holds for this environment.
    ///   - executor: where everything that the engine begins is run; nil for Swift's own threads. A simulation gives
    ///     its own, to decide what runs when.
    ///   - telemetry: where the watch over the traffic publishes its samples.
    package init(
        plan: Plan, run: RunID, drivers: Drivers, work: @escaping @Sendable (Step) -> any StepWork,
        journal: any EventStore, clock: any RunClock, epoch: Int,
        executor: (any TaskExecutor)? = nil, telemetry: any TelemetrySink = NoTelemetry(),
        listener: @escaping Listener = { _, _ in }
    ) {
        self.plan = plan
        self.state = RunState(run: run, phases: plan.phases)
        self.drivers = drivers
        self.work = work
        self.journal = journal
        self.clock = clock
        fence = Fence(journal: journal, epoch: epoch, executor: executor)
        self.executor = executor
        self.listener = listener
        self.telemetry = telemetry
    }

    /// Performs the run until it ends, halts or is interrupted.
    ///
    /// - Parameters:
    ///   - opening: the event that begins or resumes the run.
    ///   - lastPhase: halt after this phase instead of going on.
    /// - Returns: the state at the end.
    /// - Throws: `Failure` when the journal can't be written, or when another process took the run over.
    public func perform(opening: Event.Kind, until lastPhase: PhaseID? = nil) async throws(Failure) -> RunState {
        stopAfter = lastPhase
        let earlier = try await catchUp()
        pace.hasReadEarlier = true
        await traffic.noteAge(before: age(of: earlier, now: clock.now))
        try await record([opening])
        let poll = Task(executorPreference: executor) { await self.pollForRequests() }
        let watchers =
            drivers.loadBalancers.map { loadBalancer in
                Task(executorPreference: executor) { await self.watchTraffic(of: loadBalancer) }
            }
            + traffic.measured.map { place, analysis in
                Task(executorPreference: executor) { await self.traffic.keepMeasuring(place, analysis) }
            } + [Task(executorPreference: executor) { await self.judgeTraffic() }]
            + (hasTasksToFollow ? [Task(executorPreference: executor) { await self.followTasks() }] : [])
        defer {
            poll.cancel()
            for watcher in watchers { watcher.cancel() }
            timers?.cancel()
        }
        do {
            // A load balancer that does not answer holds up no watch: users of the others are looked after meanwhile.
            if ownsTraffic { try await traffic.claim() }
            if state.traffic.isShifted { try? await traffic.assumeFound() }
            try await loop()
        } catch {
            await settleAll()
            throw error
        }
        return state
    }

    func remember(_ session: ColorSession) { sessions[session.color] = session }

    func forgetSession(of color: Color) { sessions[color] = nil }

    /// Halts cleanly: steps under way are asked to stop, what they did is written down, and the run can be resumed.
    public func interrupt(_ reason: Failure) {
        interruption = interruption ?? reason
        wakeUp()
    }

    // MARK: - The loop

    private func loop() async throws(Failure) {
        while true {
            hasNews = false
            if let fatal { throw fatal }
            if let interruption {
                await settleAll()
                if let fatal { throw fatal }
                try await record([.runHalted(failure: interruption)])
                return
            }
            let commands = nextCommands()
            for command in commands { try await perform(command) }
            if hasEnded { return }
            if commands.isEmpty || commands.allSatisfy(\.isWake) { await news() }
        }
    }

    private var hasEnded: Bool {
        if case .halted = state.status { return underWay.isEmpty }
        return state.status.isEnded && underWay.isEmpty
    }

    private func nextCommands() -> [Command] {
        // A clock that was set back must not make a retry wait longer than it was meant to.
        let commands = decide(state, plan, now: max(clock.now, wakeTime ?? clock.now))
        if let stopAfter, state.pendingRequest == nil, state.status == .running,
            commands.contains(where: {
                if case .enter(let phase) = $0 {
                    plan.phases.after(stopAfter).contains { $0.id == phase }
                } else {
                    false
                }
            })
        {
            return [.halt(Failure("Stopped after \(stopAfter), as asked", kind: .cancelled))]
        }
        return commands
    }

    private func perform(_ command: Command) async throws(Failure) {
        switch command {
        case .enter(let phase): try await record([.phaseEntered(phase: phase)])
        case .perform(let step, let attempt): try await begin(step, attempt: attempt)
        case .undo(let step): try await beginUndo(step)
        case .retry(let step, let time): try await record([.stepRetried(step: step, at: time)])
        case .skip(let step, let failure): try await record([.stepSkipped(step: step, failure: failure)])
        case .stopStepsUnderWay: await settleAll()
        case .returnTraffic: try await returnTraffic()
        case .startHandBack(let failure): try await record([.handBackStarted(failure: failure)])
        case .startRollback: try await record([.rollbackStarted])
        case .pause: try await record([.runPaused])
        case .halt(let failure): try await record([.runHalted(failure: failure)])
        case .finish(.aborted): try await record([.runAborted])
        case .finish(.rolledBack): try await record([.runRolledBack])
        case .finish: try await record([.runCompleted])
        case .wake(let time): wake(at: time)
        }
    }

    // MARK: - Steps

    private func begin(_ id: StepID, attempt: Int) async throws(Failure) {
        guard let step = plan.step(id) else { return }
        try await record([.stepStarted(step: id, attempt: attempt)])
        let context = StepContext(
            step: step, engine: self, plan: plan, drivers: drivers, fence: fence, clock: clock)
        underWay[id] = task("\(id)") {
            let result = await withDeadline(step.deadline, context.clock, late: { await self.isLate(id) }) {
                () async throws(Failure) -> String in try await self.work(step).perform(context)
            }
            await self.ended(id, result.event(step, attempt: attempt, lastWait: self.lastWait(of: id)))
        }
    }

    private func beginUndo(_ id: StepID) async throws(Failure) {
        guard let step = plan.step(id) else { return }
        try await record([.undoStarted(step: id)])
        let context = StepContext(
            step: step, engine: self, plan: plan, drivers: drivers, fence: fence, clock: clock)
        underWay[id] = task("undo \(id)") {
            let result = await withDeadline(step.deadline, context.clock, late: { await self.isLate(id) }) {
                () async throws(Failure) -> String in try await self.work(step).undo(context)
            }
            await self.ended(id, result.undoEvent(step, lastWait: self.lastWait(of: id)))
        }
    }

    /// A task whose calls say what they belong to.
    private nonisolated func task(
        _ activity: String, _ work: @escaping @Sendable () async -> Void
    ) -> Task<Void, Never> {
        Activity.$current.withValue(activity) { Task(executorPreference: executor) { await work() } }
    }

    private func ended(_ id: StepID, _ event: Event.Kind) async {
        do {
            try await record([event])
        } catch {
            fatal = fatal ?? error
        }
        // Only now: until its end is written down, whoever waits for the steps under way has to wait for this one.
        underWay[id] = nil
        wakeUp()
    }

    private func lastWait(of id: StepID) -> String { state.steps[id]?.message ?? "" }

    /// Asks everything under way to stop and waits until it has, but not without end: a call that ignores being
    /// cancelled is left behind, and the process ends.
    private func settleAll() async {
        for id in underWay.keys.sorted() { underWay[id]?.cancel() }
        guard !underWay.isEmpty else { return }
        let clock = clock
        let limit = Task(executorPreference: executor) {
            do { try await clock.sleep(Engine.stopGrace) } catch { return }
            await self.leaveBehind(await self.underWay.keys.sorted())
        }
        while !underWay.isEmpty, !isLeaving { await withCheckedContinuation { waiter = $0 } }
        limit.cancel()
    }

    /// Longer than any tool takes that is asked to stop and then made to.
    private static let stopGrace = Period.minutes(5)

    private func leaveBehind(_ steps: [StepID]) {
        let left = steps.filter { underWay[$0] != nil }
        guard !left.isEmpty else { return }
        isLeaving = true
        fatal =
            fatal
            ?? Failure(
                "\(left.map(\.text).joined(separator: ", ")) did not stop within \(Engine.stopGrace)", at: left[0].text,
                advice: "This process ends. See what still runs, then run: rz resume \(plan.environment.name)",
                kind: .unknownEffect)
        wakeUp()
    }

    /// A step that is past its deadline and was cancelled.
    private func isLate(_ id: StepID) {
        let clock = clock
        Task(executorPreference: executor) {
            do { try await clock.sleep(Engine.stopGrace) } catch { return }
            await self.leaveBehind([id])
        }
    }

    /// Whether no one wants this process to stop.
    private var goesOn: Bool { interruption == nil && fatal == nil }

    private func returnTraffic() async throws(Failure) {
        do {
            let (names, took) = try await traffic.returnToOldColor { await self.goesOn }
            try await record([.trafficReturned(loadBalancers: names, took: took)])
        } catch {
            try await record([.trafficReturnFailed(failure: error)])
        }
    }

    // MARK: - Journal

    /// Appends events and folds in everything new, the events of other processes too.
    func record(_ kinds: [Event.Kind]) async throws(Failure) {
        if let fatal { throw fatal }
        do {
            _ = try await journal.append(kinds, run: state.run, epoch: fence.epoch, at: clock.now)
        } catch {
            // Nothing may be done that can't be written down: every step under way has to stop.
            fatal = fatal ?? error
            wakeUp()
            throw error
        }
        try await catchUp()
    }

    /// Folds in what is new and wakes the loop for it, whoever was first to see it.
    ///
    /// - Returns: the events that were read.
    @discardableResult
    private func catchUp() async throws(Failure) -> [Event] {
        let events = try await journal.events(of: state.run, after: state.sequence)
        for event in events where event.sequence > state.sequence {
            state = evolve(state, event)
            pace.take(event, clock)
            await listener(event, state)
            wakeUp()
        }
        return events
    }

    private func pollForRequests() async {
        while !Task.isCancelled {
            do throws(Failure) {
                // A step that only waits writes nothing, and would never find out that another process took over.
                try await journal.confirm(epoch: fence.epoch)
                try await catchUp()
            } catch  where error.kind == .refused {
                fatal = fatal ?? error
                return wakeUp()
            } catch {
                // The next append says so if it lasts.
            }
            do { try await clock.sleep(Period(milliseconds: 200)) } catch { return }
        }
    }

    // MARK: - Waiting

    private func news() async {
        if hasNews || fatal != nil || interruption != nil { return }
        await withCheckedContinuation { waiter = $0 }
    }

    func wakeUp() {
        hasNews = true
        waiter?.resume()
        waiter = nil
    }

    private func wakeUp(since time: Instant) {
        wakeTime = max(time, wakeTime ?? time)
        wakeUp()
    }

    private func wake(at time: Instant) {
        timers?.cancel()
        let period = time - clock.now
        let clock = clock
        timers = Task(executorPreference: executor) {
            // A timer that another one replaced must not wake the loop, which would replace that one in turn.
            do { try await clock.sleep(max(period, .zero)) } catch { return }
            await self.wakeUp(since: time)
        }
    }

    // MARK: - Traffic

    var trafficKnown: RunState.Traffic { state.traffic }

    /// While the run owns the traffic: counts what one load balancer says, and restores what a reload or a restart
    /// changed (I7).
    private func watchTraffic(of loadBalancer: any LoadBalancer) async {
        let interval = min(plan.environment.gates.cutOver.interval, Period(milliseconds: 500))
        while !Task.isCancelled {
            if ownsTraffic {
                await Activity.$current.withValue("watch/\(state.phase)") {
                    try? await traffic.watch(loadBalancer)
                }
            }
            do { try await clock.sleep(interval) } catch { return }
        }
    }

    /// While the run owns the traffic: judges the new color wherever no step does, up to the end of the old one. Samples
    /// are published to those who look; the journal keeps verdicts and changes only.
    private func judgeTraffic() async {
        while !Task.isCancelled {
            if ownsTraffic {
                // In the middle of a change of weights nothing is judged, unless that takes long.
                if let samples = await traffic.newSamples() {
                    let open = await traffic.open
                    telemetry.publish(
                        TelemetryReading(time: clock.now, samples: samples, open: open), run: state.run)
                    await judge()
                }
            }
            do { try await clock.sleep(Period(milliseconds: 500)) } catch { return }
        }
    }

    private func judge() async {
        guard isJudge, let bad = try? await traffic.findings().first(where: { $0.sample.verdict == .fail }), isJudge
        else { return }
        let failure = plan.failure(of: bad.sample, at: "in \(state.phase)")
        try? await record([.gateFailed(sample: bad.sample), .newSideFailed(failure: failure)])
    }

    private var ownsTraffic: Bool { plan.phases.has(.ownsTraffic, in: state.phase) || state.traffic.isShifted }

    /// Once the last step that closes the way back was begun, no verdict helps any more.
    private var isJudge: Bool {
        guard state.traffic.verdict == nil, state.status == .running || state.status == .paused else { return false }
        let end = plan.steps.last(where: \.closesWayBack)
        return end.map { state.steps[$0.id]?.isIntended != true } ?? true
    }
}
