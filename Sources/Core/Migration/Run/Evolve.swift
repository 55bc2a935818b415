extension RunState {
    /// The state of a run whose events these are, oldest first.
    public init(run: RunID, phases: [Phase] = .ofOlderPlans, events: some Sequence<Event>) {
        self.init(run: run, phases: phases)
        for event in events { self = evolve(self, event) }
    }
}

/// The state after one more event. Pure: the same state and event always give the same result.
public func evolve(_ state: RunState, _ event: Event) -> RunState {
    var next = state
    next.sequence = event.sequence
    switch event.kind {
    case .runStarted(let environment, let plan, _, _, let person):
        next.startedBy = person
        next.environment = environment
        next.planID = plan
        next.startedAt = event.time
        next.status = .running
    case .runResumed:
        next.resume()
    case .runPaused:
        next.status = .paused
    case .runHalted(let failure):
        next.status = .halted(failure)
        next.handBack = nil
        next.endedAt = event.time
    case .runAborted:
        next.end(.aborted, at: event.time)
    case .runRolledBack:
        next.end(.rolledBack, at: event.time)
    case .runCompleted:
        next.phaseEndedAt[next.phase] = event.time
        next.end(.done, at: event.time)
    case .runRepinned(let plan, _, _):
        next.planID = plan
        next.dropApprovals()
    case .phaseEntered(let phase):
        if phase != next.phase { next.phaseEndedAt[next.phase] = event.time }
        next.phase = phase
        next.phaseStartedAt[phase] = next.phaseStartedAt[phase] ?? event.time

    case .stepStarted(let step, let attempt):
        next.change(step) {
            $0.progress = .running
            $0.attempt = min(max(1, attempt), 1_000_000)
            $0.phase = state.phase
            $0.startedAt = event.time
            $0.endedAt = nil
            $0.message = ""
        }
    case .stepIntended(let step, _):
        next.change(step) { $0.isIntended = true }
    case .stepWaiting(let step, let reason):
        next.change(step) { $0.message = reason }
    case .stepCompleted(let step, let summary):
        next.settle(step, .done, summary, at: event.time)
    case .stepSkipped(let step, let failure):
        next.settle(step, .skipped, failure.summary, at: event.time)
    case .stepFailed(let step, _, let failure):
        next.settle(step, .failed(failure), failure.summary, at: event.time)
    case .stepRetried(let step, let time):
        next.change(step) { $0.progress = .waitingToRetry(at: time) }
    case .undoStarted(let step):
        next.change(step) {
            $0.progress = .undoing
            $0.startedAt = event.time
            $0.endedAt = nil
            $0.message = ""
        }
    case .undoCompleted(let step, let summary):
        next.settle(step, .undone, summary, at: event.time)
        next.change(step) { $0.isIntended = false }
    case .undoFailed(let step, let failure):
        next.settle(step, .undoFailed(failure), failure.summary, at: event.time)

    case .trafficFound(let found):
        // Written down again right before the old color is taken out; or assumed after that.
        next.traffic.isOldTakenOut =
            next.phases.has(.ownsTraffic, in: next.phase) && !next.phases.has(.returnsTrafficOnFailure, in: next.phase)
        next.traffic.found = found
        next.traffic.lastFound = found
    case .serversRegistered(let servers):
        next.traffic.registered = servers
    case .listingIntended(let loadBalancer, let servers):
        next.traffic.listing[loadBalancer] = servers.isEmpty ? nil : servers
    case .newSideFailed(let failure):
        next.traffic.verdict = next.traffic.verdict ?? failure
    case .trafficIntended(let share):
        next.traffic.intended = share
        next.traffic.verified = nil
    case .trafficVerified(let share, _):
        next.traffic.verified = share
        next.traffic.proved = share
        next.traffic.verifiedAt = event.time
    case .trafficReturnIntended:
        next.traffic.isReturning = true
        // Whoever stands in maintenance from here on was put there by the return.
        next.traffic.listing = [:]
        next.traffic.returnFailure = nil
        next.traffic.intended = .none
        next.traffic.verified = nil
        next.traffic.proved = .none
        next.traffic.quietSince = nil
    case .trafficReturned:
        next.traffic.isReturning = false
        next.traffic.intended = .none
        next.traffic.verified = Percent.none
        // Restored: what stands there from here on is looked at again before the next touch.
        next.traffic.found = nil
        next.traffic.isOldTakenOut = false
        next.traffic.verifiedAt = event.time
        next.startShiftsAnew()
    case .trafficReturnFailed(let failure):
        next.traffic.returnFailure = failure
    case .oldSideMeasured(let usual):
        next.traffic.usual = usual
    case .oldSideQuiet(let since):
        next.traffic.quietSince = since
        next.traffic.hasDrifted = false
    case .trafficDriftDetected, .trafficDriftCorrected:
        next.traffic.hasDrifted = true
    case .trafficSampled(let samples):
        next.traffic.samples = samples

    case .releaseIntended(let service, let color, let instances, let nextFire):
        next.handOvers[service, default: HandOver()].releaseIntended(color, instances, nextFire, at: event.time)
    case .released(let service, _, let nextFire):
        next.handOvers[service, default: HandOver()].released(nextFire: nextFire)
    case .acquireIntended(let service, _, let nextFire):
        next.handOvers[service, default: HandOver()].acquireIntended(nextFire: nextFire)
    case .acquired(let service, let color, let nextFire):
        next.handOvers[service, default: HandOver()].acquired(color, nextFire: nextFire, at: event.time)
    case .missedRunIntended(let service, _, _):
        next.handOvers[service, default: HandOver()].missedRunIntended()
    case .missedRunStarted(let service, _, let due), .missedRunInDoubt(let service, _, let due):
        next.handOvers[service, default: HandOver()].settle(due)
    case .servicesRecorded(let color, let services):
        next.services[color] = services
    case .handBackStarted(let failure):
        next.handBack = RunState.HandBack(failure: failure)

    case .approvalGiven(let step, let by, let user, let host, let note, let signature):
        let person = user.flatMap { user in host.map { Person(user: user, host: $0) } }
        next.take(
            RunState.Approval(by: by, at: event.time, person: person, note: note, signature: signature), of: step)
    case .skipRequested(let step, let reason, _):
        // Who said yes to one reason said nothing of another.
        if let known = next.skips.updateValue(reason, forKey: step), known != reason { next.approvals[step] = nil }
        next.approvalRequests[step] = RunState.ApprovalRequest(
            count: Plan.skippingPeople, reason: "to skip \(step): \(reason)")
    case .outputsGiven(let step, let values):
        next.outputs[step] = values
    // What has ended takes no request but the one to take an aborted run back.
    case .pauseRequested where state.status.isEnded,
        .resumeRequested where state.status.isEnded,
        .abortRequested where state.status.isEnded,
        .rollbackRequested where state.status.isEnded && state.status != .aborted:
        break
    case .pauseRequested:
        next.pendingRequest = next.pendingRequest ?? .pause
    case .resumeRequested:
        if next.pendingRequest == .pause { next.pendingRequest = nil }
        if next.status == .paused { next.status = .running }
    case .abortRequested:
        if next.pendingRequest != .rollback { next.pendingRequest = .abort }
    case .rollbackRequested:
        next.pendingRequest = .rollback
    case .rollbackStarted:
        next.handBack = nil
        next.traffic.verdict = nil
        next.status = .rollingBack
        next.isRollingBack = true
        next.pendingRequest = nil
        next.endedAt = nil

    case .approvalRequested(let step, let count, let reason):
        next.approvalRequests[step] = RunState.ApprovalRequest(count: count, reason: reason)

    case .gateSampled, .gatePassed, .gateFailed, .noted:
        break
    }
    return next
}

extension RunState {
    fileprivate mutating func change(_ step: StepID, _ body: (inout StepState) -> Void) {
        body(&steps[step, default: StepState()])
    }

    fileprivate mutating func settle(_ step: StepID, _ progress: StepState.Progress, _ text: String, at time: Instant) {
        change(step) {
            $0.progress = progress
            $0.message = text
            $0.endedAt = time
        }
    }

    fileprivate mutating func end(_ status: Status, at time: Instant) {
        self.status = status
        pendingRequest = nil
        endedAt = time
    }

    /// With the traffic back on the old color, whatever the cutover had done is to be done again.
    fileprivate mutating func startShiftsAnew() {
        for (id, step) in steps {
            guard let phase = step.phase, phases.has(.ownsTraffic, in: phase) else { continue }
            // Who said yes to a share had seen it; the yes to the phase as a whole stands.
            if id != Plan.approvalStep(before: phase) { approvals[id] = nil }
            guard step.isSettled else { continue }
            change(id) {
                $0.progress = .pending
                $0.attempt = 0
            }
        }
    }

    /// No one works on what a dead or halted process had under way: it becomes pending again, and what it had
    /// intended stays marked, so that the step observes before it acts.
    fileprivate mutating func resume() {
        // What has ended goes on in no way but back.
        if status.isEnded, pendingRequest != .rollback { return }
        handBack = nil
        // No one watched the load balancers meanwhile.
        traffic.hasDrifted = true
        status = isRollingBack ? .rollingBack : .running
        pendingRequest = pendingRequest == .pause ? nil : pendingRequest
        endedAt = nil
        traffic.returnFailure = nil
        traffic.verdict = nil
        let isRollingBack = isRollingBack
        for id in steps.keys {
            change(id) { step in
                switch step.progress {
                case .running, .failed, .waitingToRetry:
                    step.progress = .pending
                    step.attempt = 0
                case .undoing, .undoFailed:
                    // On the way forward only what was handed over is ever undone; it is handed over again.
                    step.progress = isRollingBack ? .done : .pending
                case .undone where !isRollingBack:
                    step.progress = .pending
                case .pending, .done, .skipped, .undone:
                    break
                }
            }
        }
    }
}
