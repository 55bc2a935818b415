import Migration
import Operations
import Testing

@Suite("Approvals")
struct ApprovalsTests {
    private let step = Step(
        id: "tearDown/approval", phase: .tearDown, title: "2 approvals",
        action: .approval(count: 2, reason: "before tearDown"), deadline: .hours(1))

    private func plan(_ rule: ApprovalRule) -> Plan {
        Plan(
            id: "p", environment: Environment(name: "shop", approvals: [.tearDown: rule]),
            direction: Direction(from: .blue), createdAt: Instant(milliseconds: 0), source: PinnedSource(commit: nil),
            world: World(live: .blue, servers: [:], services: [:], backends: [:], configuration: ""), steps: [step])
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
        #expect(state.approvals(of: step, in: plan(.count(2))).map(\.by) == ["ada@ctl-1", "bo@ctl-1"])
        #expect(state.approvals(of: step, in: plan(.others(2))).map(\.by) == ["bo@ctl-1"])
        #expect(
            state.isByStarter(
                RunState.Approval(by: "x", at: .init(milliseconds: 0), person: Person(user: "ada", host: "ctl-1"))))
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
