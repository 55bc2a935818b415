import Migration
import Operations
import Reporting
import Testing

@Suite("What an operator reads at the end")
struct OutcomeTests {
    @Test("of a run that is done")
    func done() throws {
        var story = Story()
        story.reaches(.tearDown)
        for step in story.plan.steps(in: .tearDown) { story.completes(step.id) }
        story.happens(.runCompleted)
        try tell(story, "outcome-done")
    }

    @Test("of users who were moved from a color that does not answer: what is left of it, and what no one can verify")
    func unreachable() throws {
        var story = Story(Example.unreachable)
        story.reaches(.cutOver)
        for step in story.plan.steps(in: .cutOver) { story.completes(step.id) }
        let sample = GateSample(
            gate: "errorRate", subject: "edge-1/be_shop", verdict: .fail,
            message: "edge-1/be_shop: 1.8 % errors of 12410 requests, limit 0.1 %")
        try tell(
            Story(story, haltedBy: story.plan.failure(of: sample, at: "at 10 %")), "outcome-unreachable-halted")
        story.happens(.phaseEntered(phase: .drain))
        story.completes("drain/drain")
        story.happens(.runCompleted)
        try tell(story, "outcome-unreachable")
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

    // MARK: - True at 3 a.m.

    private func fixed() -> Story {
        Story(
            Example.plan { plan in
                let servers = Inventory(groups: ["agents": [Host(name: "green-1", address: "10.2.0.1")]])
                plan.environment.provision.static = StaticServers(servers: [.green: servers])
                plan.world.servers[.green] = ["green-1"]
            })
    }

    @Test("says of servers that no one builds or destroys that they stay")
    func fixedServers() {
        var done = fixed()
        done.reaches(.tearDown)
        done.happens(.runCompleted)
        let text = Outcome(done.plan, done.state).text
        #expect(
            text.contains("green is live, the services of blue are stopped, its servers are a fixed list and stay."))
        #expect(!text.contains("disks"), "there are none")
        var back = fixed()
        back.reaches(.serviceGate)
        back.happens(.rollbackRequested(by: "ada"), .rollbackStarted, .runRolledBack)
        #expect(
            Outcome(back.plan, back.state).text.contains(
                "the services of green are stopped, its servers are a fixed list and stay"))
    }

    @Test("says that services run where nothing was built, and that a rollback stops them")
    func launchedOnly() {
        var story = fixed()
        story.reaches(.standUp)
        story.happens(.phaseEntered(phase: .replicate))
        story.completes("replicate/launch/shop/db")
        story.happens(
            .stepStarted(step: "replicate/launch/shop/cart", attempt: 1),
            .stepIntended(step: "replicate/launch/shop/cart", intent: "launch"), .runHalted(failure: Failure("x")))
        let text = Outcome(story.plan, story.state).text
        #expect(text.contains("green: its servers are a fixed list, 1 of 2 services launched, 1 in doubt"), "\(text)")
        #expect(text.contains("stop green's services\n"), "\(text)")
        #expect(!text.contains("nothing was changed"), "\(text)")
        story.happens(.abortRequested(by: "ada"), .runAborted)
        #expect(Outcome(story.plan, story.state).text.contains("green stays up but receives no traffic"))
    }

    @Test("says when the weights were read back, and that no one watches them")
    func age() {
        var story = Story()
        story.reaches(.cutOver)
        #expect(Outcome(story.plan, halted(story)).text.contains("all traffic is on blue, as the plan found it"))
        #expect(!Outcome(story.plan, halted(story)).text.contains("no one watches"))
        story.happens(
            .trafficIntended(share: Percent(50)), .trafficVerified(share: Percent(50), loadBalancers: ["edge-1"]))
        let text = Outcome(story.plan, halted(story)).text
        #expect(text.contains("green carries 50 %, blue the rest, read back at \(story.now.clock)"), "\(text)")
        #expect(text.contains("no one watches weights and errors until the run goes on"), "\(text)")
        #expect(text.contains("rz abort shop"), "\(text)")
    }

    @Test("prints commands with the environment's name, those of drivers too, and no advice twice")
    func commands() {
        var story = Story()
        story.reaches(.configure)
        story.happens(
            .runHalted(failure: Failure("Interrupted", details: ["see rz rollback"], advice: "Go on with: rz resume.")))
        let text = Outcome(story.plan, story.state).text
        #expect(text.contains("see rz rollback shop\n"), "\(text)")
        #expect(!text.contains("advice"), "\(text)")
        #expect(text.contains("next     rz resume shop "), "\(text)")
    }

    private func halted(_ story: Story) -> RunState {
        var story = story
        story.happens(.runHalted(failure: .cancelled))
        return story.state
    }

    private func tell(_ story: Story, _ name: String) throws {
        try expectGolden(Outcome(story.plan, story.state).text, name)
    }
}
