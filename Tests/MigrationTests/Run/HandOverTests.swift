import Migration
import Testing

@Suite("A service that may run once")
struct HandOverTests {
    private let noon = Instant("2026-11-23T12:00:00.000Z")!
    private let job: ServiceID = "report"

    @Test("goes back before an aborted run ends, after the traffic")
    func abort() {
        var story = Story(.small(hasJob: true))
        story.reaches(.drain)
        story.happens(.abortRequested(by: "ada"))
        #expect(story.next == [.returnTraffic])
        story.happens(.trafficReturnIntended, .trafficReturned(loadBalancers: [], took: .zero))
        #expect(story.next == [.startHandBack(nil)])
        story.happens(.handBackStarted(failure: nil))
        #expect(story.next == [.undo("job")])
        story.happens(.undoStarted(step: "job"))
        #expect(story.next == [])
        story.happens(.undoCompleted(step: "job", summary: ""))
        #expect(story.next == [.finish(.aborted)])
    }

    @Test("goes back when its hand-over fails, and the run halts for what failed")
    func failure() {
        var story = Story(.small(hasJob: true))
        story.reaches(.cutOver)
        story.completes("ready")
        for (id, share) in [("10", Percent(10)), ("100", .all)] {
            story.happens(.stepStarted(step: StepID(id), attempt: 1), .trafficIntended(share: share))
            story.happens(
                .trafficVerified(share: share, loadBalancers: []), .stepCompleted(step: StepID(id), summary: ""))
        }
        story.begins("job")
        story.fails("job", .permanent, "Metronome of green is gone")
        #expect(story.next == [.returnTraffic])
        story.happens(.trafficReturnIntended, .trafficReturned(loadBalancers: [], took: .zero))
        let failure = Failure("Metronome of green is gone", kind: .permanent)
        #expect(story.next == [.startHandBack(failure)])
        story.happens(.handBackStarted(failure: failure))
        #expect(story.next == [.undo("job")])
        story.happens(.undoStarted(step: "job"), .undoCompleted(step: "job", summary: ""))
        #expect(story.next == [.halt(failure)])
        story.happens(.runHalted(failure: failure), .runResumed(by: "ada"))
        #expect(story.progress("job") == .pending)
        #expect(story.next == [.perform("ready", attempt: 1)])
    }

    @Test("has missed a run that was due before a color was asked to take it")
    func missed() {
        var story = Story()
        story.now = noon
        story.happens(.releaseIntended(service: job, color: .blue, instances: 0, nextFire: noon + .seconds(3)))
        story.happens(.released(service: job, color: .blue))
        #expect(story.state.handOvers[job]?.holder == nil)
        story.now = noon + .minutes(1)
        story.happens(.takeIntended(service: job, color: .green), .taken(service: job, color: .green))
        #expect(story.state.handOvers[job]?.holder == .green)
        #expect(story.state.handOvers[job]?.hasMissedRun == true)
        #expect(story.state.handOvers[job]?.due == noon + .seconds(3))
        story.happens(.missedRunStarted(service: job, color: .green, due: noon + .seconds(3)))
        #expect(story.state.handOvers[job]?.hasMissedRun == false)
    }

    @Test("owes no run that its new holder fires by itself, nor one that it may have fired")
    func firedByItself() {
        var story = Story()
        story.now = noon
        story.happens(.releaseIntended(service: job, color: .blue, instances: 0, nextFire: noon + .minutes(5)))
        story.happens(.released(service: job, color: .blue), .takeIntended(service: job, color: .green))
        var later = story
        story.happens(.taken(service: job, color: .green))
        #expect(story.state.handOvers[job]?.due == nil)
        // The reply to the call that enabled it was lost, and the job's time went by.
        later.now = noon + .minutes(6)
        later.happens(.takeIntended(service: job, color: .green), .taken(service: job, color: .green))
        #expect(later.state.handOvers[job]?.hasMissedRun == false)
        #expect(later.state.handOvers[job]?.due != nil)
    }

    @Test("still owes a missed run when it goes back before that run was started")
    func owedOnTheWayBack() {
        var story = Story()
        story.now = noon
        story.happens(.releaseIntended(service: job, color: .blue, instances: 0, nextFire: noon + .seconds(3)))
        story.now = noon + .minutes(1)
        story.happens(.takeIntended(service: job, color: .green))
        story.happens(.releaseIntended(service: job, color: .green, instances: 0, nextFire: noon + .hours(1)))
        story.happens(.takeIntended(service: job, color: .blue), .taken(service: job, color: .blue))
        #expect(story.state.handOvers[job]?.due == noon + .seconds(3))
        #expect(story.state.handOvers[job]?.hasMissedRun == true)
    }
}
