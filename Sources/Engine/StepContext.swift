import Migration

/// What a step's work may use.
struct StepContext: Sendable {
    let step: Step
    let engine: Engine
    let plan: Plan
    let drivers: Drivers
    /// What each call that changes something outside goes through.
    let fence: Fence
    let clock: any RunClock

    var environment: Environment { plan.environment }
    var direction: Direction { plan.direction }

    /// The run as it stands now.
    var state: RunState { get async { await engine.state } }

    /// Writes down what is about to be changed. Nothing may be changed before this returns.
    func intend(_ intent: String) async throws(Failure) {
        try await engine.record([.stepIntended(step: step.id, intent: intent)])
        if Task.isCancelled { throw .cancelled }
    }

    func record(_ kind: Event.Kind) async throws(Failure) { try await engine.record([kind]) }

    /// Tells what the step waits for. Only what is new is written down.
    func wait(for reason: String) async {
        guard await engine.state.steps[step.id]?.message != reason else { return }
        try? await engine.record([.stepWaiting(step: step.id, reason: reason)])
    }

    /// Lets time pass, unless the step is asked to stop.
    func pause(_ period: Period) async throws(Failure) {
        do { try await clock.sleep(period) } catch { throw .cancelled }
    }

    /// Asks again and again until the answer is nil; each answer says what is waited for.
    /// The step's deadline ends it.
    func poll(
        every period: Period = Period(milliseconds: 250),
        until missing: @Sendable () async throws(Failure) -> String?
    ) async throws(Failure) {
        while let reason = try await missing() {
            await wait(for: reason)
            try await pause(period)
        }
    }

    /// The servers of a color as the provisioner reports them now.
    func inventory(of color: Color) async throws(Failure) -> Inventory {
        try await drivers.provisioner.observeServers(color)
    }

    /// Has the servers' addresses on the load balancers judged by what the provisioner says of both colors.
    func knowServers(again: Bool = false) async throws(Failure) {
        let traffic = await engine.traffic
        if !again, await !traffic.inventories.isEmpty { return }
        var inventories: [Color: Inventory] = [:]
        for color in Color.allCases { inventories[color] = try await inventory(of: color) }
        await traffic.know(inventories)
    }

    /// Asked before anything of the new color is taken down on the way back, once users were on it.
    func refuseToTakeDownWhatServes() async throws(Failure) {
        let state = await state
        let hadTraffic = plan.steps.contains { step in
            if case .shift = step.action { state.steps[step.id]?.isIntended == true } else { false }
        }
        if hadTraffic { try await engine.traffic.refuseToTakeDownWhatServes() }
    }

    func cluster(of color: Color) async throws(Failure) -> any Cluster {
        try drivers.cluster(color, try await inventory(of: color))
    }

    /// The agents of a color, where somebody tells of them.
    func agents(of color: Color) async throws(Failure) -> (any AgentPool)? {
        try drivers.agents(color, try await inventory(of: color))
    }

    /// What services are judged by that leave the old color for the new one.
    func placement() async throws(Failure) -> PlacementContext {
        PlacementContext(
            old: try await inventory(of: direction.old), new: try await inventory(of: direction.new),
            agents: try await agents(of: direction.new)?.observeAgents())
    }

    /// Passes a driver's progress on.
    var report: Report {
        { line in await self.wait(for: line) }
    }
}

/// The work behind one kind of step. Each follows one contract: observe whether it is so already, write down the
/// intent, act, and read back from outside that it worked.
protocol StepWork: Sendable {
    /// - Returns: what came of it, for people.
    func perform(_ context: StepContext) async throws(Failure) -> String

    /// Takes back what `perform` did. By default there is nothing to take back.
    func undo(_ context: StepContext) async throws(Failure) -> String
}

extension StepWork {
    func undo(_ context: StepContext) async throws(Failure) -> String { "nothing to undo" }
}

/// The one place where an action finds its work.
func work(for action: Action) -> any StepWork {
    switch action {
    case .check: Checks()
    case .buildDisks: BuildDisks()
    case .buildServers: BuildServers()
    case .configure: ConfigureServers()
    case .awaitPlatform: AwaitPlatform()
    case .launch(let service): LaunchService(id: service)
    case .awaitServices: AwaitServices()
    case .readyTraffic: ReadyTraffic()
    case .shift(let share, let bake): ShiftTraffic(share: share, bake: bake)
    case .handOver(let service): HandOverService(id: service)
    case .drain: DrainOldColor()
    case .soak(let period): Soak(period: period)
    case .stopServices: StopServices()
    case .destroyServers: DestroyServers()
    case .approval(let count, let reason): AwaitApproval(count: count, reason: reason)
    case .exec(let work): RunProgram(work: work)
    case .http(let work): MakeRequest(work: work)
    case .wait(let period): Wait(period: period)
    }
}
