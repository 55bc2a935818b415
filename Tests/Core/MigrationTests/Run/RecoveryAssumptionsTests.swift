import Migration
import Operations
import Testing

@Suite("A run whose last events are lost")
struct RecoveryAssumptionsTests {
    @Test(
        "stands as halted, and gives the traffic back before it goes on", arguments: [PhaseID.standUp, .cutOver, .soak])
    func halted(_ phase: PhaseID) {
        var story = Story()
        story.reaches(phase)
        story.loses()
        guard case .halted(let failure) = story.state.status else {
            Issue.record("\(story.state.status)")
            return
        }
        #expect(failure.details == ["events 100 to 120 are lost"])
        #expect(story.next == [])
        story.happens(.runResumed(by: "ada"))
        #expect(story.next == [.returnTraffic])
    }

    @Test("begins the cutover afresh after the return, wherever it was behind it")
    func anew() {
        var story = Story()
        story.reaches(.soak)
        story.loses()
        story.happens(
            .runResumed(by: "ada"), .trafficReturnIntended, .trafficReturned(loadBalancers: [], took: .zero))
        #expect(story.state.phase == .cutOver)
        #expect(story.next == [.perform("ready", attempt: 1)])
        story.completes("ready", "10", "100")
        #expect(story.next == [.enter(.drain)])
        story.happens(.phaseEntered(phase: .drain))
        #expect(story.next == [.perform("drain", attempt: 1)])
    }

    @Test("is taken back with all that it may have begun, traffic first")
    func rollback() {
        var story = Story(.small(hasJob: true))
        story.reaches(.standUp)
        story.loses()
        story.happens(.rollbackRequested(by: "ada"), .runResumed(by: "ada"))
        #expect(story.next == [.startRollback])
        story.happens(.rollbackStarted)
        #expect(story.next == [.returnTraffic])
        story.happens(.trafficReturnIntended, .trafficReturned(loadBalancers: [], took: .zero))
        #expect(story.next == [.undo("job")])
        story.happens(.undoStarted(step: "job"), .undoCompleted(step: "job", summary: ""))
        #expect(story.next == [.undo("d"), .undo("c"), .undo("b")])
    }

    @Test("is aborted only after the traffic is back")
    func abort() {
        var story = Story()
        story.reaches(.configure)
        story.loses()
        story.happens(.abortRequested(by: "ada"), .runResumed(by: "ada"))
        #expect(story.next == [.returnTraffic])
    }

    @Test("goes on with a tear-down that was begun, and never back")
    func tearDown() {
        var story = Story()
        story.reaches(.tearDown)
        story.completes("approval")
        story.begins("stop")
        let told = story.loses()
        #expect(told.events.count == 2)
        story.happens(.runResumed(by: "ada"))
        #expect(story.next == [.perform("stop", attempt: 1)])
        #expect(!canRollBack(story.state, story.plan))
    }

    @Test("believes of lost events only what makes it more careful")
    func narrowing() {
        var story = Story(.small(hasJob: true))
        story.reaches(.soak)
        let due = story.now + .hours(1)
        story.loses(
            .phaseEntered(phase: .tearDown), .approvalGiven(step: "approval", by: "eve"),
            .stepIntended(step: "stop", intent: "stop"), .missedRunIntended(service: "/job", color: .green, due: due),
            .runCompleted, .trafficVerified(share: .all, loadBalancers: []))
        #expect(story.state.approvals.isEmpty)
        #expect(story.state.phase == .cutOver)
        #expect(!canRollBack(story.state, story.plan))
        #expect(story.state.handOvers["/job"]?.missedRunIsIntended == true)
        story.happens(.runResumed(by: "ada"))
        #expect(story.next == [.returnTraffic])
    }

    @Test("never starts a job's missed run that may have been started already")
    func missedRun() {
        var story = Story(.small(hasJob: true))
        story.reaches(.cutOver)
        let due = story.now
        story.happens(
            .releaseIntended(service: "/job", color: .blue, instances: 0, nextFire: due),
            .released(service: "/job", color: .blue, nextFire: due),
            .acquireIntended(service: "/job", color: .green, nextFire: due + .hours(1)))
        #expect(story.state.handOvers["/job"]?.hasMissedRun == true)
        story.loses()
        #expect(story.state.handOvers["/job"]?.hasMissedRun == false)
        #expect(story.state.handOvers["/job"]?.missedRunIsIntended == true)
    }

    @Test("keeps going back if it was going back")
    func rollingBack() {
        var story = Story()
        story.reaches(.soak)
        story.happens(.rollbackRequested(by: "ada"), .rollbackStarted)
        story.loses()
        story.happens(.runResumed(by: "ada"))
        #expect(story.state.status == .rollingBack)
        #expect(story.next == [.returnTraffic])
    }

    @Test("and that had ended stays ended")
    func ended() {
        var story = Story()
        story.reaches(.soak)
        story.happens(.runCompleted)
        let told = story.loses()
        #expect(story.state.status == .done)
        #expect(told.events == [.noted(text: "events 100 to 120 are lost")])
        #expect(told.checks.count == 1)
    }

    @Test("and whose plan is lost only says so")
    func noPlan() {
        var story = Story()
        story.reaches(.standUp)
        let told = RecoveryAssumptions(for: story.state, plan: nil, lost: [], note: "events are lost")
        #expect(told.events.count == 2)
        #expect(told.checks.first?.contains("The plan of r-1 is lost") == true)
    }

    @Test("reports what to look at")
    func checks() {
        var story = Story(.small { $0["configure"].action = .exec(ExecWork(command: ["bin/x"])) })
        story.reaches(.standUp)
        story.begins("servers")
        let told = story.loses().checks.joined(separator: "\n")
        #expect(told.contains("What came of \"servers\" (standUp)"))
        #expect(told.contains("Whether \"configure\" (configure) was done already"))
        #expect(told.contains("rz plan shop"))
    }
}

extension Story {
    /// The journal was repaired; these are what lost events seem to have said.
    @discardableResult
    fileprivate mutating func loses(_ lost: Event.Kind...) -> RecoveryAssumptions {
        let precautions = RecoveryAssumptions(for: state, plan: plan, lost: lost, note: "events 100 to 120 are lost")
        for kind in precautions.events { happens(kind) }
        return precautions
    }
}
