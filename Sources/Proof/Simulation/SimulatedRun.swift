import Migration
import Operations

/// One whole run under faults that a seed decides: rz, the operator who starts it again, the people who interfere.
public struct SimulatedRun {
    /// What came of a seed.
    public struct Report: Sendable {
        public var seed: UInt64
        /// Journal events and effects.
        public var events: Int
        public var end: RunState.Status
        /// Whether a drill went there and back.
        public var isDrilled: Bool
        public var broken: [BrokenPromise]
        /// Every event and effect with its time in milliseconds; empty unless asked for.
        public var trace: [String]
        /// How many processes took part.
        public var processes: Int
        /// How the world was less kind than it says.
        public var lies: Set<Lie>
    }

    private let scenario: Scenario
    private let seed: UInt64
    private let lies: Set<Lie>
    private let simulation: Simulation
    private let faults: RandomFaults
    private var timeline: Timeline { simulation.timeline }
    private let people: People

    /// - Parameter lies: how the world is less kind than it says; nil for what the seed decides.
    public init(_ scenario: Scenario, seed: UInt64, lies: Set<Lie>? = nil, isTracing: Bool = false) {
        self.scenario = scenario
        self.seed = seed
        let timeline = Timeline(seed: seed, isShuffled: true)
        // Each kind of lie is also seen by itself.
        let rates = timeline.generator.chance(oneIn: 3) ? FaultRates.none : FaultRates.random(&timeline.generator)
        var ownDice = SeededGenerator(seed: ~seed)
        let shrunk = ownDice.chance(oneIn: 6)
        var chosen = lies ?? Lie.random(&timeline.generator).union(shrunk ? [.shrunkSource] : [])
        if lies == nil, scenario.isGoverned {
            chosen = chosen.union(ownDice.chance(oneIn: 3) ? [.smaller] : []).intersection(Lie.besideShares)
        }
        if lies == nil, scenario.limitsClasses, ownDice.chance(oneIn: 2) { chosen.insert(.retried) }
        let lies = chosen
        self.lies = lies
        faults = RandomFaults(rates, timeline: timeline)
        simulation = Simulation(scenario, timeline: timeline, faults: faults, isTracing: isTracing)
        // Someone downloads something large.
        if timeline.generator.chance(oneIn: 3) {
            simulation.world.sessionLength = Int64.random(in: 1_000...15_000, using: &timeline.generator)
        }
        if timeline.generator.chance(oneIn: 3) {
            simulation.world.jobPeriod = Int64.random(in: 3_000...12_000, using: &timeline.generator)
            simulation.world.jobLength = Int64.random(in: 200...15_000, using: &timeline.generator)
        }
        simulation.checker.takenOut = simulation.world.lie(
            lies, old: scenario.plan.direction.old, &timeline.generator)
        // Where calls are lost and rz is stopped, no one is quick.
        simulation.checker.patience = rates == .none ? 15_000 : 90_000
        people = People(simulation: simulation, faults: faults, lies: lies)
    }

    /// Performs the run to its end.
    public func perform() -> Report {
        defer { simulation.close() }
        people.begin()
        let hasEnded = timeline.run(limit: SimulatedRun.limit) { people.isDone || !simulation.checker.broken.isEmpty }
        if !hasEnded {
            simulation.checker.breaks(
                "liveness",
                "no end after \(timeline.elapsed) ms: \(simulation.state.status) in \(simulation.state.phase)")
        }
        if simulation.checker.broken.isEmpty {
            simulation.checker.checkEnd(simulation.state.status, simulation.world)
        }
        return Report(
            seed: seed, events: simulation.eventCount, end: simulation.state.status,
            isDrilled: simulation.state.isDrilled(scenario.plan), broken: simulation.checker.broken,
            trace: simulation.trace, processes: simulation.processes.count, lies: lies)
    }

    /// Past this a run hangs: four hours, where the longest deadline is one and a clean run takes half a minute.
    private static let limit: Int64 = 4 * 3600 * 1000
}
