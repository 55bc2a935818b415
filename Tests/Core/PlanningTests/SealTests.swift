import Foundation
import Migration
import Operations
import Testing

@testable import Planning

@Suite("A plan's seal")
struct SealTests {
    @Test("is the whole digest of what it does, the same for the same plan at another time")
    func sealed() throws {
        let plan = try SmallWorld().plan()
        #expect(plan.id.count == 2 + 64)
        #expect(try plan.sealedID() == plan.id)
        var later = SmallWorld()
        later.time = later.time + .hours(1)
        later.history = ["preflight/checks": .minutes(9)]
        #expect(try later.plan().id == plan.id)
        #expect(Plan.short(plan.id).count == 8)
    }

    @Test("holds after the plan was written and read")
    func written() throws {
        let plan = try PlanCoding.plan(from: Array(try PlanCoding.text(of: try SmallWorld().plan()).utf8))
        try plan.refuseUnlessSealed(at: "x.plan")
    }

    /// An edit of a saved plan.
    struct Edit: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var change: @Sendable (inout Plan) -> Void
        var difference: String

        static let all = [
            Edit(
                testDescription: "no approval", change: { $0.environment.approvals[.cutOver] = .count(0) },
                difference: "environment.approvals.cutOver.count: 1 → 0"),
            Edit(
                testDescription: "a step less", change: { $0.steps.removeAll { $0.id == "cutOver/approval" } },
                difference: "steps.cutOver/approval: removed, was 1 approval"),
            Edit(
                testDescription: "a higher limit", change: { $0.environment.limits.launches = 99 },
                difference: "environment.limits.launches: 8 → 99"),
            Edit(
                testDescription: "a shorter soak", change: { $0.environment.soak = .seconds(1) },
                difference: "environment.soak: 15m → 1s"),
            Edit(
                testDescription: "another command",
                change: { plan in
                    guard let index = plan.steps.firstIndex(where: { $0.action == .check }) else { return }
                    plan.steps[index].action = .exec(ExecWork(command: ["true"]))
                }, difference: "steps.preflight/checks.action.affects: new, nothing"),
            Edit(
                testDescription: "another source",
                change: { $0.environment.services.sources = [.metronome(.init(url: "http://m:9000"))] },
                difference: "environment.services.sources: [] → [metronome url http://m:9000]"),
            Edit(
                testDescription: "fewer instances", change: { $0.services[1].instances = 1 },
                difference: "services./web.instances: 3 → 1"),
        ]
    }

    @Test("breaks with any edit, which is named", arguments: Edit.all)
    func edited(_ edit: Edit) throws {
        let plan = try SmallWorld().plan()
        var edited = plan
        edit.change(&edited)
        let differences = try plan.differences(to: edited)
        #expect(differences.first == edit.difference)
        let failure = #expect(throws: Failure.self) {
            try edited.refuseUnlessSealed(at: "shop.plan", details: differences)
        }
        #expect(failure?.summary == "This plan was changed after it was made")
        #expect(failure?.kind == .refused)
        #expect(failure?.details == differences)
        // Sealed again by who edited it, it still does what the commit does not say.
        edited.id = try edited.sealedID()
        try edited.refuseUnlessSealed(at: "shop.plan")
        #expect(try edited.differences(to: plan).count == differences.count)
    }

    @Test("has nothing to do with what a plan says to people")
    func people() throws {
        let plan = try SmallWorld().plan()
        var other = plan
        other.warnings = ["x"]
        other.capacity = "y"
        other.world.configuration = "z"
        #expect(try plan.differences(to: other).isEmpty)
    }
}

@Suite("A run that goes on from another commit")
struct MovingTests {
    private let world = SmallWorld()
    private let source = PinnedSource(commit: "5e2d3f0")

    /// The state of a run that has done these steps, begun those, and halted in a phase.
    private func state(_ plan: Plan, in phase: PhaseID, done: [StepID], begun: [StepID] = []) -> RunState {
        var state = RunState(run: "r-1")
        state.phase = phase
        for id in done + begun {
            var step = StepState()
            step.isIntended = true
            step.phase = plan.step(id)?.phase
            step.progress = done.contains(id) ? .done : .failed(Failure("x"))
            state.steps[id] = step
        }
        return state
    }

    private func planner(_ change: (inout SmallWorld) -> Void) -> Planner {
        var world = world
        change(&world)
        return Planner(
            environment: world.environment, runbook: Runbook(name: "rz-update", phases: world.phases),
            operation: Operation.rzUpdate)
    }

    @Test("takes what is left from it, and keeps what is done")
    func moved() throws {
        let old = try world.plan()
        let state = state(old, in: .drain, done: ["preflight/checks", "standUp/servers"], begun: ["drain/drain"])
        let new = try planner {
            $0.environment.drain.atDeadline = .force
            $0.environment.soak = .minutes(1)
            $0.phases[.preflight]?.steps[0].timeout = .minutes(9)
        }.plan(old, movedTo: source, in: state, at: world.time)
        #expect(new.environment.drain.atDeadline == .force)
        #expect(new.step("soak/soak")?.action == .soak(.minutes(1)))
        #expect(new.step("preflight/checks") == old.step("preflight/checks"))
        #expect(new.source == source)
        #expect(new.direction == old.direction)
        #expect(new.services == old.services)
        #expect(new.step("replicate/launch/web")?.needs == old.step("replicate/launch/web")?.needs)
        #expect(new.id != old.id)
        try new.refuseUnlessSealed(at: "the journal")
        #expect(try old.differences(to: new).contains("environment.drain.atDeadline: hold → force"))
    }

    @Test("is refused where a step that was begun is gone, and named")
    func gone() throws {
        let old = try world.plan()
        let planner = planner { $0.phases[.standUp] = SmallWorld.rule(.disks) }
        let state = state(old, in: .configure, done: ["standUp/servers"])
        let failure = #expect(throws: Failure.self) {
            try planner.plan(old, movedTo: source, in: state, at: world.time)
        }
        #expect(failure?.kind == .refused)
        #expect(failure?.details == ["standUp/servers: servers of green"])
        // What was never begun may go.
        let early = self.state(old, in: .preflight, done: ["preflight/checks"])
        #expect(try planner.plan(old, movedTo: source, in: early, at: world.time).step("standUp/servers") == nil)
    }

    @Test("is refused where it would move something else")
    func other() throws {
        let old = try world.plan()
        let changes: [(inout SmallWorld) -> Void] = [
            { $0.environment.name = "box" },
            {
                $0.environment.loadBalancers = [LoadBalancerAddress(name: "edge-9", .haproxy(.init(socket: "unix:/a")))]
            },
            { $0.environment.traffic[0].servers[.blue] = "old-*" },
            { $0.environment.provision.terraform = TerraformRoot(root: "elsewhere") },
        ]
        for change in changes {
            let failure = #expect(throws: Failure.self) {
                try planner(change).plan(
                    old, movedTo: source, in: state(old, in: .preflight, done: []), at: world.time)
            }
            #expect(failure?.summary == "The run can't go on from this commit: it is about something else")
        }
    }

    @Test("is refused where its states would be kept elsewhere")
    func backend() throws {
        func keeping(_ schema: String?) -> SmallWorld {
            var world = world
            world.environment.provision.terraform = TerraformRoot(
                root: "servers",
                backend: schema.map { TerraformBackend(type: "pg", config: ["schema_name": Setting($0)]) })
            return world
        }
        for (before, after) in [(nil, "a_{{ color }}"), ("a_{{ color }}", nil), ("a_{{ color }}", "b_{{ color }}")] {
            let old = try keeping(before).plan()
            let failure = #expect(throws: Failure.self) {
                try planner { $0 = keeping(after) }.plan(
                    old, movedTo: source, in: state(old, in: .preflight, done: []), at: world.time)
            }
            #expect(failure?.kind == .refused)
            #expect(failure?.details == ["the places of the states (`provision.terraform.backend`) differ"])
        }
    }

    @Test("waits for approvals again before anything that is left of its phase")
    func approvals() throws {
        let old = try world.plan()
        let state = state(old, in: .cutOver, done: ["cutOver/approval", "cutOver/ready"])
        let new = try planner { _ in }.plan(old, movedTo: source, in: state, at: world.time)
        #expect(new.step("cutOver/shift-10%")?.needs == ["cutOver/ready", "cutOver/approval"])
        #expect(new.step("drain/drain")?.needs == old.step("drain/drain")?.needs)
    }
}
