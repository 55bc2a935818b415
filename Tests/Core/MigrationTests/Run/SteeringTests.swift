import Migration
import Operations
import Testing

@Suite("What people ask of a run")
struct SteeringTests {
    @Test("a pause begins nothing new, waits for what is under way, and ends with a resume")
    func pause() {
        var story = Story()
        story.reaches(.replicate)
        story.begins("a")
        story.happens(.pauseRequested(by: "ada"))
        #expect(story.next == [])
        story.happens(.stepCompleted(step: "a", summary: ""))
        #expect(story.next == [.pause])
        story.happens(.runPaused)
        #expect(story.state.status == .paused)
        #expect(story.next == [])
        story.happens(.resumeRequested(by: "ada"))
        #expect(story.state.status == .running)
        #expect(story.next.first == .perform("b", attempt: 1))
    }

    @Test("a resume takes back a pause that has not come about yet")
    func pauseTakenBack() {
        var story = Story()
        story.reaches(.replicate)
        story.happens(.pauseRequested(by: "ada"), .resumeRequested(by: "ada"))
        #expect(story.next.first == .perform("a", attempt: 1))
    }

    @Test("an abort of a paused run is not held up by the pause")
    func abortWhilePaused() {
        var story = Story()
        story.reaches(.replicate)
        story.happens(.pauseRequested(by: "ada"), .runPaused, .abortRequested(by: "ada"))
        #expect(story.next == [.finish(.aborted)])
    }

    @Test(
        "an abort ends the run where no traffic was moved",
        arguments: [PhaseID.preflight, .standUp, .configure, .platformGate, .replicate, .serviceGate])
    func abort(phase: PhaseID) {
        var story = Story()
        story.reaches(phase)
        story.begins(story.plan.steps(in: phase)[0].id)
        story.happens(.abortRequested(by: "ada"))
        #expect(story.next == [.stopStepsUnderWay])
        story.fails(story.plan.steps(in: phase)[0].id, .cancelled)
        #expect(story.next == [.finish(.aborted)])
        story.happens(.runAborted)
        #expect(story.state.status == .aborted)
        #expect(story.next == [])
    }

    @Test("an abort brings the traffic back first", arguments: [PhaseID.drain, .soak, .tearDown])
    func abortWithTraffic(phase: PhaseID) {
        var story = Story()
        story.reaches(phase)
        story.happens(.abortRequested(by: "ada"))
        #expect(story.next == [.returnTraffic])
        story.happens(.trafficReturnIntended)
        #expect(story.next == [.returnTraffic])
        story.happens(.trafficReturned(loadBalancers: [], took: .zero))
        #expect(story.next == [.finish(.aborted)])
    }

    @Test("an abort with weights in doubt halts when they can't be brought back, and tries again after a resume")
    func abortFails() {
        var story = Story()
        story.reaches(.drain)
        story.happens(
            .abortRequested(by: "ada"), .trafficReturnIntended, .trafficReturnFailed(failure: Failure("edge-2 is down"))
        )
        #expect(story.next == [.halt(Failure("edge-2 is down"))])
        story.happens(.runHalted(failure: Failure("edge-2 is down")), .runResumed(by: "ada"))
        #expect(story.next == [.returnTraffic])
        story.happens(.trafficReturned(loadBalancers: [], took: .zero))
        #expect(story.next == [.finish(.aborted)])
    }

    @Test("neither an abort nor a rollback comes about once the old color's end was intended")
    func tooLate() {
        var story = Story()
        story.reaches(.tearDown)
        story.completes("approval")
        story.begins("stop")
        story.happens(.abortRequested(by: "ada"))
        #expect(story.next == [])
        story.happens(.rollbackRequested(by: "ada"))
        #expect(story.next == [])
        #expect(!canRollBack(story.state, story.plan))
        story.happens(.stepCompleted(step: "stop", summary: ""))
        #expect(story.next == [.perform("destroy", attempt: 1)])
    }

    @Test("a rollback comes about as long as the old color's end is not intended")
    func stillTime() {
        var story = Story()
        story.reaches(.tearDown)
        story.completes("approval")
        story.happens(.stepStarted(step: "stop", attempt: 1), .rollbackRequested(by: "ada"))
        #expect(story.next == [.stopStepsUnderWay])
        story.fails("stop", .cancelled)
        #expect(story.next == [.startRollback])
    }

    @Test("a rollback outranks an abort and a pause, whichever came first")
    func ranks() {
        var story = Story()
        story.reaches(.replicate)
        story.happens(.pauseRequested(by: "a"), .abortRequested(by: "b"))
        #expect(story.state.pendingRequest == .abort)
        story.happens(.rollbackRequested(by: "c"), .abortRequested(by: "d"), .pauseRequested(by: "e"))
        #expect(story.state.pendingRequest == .rollback)
    }

    @Test("an approval counts once for each person")
    func approvals() {
        var story = Story()
        story.reaches(.tearDown)
        story.happens(
            .approvalGiven(step: "approval", by: "ada"), .approvalGiven(step: "approval", by: "ada"),
            .approvalGiven(step: "approval", by: "grace"))
        #expect(story.state.approvals["approval"]?.map(\.by) == ["ada", "grace"])
    }

    @Test("a resume of a halted run does again what had failed, from its first attempt")
    func resume() {
        var story = Story()
        story.reaches(.standUp)
        story.begins("servers", attempt: 3)
        story.fails("servers", attempt: 3)
        story.happens(.runHalted(failure: Failure("broken")))
        #expect(story.next == [])
        story.happens(.runResumed(by: "ada"))
        #expect(story.next == [.perform("servers", attempt: 1)])
        #expect(story.state.steps["servers"]?.isIntended == true)
    }

    @Test("a resume after a crash does again what was under way")
    func crash() {
        var story = Story()
        story.reaches(.replicate)
        story.completes("a")
        story.begins("b")
        story.happens(.stepStarted(step: "d", attempt: 1), .runResumed(by: "ada"))
        #expect(story.next == [.perform("b", attempt: 1), .perform("c", attempt: 1), .perform("d", attempt: 1)])
        #expect(story.state.steps["b"]?.isIntended == true)
        #expect(story.state.steps["d"]?.isIntended == false)
    }

    @Test("a resume finishes a half-done return of the traffic before anything else")
    func halfDoneReturn() {
        var story = Story()
        story.reaches(.cutOver)
        story.completes("ready")
        story.begins("10")
        story.happens(.trafficIntended(share: Percent(10)))
        story.fails("10")
        story.happens(.trafficReturnIntended, .runResumed(by: "ada"))
        #expect(story.next == [.returnTraffic])
        story.happens(.trafficReturned(loadBalancers: [], took: .zero))
        #expect(story.next == [.perform("ready", attempt: 1)])
    }
}
