extension RunState {
    /// A person's yes to a step.
    public struct Approval: Sendable, Hashable {
        /// For people: `ada@ctl-1`.
        public var by: String
        public var at: Instant
        /// Nil for what an older rz wrote, which took anyone's word for who they are.
        public var person: Person?
        /// What they said beside it.
        public var note: String?

        public init(by: String, at: Instant, person: Person? = nil, note: String? = nil) {
            self.by = by
            self.at = at
            self.person = person
            self.note = note
        }

        /// Whether both were given by one person.
        public func isOfSamePerson(as other: Approval) -> Bool {
            switch (person, other.person) {
            case (let one?, let two?): one == two
            case (let one?, nil): one.isNamed(other.by)
            case (nil, let two?): two.isNamed(by)
            case (nil, nil): Person.plain(by) == Person.plain(other.by)
            }
        }
    }

    /// The approvals of a step that count: each person's once, and not that of who started the run where the environment
    /// says so.
    public func approvals(of step: Step, in plan: Plan) -> [Approval] {
        let given = approvals[step.id, default: []]
        guard plan.needsOthers(step) else { return given }
        return given.filter { !isByStarter($0) }
    }

    /// Whether an approval was given by who started the run.
    public func isByStarter(_ approval: Approval) -> Bool {
        approval.isOfSamePerson(as: Approval(by: startedBy, at: approval.at))
    }

    /// What people said yes to is not what will run any more: whatever is still ahead has to be approved again.
    mutating func dropApprovals() {
        for id in approvals.keys {
            let known = steps[id, default: StepState()]
            if known.isSettled, known.phase != phase { continue }
            approvals[id] = nil
            guard known.progress != .pending else { continue }
            steps[id, default: StepState()].progress = .pending
        }
    }
}

extension Plan {
    /// Whether an approval of who started the run does not count for this step.
    public func needsOthers(_ step: Step) -> Bool {
        guard case .others = environment.approvals[step.phase] else { return false }
        return step.id == Plan.approvalStep(before: step.phase)
    }

    /// The step in which a phase waits for the people whom the environment asks for.
    public static func approvalStep(before phase: PhaseID) -> StepID { StepID("\(phase)/approval") }

    /// The step in which a phase waits for a change window.
    public static func windowStep(before phase: PhaseID) -> StepID { StepID("\(phase)/window") }
}
