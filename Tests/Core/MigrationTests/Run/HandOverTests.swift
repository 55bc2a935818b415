import Migration
import Operations
import Testing

@Suite("A single-color service")
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

    @Test("is handed back to the end when a rollback is asked for meanwhile")
    func rollbackMeanwhile() {
        var story = Story(.small(hasJob: true))
        story.reaches(.drain)
        story.happens(.abortRequested(by: "ada"), .trafficReturnIntended)
        story.happens(.trafficReturned(loadBalancers: [], took: .zero), .handBackStarted(failure: nil))
        story.happens(.undoStarted(step: "job"), .rollbackRequested(by: "grace"))
        #expect(story.next == [])
        story.happens(.undoCompleted(step: "job", summary: ""))
        #expect(story.next == [.startRollback])
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

    @Test("has missed a run when what would fire next has passed before a color was asked to take it")
    func missed() {
        var story = Story()
        story.releases(job, in: .blue, nextFire: noon)
        #expect(story.state.handOvers[job]?.holder == nil)
        story.takes(job, in: .green, before: noon + .hours(1), after: noon + .hours(1))
        #expect(story.state.handOvers[job]?.holder == .green)
        #expect(story.state.handOvers[job]?.hasMissedRun == true)
        story.happens(.missedRunIntended(service: job, color: .green, due: noon))
        #expect(story.state.handOvers[job]?.hasMissedRun == false)
        story.happens(.missedRunStarted(service: job, color: .green, due: noon))
        #expect(story.state.handOvers[job]?.due == nil)
    }

    @Test("owes no run that its new holder fires by itself")
    func firedByItself() {
        var story = Story()
        story.releases(job, in: .blue, nextFire: noon)
        story.takes(job, in: .green, before: noon, after: noon)
        #expect(story.state.handOvers[job]?.due == nil)
        #expect(story.state.handOvers[job]?.doubtful == nil)
    }

    @Test("is in doubt about a run that was due while a color was asked to take it")
    func doubtfulTake() {
        var story = Story()
        story.releases(job, in: .blue, nextFire: noon)
        story.takes(job, in: .green, before: noon, after: noon + .hours(1))
        #expect(story.state.handOvers[job]?.hasMissedRun == false)
        #expect(story.state.handOvers[job]?.doubtful == noon)
    }

    @Test("is in doubt about a run that was due while its color was asked to release it")
    func doubtfulRelease() {
        var story = Story()
        story.happens(.releaseIntended(service: job, color: .blue, instances: 0, nextFire: noon))
        story.happens(.released(service: job, color: .blue, nextFire: noon + .hours(1)))
        #expect(story.state.handOvers[job]?.doubtful == noon)
        story.takes(job, in: .green, before: noon + .hours(1), after: noon + .hours(1))
        #expect(story.state.handOvers[job]?.hasMissedRun == false)
        story.happens(.missedRunInDoubt(service: job, color: .green, due: noon))
        #expect(story.state.handOvers[job]?.doubtful == nil)
    }

    @Test("still owes a missed run when it goes back before that run was started")
    func owedOnTheWayBack() {
        var story = Story()
        story.releases(job, in: .blue, nextFire: noon)
        story.happens(.acquireIntended(service: job, color: .green, nextFire: noon + .hours(1)))
        story.releases(job, in: .green, nextFire: noon + .hours(1))
        story.takes(job, in: .blue, before: noon + .hours(1), after: noon + .hours(1))
        #expect(story.state.handOvers[job]?.due == noon)
        #expect(story.state.handOvers[job]?.hasMissedRun == true)
    }
}

extension Story {
    fileprivate mutating func releases(_ job: ServiceID, in color: Color, nextFire: Instant) {
        happens(.releaseIntended(service: job, color: color, instances: 0, nextFire: nextFire))
        happens(.released(service: job, color: color, nextFire: nextFire))
    }

    fileprivate mutating func takes(_ job: ServiceID, in color: Color, before: Instant, after: Instant) {
        happens(.acquireIntended(service: job, color: color, nextFire: before))
        happens(.acquired(service: job, color: color, nextFire: after))
    }
}
