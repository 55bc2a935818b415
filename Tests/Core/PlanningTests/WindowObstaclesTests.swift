import Migration
import Operations
import Testing

@testable import Planning

@Suite("A plan with change windows")
struct WindowObstaclesTests {
    /// Made on Monday, 2026-11-23 at 17:30 UTC, for steps that take minutes.
    private func plan(_ windows: ChangeWindows?, lifting: [Limit] = []) throws -> Plan {
        var world = SmallWorld()
        world.environment.limits.windows = windows
        world.lifted = lifting.map { LiftedLimit($0, reason: "CHG 1", by: "ada") }
        return try world.plan()
    }

    private func open(_ from: Int, _ to: Int, _ days: Set<ChangeWindows.Weekday> = [.mon, .tue]) -> ChangeWindows {
        ChangeWindows(zone: "UTC", open: [.init(days, from: from * 60, to: to * 60)])
    }

    @Test("waits for one before each phase but the first, after the approvals")
    func steps() throws {
        let plan = try plan(open(17, 23))
        let windows = plan.steps.filter { $0.action == .window }.map(\.id)
        #expect(windows == plan.phases.dropFirst().map { Plan.windowStep(before: $0.id) })
        for step in plan.steps where step.phase == .cutOver && step.action.kind != nil {
            #expect(step.needs.contains("cutOver/window") || !step.needs.contains("cutOver/approval"), "\(step.id)")
        }
        #expect(plan.step("cutOver/window")?.needs == ["cutOver/approval"])
        #expect(try self.plan(nil).steps.allSatisfy { $0.action != .window })
        #expect(plan.obstacles == [] && !plan.warnings.contains { $0.hasPrefix("limits.windows") })
    }

    @Test("says where it stops because a window ends, and when it goes on")
    func doesNotFit() throws {
        let closed = try plan(open(20, 23)).warnings.filter { $0.hasPrefix("limits.windows") }
        #expect(
            closed == [
                "limits.windows: the run stops safely after preflight and goes on with standUp at Mon 2026-11-23 20:00 UTC"
            ])
        // Ten minutes are left, and the soak takes fifteen.
        let evening = ChangeWindows(zone: "UTC", open: [.init([.mon, .tue], from: 17 * 60, to: 17 * 60 + 40)])
        let short = try plan(evening).warnings.filter { $0.hasPrefix("limits.windows") }
        #expect(short.first?.hasSuffix("at Tue 2026-11-24 17:00 UTC") == true, "\(short)")
    }

    @Test("is blocked where no window is long enough for a phase")
    func neverFits() throws {
        let minutes = ChangeWindows(zone: "UTC", open: [.init([.mon], from: 0, to: 5)])
        let blocked = try plan(minutes).obstacles
        #expect(blocked.count == 1 && blocked[0].hasPrefix("limits.windows: "), "\(blocked)")
        #expect(blocked.first?.hasSuffix("and no window of the next 60 days is that long") == true)
    }

    @Test("needs none where two people lift them")
    func lifted() throws {
        let plan = try plan(open(20, 23), lifting: [.windows])
        #expect(plan.steps.allSatisfy { $0.action != .window })
        #expect(!plan.warnings.contains { $0.contains("stops safely") })
        #expect(plan.warnings.contains { $0.hasPrefix("limits.windows is lifted for this run") })
        #expect(plan.liftingStep != nil)
    }
}
