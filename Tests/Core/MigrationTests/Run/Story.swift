import Migration
import Operations

/// A run told event by event, with the state that follows from it.
struct Story {
    let plan: Plan
    private(set) var state = RunState(run: "r-1")
    var now = Instant(milliseconds: 1_795_455_000_000)

    init(_ plan: Plan = .small()) { self.plan = plan }

    /// What is to be done next.
    var next: [Command] { decide(state, plan, now: now) }

    mutating func happens(_ kinds: Event.Kind...) {
        for kind in kinds {
            now = now + .seconds(1)
            state = evolve(state, Event(run: "r-1", sequence: state.sequence + 1, time: now, kind: kind))
        }
    }

    mutating func starts() {
        happens(.runStarted(environment: "shop", plan: plan.id, from: .blue, to: .green, by: "ada"))
    }

    /// Does the steps one after the other, each with its intent.
    mutating func completes(_ steps: StepID...) {
        for step in steps {
            happens(
                .stepStarted(step: step, attempt: 1), .stepIntended(step: step, intent: "do it"),
                .stepCompleted(step: step, summary: "done"))
        }
    }

    /// Enters every phase up to this one, with all steps of those before it done.
    mutating func reaches(_ phase: PhaseID) {
        if state.startedAt == nil { starts() }
        for earlier in plan.phases.map(\.id) {
            happens(.phaseEntered(phase: earlier))
            guard earlier != phase else { return }
            for step in plan.steps(in: earlier) {
                completes(step.id)
                if let share = step.action["to"].flatMap({ Percent($0) }) {
                    happens(.trafficIntended(share: share), .trafficVerified(share: share, loadBalancers: ["edge-1"]))
                }
                if step.action == .drain { happens(.oldSideQuiet(since: now)) }
            }
        }
    }

    mutating func begins(_ step: StepID, attempt: Int = 1, intent: Bool = true) {
        happens(.stepStarted(step: step, attempt: attempt))
        if intent { happens(.stepIntended(step: step, intent: "do it")) }
    }

    mutating func fails(_ step: StepID, attempt: Int = 1, _ kind: Failure.Kind = .permanent, _ text: String = "broken")
    {
        happens(.stepFailed(step: step, attempt: attempt, failure: Failure(text, kind: kind)))
    }

    func progress(_ step: StepID) -> StepState.Progress? { state.steps[step]?.progress }
}

extension Plan {
    /// Every phase with its usual steps; in replicate `/b` and `/c` need `/a`, and nothing needs or is needed by `/d`.
    static func small(launches: Int = 8, hasJob: Bool = false, change: (inout [Step]) -> Void = { _ in }) -> Plan {
        func step(
            _ id: StepID, _ phase: PhaseID, _ action: Action, needs: [StepID] = [], undo: Reversibility = .free,
            attempts: Int = 1
        ) -> Step {
            Step(
                id: id, phase: phase, title: id.text, action: action, needs: needs, undo: undo,
                closesWayBack: undo == .none, isTakenBack: phase == .cutOver && undo == .costly, deadline: .minutes(1),
                attempts: attempts)
        }
        var steps = [
            step("check", .preflight, .check),
            step("servers", .standUp, .buildServers, undo: .costly, attempts: 3),
            step("configure", .configure, .configure),
            step("platform", .platformGate, .awaitPlatform),
            step("a", .replicate, .launch("/a"), undo: .costly, attempts: 3),
            step("b", .replicate, .launch("/b"), needs: ["a"], undo: .costly),
            step("c", .replicate, .launch("/c"), needs: ["a"], undo: .costly),
            step("d", .replicate, .launch("/d"), undo: .costly),
            step("health", .serviceGate, .awaitServices),
            step("ready", .cutOver, .readyTraffic),
            step("10", .cutOver, .shift(to: Percent(10), bake: .seconds(5)), needs: ["ready"]),
            step("100", .cutOver, .shift(to: .all, bake: .seconds(5)), needs: ["10"]),
            step("drain", .drain, .drain),
            step("soak", .soak, .soak(.seconds(5))),
            step("approval", .tearDown, .approval(ApprovalDemand(1), reason: "before tearDown")),
            step("stop", .tearDown, .stopServices, needs: ["approval"], undo: .none),
            step("destroy", .tearDown, .destroyServers, needs: ["stop"], undo: .none),
        ]
        if hasJob {
            let job = step("job", .cutOver, .handOver("/job"), needs: ["100"], undo: .costly)
            steps.insert(job, at: steps.firstIndex { $0.phase == .drain }!)
        }
        change(&steps)
        return Plan(
            id: "p-1", environment: Environment(name: "shop", limits: Limits(launches: launches)),
            direction: Direction(from: .blue), createdAt: Instant(milliseconds: 0), source: PinnedSource(commit: nil),
            world: World(live: .blue, servers: [:], services: [:], backends: [:], configuration: "c"), steps: steps)
    }
}

extension [Step] {
    /// The step with this id, to be changed.
    subscript(id: StepID) -> Step {
        get { self[firstIndex { $0.id == id }!] }
        set { self[firstIndex { $0.id == id }!] = newValue }
    }
}
