/// What has to be taken for granted of a run whose last events are lost, before it goes on.
///
/// The engine observes before it acts, but it also trusts the journal: that nothing was changed which was not intended,
/// and that weights stand where they were last read back. Whatever was lost may have said otherwise. So every step that
/// can be undone counts as begun, and the traffic goes back to the old color, read back from every load balancer,
/// before anything else is done. Where the old color can't carry it any more, that return fails before the new color is
/// lowered, and a person has to decide.
public struct RecoveryAssumptions: Sendable, Hashable {
    /// To be appended to the run.
    public var events: [Event.Kind]
    /// What a person has to look at before the run goes on, one sentence each.
    public var checks: [String]

    /// - Parameters:
    ///   - state: the run as the events that are left tell it.
    ///   - plan: nil if it is lost.
    ///   - lost: what lost events of the run seem to have said, as far as they can be read. It only ever makes the run
    ///     more careful.
    ///   - note: what was lost, for the history.
    public init(for state: RunState, plan: Plan?, lost: [Event.Kind], note: String) {
        events = [.noted(text: note)]
        checks = []
        if state.status.isEnded {
            checks.append("\(state.run) had ended. If another run was begun since, it is lost.")
            return
        }
        guard let plan else {
            events.append(.runHalted(failure: RecoveryAssumptions.halt(note)))
            checks.append(
                "The plan of \(state.run) is lost: it can't be resumed or taken back. End by hand what it began.")
            return
        }
        let mayReturn = canRollBack(state, plan)
        events += lost.filter(\.narrows)
        let known = events.reduce(state) { state, kind in
            evolve(
                state,
                Event(
                    run: state.run, sequence: state.sequence, time: state.startedAt ?? Instant(milliseconds: 0),
                    kind: kind))
        }
        events += RecoveryAssumptions.runsThatMayHaveBeenMadeUpFor(known, in: plan.direction.new)
        if mayReturn {
            events += plan.steps.filter { $0.mayHaveBegun && known.steps[$0.id]?.isIntended != true }
                .map { .stepIntended(step: $0.id, intent: "unknown: events are lost") }
            // What follows the cutover rests on what it proved: it is proved again.
            if let proof = plan.phaseThatProved(state.phase), !state.isRollingBack {
                events.append(.phaseEntered(phase: proof))
            }
            events.append(.trafficReturnIntended)
        }
        events.append(.runHalted(failure: RecoveryAssumptions.halt(note)))
        checks += RecoveryAssumptions.checks(state, plan, mayReturn: mayReturn)
    }

    /// A run that a job missed is started by hand once; whether that was done already is lost.
    private static func runsThatMayHaveBeenMadeUpFor(_ state: RunState, in color: Color) -> [Event.Kind] {
        state.handOvers.sorted { $0.key.text < $1.key.text }.compactMap { service, handOver in
            guard let due = handOver.due, !handOver.missedRunIsIntended else { return nil }
            return .missedRunIntended(service: service, color: color, due: due)
        }
    }

    private static func halt(_ note: String) -> Failure {
        Failure(
            "Events of this run are lost", details: [note],
            advice: "Check by hand what the repair named, then: rz resume, or rz rollback.")
    }

    private static func checks(_ state: RunState, _ plan: Plan, mayReturn: Bool) -> [String] {
        let (old, new) = (plan.direction.old, plan.direction.new)
        var checks = [
            "Which color carries the traffic: rz plan \(plan.environment.name), or `show servers state` on "
                + plan.environment.loadBalancers.map(\.name.text).joined(separator: ", ") + "."
        ]
        if mayReturn {
            checks.append(
                "rz resume and rz rollback first give all traffic to \(old). If \(old) can't carry it any more (its "
                    + "tear-down may have begun), they stop before \(new) is lowered: end the move by hand then.")
        }
        let open = plan.steps.filter { state.steps[$0.id].map { $0.isIntended && !$0.isSettled } ?? false }
        checks += open.map { "What came of \"\($0.title)\" (\($0.phase)): it was under way." }
        checks += plan.steps.filter { $0.isRepeated && state.steps[$0.id]?.isSettled != true }
            .map { "Whether \"\($0.title)\" (\($0.phase)) was done already: a resume does it (again)." }
        let once = plan.services.filter(\.mode.isSingleton).map(\.id.text)
        if !once.isEmpty {
            checks.append("That these are enabled in exactly one color: \(once.joined(separator: ", ")).")
        }
        checks.append("Approvals, aborts and rollbacks asked for in lost events: ask again.")
        return checks
    }
}

extension Step {
    /// Whether it changes what a rollback has to take back.
    fileprivate var mayHaveBegun: Bool {
        isTakenBack || undo == .costly
    }

    /// Whether rz can't see for itself that it was done.
    fileprivate var isRepeated: Bool {
        switch action {
        case .exec, .http: true
        default: false
        }
    }
}

extension Event.Kind {
    /// Whether it can only take from what rz allows itself to do.
    fileprivate var narrows: Bool {
        switch self {
        case .trafficFound, .stepIntended, .releaseIntended, .released, .acquireIntended, .acquired, .missedRunIntended,
            .missedRunStarted,
            .missedRunInDoubt:
            true
        default:
            false
        }
    }
}
