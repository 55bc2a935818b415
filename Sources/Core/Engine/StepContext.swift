import Migration

/// What a step's work may use.
package struct StepContext: Sendable {
    package let step: Step
    let engine: Engine
    package let plan: Plan
    package let drivers: Drivers
    /// What each call that changes something outside goes through.
    package let fence: Fence
    package let clock: any RunClock

    package var environment: Environment { plan.environment }
    package var direction: Direction { plan.direction }

    /// The color that the step acts on. What is about both, or neither, asks of the new one.
    package var color: Color { step.color ?? direction.new }

    /// The run as it stands now.
    package var state: RunState { get async { await engine.state } }

    /// What a program or a request of the step may say of the run.
    package var words: RunWords {
        get async {
            let state = await state
            return RunWords(plan, state.run, step, outputs: state.outputs)
        }
    }

    /// The words, where all that these settings need of other steps was given.
    package func words(for settings: [Setting]) async throws(Failure) -> RunWords {
        let words = await words
        let missing = words.missing(in: settings)
        guard missing.isEmpty else {
            throw Failure(
                "No step gave what \(step.id) needs", at: step.id.text, details: missing,
                advice:
                    "Do without it with the yes of two people: rz skip \(environment.name) \(step.id). Or give it a "
                    + "`when` in the runbook, commit, then: rz resume \(environment.name) --commit HEAD.")
        }
        return words
    }

    /// Writes down what the step gives to those after it.
    package func give(_ given: [String: String], as outputs: [String: StepOutput]?) async throws(Failure) {
        guard let outputs, !outputs.isEmpty else { return }
        try await record(.outputsGiven(step: step.id, values: try outputs.values(given, of: step.id)))
    }

    /// Writes down what is about to be changed. Nothing may be changed before this returns.
    package func intend(_ intent: String) async throws(Failure) {
        try await engine.record([.stepIntended(step: step.id, intent: intent)])
        if Task.isCancelled { throw .cancelled }
    }

    /// The weights on the load balancers.
    package var traffic: TrafficControl { get async { await engine.traffic } }

    /// Restores weights that a step finds changed, without waiting for the watch.
    ///
    /// - Returns: whether they were as they should be.
    package func keepTraffic(_ observation: TrafficObservation) async throws(Failure) -> Bool {
        try await engine.traffic.keep(observation)
    }

    /// What a bad verdict means for the run.
    package func failure(of sample: GateSample, at place: String) -> Failure { plan.failure(of: sample, at: place) }

    /// The approvals of a step that count, without those whose signature is not what it says.
    ///
    /// - Parameter step: nil for this one.
    package func countedApprovals(of step: Step? = nil) async throws(Failure) -> [RunState.Approval] {
        let (step, state) = (step ?? self.step, await state)
        var counted: [RunState.Approval] = []
        for approval in state.approvals(of: step, in: plan) {
            if let signature = approval.signature {
                let statement = ApprovalStatement(plan, state.run, step: step.id, note: approval.note)
                guard try await drivers.signer(statement, signature.text) == signature.signer else { continue }
            }
            counted.append(approval)
        }
        return counted
    }

    /// Why the step is not done, and who said so; nil where no one asked for that, or too few said yes.
    package func skipped() async throws(Failure) -> String? {
        guard let reason = await state.skips[step.id] else { return nil }
        let given = try await countedApprovals()
        guard given.count >= Plan.skippingPeople else { return nil }
        return "skipped: \(reason) (approved by \(given.map(\.by).joined(separator: ", ")))"
    }

    package func record(_ kind: Event.Kind) async throws(Failure) { try await engine.record([kind]) }

    /// Tells what the step waits for. Only what is new is written down.
    package func wait(for reason: String) async {
        guard await engine.state.steps[step.id]?.message != reason else { return }
        try? await engine.record([.stepWaiting(step: step.id, reason: reason)])
    }

    /// Lets time pass, unless the step is asked to stop.
    package func pause(_ period: Period) async throws(Failure) {
        do { try await clock.sleep(period) } catch { throw .cancelled }
    }

    /// Asks again and again until the answer is nil; each answer says what is waited for.
    /// The step's deadline ends it.
    package func poll(
        every period: Period = Period(milliseconds: 250),
        until missing: @Sendable () async throws(Failure) -> String?
    ) async throws(Failure) {
        while let reason = try await missing() {
            await wait(for: reason)
            try await pause(period)
        }
    }

    /// A color as it was last looked at.
    package func session(of color: Color) async throws(Failure) -> ColorSession {
        try await engine.session(of: color)
    }

    /// The servers of a color as they were last looked at.
    package func inventory(of color: Color) async throws(Failure) -> Inventory {
        try await session(of: color).inventory
    }

    /// The servers of a color as the provisioner reports them now: for what proves that an act reaches the right color.
    package func observeInventory(of color: Color) async throws(Failure) -> Inventory {
        try await engine.observeSession(of: color).inventory
    }

    /// Before an act that builds or destroys servers, however it ends: whoever needs them next looks again.
    package func forgetServers(of color: Color) async { await engine.forgetSession(of: color) }

    /// Has the servers' addresses on the load balancers judged by what the provisioner says of both colors.
    package func knowServers(again: Bool = false) async throws(Failure) {
        let traffic = await engine.traffic
        if !again, await !traffic.inventories.isEmpty { return }
        var inventories: [Color: Inventory] = [:]
        for color in Color.allCases { inventories[color] = try await observeInventory(of: color) }
        await traffic.know(inventories)
    }

    package func cluster(of color: Color) async throws(Failure) -> any Cluster {
        try await session(of: color).cluster()
    }

    /// The servers that runs put into backends for a color, as they are now.
    package func observeRegistered(_ color: Color) async throws(Failure) -> RegisteredServers {
        try await engine.registered(color, in: try await observeInventory(of: color))
    }

    /// The agents of a color, where something reports them.
    package func agents(of color: Color) async throws(Failure) -> (any AgentPool)? {
        try await session(of: color).agents()
    }

    /// What services are judged by that leave the old color for the new one.
    package func placement() async throws(Failure) -> PlacementContext {
        PlacementContext(
            old: try await inventory(of: direction.old), new: try await inventory(of: direction.new),
            agents: try await agents(of: direction.new)?.observeAgents())
    }

    /// Passes a driver's progress on.
    package var report: Report {
        { line in await self.wait(for: line) }
    }
}

/// The work behind one kind of step. Each follows one contract: observe whether it is so already, write down the
/// intent, act, and read back from outside that it worked.
package protocol StepWork: Sendable {
    /// - Returns: what came of it, for people.
    func perform(_ context: StepContext) async throws(Failure) -> String

    /// Takes back what `perform` did. By default there is nothing to take back.
    func undo(_ context: StepContext) async throws(Failure) -> String
}

extension StepWork {
    package func undo(_ context: StepContext) async throws(Failure) -> String { "nothing to undo" }
}
