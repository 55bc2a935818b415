import Migration
import Operations
import Testing

@Suite("A new color that fails its users while no step watches")
struct VerdictOfTheWatchTests {
    private let verdict = Failure("green failed the gate errorRate in soak")

    @Test(
        "gives the traffic back and halts at the cutover, which is then done again", arguments: [PhaseID.drain, .soak])
    func givesBack(phase: PhaseID) {
        var story = Story()
        story.reaches(phase)
        story.happens(.newSideFailed(failure: verdict))
        #expect(story.next == [.returnTraffic])
        story.happens(.trafficReturnIntended, .trafficReturned(loadBalancers: ["edge-1"], took: .seconds(1)))
        #expect(story.next == [.enter(.cutOver)])
        story.happens(.phaseEntered(phase: .cutOver))
        #expect(story.next == [.halt(verdict)])
        story.happens(.runHalted(failure: verdict), .runResumed(by: "ada"))
        #expect(story.next == [.perform("ready", attempt: 1)])
    }

    @Test("stops the steps under way first")
    func stopsSteps() {
        var story = Story()
        story.reaches(.soak)
        story.begins("soak")
        story.happens(.newSideFailed(failure: verdict))
        #expect(story.next == [.stopStepsUnderWay])
        story.fails("soak", .cancelled)
        #expect(story.next == [.returnTraffic])
    }

    @Test("does so in a pause, too")
    func inPause() {
        var story = Story()
        story.reaches(.soak)
        story.happens(.pauseRequested(by: "ada"), .runPaused, .newSideFailed(failure: verdict))
        #expect(story.next == [.returnTraffic])
    }

    @Test("does so while people are waited for, before tear-down")
    func inApproval() {
        var story = Story()
        story.reaches(.tearDown)
        story.begins("approval", intent: false)
        story.happens(.newSideFailed(failure: verdict))
        #expect(story.next == [.stopStepsUnderWay])
        story.fails("approval", .cancelled)
        #expect(story.next == [.returnTraffic])
    }

    @Test("halts where there is no way back any more")
    func noWayBack() {
        var story = Story()
        story.reaches(.tearDown)
        story.completes("approval")
        story.begins("stop")
        story.happens(.newSideFailed(failure: verdict))
        #expect(story.next == [.stopStepsUnderWay])
        story.fails("stop", .cancelled)
        #expect(story.next == [.halt(verdict)])
    }

    @Test("hands back what was handed over")
    func handsBack() {
        var story = Story(.small(hasJob: true))
        story.reaches(.soak)
        story.happens(
            .newSideFailed(failure: verdict), .trafficReturnIntended,
            .trafficReturned(loadBalancers: ["edge-1"], took: .seconds(1)), .phaseEntered(phase: .cutOver))
        #expect(story.next == [.startHandBack(verdict)])
    }

    @Test("never goes on to tear-down after a return that only a resume finished")
    func resumedReturn() {
        var story = Story()
        story.reaches(.soak)
        story.happens(
            .newSideFailed(failure: verdict), .trafficReturnIntended,
            .trafficReturnFailed(failure: Failure("edge-2 does not answer")))
        #expect(story.next == [.halt(verdict.with(details: ["edge-2 does not answer"]))])
        story.happens(.runHalted(failure: verdict), .runResumed(by: "ada"))
        #expect(story.next == [.returnTraffic])
        story.happens(.trafficReturnIntended, .trafficReturned(loadBalancers: ["edge-1"], took: .seconds(1)))
        #expect(story.next == [.enter(.cutOver)])
    }
}

extension Failure {
    fileprivate func with(details: [String]) -> Failure {
        var failure = self
        failure.details += details
        return failure
    }
}
