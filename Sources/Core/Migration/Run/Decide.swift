/// What the engine is to do next.
public enum Command: Sendable, Hashable {
    case enter(PhaseID)
    case perform(StepID, attempt: Int)
    case retry(StepID, at: Instant)
    case skip(StepID, Failure)
    /// Asks the steps under way to stop; their failures arrive as events.
    case stopStepsUnderWay
    /// All traffic back to the old color: raised first, read back, then the new color lowered.
    case returnTraffic
    /// Singletons back to the old color, before the run halts for this failure, or is aborted.
    case startHandBack(Failure?)
    case startRollback
    case undo(StepID)
    case pause
    case halt(Failure)
    case finish(RunState.Status)
    /// Nothing to do before this time.
    case wake(at: Instant)

    package var isWake: Bool { if case .wake = self { true } else { false } }
}

/// What to do next in this state. Pure: performs nothing, knows no clock but `now`.
///
/// Steps that are under way already are never commanded again; an empty answer means: wait for an event.
public func decide(_ state: RunState, _ plan: Plan, now: Instant) -> [Command] {
    switch state.status {
    case .halted, .aborted, .rolledBack, .done:
        return []
    case .rollingBack:
        return rollBack(state, plan)
    case .paused, .running:
        break
    }
    switch state.pendingRequest {
    case .rollback where canRollBack(state, plan): return startRollback(state)
    case .abort where canRollBack(state, plan): return abort(state, plan)
    case .pause where state.traffic.verdict != nil: return goOn(state, plan, now: now)
    case .pause: return hasStepsUnderWay(state) || state.status == .paused ? [] : [.pause]
    case .rollback, .abort, nil: return goOn(state, plan, now: now)
    }
}

/// Whether the way back is still open: no step that closes it has been intended.
public func canRollBack(_ state: RunState, _ plan: Plan) -> Bool {
    !plan.steps.contains { $0.closesWayBack && state.steps[$0.id]?.isIntended == true }
}

// MARK: - Forward

private func goOn(_ state: RunState, _ plan: Plan, now: Instant) -> [Command] {
    let steps = plan.steps(in: state.phase)
    guard state.phaseStartedAt[state.phase] != nil else { return [.enter(state.phase)] }
    let failed = failedStep(steps, state)
    // A return to the old color that was begun is finished before anything else (invariant I7).
    if state.traffic.isReturning {
        return hasStepsUnderWay(state)
            ? [.stopStepsUnderWay] : returnTraffic(state, because: state.traffic.verdict ?? failed?.failure)
    }
    if let handBack = state.handBack { return goOn(handBack, state, plan) }
    if let verdict = state.traffic.verdict { return giveUp(verdict, state, plan) }
    // What follows the cutover rests on what it proved: once the traffic went back, it is proved again.
    if let proof = plan.phaseThatProved(state.phase), canRollBack(state, plan),
        plan.steps(in: proof).contains(where: { state.steps[$0.id]?.isSettled != true })
    {
        return hasStepsUnderWay(state) ? [] : [.enter(proof)]
    }
    if let failed { return fail(failed.step, failed.failure, state, plan, now: now) }
    if steps.allSatisfy({ state.steps[$0.id]?.isSettled == true }) {
        if let next = plan.phases.after(state.phase).first { return [.enter(next.id)] }
        return [.finish(.done)]
    }
    return begin(steps, state, now: now, limit: plan.launches)
}

/// The new color fails its users while nothing watches it but the run as a whole: in a hand-over, drain, soak, pause or
/// approval. As long as there is a way back the traffic goes it; what follows the cutover is then done again.
private func giveUp(_ verdict: Failure, _ state: RunState, _ plan: Plan) -> [Command] {
    if hasStepsUnderWay(state) { return [.stopStepsUnderWay] }
    // Where the old color does not answer, the way back closes within the cutover, and traffic still goes where it serves.
    guard canRollBack(state, plan) || plan.phases.has(.returnsTrafficOnFailure, in: state.phase) else {
        return [.halt(verdict)]
    }
    if state.traffic.isShifted { return returnTraffic(state, because: verdict) }
    if let proof = plan.phaseThatProved(state.phase) { return [.enter(proof)] }
    return compensate(state, plan, because: verdict) ?? [.halt(verdict)]
}

/// The failure that decides what happens next: a real one before one of a step that was only stopped because of it.
private func failedStep(_ steps: [Step], _ state: RunState) -> (step: Step, failure: Failure)? {
    let failed = steps.compactMap { step -> (step: Step, failure: Failure)? in
        guard case .failed(let failure) = state.steps[step.id]?.progress else { return nil }
        return (step, failure)
    }
    return failed.first { $0.failure.kind != .cancelled } ?? failed.first
}

private func begin(_ steps: [Step], _ state: RunState, now: Instant, limit: Int) -> [Command] {
    var free = max(0, limit - steps.count { state.steps[$0.id]?.progress == .running })
    var commands: [Command] = []
    var nextRetry: Instant?
    for step in steps {
        let known = state.steps[step.id] ?? StepState()
        switch known.progress {
        case .pending where step.needs.allSatisfy { state.steps[$0]?.isSettled == true }:
            break
        case .waitingToRetry(let time) where time <= now:
            break
        case .waitingToRetry(let time):
            nextRetry = min(nextRetry ?? time, time)
            continue
        default:
            continue
        }
        guard free > 0 else { continue }
        free -= 1
        commands.append(.perform(step.id, attempt: known.attempt + 1))
    }
    if !commands.isEmpty { return commands }
    if let nextRetry { return [.wake(at: nextRetry)] }
    return hasStepsUnderWay(state) ? [] : [.halt(deadlock(steps, state))]
}

/// Nothing is under way and nothing can be begun: better to say so than to wait without end (invariant I8).
private func deadlock(_ steps: [Step], _ state: RunState) -> Failure {
    let waiting = steps.filter { state.steps[$0.id]?.isSettled != true }.map { step in
        let missing = step.needs.filter { state.steps[$0]?.isSettled != true }
        return "\(step.id) waits for " + (missing.isEmpty ? "nothing" : missing.map(\.text).joined(separator: ", "))
    }
    return Failure(
        "No step can be begun: they wait for each other", details: waiting,
        advice: "Correct `needs` in the runbook, then make a new plan.")
}

private func fail(_ step: Step, _ failure: Failure, _ state: RunState, _ plan: Plan, now: Instant) -> [Command] {
    let attempt = state.steps[step.id]?.attempt ?? 1
    if failure.kind == .transient || failure.kind == .unknownEffect, attempt < step.attempts {
        return [.retry(step.id, at: now + backOff(afterAttempt: attempt))]
    }
    if step.onFailure == .continue, failure.kind != .cancelled { return [.skip(step.id, failure)] }
    if hasStepsUnderWay(state) { return [.stopStepsUnderWay] }
    if failure.kind != .cancelled {
        if step.onFailure == .rollback, canRollBack(state, plan) { return startRollback(state) }
        // A cutover that failed must not leave users on a side that was judged bad, nor a flip half done, nor jobs on
        // a side without traffic.
        if plan.phases.has(.returnsTrafficOnFailure, in: state.phase),
            let commands = compensate(state, plan, because: failure)
        {
            return commands
        }
    }
    return [.halt(failure)]
}

/// One second, doubled with each attempt, at most a minute. The core knows no random; drivers add jitter to theirs.
private func backOff(afterAttempt attempt: Int) -> Period {
    .seconds(min(60, 1 << min(attempt - 1, 6)))
}

// MARK: - Back

private func abort(_ state: RunState, _ plan: Plan) -> [Command] {
    if let handBack = state.handBack { return goOn(handBack, state, plan) }
    if hasStepsUnderWay(state) { return [.stopStepsUnderWay] }
    return compensate(state, plan, because: nil) ?? [.finish(.aborted)]
}

/// The first of the plan's compensations that is due; nil when there is nothing to take back.
private func compensate(_ state: RunState, _ plan: Plan, because reason: Failure?) -> [Command]? {
    for compensation in plan.compensations {
        switch compensation {
        case .returnTraffic where state.traffic.isShifted: return returnTraffic(state, because: reason)
        case .undoSteps where !stepsToTakeBack(state, plan).isEmpty: return [.startHandBack(reason)]
        case .returnTraffic, .undoSteps: continue
        }
    }
    return nil
}

/// The steps that must not stay as they are, and were, or may have been, begun.
private func stepsToTakeBack(_ state: RunState, _ plan: Plan) -> [Step] {
    plan.steps.filter { $0.isTakenBack && state.steps[$0.id]?.isIntended == true }
}

/// Gives singletons back to the old color, then ends what made it necessary.
private func goOn(_ handBack: RunState.HandBack, _ state: RunState, _ plan: Plan) -> [Command] {
    if hasStepsUnderWay(state) { return [] }
    if let failure = undoFailure(state) { return [.halt(failure)] }
    let left = stepsToTakeBack(state, plan).reversed().prefix(plan.launches).map { Command.undo($0.id) }
    if !left.isEmpty { return left }
    return [state.pendingRequest == .abort ? .finish(.aborted) : .halt(handBack.failure ?? .cancelled)]
}

private func startRollback(_ state: RunState) -> [Command] {
    guard hasStepsUnderWay(state) else { return [.startRollback] }
    // What is being handed back already is a part of the rollback: stopped, it would only count as failed.
    return state.handBack == nil ? [.stopStepsUnderWay] : []
}

/// Traffic first, then the steps in reverse: a phase after the other, and in it what others need last.
private func rollBack(_ state: RunState, _ plan: Plan) -> [Command] {
    if let failure = undoFailure(state) { return hasStepsUnderWay(state) ? [] : [.halt(failure)] }
    if state.traffic.isShifted { return hasStepsUnderWay(state) ? [] : returnTraffic(state) }
    let remaining = plan.steps.filter { needsUndo($0, state) }
    guard let phase = remaining.last?.phase else { return [.finish(.rolledBack)] }
    let candidates = remaining.filter { $0.phase == phase }
    let needed = everythingNeeded(by: candidates, plan)
    let underWay = candidates.count { state.steps[$0.id]?.progress == .undoing }
    let commands = candidates.reversed()
        .filter { !needed.contains($0.id) && state.steps[$0.id]?.progress != .undoing }
        .prefix(max(0, plan.launches - underWay))
        .map { Command.undo($0.id) }
    return commands.isEmpty && !hasStepsUnderWay(state) ? [.halt(deadlock(candidates, state))] : commands
}

/// The steps that these need, and those that those need, also through steps that have nothing to undo.
private func everythingNeeded(by steps: [Step], _ plan: Plan) -> Set<StepID> {
    let needs = Dictionary(plan.steps.map { ($0.id, $0.needs) }, uniquingKeysWith: { first, _ in first })
    var found: Set<StepID> = []
    var open = steps.flatMap(\.needs)
    while let id = open.popLast() {
        if found.insert(id).inserted { open += needs[id, default: []] }
    }
    return found
}

private func needsUndo(_ step: Step, _ state: RunState) -> Bool {
    guard step.undo == .costly, let known = state.steps[step.id] else { return false }
    return known.isIntended
}

private func undoFailure(_ state: RunState) -> Failure? {
    for id in state.steps.keys.sorted() {
        if case .undoFailed(let failure) = state.steps[id]?.progress { return failure }
    }
    return nil
}

/// A return that failed is not tried again by itself: the operator must know that the weights are in doubt.
private func returnTraffic(_ state: RunState, because reason: Failure? = nil) -> [Command] {
    guard let failure = state.traffic.returnFailure else { return [.returnTraffic] }
    guard var both = reason else { return [.halt(failure)] }
    both.details += [failure.summary] + failure.details
    return [.halt(both)]
}

extension Plan {
    /// How many steps may be under way; none would never end.
    fileprivate var launches: Int { max(1, environment.limits.launches) }

    /// The phase before this one that moved the traffic: what follows rests on what it proved.
    func phaseThatProved(_ phase: PhaseID) -> PhaseID? {
        phases.before(phase).last { $0.traits.contains(.returnsTrafficOnFailure) }?.id
    }
}

private func hasStepsUnderWay(_ state: RunState) -> Bool {
    state.steps.values.contains { $0.progress == .running || $0.progress == .undoing }
}
