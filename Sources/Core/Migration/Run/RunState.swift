/// Where a run stands: the fold of its events.
public struct RunState: Sendable, Hashable {
    public enum Status: Sendable, Hashable {
        /// Steps are performed.
        case running
        /// Nothing new is begun until someone resumes.
        case paused
        /// Stopped and resumable.
        case halted(Failure)
        /// Steps are being undone.
        case rollingBack
        /// Ended: the traffic is on the old color, the new color stays as it is.
        case aborted
        /// Ended: everything undone.
        case rolledBack
        /// Ended: the new color is live, the old one is gone.
        case done

        /// Whether the run can't go on in any way but a rollback.
        public var isEnded: Bool {
            switch self {
            case .aborted, .rolledBack, .done: true
            default: false
            }
        }
    }

    /// What the operator asked for and has not got yet.
    public enum Request: String, Sendable, Hashable { case pause, abort, rollback }

    public let run: RunID
    public var environment = ""
    public var planID = ""
    /// Who started the run, as its first event says: `ada@ctl-1`.
    public var startedBy = ""
    public var status = Status.running
    /// The phases of the run's plan.
    public let phases: [Phase]
    public var phase: PhaseID
    public var steps: [StepID: StepState] = [:]
    public var pendingRequest: Request?
    /// A rollback was begun: whatever stops it, the run never goes forward again.
    public var isRollingBack = false
    public var traffic = Traffic()
    /// Singletons whose hand-over was begun.
    public var handOvers: [ServiceID: HandOver] = [:]
    /// What the run left to its users, by color.
    public var services: [Color: [ServiceID: WorldService]] = [:]
    /// Set while what was handed over goes back without a rollback.
    public var handBack: HandBack?
    public var approvals: [StepID: [Approval]] = [:]
    /// What steps ask people for.
    public var approvalRequests: [StepID: ApprovalRequest] = [:]
    /// Steps that someone wants to do without, each with the reason.
    public var skips: [StepID: String] = [:]
    /// What steps gave to those after them.
    public var outputs: [StepID: [String: String]] = [:]
    public var startedAt: Instant?
    public var endedAt: Instant?
    public var phaseStartedAt: [PhaseID: Instant] = [:]
    public var phaseEndedAt: [PhaseID: Instant] = [:]
    /// Position of the last event folded in.
    public var sequence = 0

    /// - Parameter phases: those of the run's plan; where it is lost, those of an RZ update.
    public init(run: RunID, phases: [Phase] = .ofOlderPlans) {
        self.run = run
        self.phases = phases
        phase = phases.first?.id ?? PhaseID(rawValue: "")
    }

    public struct ApprovalRequest: Sendable, Hashable {
        public var count: Int
        public var reason: String
    }

    /// Why what was handed over goes back: a failure, or none when the run is aborted.
    public struct HandBack: Sendable, Hashable {
        public var failure: Failure?
    }

    /// What is known of the weights.
    public struct Traffic: Sendable, Hashable {
        /// The new color's share that was last intended. Until it equals `verified` a flip is half done.
        public var intended = Percent.none
        /// The new color's share that was last read back from every load balancer; nil while unknown.
        public var verified: Percent? = Percent.none
        /// The share that it was last proved to carry, whatever was intended since; none once a return has begun.
        public var proved = Percent.none
        /// When that was read back; nil while no run has changed the weights.
        public var verifiedAt: Instant?
        /// A return to the old color was begun and is not verified.
        public var isReturning = false
        /// Why the last attempt to return failed.
        public var returnFailure: Failure?
        /// Since when the old color was seen quiet, once drain has proved it.
        public var quietSince: Instant?
        /// Since the old color was seen quiet, a load balancer forgot what was set, or no one watched: that is to be
        /// proved again before the old color is touched.
        public var hasDrifted = false
        /// What stood on the load balancers before the first touch; nil before that, and once it was restored.
        public var found: FoundTraffic?
        /// The same, kept also after it was restored: which backends the old color served before this run touched them.
        public var lastFound: FoundTraffic?
        /// The new color's servers that load balancers were, or are being, told of by this run.
        public var registered: RegisteredServers = [:]
        /// Servers of these, by backend, that may stand in maintenance as listing them again was interrupted.
        public var listing: [LoadBalancerID: [String: [String]]] = [:]
        /// The old color's servers are, or may be, taken out of service by this run: until then who is in maintenance was
        /// put there by a person.
        public var isOldTakenOut = false
        /// What the old color's answers were like, by backend.
        public var usual: [String: UsualTraffic] = [:]
        /// Why the new color may not keep the traffic that it has.
        public var verdict: Failure?
        public var samples: [TrafficSample] = []

        /// Whether the new color has, or may have, a part of the traffic.
        public var isShifted: Bool { intended > .none || verified != Percent.none || isReturning }
    }
}

/// Where one step stands.
public struct StepState: Sendable, Hashable {
    public enum Progress: Sendable, Hashable {
        case pending
        case running
        case waitingToRetry(at: Instant)
        case done
        case skipped
        case failed(Failure)
        case undoing
        case undone
        case undoFailed(Failure)
    }

    public var progress = Progress.pending
    public var attempt = 0
    /// The phase in which it was begun.
    public var phase: PhaseID?
    /// Whether a call that changes something may have been made.
    public var isIntended = false
    /// What the step waits for, or what came of it.
    public var message = ""
    public var startedAt: Instant?
    public var endedAt: Instant?

    public init() {}

    public var isSettled: Bool {
        switch progress {
        case .done, .skipped: true
        default: false
        }
    }
}
