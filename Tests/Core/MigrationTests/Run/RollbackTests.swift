import Migration
import Operations
import Testing

@Suite("A rollback")
struct RollbackTests {
    @Test("brings the traffic back, then undoes phase by phase, what others need last")
    func order() {
        var story = rollingBack(from: .drain)
        #expect(story.next == [.returnTraffic])
        story.happens(.trafficReturnIntended, .trafficReturned(loadBalancers: [], took: .zero))
        #expect(story.next == [.undo("d"), .undo("c"), .undo("b")])
        for step in ["b", "c", "d"] as [StepID] { story.happens(.undoStarted(step: step)) }
        #expect(story.next == [])
        for step in ["b", "c"] as [StepID] { story.happens(.undoCompleted(step: step, summary: "stopped")) }
        #expect(story.next == [.undo("a")])
        story.happens(.undoStarted(step: "a"), .undoCompleted(step: "a", summary: "stopped"))
        #expect(story.next == [])
        story.happens(.undoCompleted(step: "d", summary: "stopped"))
        #expect(story.next == [.undo("servers")])
        story.happens(.undoStarted(step: "servers"), .undoCompleted(step: "servers", summary: "destroyed"))
        #expect(story.next == [.finish(.rolledBack)])
        story.happens(.runRolledBack)
        #expect(story.state.status == .rolledBack)
    }

    @Test(
        "of a step leads to the share that was proved before it, also where a later rz undoes what an earlier one began"
    )
    func provedShare() {
        var story = Story()
        story.happens(.trafficIntended(share: Percent(10)))
        #expect(story.state.traffic.proved == .none)
        story.happens(.trafficVerified(share: Percent(10), loadBalancers: ["edge-1"]))
        story.happens(.trafficIntended(share: .all), .runResumed(by: "ada"))
        #expect(story.state.traffic.verified == nil && story.state.traffic.proved == Percent(10))
        story.happens(.trafficReturnIntended)
        #expect(story.state.traffic.proved == .none)
    }

    @Test("keeps the order also through steps that have no undo")
    func transitiveOrder() {
        let plan = Plan.small { steps in
            steps["d"].undo = .free
            steps["d"].needs = ["a"]
            steps["b"].needs = ["d"]
            steps["c"].needs = ["d"]
        }
        var story = rollingBack(from: .serviceGate, plan)
        #expect(story.next == [.undo("c"), .undo("b")])
        for step in ["c", "b"] as [StepID] { story.happens(.undoStarted(step: step)) }
        story.happens(.undoCompleted(step: "b", summary: ""))
        #expect(story.next == [])
        story.happens(.undoCompleted(step: "c", summary: ""))
        #expect(story.next == [.undo("a")])
    }

    @Test("undoes no more at a time than the limit")
    func limit() {
        var story = rollingBack(from: .serviceGate, .small(launches: 2))
        #expect(story.next == [.undo("d"), .undo("c")])
        story.happens(.undoStarted(step: "d"))
        #expect(story.next == [.undo("c")])
    }

    @Test("undoes what was intended, done or not, and nothing that was only begun")
    func intended() {
        var story = Story()
        story.reaches(.replicate)
        story.begins("a")
        story.happens(.stepStarted(step: "d", attempt: 1))
        story.fails("a", .cancelled)
        story.fails("d", .cancelled)
        story.happens(.rollbackRequested(by: "ada"))
        #expect(story.next == [.startRollback])
        story.happens(.rollbackStarted)
        #expect(story.next == [.undo("a")])
    }

    @Test("halts when an undo fails, and tries that again after a resume")
    func undoFails() {
        var story = rollingBack(from: .serviceGate)
        story.happens(.undoStarted(step: "d"), .undoStarted(step: "c"))
        story.happens(.undoFailed(step: "d", failure: Failure("Marathon does not answer")))
        #expect(story.next == [])
        story.happens(.undoCompleted(step: "c", summary: ""))
        #expect(story.next == [.halt(Failure("Marathon does not answer"))])
        story.happens(.runHalted(failure: Failure("Marathon does not answer")), .runResumed(by: "ada"))
        #expect(story.state.status == .rollingBack)
        #expect(story.next == [.undo("d"), .undo("b")])
    }

    @Test("goes on as a rollback after it halted before anything was undone")
    func returnFails() {
        var story = rollingBack(from: .drain)
        story.happens(.trafficReturnIntended, .trafficReturnFailed(failure: Failure("edge-2 is down")))
        #expect(story.next == [.halt(Failure("edge-2 is down"))])
        story.happens(.runHalted(failure: Failure("edge-2 is down")), .runResumed(by: "ada"))
        #expect(story.state.status == .rollingBack)
        #expect(story.next == [.returnTraffic])
        story.happens(.trafficReturned(loadBalancers: [], took: .zero))
        #expect(story.next.first == .undo("d"))
    }

    @Test("goes on as a rollback after a crash")
    func crash() {
        var story = rollingBack(from: .serviceGate)
        story.happens(.undoStarted(step: "d"), .runResumed(by: "ada"))
        #expect(story.state.status == .rollingBack)
        #expect(story.next.contains(.undo("d")))
    }

    @Test("takes down what an abort left standing")
    func afterAbort() {
        var story = Story()
        story.reaches(.serviceGate)
        story.happens(.abortRequested(by: "ada"), .runAborted)
        story.happens(.rollbackRequested(by: "ada"), .runResumed(by: "ada"))
        #expect(story.next == [.startRollback])
    }

    private func rollingBack(from phase: PhaseID, _ plan: Plan = .small()) -> Story {
        var story = Story(plan)
        story.reaches(phase)
        story.happens(.rollbackRequested(by: "ada"), .rollbackStarted)
        return story
    }
}
