import Migration

extension Planner {
    /// The plan of a run that goes on from another commit: what is done stays as it was, what is left is as this
    /// environment and this runbook say.
    ///
    /// Pure, and without a look at the world: half way through a move it is not what a plan begins with. Direction,
    /// services and load balancers stay.
    ///
    /// - Parameters:
    ///   - source: the commit that this planner's environment and runbook were read from.
    ///   - state: where the run stands.
    /// - Throws: `Failure` of kind `.refused` that says what of the run the commit does not know any more.
    public func plan(
        _ old: Plan, movedTo source: PinnedSource, in state: RunState, at time: Instant
    ) throws(Failure) -> Plan {
        var plan = try remade(old)
        plan.createdAt = time
        plan.source = source
        plan.world.configuration = try configuration(source)
        plan.capacity = nil
        plan.warnings = insecurePlaces + clearPlaces([]) + visibleArguments
        plan.obstacles = []
        plan.waitForApprovalsAgain(in: state)
        try keepWhatWasBegun(of: old, in: state, &plan)
        try refuseLooserLimits(old, plan)
        plan.id = try plan.sealedID()
        return plan
    }

    /// What a plan of another host would do that this environment and this runbook don't say, one line each.
    ///
    /// What the plan moves (direction, services) is taken from it: no host can see any more what the world was then.
    ///
    /// - Parameters:
    ///   - state: where its run stands. A run that went on from another commit keeps the steps it had done, and waits
    ///     for approvals again.
    ///   - masked: what a journal makes of a plan's text, which has no secret in it.
    public func differences(
        from foreign: Plan, in state: RunState, masked: (Plan) throws -> Plan = { $0 }
    ) throws -> [String] {
        guard !operation.takesDriftBack else {
            return ["\(operation.name): its steps follow from what was found there, and no commit says them"]
        }
        let own = try remade(foreign)
        var moved = own
        moved.waitForApprovalsAgain(in: state)
        try keepWhatWasBegun(of: foreign, in: state, &moved)
        let found = try [own, moved].map { try foreign.differences(to: try masked($0)) }
        return found.min { $0.count < $1.count } ?? []
    }

    private func remade(_ old: Plan) throws(Failure) -> Plan {
        try refuseAnotherWorld(old)
        var plan = old
        plan.environment = environment
        plan.onHalt = onHalt
        // What is taken back was found outside: no commit says anything else of it.
        if !operation.takesDriftBack {
            plan.steps = steps(
                StepScope(
                    environment: environment, direction: old.direction, services: old.services,
                    needed: operation.neededServices(in: old),
                    serverCount: old.world.servers[old.direction.old]?.count ?? 0, lifted: old.lifted,
                    unreachable: old.unreachable))
        }
        plan.phases = operation.phases.filter { phase in plan.steps.contains { $0.phase == phase.id } }
        try refuseAmbiguous(plan.steps)
        return plan
    }

    /// A commit may change how a run goes on, and nothing of what it moves.
    private func refuseAnotherWorld(_ old: Plan) throws(Failure) {
        let before = old.environment
        var problems: [String] = []
        func compare(_ what: String, _ isSame: Bool) { if !isSame { problems.append("\(what) differ") } }
        compare("the names of the environment", before.name == environment.name)
        compare(
            "the load balancers",
            Set(before.loadBalancers.map(\.name)) == Set(environment.loadBalancers.map(\.name)))
        compare(
            "the backends and servers under `traffic`",
            Dictionary(before.traffic.map { ($0.backend, $0.servers) }) { first, _ in first }
                == Dictionary(environment.traffic.map { ($0.backend, $0.servers) }) { first, _ in first })
        compare(
            "what builds the servers (`provision`)",
            before.provision.terraform?.root == environment.provision.terraform?.root
                && before.provision.terraform?.disks == environment.provision.terraform?.disks
                && before.provision.static?.servers == environment.provision.static?.servers)
        compare(
            "the places of the states (`provision.terraform.backend`)",
            before.provision.terraform?.backend == environment.provision.terraform?.backend)
        guard problems.isEmpty else {
            throw Failure(
                "The run can't go on from this commit: it is about something else", details: problems,
                advice: "Take the run back, or choose a commit that keeps these.", kind: .refused)
        }
    }

    /// What a run may do to its users is not loosened half way by a commit: that takes two people, before it begins.
    private func refuseLooserLimits(_ old: Plan, _ new: Plan) throws(Failure) {
        let looser = new.limits.looser(than: old.limits)
        guard looser.isEmpty else {
            throw Failure(
                "The run can't go on from this commit: it loosens limits of the cutover",
                at: "limits.\(looser[0].rawValue)", details: looser.map { "limits.\($0.rawValue)" },
                advice: "Choose a commit that keeps them. To lift one takes a new run and two people: "
                    + "rz update \(old.environment.name) --lift \(looser[0].rawValue) --reason WHY", kind: .refused)
        }
        if let problem = new.limits.maxStep.flatMap({ new.environment.gates.cutOver.problem(at: $0) }) {
            throw Failure(
                "The run can't go on from this commit: its steps are too fast", details: [problem], kind: .refused)
        }
    }

    private func keepWhatWasBegun(of old: Plan, in state: RunState, _ plan: inout Plan) throws(Failure) {
        var missing: [String] = []
        for step in old.steps {
            // Who says yes, and how many, is for the commit to say, and so are windows.
            if step.action.waitsForOthers { continue }
            guard let known = state.steps[step.id], known.isSettled || known.isIntended else { continue }
            guard
                let place = plan.steps.firstIndex(where: { $0.id == step.id && $0.action.isSameWork(as: step.action) })
            else {
                missing.append("\(step.id): \(step.title)")
                continue
            }
            if known.isSettled { plan.steps[place] = step }
        }
        guard missing.isEmpty else {
            throw Failure(
                "The run can't go on from this commit: steps that it has begun are not in its runbook any more",
                details: missing, advice: "Keep these steps, under the same ids and with the same work.",
                kind: .refused)
        }
    }
}

extension Plan {
    /// People said yes to another plan: what is left of the phase that the run stands in waits for them again.
    fileprivate mutating func waitForApprovalsAgain(in state: RunState) {
        let needs = Dictionary(steps.map { ($0.id, $0.needs) }) { first, _ in first }
        let approvals = Set(steps.filter { if case .approval = $0.action { true } else { false } }.map(\.id))
        for index in steps.indices where steps[index].phase == state.phase {
            let step = steps[index]
            guard state.steps[step.id]?.isSettled != true else { continue }
            var before: Set<StepID> = []
            var open = step.needs
            while let id = open.popLast() { if before.insert(id).inserted { open += needs[id, default: []] } }
            steps[index].needs += before.intersection(approvals).subtracting(step.needs).sorted()
        }
    }
}
