/// One line of a run's history. The journal keeps events in order, and a run's state is their fold.
public struct Event: Sendable, Hashable {
    public var run: RunID
    /// Position in the journal, from 1 without gaps.
    public var sequence: Int
    public var time: Instant
    public var kind: Kind

    public init(run: RunID, sequence: Int, time: Instant, kind: Kind) {
        self.run = run
        self.sequence = sequence
        self.time = time
        self.kind = kind
    }

    /// What happened. On the wire `stepStarted(step:attempt:)` is `{"type":"step.started","step":…,"attempt":…}`.
    public enum Kind: Sendable, Hashable {
        // The run as a whole.
        case runStarted(environment: String, plan: String, from: Color, to: Color, by: String)
        case runResumed(by: String)
        case runPaused
        case runHalted(failure: Failure)
        case runAborted
        case runRolledBack
        case runCompleted
        /// Moved to another commit, by a plan of its own: what is done stays, what is left is as that commit says.
        case runRepinned(plan: String, commit: String, by: String)
        case phaseEntered(phase: PhaseID)

        // Steps. The intent is in the journal before the first call that changes anything.
        case stepStarted(step: StepID, attempt: Int)
        case stepIntended(step: StepID, intent: String)
        case stepWaiting(step: StepID, reason: String)
        case stepCompleted(step: StepID, summary: String)
        case stepFailed(step: StepID, attempt: Int, failure: Failure)
        case stepRetried(step: StepID, at: Instant)
        case stepSkipped(step: StepID, failure: Failure)
        case undoStarted(step: StepID)
        case undoCompleted(step: StepID, summary: String)
        case undoFailed(step: StepID, failure: Failure)

        // Traffic.
        /// What stood on the load balancers, written down before the first touch.
        case trafficFound(found: FoundTraffic)
        /// From here on load balancers are to list these servers of the new color; none once they were taken off again.
        case serversRegistered(servers: RegisteredServers)
        case trafficIntended(share: Percent)
        case trafficVerified(share: Percent, loadBalancers: [LoadBalancerID])
        case trafficSampled(samples: [TrafficSample])
        case trafficDriftDetected(loadBalancer: LoadBalancerID, reason: String)
        case trafficDriftCorrected(loadBalancer: LoadBalancerID, reason: String)
        case trafficReturnIntended
        case trafficReturned(loadBalancers: [LoadBalancerID], took: Period)
        case trafficReturnFailed(failure: Failure)
        /// What the old color's answers were like, by backend: what the new color's are compared with once the old one has
        /// no traffic any more.
        case oldSideMeasured(usual: [String: UsualTraffic])
        case oldSideQuiet(since: Instant)
        /// The new color fails its users while no step watches: the traffic goes back, or the run halts.
        case newSideFailed(failure: Failure)
        case gateSampled(sample: GateSample)
        case gatePassed(gate: String)
        case gateFailed(sample: GateSample)

        // Singletons: which color lets them run, written down before and after each change.
        /// The color is about to stop, or disable, a service that had these instances, or would fire next then.
        case releaseIntended(service: ServiceID, color: Color, instances: Int, nextFire: Instant?)
        /// Read back: nothing lets it run any more. Had its schedule stayed enabled, it would fire next then.
        case released(service: ServiceID, color: Color, nextFire: Instant?)
        case acquireIntended(service: ServiceID, color: Color, nextFire: Instant?)
        case acquired(service: ServiceID, color: Color, nextFire: Instant?)
        /// A job would have fired while neither color let it: one run of it is about to be started by hand.
        case missedRunIntended(service: ServiceID, color: Color, due: Instant)
        case missedRunStarted(service: ServiceID, color: Color, due: Instant)
        /// Whether the job ran then can't be known, so that no run is started for it.
        case missedRunInDoubt(service: ServiceID, color: Color, due: Instant)
        /// What was handed over goes back to the old color, because of a failure or because the run is aborted.
        case handBackStarted(failure: Failure?)

        /// What a color's frameworks run when the run leaves it to its users: what is found there later is compared with
        /// it.
        case servicesRecorded(color: Color, services: [ServiceID: WorldService])

        // People.
        case approvalRequested(step: StepID, count: Int, reason: String)
        /// `user` and `host` as the operating system knows them; an older rz wrote a name alone.
        case approvalGiven(
            step: StepID, by: String, user: String? = nil, host: String? = nil, note: String? = nil,
            signature: ApprovalSignature? = nil)
        /// Asks two people for their yes to do without a step that an operator added.
        case skipRequested(step: StepID, reason: String, by: String)
        /// Servers of the new color, by backend, are about to be listed again that a reload lost: until they are ready they
        /// stand in maintenance, where no person put them. None once they are ready.
        case listingIntended(loadBalancer: LoadBalancerID, servers: [String: [String]])
        /// What a step gives to those after it, by name.
        case outputsGiven(step: StepID, values: [String: String])
        case pauseRequested(by: String)
        case resumeRequested(by: String)
        case abortRequested(by: String)
        case rollbackRequested(by: String)
        case rollbackStarted

        case noted(text: String)
    }
}

/// One color's traffic on one backend of one load balancer over the last second or so.
public struct TrafficSample: Codable, Sendable, Hashable {
    public var loadBalancer: LoadBalancerID
    public var backend: String
    public var color: Color
    /// The color's part of the weight, 0 to 1.
    public var share: Double
    public var requestsPerSecond: Double
    /// 0 to 1.
    public var errorRate: Double
    public var responseTime: Period?
    public var sessions: Int

    public init(
        loadBalancer: LoadBalancerID, backend: String, color: Color, share: Double, requestsPerSecond: Double,
        errorRate: Double, responseTime: Period?, sessions: Int
    ) {
        self.loadBalancer = loadBalancer
        self.backend = backend
        self.color = color
        self.share = share
        self.requestsPerSecond = requestsPerSecond
        self.errorRate = errorRate
        self.responseTime = responseTime
        self.sessions = sessions
    }
}
