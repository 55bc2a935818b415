import Migration
import Operations
import Reporting
import Testing

@Suite("Where a single-color service is let run")
struct HolderTests {
    private func story() -> Story {
        Story(
            Example.plan { plan in
                plan.services.append(PlannedService(id: "shop.report", instances: 0, mode: .scheduled, layer: 1))
                plan.steps.append(
                    Step(
                        id: "cutOver/hand-over/shop.report", phase: .cutOver, title: "shop.report handed over to green",
                        action: .handOver("shop.report"), needs: [], undo: .costly, estimate: .seconds(10),
                        deadline: .minutes(30)))
            })
    }

    private func text(_ story: Story) -> [String] { Holder.all(story.plan, story.state).map(\.text) }

    @Test("is the old color before its hand-over")
    func before() {
        var story = story()
        story.reaches(.replicate)
        #expect(text(story) == ["armed in blue"])
    }

    @Test("is no color for certain between the two, with the time at which it is due")
    func between() {
        var story = story()
        story.reaches(.cutOver)
        let due = Instant(milliseconds: 1_795_455_060_000)
        story.happens(
            .releaseIntended(service: "shop.report", color: .blue, instances: 0, nextFire: due),
            .released(service: "shop.report", color: .blue, nextFire: due))
        #expect(text(story) == ["armed in neither color for certain: hand-over in progress, due at \(due.clock)"])
        story.happens(.acquireIntended(service: "shop.report", color: .green, nextFire: due))
        #expect(text(story) == ["armed in neither color for certain: hand-over in progress, due at \(due.clock)"])
        #expect(Holder.all(story.plan, story.state).map(\.color) == [nil])
    }

    @Test("is the new color afterwards, with how long it ran in neither")
    func after() {
        var story = story()
        story.reaches(.cutOver)
        story.happens(
            .releaseIntended(service: "shop.report", color: .blue, instances: 0, nextFire: nil),
            .released(service: "shop.report", color: .blue, nextFire: nil),
            .acquireIntended(service: "shop.report", color: .green, nextFire: nil),
            .acquired(service: "shop.report", color: .green, nextFire: nil))
        #expect(text(story) == ["armed in green, in neither for 3s before"])
    }

    @Test("is no color when it was suspended before")
    func suspended() {
        var story = story()
        story.reaches(.cutOver)
        story.completes("cutOver/hand-over/shop.report")
        #expect(text(story) == ["armed in neither color: it was suspended in blue"])
    }

    @Test("stands in the live view")
    func live() throws {
        var story = story()
        story.reaches(.replicate)
        let lines = LiveView(story.plan).lines(story.state, now: story.now)
        #expect(lines.contains("  in one color only"))
        #expect(lines.contains("    · shop.report  armed in blue"))
    }
}
