import Migration

/// Visits every state that the small model can reach when rz may be killed, aborted, rolled back or taken over anywhere.
///
/// A state is what a dead rz leaves behind: what its journal says and what the world is like. From each, the real engine
/// performs the run to its end; at each moment on the way (before and after each append and each call) it may die, with
/// each subset of what it had asked for still happening, or people may ask for something. Each of these leads to states
/// that are visited in turn, until there are no new ones.
public final class Exploration {
    public struct Report: Sendable {
        /// Different states that a dead rz can leave.
        public var states = 0
        /// Those of them from which no run was performed yet.
        public var open = 0
        /// Different moments within runs: journal, world, and what is on its way.
        public var moments = 0
        public var runs = 0
        public var events = 0
        public var ends: [String: Int] = [:]
        public var broken: [BrokenPromise] = []
        /// The journal of the run in which that was.
        public var journal: [String] = []
    }

    private let scenario: Scenario
    private let takenOut: Set<String>
    private var report = Report()
    private var seenStates: Set<Essence> = []
    private var seenMoments: Set<Moment> = []
    private var waiting: [State] = []

    /// - Parameter lies: how the world is less kind than it says from the beginning.
    public init(_ scenario: Scenario, lies: Set<Lie> = [.unevenWeights, .takenOut, .spares, .asleep, .slowChecks]) {
        var scenario = scenario
        var generator = SeededGenerator(seed: 0)
        takenOut = scenario.world.lie(lies, old: scenario.plan.direction.old, &generator)
        for index in scenario.world.loadBalancers.indices where scenario.world.loadBalancers[index].checkPeriod > 0 {
            scenario.world.loadBalancers[index].checkPeriod = Exploration.checkPeriod
        }
        self.scenario = scenario
    }

    /// Short enough for a run in which everything that only takes time is cut short, in milliseconds.
    private static let checkPeriod: Int64 = 40

    /// - Parameters:
    ///   - limit: stops after so many runs; nil visits everything.
    ///   - progress: gets the counts so far, after each state.
    /// - Returns: the counts, and the first promises that were broken.
    public func explore(limit: Int? = nil, progress: (Report) -> Void = { _ in }) -> Report {
        waiting.append(State(events: [], world: scenario.world, epoch: 0))
        while let state = waiting.popLast(), report.broken.isEmpty, report.runs < limit ?? .max {
            for moment in run(from: state, asking: nil) {
                for wish in Exploration.wishes where report.broken.isEmpty {
                    _ = run(from: state, asking: (wish, moment))
                }
            }
            report.states = seenStates.count
            report.open = waiting.count
            report.moments = seenMoments.count
            progress(report)
        }
        return report
    }

    private static let wishes: [Event.Kind] = [
        .abortRequested(by: "ada"), .rollbackRequested(by: "ada"), .pauseRequested(by: "ada"),
    ]

    // MARK: - One run

    /// What a dead rz leaves.
    private struct State {
        var events: [Event]
        var world: WorldState
        var epoch: Int
    }

    private struct Moment: Hashable {
        var essence: Essence
        var onTheWay: [Call]
    }

    /// Performs the run from a state, and notes every state that could be left on the way.
    ///
    /// - Returns: the moments that were never seen before, by their number within this run: where the same was seen,
    ///   the same has been asked.
    private func run(from state: State, asking wish: (kind: Event.Kind, moment: Int)?) -> [Int] {
        let recorder = Recorder()
        let simulation = Simulation(
            scenario, timeline: Timeline(seed: 0, isShuffled: false, elapsed: state.world.time), faults: recorder,
            isTracing: false)
        defer { simulation.close() }
        simulation.load(state.events, world: state.world, epoch: state.epoch)
        simulation.checker.takenOut = takenOut
        simulation.checker.found = Dictionary(
            scenario.world.loadBalancers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var new: [Int] = []
        var count = 0
        recorder.onMoment = { [unowned self, unowned simulation] in
            defer { count += 1 }
            if let wish, wish.moment == count { simulation.ask(wish.kind) }
            noteCrashes(of: simulation)
            if wish == nil, isNew(simulation) { new.append(count) }
        }
        let ended = Box<Result<RunState, Failure>?>(nil)
        let opening: Event.Kind =
            state.events.isEmpty
            ? .runStarted(environment: "small", plan: scenario.plan.id, from: .blue, to: .green, by: "ada")
            : .runResumed(by: "ada")
        _ = simulation.start(opening: opening) { ended.value = $0 }
        let hasEnded = simulation.timeline.run(limit: state.world.time + 600_000) {
            // Who asks for a pause goes on some time.
            if simulation.state.status == .paused { simulation.ask(.resumeRequested(by: "ada")) }
            return ended.value != nil
        }
        report.runs += 1
        report.events += simulation.eventCount
        judge(simulation, hasEnded, ended.value)
        return new
    }

    private func judge(_ simulation: Simulation, _ hasEnded: Bool, _ outcome: Result<RunState, Failure>?) {
        let status = simulation.state.status
        switch (hasEnded, outcome) {
        case (true, .success?) where status.isEnded: simulation.checker.checkEnd(status, simulation.world)
        case (true, .success?): simulation.checker.breaks("liveness", "halted though nothing failed: \(status)")
        case (true, .failure(let failure)?): simulation.checker.breaks("liveness", failure.summary)
        default: simulation.checker.breaks("liveness", "no end: \(status) in \(simulation.state.phase)")
        }
        report.ends[Exploration.word(status), default: 0] += 1
        report.broken += simulation.checker.broken
        if !report.broken.isEmpty { report.journal = simulation.journal.events.map { "\($0.kind)" } }
    }

    private static func word(_ status: RunState.Status) -> String {
        switch status {
        case .done: "done"
        case .aborted: "aborted"
        case .rolledBack: "rolled back"
        case .halted: "halted"
        case .running, .paused, .rollingBack: "not ended"
        }
    }

    /// What could be left behind right now: each subset of what is on its way happens, or not.
    private func noteCrashes(of simulation: Simulation) {
        let messages = simulation.onTheWay.prefix(4)
        for subset in 0..<(1 << messages.count) {
            var world = simulation.world
            for (index, message) in messages.enumerated() {
                message.effect(&world, subset & (1 << index) != 0)
            }
            guard seenStates.insert(Essence(simulation.state, world)).inserted else { continue }
            waiting.append(State(events: history(of: simulation), world: world, epoch: simulation.journal.epoch))
        }
    }

    private func isNew(_ simulation: Simulation) -> Bool {
        let calls = simulation.onTheWay.prefix(4).map(\.call)
        return seenMoments.insert(Moment(essence: Essence(simulation.state, simulation.world), onTheWay: calls))
            .inserted
    }

    /// A journal that leads to the same state, without what makes no difference.
    private func history(of simulation: Simulation) -> [Event] {
        simulation.journal.events.filter { $0.kind.matters }.enumerated().map { index, event in
            Event(run: event.run, sequence: index + 1, time: event.time, kind: event.kind)
        }
    }
}

/// What tells two states apart as far as rz's behaviour goes: no times, no counters, no texts. Only 128 bits of it are
/// kept, as model checkers do: a whole state takes thousands of bytes, and no two of some million share these by chance.
private struct Essence: Hashable {
    private let first: Int
    private let second: Int

    init(_ state: RunState, _ world: WorldState) {
        let state = state.essence
        let world = world.essence
        func bits(_ part: Int) -> Int {
            var hasher = Hasher()
            hasher.combine(part)
            hasher.combine(state)
            hasher.combine(world)
            return hasher.finalize()
        }
        first = bits(1)
        second = bits(2)
    }
}

extension RunState {
    fileprivate var essence: RunState {
        var essence = RunState(run: run, phases: phases)
        essence.status = status
        essence.phase = phase
        essence.pendingRequest = pendingRequest
        essence.isRollingBack = isRollingBack
        essence.handBack = handBack
        essence.traffic = traffic
        essence.traffic.samples = []
        essence.traffic.quietSince = traffic.quietSince.map { _ in Instant(milliseconds: 0) }
        essence.traffic.verifiedAt = traffic.verifiedAt.map { _ in Instant(milliseconds: 0) }
        essence.traffic.usual = traffic.usual.mapValues { _ in UsualTraffic(requests: 0, begun: 0) }
        essence.phaseStartedAt = phaseStartedAt.mapValues { _ in Instant(milliseconds: 0) }
        for (id, step) in steps {
            var known = StepState()
            known.progress = step.progress
            known.isIntended = step.isIntended
            essence.steps[id] = known
        }
        for id in handOvers.keys { essence.handOvers[id] = handOvers[id]?.withoutTimes }
        return essence
    }
}

extension WorldState {
    fileprivate var essence: WorldState {
        var essence = self
        essence.time = 0
        essence.jobRuns = [:]
        essence.failedRequests = 0
        essence.deniedRequests = 0
        essence.wrongAnswers = 0
        for color in Color.allCases {
            essence[color].configurations = 0
            for id in essence[color].services.keys {
                essence[color].services[id]?.readyAt = 0
                essence[color].services[id]?.runsUntil = 0
            }
        }
        for index in essence.loadBalancers.indices { essence.loadBalancers[index].forgetTimes() }
        return essence
    }
}

extension SimulatedLoadBalancer {
    fileprivate mutating func forgetTimes() {
        epoch = 0
        startedAt = 0
        for index in backends.indices {
            let name = backends[index].name
            backends[index] = SimulatedBackend(name: name)
        }
        for index in servers.indices {
            servers[index].past = SimulatedServer.Past()
        }
    }
}

extension Event.Kind {
    /// Whether the state after it is another one, as far as behaviour goes.
    fileprivate var matters: Bool {
        switch self {
        case .trafficSampled, .stepWaiting, .noted: false
        default: true
        }
    }
}

/// Nothing fails; each moment is told.
private final class Recorder: FaultSource {
    var onMoment: () -> Void = {}

    func fate(of call: Call) -> Fate { .answered(effectAfter: 1, replyAfter: 1) }

    func passes(_ point: KillPoint, _ process: SimulatedProcess) {
        switch point {
        case .beforeAppend(let kinds), .afterAppend(let kinds): if kinds.contains(where: \.matters) { onMoment() }
        case .beforeCall(let call): if call.isMutating { onMoment() }
        // Whatever is on its way at a moment is tried with every outcome.
        case .duringCall: break
        case .afterCall: onMoment()
        }
    }
}
