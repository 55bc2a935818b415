import Migration
import Operations
import Testing

@Suite("Approvals")
struct ApprovalsTests {
    private let step = Step(
        id: "tearDown/approval", phase: .tearDown, title: "2 approvals",
        action: .approval(ApprovalDemand(2), reason: "before tearDown"), deadline: .hours(1))

    /// - Parameter demand: nil for that of an older plan, which has it in its environment alone.
    private func plan(
        _ rule: ApprovalRule, demand: ApprovalDemand? = nil, approvers: Approvers? = nil
    ) -> (plan: Plan, step: Step) {
        var step = step
        if let demand { step.action = .approval(demand, reason: "before tearDown") }
        let plan = Plan(
            id: "p", environment: Environment(name: "shop", approvals: [.tearDown: rule], approvers: approvers),
            direction: Direction(from: .blue), createdAt: Instant(milliseconds: 0), source: PinnedSource(commit: nil),
            world: World(live: .blue, servers: [:], services: [:], backends: [:], configuration: ""), steps: [step])
        return (plan, step)
    }

    private func counted(
        _ state: RunState, _ demand: ApprovalDemand, _ approvers: Approvers? = nil
    ) -> [String] {
        let (plan, step) = plan(.needed(demand), demand: demand, approvers: approvers)
        return state.approvals(of: step, in: plan).map(\.by)
    }

    private func signed(_ signer: String, by user: String) -> Event.Kind {
        .approvalGiven(
            step: step.id, by: signer, user: user, host: "ctl-1",
            signature: ApprovalSignature(signer: signer, text: "U1NIU0lH"))
    }

    private func state(_ kinds: Event.Kind...) -> RunState {
        let opening = Event.Kind.runStarted(environment: "shop", plan: "p", from: .blue, to: .green, by: "ada@ctl-1")
        let events = ([opening] + kinds).enumerated().map { index, kind in
            Event(run: "r-1", sequence: index + 1, time: Instant(milliseconds: Int64(index)), kind: kind)
        }
        return RunState(run: "r-1", events: events)
    }

    private func yes(_ user: String, _ host: String = "ctl-1", note: String? = nil) -> Event.Kind {
        .approvalGiven(step: step.id, by: "\(user)@\(host)", user: user, host: host, note: note)
    }

    @Test("count a person once, whatever they note and however their host is written")
    func once() {
        let state = state(yes("bo"), yes("bo", note: "for Carla"), yes("bo", "CTL-1"), yes("carla"))
        #expect(state.approvals[step.id]?.map(\.by) == ["bo@ctl-1", "carla@ctl-1"])
    }

    @Test("keep users of two hosts apart")
    func hosts() {
        #expect(state(yes("root"), yes("root", "ctl-2")).approvals[step.id]?.count == 2)
    }

    @Test("of an older rz, which knew names only, are of the same person as a later one of that user")
    func older() {
        let state = state(
            .approvalGiven(step: step.id, by: "bo"), .approvalGiven(step: step.id, by: "Bo "), yes("bo"), yes("carla"))
        #expect(state.approvals[step.id]?.map(\.by) == ["bo", "carla@ctl-1"])
    }

    @Test("of who started the run count, unless the environment wants others")
    func starter() {
        let state = state(yes("ada"), yes("bo"))
        let others = ApprovalDemand(2, othersOnly: true)
        #expect(counted(state, ApprovalDemand(2)) == ["ada@ctl-1", "bo@ctl-1"])
        #expect(counted(state, others) == ["bo@ctl-1"])
        let older = plan(.needed(others)).plan
        #expect(state.approvals(of: step, in: older).map(\.by) == ["bo@ctl-1"])
        #expect(
            state.isByStarter(
                RunState.Approval(by: "x", at: .init(milliseconds: 0), person: Person(user: "ada", host: "ctl-1"))))
    }

    @Test("of those without a role that is asked for do not count, whichever host a role names")
    func roles() {
        let state = state(yes("bo"), yes("carla"), yes("dan"), yes("eve", "ctl-2"))
        let approvers = Approvers(roles: ["leads": ["bo", "eve@ctl-1"], "dba": ["dan@ctl-1"]])
        #expect(counted(state, ApprovalDemand(2, roles: ["leads"]), approvers) == ["bo@ctl-1"])
        #expect(counted(state, ApprovalDemand(2, roles: ["leads", "dba"]), approvers) == ["bo@ctl-1", "dan@ctl-1"])
        #expect(counted(state, ApprovalDemand(2, roles: ["nowhere"]), approvers) == [])
    }

    @Test("that are signed are of who signed, whoever typed; unsigned ones do not count where signatures are asked for")
    func signatures() {
        // One login that several use, and one person with two logins.
        let state = state(signed("ada", by: "ops"), signed("grace", by: "ops"), signed("grace", by: "bo"), yes("carla"))
        let approvers = Approvers(roles: ["leads": ["grace", "ops"]], signers: "keys")
        #expect(counted(state, ApprovalDemand(2, isSigned: true), approvers) == ["ada", "grace"])
        #expect(counted(state, ApprovalDemand(2, roles: ["leads"], isSigned: true), approvers) == ["grace"])
        #expect(counted(state, ApprovalDemand(2)) == ["ada", "grace", "carla@ctl-1"])
        #expect(counted(state, ApprovalDemand(2), Approvers(signers: "keys", mustSign: true)) == ["ada", "grace"])
        // `ada` started the run.
        #expect(counted(state, ApprovalDemand(2, othersOnly: true, isSigned: true), approvers) == ["grace"])
    }

    @Test("that are signed take the place of the same person's unsigned one, not the other way round")
    func signedLater() {
        #expect(state(yes("bo"), signed("bo", by: "bo")).approvals[step.id]?.map(\.by) == ["bo"])
        #expect(state(signed("bo", by: "bo"), yes("bo")).approvals[step.id]?.map(\.by) == ["bo"])
    }

    @Test("to skip a step are for the reason that was given, and asked for again for another")
    func skipped() {
        func skip(_ reason: String) -> Event.Kind { .skipRequested(step: step.id, reason: reason, by: "ada@ctl-1") }
        #expect(state(skip("A"), yes("bo"), skip("A")).approvals[step.id]?.map(\.by) == ["bo@ctl-1"])
        let changed = state(skip("A"), yes("bo"), skip("B"))
        #expect(changed.approvals[step.id] == nil && changed.skips[step.id] == "B")
    }

    @Test("are asked for again once the run goes on from another commit")
    func repinned() {
        var state = state(
            .phaseEntered(phase: .cutOver), .stepStarted(step: "cutOver/approval", attempt: 1),
            .approvalGiven(step: "cutOver/approval", by: "bo"),
            .stepCompleted(step: "cutOver/approval", summary: "approved by bo"), .phaseEntered(phase: .tearDown),
            .stepStarted(step: step.id, attempt: 1), yes("bo"), yes("carla"),
            .stepCompleted(step: step.id, summary: "approved"), .runHalted(failure: Failure("x")))
        #expect(state.steps[step.id]?.isSettled == true)
        state = evolve(
            state,
            Event(
                run: "r-1", sequence: 20, time: Instant(milliseconds: 20),
                kind: .runRepinned(plan: "p-2", commit: "4f1c", by: "ada@ctl-1")))
        #expect(state.planID == "p-2")
        #expect(state.approvals[step.id] == nil)
        #expect(state.steps[step.id]?.progress == .pending)
        // The cutover is over: what was approved of it has happened.
        #expect(state.approvals["cutOver/approval"]?.map(\.by) == ["bo"])
        #expect(state.steps["cutOver/approval"]?.isSettled == true)
    }
}

@Suite("A run that has ended")
struct EndedRunTests {
    private func state(_ kinds: [Event.Kind]) -> RunState {
        RunState(
            run: "r-1",
            events: kinds.enumerated().map { index, kind in
                Event(run: "r-1", sequence: index + 1, time: Instant(milliseconds: Int64(index)), kind: kind)
            })
    }

    @Test("takes no more requests", arguments: [Event.Kind.runCompleted, .runRolledBack, .runAborted])
    func requests(_ end: Event.Kind) {
        let ended = state([end])
        let requests: [Event.Kind] = [.pauseRequested(by: "x"), .abortRequested(by: "x"), .resumeRequested(by: "x")]
        let asked = state([end] + requests + [.runResumed(by: "x")])
        #expect(asked.status == ended.status)
        #expect(asked.pendingRequest == nil)
    }

    @Test("can be taken back only where it was aborted")
    func rollback() {
        func pending(_ end: Event.Kind) -> RunState.Request? {
            state([end, .rollbackRequested(by: "x")]).pendingRequest
        }
        #expect(pending(.runAborted) == .rollback)
        #expect(pending(.runCompleted) == nil)
        #expect(pending(.runRolledBack) == nil)
    }
}

@Suite("What a person may type next")
struct AdviceTests {
    @Test(
        "names the environment where a text does not",
        arguments: [
            ("Fix it, then: rz resume.", "Fix it, then: rz resume shop."),
            ("`rz resume` builds it again", "`rz resume shop` builds it again"),
            (
                "then: rz resume (starts again). Or: rz rollback",
                "then: rz resume shop (starts again). Or: rz rollback shop"
            ),
            ("rz resume box, or rz resume --commit HEAD", "rz resume box, or rz resume shop --commit HEAD"),
            ("nothing to type", "nothing to type"), ("", ""),
        ])
    func naming(_ text: String, _ named: String) {
        #expect(Advice.naming("shop", in: text) == named)
    }
}
