import Migration
import Operations
import Testing

@Suite("A run that goes forward")
struct ForwardTests {
    @Test("enters each phase in its order and ends")
    func phases() {
        var story = Story()
        story.starts()
        #expect(story.next == [.enter(.preflight)])
        for phase in [Phase].rzUpdate.map(\.id) {
            #expect(story.next == [.enter(phase)])
            story.happens(.phaseEntered(phase: phase))
            for step in story.plan.steps(in: phase) {
                #expect(story.next.contains(.perform(step.id, attempt: 1)))
                story.completes(step.id)
            }
        }
        #expect(story.next == [.finish(.done)])
        story.happens(.runCompleted)
        #expect(story.state.status == .done)
        #expect(story.next == [])
    }

    @Test("begins what needs nothing, and what needs something once that is done")
    func needs() {
        var story = Story()
        story.reaches(.replicate)
        #expect(story.next == [.perform("a", attempt: 1), .perform("d", attempt: 1)])
        story.begins("a")
        #expect(story.next == [.perform("d", attempt: 1)])
        story.begins("d")
        #expect(story.next == [])
        story.happens(.stepCompleted(step: "a", summary: "ok"))
        #expect(story.next == [.perform("b", attempt: 1), .perform("c", attempt: 1)])
    }

    @Test("never has more steps under way than the limit")
    func limit() {
        var story = Story(.small(launches: 1))
        story.reaches(.replicate)
        #expect(story.next == [.perform("a", attempt: 1)])
        story.begins("a")
        #expect(story.next == [])
    }

    @Test("tries again after a passing failure, later each time")
    func retry() {
        var story = Story()
        story.reaches(.standUp)
        story.begins("servers")
        story.fails("servers", .transient)
        #expect(story.next == [.retry("servers", at: story.now + .seconds(1))])
        let time = story.now + .seconds(10)
        story.happens(.stepRetried(step: "servers", at: time))
        #expect(story.next == [.wake(at: time)])
        story.now = time
        #expect(story.next == [.perform("servers", attempt: 2)])
        story.begins("servers", attempt: 2)
        story.fails("servers", attempt: 2, .unknownEffect)
        #expect(story.next == [.retry("servers", at: story.now + .seconds(2))])
        story.begins("servers", attempt: 3)
        story.fails("servers", attempt: 3, .transient)
        #expect(story.next == [.halt(Failure("broken", kind: .transient))])
    }

    @Test("does not try again what can't get better", arguments: [Failure.Kind.permanent, .refused, .cancelled])
    func noRetry(kind: Failure.Kind) {
        var story = Story()
        story.reaches(.standUp)
        story.begins("servers")
        story.fails("servers", kind)
        #expect(story.next == [.halt(Failure("broken", kind: kind))])
    }

    @Test("waits at most a minute between two tries")
    func longestBackOff() {
        var story = Story(.small { $0["servers"].attempts = 100 })
        story.reaches(.standUp)
        story.begins("servers", attempt: 40)
        story.fails("servers", attempt: 40, .transient)
        #expect(story.next == [.retry("servers", at: story.now + .seconds(60))])
    }

    @Test("stops what else is under way before it halts, and reports the first real reason")
    func haltReason() {
        var story = Story()
        story.reaches(.replicate)
        story.begins("a")
        story.begins("d")
        story.fails("d", .permanent, "no memory")
        #expect(story.next == [.stopStepsUnderWay])
        story.fails("a", .cancelled, "asked to stop")
        #expect(story.next == [.halt(Failure("no memory"))])
    }

    @Test("goes on after a step that may fail")
    func goesOn() {
        var story = Story(.small { $0["check"].onFailure = .continue })
        story.reaches(.preflight)
        story.begins("check")
        story.fails("check")
        #expect(story.next == [.skip("check", Failure("broken"))])
        story.happens(.stepSkipped(step: "check", failure: Failure("broken")))
        #expect(story.next == [.enter(.standUp)])
    }

    @Test("halts also at a step that may fail, when someone asked it to stop")
    func cancelled() {
        var story = Story(.small { $0["check"].onFailure = .continue })
        story.reaches(.preflight)
        story.begins("check")
        story.fails("check", .cancelled)
        #expect(story.next == [.halt(Failure("broken", kind: .cancelled))])
    }

    @Test("rolls back when the step says so, also when others were stopped for it")
    func rollsBack() {
        var story = Story(.small { $0["d"].onFailure = .rollback })
        story.reaches(.replicate)
        story.begins("a")
        story.begins("d")
        story.fails("d")
        #expect(story.next == [.stopStepsUnderWay])
        story.fails("a", .cancelled)
        #expect(story.next == [.startRollback])
    }

    @Test("brings the traffic back before it halts in the cutover")
    func cutOver() {
        var story = Story()
        story.reaches(.cutOver)
        story.completes("ready")
        story.begins("10")
        story.happens(.trafficIntended(share: Percent(10)))
        story.fails("10")
        #expect(story.next == [.returnTraffic])
        story.happens(.trafficReturnIntended)
        #expect(story.next == [.returnTraffic])
        story.happens(.trafficReturned(loadBalancers: ["edge-1"], took: .seconds(1)))
        #expect(story.next == [.halt(Failure("broken"))])
        story.happens(.runHalted(failure: Failure("broken")), .runResumed(by: "ada"))
        // Everything that the cutover had done is done again.
        #expect(story.next == [.perform("ready", attempt: 1)])
    }

    @Test("halts with both reasons when the traffic can't be brought back")
    func returnFails() {
        var story = Story()
        story.reaches(.cutOver)
        story.completes("ready")
        story.begins("10")
        story.happens(.trafficIntended(share: Percent(10)))
        story.fails("10")
        story.happens(
            .trafficReturnIntended, .trafficReturnFailed(failure: Failure("edge-2 is down", details: ["refused"])))
        #expect(story.next == [.halt(Failure("broken", details: ["edge-2 is down", "refused"]))])
    }

    @Test("does not touch the traffic when someone only asked it to stop")
    func interrupted() {
        var story = Story()
        story.reaches(.cutOver)
        story.completes("ready")
        story.begins("10")
        story.happens(.trafficIntended(share: Percent(10)), .trafficVerified(share: Percent(10), loadBalancers: []))
        story.fails("10", .cancelled)
        #expect(story.next == [.halt(Failure("broken", kind: .cancelled))])
    }

    @Test("halts instead of waiting forever for steps that wait for each other")
    func deadlock() throws {
        var story = Story(.small { $0["a"].needs = ["b", "nowhere"] })
        story.reaches(.replicate)
        story.completes("d")
        guard case .halt(let failure)? = story.next.first else {
            Issue.record("it waits: \(story.next)")
            return
        }
        #expect(failure.details.contains { $0.contains("a") && $0.contains("nowhere") })
    }

    @Test("skips a phase that has no step")
    func emptyPhase() {
        var story = Story(.small { steps in steps.removeAll { $0.phase == .configure || $0.phase == .preflight } })
        story.starts()
        #expect(story.next == [.enter(.standUp)] || story.next == [.enter(.preflight)])
        story.happens(.phaseEntered(phase: .standUp))
        story.completes("servers")
        #expect(story.next == [.enter(.platformGate)])
    }
}
