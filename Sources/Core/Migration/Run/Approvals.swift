extension RunState {
    /// A person's yes to a step.
    public struct Approval: Sendable, Hashable {
        /// For people: `ada@ctl-1`, or `ada` for who signed as that.
        public var by: String
        public var at: Instant
        /// Nil for what an older rz wrote, which took anyone's word for who they are.
        public var person: Person?
        /// What they said beside it.
        public var note: String?
        /// Nil for one that is not signed.
        public var signature: ApprovalSignature?

        public init(
            by: String, at: Instant, person: Person? = nil, note: String? = nil, signature: ApprovalSignature? = nil
        ) {
            self.by = by
            self.at = at
            self.person = person
            self.note = note
            self.signature = signature
        }

        /// Whether both were given by one person. Of two that are signed, who signed them counts.
        public func isOfSamePerson(as other: Approval) -> Bool {
            if let one = signature?.signer, let two = other.signature?.signer { return one == two }
            return switch (person, other.person) {
            case (let one?, let two?): one == two
            case (let one?, nil): one.isNamed(other.by)
            case (nil, let two?): two.isNamed(by)
            case (nil, nil): Person.plain(by) == Person.plain(other.by)
            }
        }

        /// Whether a role's list names who gave it: the signer of one that is signed, else the user of the operating
        /// system.
        func isNamed(in members: [String]) -> Bool {
            if let signature { return members.contains(signature.signer) }
            guard let person else { return members.contains(by) }
            return members.contains(person.user) || members.contains(person.description)
        }
    }

    /// The approvals of a step that count by what they say of themselves: each person's once. Whether a signature is one
    /// is for the engine to find out.
    public func approvals(of step: Step, in plan: Plan) -> [Approval] {
        let demand = plan.demand(of: step, in: self)
        return approvals[step.id, default: []].filter { mayCount($0, demand, plan) }
    }

    /// Whether an approval would count for a demand.
    public func mayCount(_ approval: Approval, _ demand: ApprovalDemand, _ plan: Plan) -> Bool {
        if demand.othersOnly, isByStarter(approval) { return false }
        if demand.isSigned, approval.signature == nil { return false }
        return demand.roles.isEmpty || demand.roles.contains { approval.isNamed(in: plan.members(of: $0)) }
    }

    /// Whether an approval was given by who started the run.
    public func isByStarter(_ approval: Approval) -> Bool {
        if let signer = approval.signature?.signer, Person.plain(signer) == Person.plain(startingUser) { return true }
        return approval.isOfSamePerson(as: Approval(by: startedBy, at: approval.at))
    }

    /// Who started the run, without the host.
    private var startingUser: String { String(startedBy.prefix { $0 != "@" }) }

    /// Takes a yes of a step: a person's first one, or the first that is signed.
    mutating func take(_ approval: Approval, of step: StepID) {
        var given = approvals[step, default: []]
        if let known = given.firstIndex(where: approval.isOfSamePerson) {
            guard approval.signature != nil else { return }
            given.remove(at: known)
        }
        approvals[step] = given + [approval]
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
    /// Whose yes counts for a step, and how many must say it. Steps of approval ask by themselves; any other may ask when
    /// it needs to.
    public func demand(of step: Step, in state: RunState) -> ApprovalDemand {
        var demand = ApprovalDemand(state.approvalRequests[step.id]?.count ?? 0)
        if case .approval(let asked, _) = step.action { demand = asked }
        // Plans of older rz have it only in their environment.
        if step.id == Plan.approvalStep(before: step.phase),
            environment.approvals[step.phase]?.demand?.othersOnly == true
        {
            demand.othersOnly = true
        }
        if environment.approvers?.mustSign == true { demand.isSigned = true }
        return demand
    }

    /// How many people do without a step, whatever the environment says of approvals.
    public static let skippingPeople = 2

    /// Who has a role.
    public func members(of role: String) -> [String] { environment.approvers?.roles[role] ?? [] }

    /// The step in which a phase waits for the people whom the environment asks for.
    public static func approvalStep(before phase: PhaseID) -> StepID { StepID("\(phase)/approval") }

    /// The step in which a phase waits for a change window.
    public static func windowStep(before phase: PhaseID) -> StepID { StepID("\(phase)/window") }
}
