import Migration
import Operations

/// What would become of a plan if one thing went wrong at one of its steps.
///
/// The real engine performs the plan in the data centre that it was made for, as far as the plan recorded it. At the
/// step the fault happens; where rz halts, the operator sees to it that it is over, and resumes.
public struct WhatIf: Sendable {
    public var step: StepID
    public var fault: Fault

    public init(step: StepID, fault: Fault) {
        self.step = step
        self.fault = fault
    }

    /// Something that goes wrong.
    public enum Fault: Sendable, Hashable {
        /// The step's first call that changes something fails, once.
        case callFails
        /// Each of its calls fails, until someone fixes it.
        case callKeepsFailing
        /// Its first call that changes something has its effect, but the answer never comes.
        case answerLost
        /// rz is killed right after that call, before it wrote anything down.
        case killed
        case loadBalancerDown(LoadBalancerID, for: Period)
        case loadBalancerReloaded(LoadBalancerID)
        /// The new color's servers are gone for a while.
        case newColorLost(for: Period)
        /// A part of what the new color answers are errors, for a while.
        case newColorErrors(Percent, for: Period)
    }

    /// What came of it.
    public struct Outcome: Sendable {
        public var whatIf: WhatIf
        /// Whether the fault happened at all: not every step makes a call that changes something.
        public var happened = false
        /// Why rz halted; nil when it went on by itself.
        public var halt: Failure?
        /// The new color's share of the traffic while it was halted.
        public var shareAtHalt = Percent.none
        /// How long the traffic took to be back on the old color, where rz gave it back.
        public var returned: Period?
        /// Steps that were tried again.
        public var retries = 0
        /// What rz put right without halting: weights that a load balancer forgot.
        public var restored: [LoadBalancerID] = []
        /// Requests that found no server, and those that were answered with an error.
        public var failedRequests = 0
        public var wrongAnswers = 0
        /// How it ended in the end.
        public var end = RunState.Status.running
        public var broken: [BrokenPromise] = []

        /// Whether customers noticed.
        public var hurts: Bool { failedRequests > 0 || wrongAnswers > 0 }
    }

    /// Everything worth asking of a plan: each fault at each step where it can matter.
    public static func all(of plan: Plan) -> [WhatIf] {
        plan.steps.flatMap { step in faults(at: step, plan).map { WhatIf(step: step.id, fault: $0) } }
    }

    /// Why a plan halts though nothing goes wrong; nil where it does not.
    public static func halt(of scenario: Scenario) -> Failure? {
        WhatIf(step: "nowhere", fault: .callFails).perform(in: scenario).halt
    }

    private static func faults(at step: Step, _ plan: Plan) -> [Fault] {
        var faults: [Fault] = []
        if mayFail(step, plan) { faults += [.callFails, .callKeepsFailing, .answerLost, .killed] }
        if plan.phases.has(.ownsTraffic, in: step.phase) {
            for balancer in plan.environment.loadBalancers.map(\.name) {
                faults += [.loadBalancerDown(balancer, for: .minutes(1)), .loadBalancerReloaded(balancer)]
            }
            faults += [.newColorLost(for: .minutes(1)), .newColorErrors(Percent(10), for: .minutes(1))]
        }
        return faults
    }

    private static func mayFail(_ step: Step, _ plan: Plan) -> Bool {
        switch step.action {
        case .builtIn(let kind, _): Operation.builtInStep(of: kind)?.changesSomething ?? true
        case .exec, .http: true
        case .approval, .wait, .window: false
        }
    }

    /// Performs the run with the fault.
    public func perform(in scenario: Scenario) -> Outcome { WhatIfRun(self, scenario).perform() }
}

/// One run with one fault.
private final class WhatIfRun {
    private let whatIf: WhatIf
    private let simulation: Simulation
    private let fault: FaultAtStep
    private var process: SimulatedProcess?
    private var plan: Plan { simulation.scenario.plan }

    init(_ whatIf: WhatIf, _ scenario: Scenario) {
        self.whatIf = whatIf
        fault = FaultAtStep(whatIf)
        simulation = Simulation(
            scenario, timeline: Timeline(seed: 0, isShuffled: false), faults: fault, isTracing: false)
    }

    func perform() -> WhatIf.Outcome {
        defer { simulation.close() }
        fault.strike = { [unowned self] in strike() }
        var outcome = WhatIf.Outcome(whatIf: whatIf)
        var opening = Event.Kind.runStarted(
            environment: plan.environment.name, plan: plan.id, from: plan.direction.old, to: plan.direction.new,
            by: "operator")
        for attempt in 0..<WhatIfRun.attempts {
            performOnce(opening)
            if attempt == 0 { note(&outcome) }
            if simulation.state.status.isEnded || !simulation.checker.broken.isEmpty { break }
            // The operator mends what failed, and goes on.
            fault.isOver = true
            pass(whatIf.fault.length)
            opening = .runResumed(by: "operator")
        }
        outcome.happened = fault.hasStruck
        outcome.failedRequests = simulation.world.failedRequests
        outcome.wrongAnswers = Int(simulation.world.wrongAnswers.rounded())
        outcome.end = simulation.state.status
        outcome.broken = simulation.checker.broken
        return outcome
    }

    private static let attempts = 4

    private func pass(_ period: Period) {
        var isOver = false
        simulation.timeline.after(period.milliseconds) { isOver = true }
        _ = simulation.timeline.run(limit: .max) { isOver }
    }

    private func performOnce(_ opening: Event.Kind) {
        let ended = Box<Result<RunState, Failure>?>(nil)
        process = simulation.start(opening: opening) { ended.value = $0 }
        _ = simulation.timeline.run(limit: .max) {
            approve()
            return ended.value != nil || process?.isAlive != true
        }
        process.map { simulation.kill($0) }
    }

    private func note(_ outcome: inout WhatIf.Outcome) {
        let state = simulation.state
        if case .halted(let failure) = state.status { outcome.halt = failure }
        outcome.shareAtHalt = state.traffic.verified ?? state.traffic.intended
        for event in simulation.journal.events {
            switch event.kind {
            case .trafficReturned(_, let took): outcome.returned = took
            case .stepRetried: outcome.retries += 1
            case .trafficDriftCorrected(let name, _): outcome.restored.append(name)
            default: break
            }
        }
    }

    private func strike() {
        let new = plan.direction.new
        switch whatIf.fault {
        case .callFails, .callKeepsFailing, .answerLost: break
        case .killed: process.map { simulation.kill($0) }
        case .loadBalancerDown(let name, let length):
            simulation.happens("\(name) does not answer") { world in
                let end = world.time + length.milliseconds
                world[name]?.isUnreachableUntil = end
            }
        case .loadBalancerReloaded(let name): simulation.happens("\(name) is reloaded") { $0.reset(name) }
        case .newColorLost(let length):
            simulation.happens("\(new) loses its servers") { world in
                let end = world.time + length.milliseconds
                world[new].isLostUntil = end
            }
        case .newColorErrors(let share, let length):
            simulation.happens("\(new) answers with errors") { $0[new].errorRate = share.fraction }
            simulation.timeline.after(length.milliseconds) { [simulation] in
                simulation.happens("\(new) answers well") { $0[new].errorRate = 0 }
            }
        }
        // What the world does is no promise of rz.
        if whatIf.fault.isOfTheWorld { simulation.checker.isExcusedUntil = .max }
    }

    private func approve() {
        for step in plan.steps {
            guard case .approval(let demand, _) = step.action, simulation.state.steps[step.id]?.progress == .running
            else { continue }
            let given = simulation.state.approvals[step.id, default: []].count
            if given < demand.people { simulation.ask(.approvalGiven(step: step.id, by: "colleague \(given + 1)")) }
        }
    }
}

extension WhatIf.Fault {
    /// How long it lasts.
    fileprivate var length: Period {
        switch self {
        case .callFails, .callKeepsFailing, .answerLost, .killed, .loadBalancerReloaded: .seconds(10)
        case .loadBalancerDown(_, let length), .newColorLost(let length), .newColorErrors(_, let length): length
        }
    }

    fileprivate var isOfTheWorld: Bool {
        switch self {
        case .callFails, .callKeepsFailing, .answerLost, .killed: false
        case .loadBalancerDown, .loadBalancerReloaded, .newColorLost, .newColorErrors: true
        }
    }
}

/// Strikes once, at one step.
private final class FaultAtStep: FaultSource {
    /// Called when the moment has come.
    var strike: () -> Void = {}
    var isOver = false
    private(set) var hasStruck = false
    private let whatIf: WhatIf

    init(_ whatIf: WhatIf) { self.whatIf = whatIf }

    func fate(of call: Call) -> Fate {
        let usual = Fate.answered(effectAfter: call.isProgram ? 20_000 : 2, replyAfter: 2)
        guard !isOver, Activity.current == whatIf.step.text, call.isMutating else { return usual }
        switch whatIf.fault {
        case .callFails where !hasStruck:
            hasStruck = true
            return .failed(call.assumedFailure, after: 1_000)
        case .callKeepsFailing:
            hasStruck = true
            return .failed(call.assumedFailure, after: 1_000)
        case .answerLost where !hasStruck && !call.isProgram:
            hasStruck = true
            return .replyLost(effectAfter: 2, timeout: 10_000)
        default: return usual
        }
    }

    func passes(_ point: KillPoint, _ process: SimulatedProcess) {
        guard !hasStruck, !isOver else { return }
        switch (point, whatIf.fault) {
        case (.afterCall(let call), .killed) where Activity.current == whatIf.step.text && call.isMutating: break
        case (.afterAppend(let kinds), let fault)
        where fault.isOfTheWorld && kinds.contains { $0.begins(whatIf.step) }: break
        default: return
        }
        hasStruck = true
        strike()
    }
}

extension Event.Kind {
    fileprivate func begins(_ step: StepID) -> Bool {
        if case .stepStarted(step, _) = self { true } else { false }
    }
}

extension Call {
    fileprivate var assumedFailure: Failure {
        let text =
            switch target {
            case .loadBalancer(let name): "\(name) refuses its commands"
            case .cluster(let color): "the cluster of \(color) answers with an error"
            case .servers(let color): "`\(name)` of \(color) fails"
            case .disks: "`\(name)` fails"
            }
        return Failure(text, details: ["assumed"], kind: .transient)
    }
}
