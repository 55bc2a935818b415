import Migration
import Reporting
import Testing

@Suite("What an operator is told at the end")
struct OutcomeTests {
    @Test("of a run that is done")
    func done() throws {
        var story = Story()
        story.reaches(.tearDown)
        for step in story.plan.steps(in: .tearDown) { story.completes(step.id) }
        story.happens(.runCompleted)
        try tell(story, "outcome-done")
    }

    @Test("of a run that was aborted, with and without anything built")
    func aborted() throws {
        var early = Story()
        early.reaches(.preflight)
        early.happens(.abortRequested(by: "ada"), .runAborted)
        try tell(early, "outcome-aborted-early")
        var late = Story()
        late.reaches(.serviceGate)
        late.happens(.abortRequested(by: "ada"), .runAborted)
        try tell(late, "outcome-aborted")
    }

    @Test("of a run that was rolled back")
    func rolledBack() throws {
        var story = Story()
        story.reaches(.serviceGate)
        story.happens(.rollbackRequested(by: "ada"), .rollbackStarted, .runRolledBack)
        try tell(story, "outcome-rolled-back")
    }

    @Test("of a run that is paused")
    func paused() throws {
        var story = Story()
        story.reaches(.configure)
        story.happens(.pauseRequested(by: "ada"), .runPaused)
        try tell(story, "outcome-paused")
    }

    @Test("of a run that goes on, forward and back")
    func running() throws {
        var story = Story()
        story.reaches(.configure)
        try tell(story, "outcome-running")
        story.happens(.rollbackRequested(by: "ada"), .rollbackStarted)
        try tell(story, "outcome-rolling-back")
    }

    @Test("of a halt before anything was built")
    func early() throws {
        var story = Story()
        story.reaches(.preflight)
        story.happens(
            .runHalted(
                failure: Failure(
                    "edge-2 does not answer", at: "tcp:10.0.0.3:9999", details: ["connection refused"],
                    advice: "See whether HAProxy runs there.")))
        try tell(story, "outcome-halted-early")
    }

    @Test("of a halt in the cutover with the traffic back")
    func cutOver() throws {
        var story = Story()
        story.reaches(.cutOver)
        story.happens(
            .trafficIntended(share: Percent(10)), .trafficReturnIntended,
            .trafficReturned(loadBalancers: ["edge-1", "edge-2"], took: .seconds(1)),
            .runHalted(failure: Example.failure))
        try tell(story, "outcome-halted-cutover")
    }

    @Test("of a halt with weights in doubt")
    func doubt() throws {
        var story = Story()
        story.reaches(.cutOver)
        story.happens(
            .trafficIntended(share: Percent(10)), .trafficReturnIntended,
            .trafficReturnFailed(failure: Failure("edge-2 does not answer")),
            .runHalted(failure: Failure("edge-2 does not answer", details: ["connection refused"])))
        try tell(story, "outcome-halted-doubt")
    }

    @Test("of a halt in the middle of the cutover")
    func share() throws {
        var story = Story()
        story.reaches(.cutOver)
        story.happens(
            .trafficIntended(share: Percent(50)), .trafficVerified(share: Percent(50), loadBalancers: ["edge-1"]),
            .runHalted(failure: .cancelled))
        try tell(story, "outcome-halted-share")
    }

    @Test("of a halt on the way back")
    func goingBack() throws {
        var story = Story()
        story.reaches(.serviceGate)
        story.happens(
            .rollbackRequested(by: "ada"), .rollbackStarted, .runHalted(failure: Failure("Marathon does not answer")))
        try tell(story, "outcome-halted-back")
    }

    @Test("of a halt after the point of no return")
    func tearDown() throws {
        var story = Story()
        story.reaches(.tearDown)
        story.completes("tearDown/approval")
        story.completes("tearDown/stop")
        story.happens(
            .runHalted(
                failure: Failure("Terraform could not destroy 1 of 9 servers", details: ["server.blue-3: still in use"])
            ))
        try tell(story, "outcome-halted-teardown")
    }

    private func tell(_ story: Story, _ name: String) throws {
        try expectGolden(Outcome(story.plan, story.state).text, name)
    }
}
