import Migration
import Operations
import Reporting
import Testing

@Suite("The live view of a run")
struct LiveViewTests {
    @Test("at its start")
    func start() throws {
        var story = Story()
        story.reaches(.preflight)
        story.happens(.stepStarted(step: "preflight/checks", attempt: 1))
        try draw(story, "live-preflight", keys: "p pause   a abort (traffic back to blue)   q leave")
    }

    @Test("while services are launched, some waiting and some failing")
    func replicate() throws {
        var story = Story()
        story.reaches(.replicate)
        story.completes("replicate/launch/shop/db")
        story.happens(
            .stepStarted(step: "replicate/launch/shop/cart", attempt: 2),
            .stepWaiting(
                step: "replicate/launch/shop/cart",
                reason:
                    "/shop/cart: 1 of 3 healthy; last task TASK_FAILED: exited with 1 on 10.2.0.13; 2 offers declined: "
                    + "InsufficientMemory"),
            .stepStarted(step: "replicate/warm", attempt: 1),
            .stepFailed(step: "replicate/warm", attempt: 1, failure: Failure("it exited with 3", kind: .transient)),
            .stepRetried(step: "replicate/warm", at: story.now + .seconds(9)))
        try draw(story, "live-replicate")
    }

    @Test("in the cutover, with each load balancer's traffic")
    func cutOver() throws {
        var story = cutOver(at: "cutOver/shift-1%")
        story.happens(
            .stepStarted(step: "cutOver/shift-10%", attempt: 1), .trafficIntended(share: Percent(10)),
            .trafficVerified(share: Percent(10), loadBalancers: ["edge-1", "edge-2"]),
            .trafficSampled(samples: Example.samples(green: 0.1)),
            .stepWaiting(step: "cutOver/shift-10%", reason: "2m at 10 % without a bad verdict"))
        try draw(story, "live-cutover")
    }

    @Test("shows what was measured last, and not what a journal of before holds")
    func reading() {
        var story = cutOver(at: "cutOver/shift-10%")
        story.happens(.trafficSampled(samples: Example.samples(green: 0.1)))
        let before = LiveView(story.plan).lines(story.state, now: story.now)
        let fresh = TelemetryReading(time: story.now, samples: Example.samples(green: 0.5))
        let lines = LiveView(story.plan).lines(story.state, now: story.now, traffic: fresh)
        #expect(before.contains { $0.contains("green 10 %") })
        #expect(lines.contains { $0.contains("green 50 %") })
        #expect(!lines.contains { $0.contains("green 10 %") })
        #expect(!lines.contains { $0.contains("numbers are") })
    }

    @Test("says what backends really get where the weights make it another share")
    func trueShare() {
        var story = cutOver(at: "cutOver/shift-1%")
        story.happens(
            .trafficIntended(share: Percent(1)),
            .trafficVerified(share: Percent(1), loadBalancers: ["edge-1", "edge-2"]))
        func lines(_ green: Double) -> [String] {
            LiveView(story.plan).lines(
                story.state, now: story.now,
                traffic: TelemetryReading(time: story.now, samples: Example.samples(green: green)))
        }
        #expect(lines(0.013).contains { $0.hasSuffix("  1 %  (really 1.3 %)") }, "\(lines(0.013))")
        #expect(lines(0.013).contains { $0.contains("green 1.3 %") })
        #expect(lines(0.01).contains { $0.hasSuffix("  1 %") })
        #expect(!lines(0).contains { $0.contains("really") })
    }

    @Test("says how old the numbers are, once they are older than they should be")
    func age() {
        let story = cutOver(at: "cutOver/shift-10%")
        let old = TelemetryReading(
            time: story.now + Period(milliseconds: -12_000), samples: Example.samples(green: 0.1))
        let lines = LiveView(story.plan).lines(story.state, now: story.now, traffic: old)
        #expect(lines.contains { $0.contains("the numbers are 12 s old") })
    }

    @Test("says that the numbers are of before, once a halted run has set other weights")
    func before() {
        var story = cutOver(at: "cutOver/shift-10%")
        let reading = TelemetryReading(time: story.now, samples: Example.samples(green: 0.1))
        story.happens(
            .trafficReturnIntended, .trafficReturned(loadBalancers: ["edge-1", "edge-2"], took: .seconds(1)),
            .runHalted(failure: Failure("green failed the gate errorRate at 10 %")))
        let lines = LiveView(story.plan).lines(story.state, now: story.now, traffic: reading)
        #expect(lines.contains { $0.contains("the numbers are from before these weights were set") })
    }

    @Test("while weights are being set")
    func beingSet() throws {
        var story = cutOver(at: "cutOver/shift-10%")
        story.happens(
            .stepStarted(step: "cutOver/shift-50%", attempt: 1), .trafficIntended(share: Percent(50)))
        try draw(story, "live-being-set")
    }

    @Test("halted in the cutover, with the traffic back")
    func halted() throws {
        var story = cutOver(at: "cutOver/shift-1%")
        story.happens(
            .stepStarted(step: "cutOver/shift-10%", attempt: 1), .trafficIntended(share: Percent(10)),
            .stepFailed(step: "cutOver/shift-10%", attempt: 1, failure: Example.failure), .trafficReturnIntended,
            .trafficReturned(loadBalancers: ["edge-1", "edge-2"], took: Period(milliseconds: 412)),
            .runHalted(failure: Example.failure))
        try draw(story, "live-halted")
    }

    @Test("paused")
    func paused() throws {
        var story = Story()
        story.reaches(.configure)
        story.happens(.pauseRequested(by: "ada"), .runPaused)
        try draw(story, "live-paused")
    }

    @Test("while it waits for people")
    func approval() throws {
        var story = Story()
        story.reaches(.tearDown)
        story.happens(
            .stepStarted(step: "tearDown/approval", attempt: 1),
            .approvalRequested(step: "tearDown/approval", count: 2, reason: "before tearDown"),
            .stepWaiting(step: "tearDown/approval", reason: "1 of 2 approvals (rz approve shop)"))
        try draw(story, "live-approval")
    }

    @Test("while it goes back")
    func rollingBack() throws {
        var story = Story()
        story.reaches(.serviceGate)
        story.happens(
            .rollbackRequested(by: "ada"), .rollbackStarted, .undoStarted(step: "replicate/launch/shop/cart"),
            .undoCompleted(step: "replicate/launch/shop/cart", summary: "stopped"),
            .undoStarted(step: "replicate/launch/shop/db"))
        try draw(story, "live-rolling-back")
    }

    @Test("at its end")
    func done() throws {
        var story = Story()
        story.reaches(.tearDown)
        for step in story.plan.steps(in: .tearDown) { story.completes(step.id) }
        story.happens(.runCompleted)
        try draw(story, "live-done")
    }

    @Test("says the same with colors as without, in lines of the same width")
    func colors() {
        var story = cutOver(at: "cutOver/shift-1%")
        story.happens(.trafficSampled(samples: Example.samples(green: 0.1)))
        let colored = LiveView(story.plan, style: Style(isColored: true)).lines(story.state, now: story.now)
        #expect(colored.map(\.withoutColors) == LiveView(story.plan).lines(story.state, now: story.now))
    }

    @Test("never gets wider than the terminal", arguments: [60, 80, 100, 140])
    func width(width: Int) {
        var story = cutOver(at: "cutOver/shift-1%")
        story.happens(
            .stepStarted(step: "cutOver/shift-10%", attempt: 1), .trafficSampled(samples: Example.samples(green: 0.1)),
            .stepFailed(step: "cutOver/shift-10%", attempt: 1, failure: Example.failure),
            .runHalted(failure: Example.failure))
        let keys = "p pause   a abort (traffic back to blue)   q leave (the run goes on with --detach)"
        for line in LiveView(story.plan, width: width).lines(story.state, now: story.now, keys: keys) {
            #expect(line.count <= width, "\(line)")
        }
    }

    private func cutOver(at last: StepID) -> Story {
        var story = Story()
        story.reaches(.cutOver)
        for step in story.plan.steps(in: .cutOver) {
            story.completes(step.id)
            if step.id == last { break }
        }
        return story
    }

    private func draw(_ story: Story, _ name: String, keys: String? = nil) throws {
        let lines = LiveView(story.plan).lines(story.state, now: story.now + .seconds(3), keys: keys)
        try expectGolden(lines.joined(separator: "\n") + "\n", name)
    }
}
