import Migration
import Operations
import Testing

@Suite("The promises of the state machine")
struct InvariantTests {
    @Test("hold in a clean run after every event")
    func clean() {
        var story = Story()
        for phase in [Phase].rzUpdate.map(\.id) {
            story.reaches(phase)
            #expect(violations(of: story.state, story.plan).isEmpty)
        }
        for step in story.plan.steps(in: .tearDown) { story.completes(step.id) }
        story.happens(.runCompleted)
        #expect(violations(of: story.state, story.plan) == [])
    }

    @Test("are broken by an end of the old color before drain is over", arguments: ["stop", "destroy"] as [StepID])
    func tooEarly(step: StepID) {
        var story = Story()
        story.reaches(.drain)
        story.begins(step)
        #expect(violations(of: story.state, story.plan).map(\.invariant) == [.oldColorUntouched, .quietBeforeTearDown])
    }

    @Test("are broken by an end of the old color while it still carries traffic")
    func trafficNotMoved() {
        var story = Story()
        story.reaches(.tearDown)
        story.happens(.trafficIntended(share: Percent(50)), .trafficVerified(share: Percent(50), loadBalancers: []))
        story.begins("stop")
        #expect(violations(of: story.state, story.plan).map(\.invariant) == [.capacityFirst])
    }

    @Test("are broken by a run that ends with weights in doubt")
    func forgottenFlip() {
        var story = Story()
        story.reaches(.cutOver)
        story.happens(.trafficIntended(share: Percent(10)), .runAborted)
        #expect(violations(of: story.state, story.plan).map(\.invariant) == [.noForgottenFlip])
    }

    @Test("are broken by a step without a deadline")
    func deadline() {
        let story = Story(.small { $0["a"].deadline = .zero })
        #expect(violations(of: story.state, story.plan).map(\.invariant) == [.everyWaitEnds])
    }
}
