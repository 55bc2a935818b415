import Migration
import Operations

/// A run in which nothing goes wrong but what a script says: the same log every time, for people to read.
public struct ScriptedRun {
    let simulation: Simulation
    private var plan: Plan { simulation.scenario.plan }

    public init(_ scenario: Scenario) {
        simulation = Simulation(
            scenario, timeline: Timeline(seed: 0, isShuffled: false), faults: NoFaults(), isTracing: true)
    }

    /// The whole run.
    public func clean() -> [String] {
        perform(opening: start)
        return log
    }

    /// The run up to the end of a phase, halted there, and then rolled back.
    public func rolledBack(after phase: PhaseID) -> [String] {
        perform(opening: start, until: phase)
        simulation.ask(.rollbackRequested(by: "ada"))
        perform(opening: .runResumed(by: "ada"))
        return log
    }

    /// The run up to the end of a phase, halted there, and then resumed to its end.
    public func resumed(after phase: PhaseID) -> [String] {
        perform(opening: start, until: phase)
        perform(opening: .runResumed(by: "ada"))
        return log
    }

    /// Promises that were broken on the way.
    public var broken: [BrokenPromise] { simulation.checker.broken }

    /// Judges how the run ended, and tells of each broken promise what was done to the run.
    func verdict(on what: String) -> [BrokenPromise] {
        if broken.isEmpty { simulation.checker.checkEnd(simulation.state.status, simulation.world) }
        return broken.map { BrokenPromise(promise: $0.promise, explanation: "\(what): \($0.explanation)") }
    }

    var start: Event.Kind {
        .runStarted(environment: plan.environment.name, plan: plan.id, from: .blue, to: .green, by: "ada")
    }

    func perform(opening: Event.Kind, until lastPhase: PhaseID? = nil) {
        let hasEnded = Box(false)
        let process = simulation.start(opening: opening, until: lastPhase) { _ in hasEnded.value = true }
        _ = simulation.timeline.run(limit: .max) {
            approve()
            return hasEnded.value
        }
        process.map { simulation.kill($0) }
    }

    private func approve() {
        guard simulation.state.phase == .tearDown else { return }
        for step in plan.steps {
            guard case .approval(let demand, _) = step.action, simulation.state.steps[step.id]?.progress == .running,
                simulation.state.approvals[step.id, default: []].count < demand.people
            else { continue }
            simulation.ask(.approvalGiven(step: step.id, by: "grace"))
        }
    }

    /// Without times, and without what only says that time passes.
    private var log: [String] {
        simulation.trace.map { String($0.dropFirst(10)) }.filter { line in
            !line.contains("writes trafficSampled") && !line.contains("writes stepWaiting")
        }
    }
}
