import Migration

/// Before each look that a run takes at the new color's framework, each in a run of its own, the framework runs a
/// service otherwise than it reports, for a while: no gate passes on what its definition says alone.
public struct AlteredTasks {
    public private(set) var runs = 0
    /// Runs whose gate was not passed yet when it happened.
    public private(set) var timely = 0
    /// Each with the look.
    public private(set) var broken: [BrokenPromise] = []

    /// - Parameter scenario: in which Mesos reports what runs.
    public init(_ scenario: Scenario) {
        var number = 1
        while perform(ScriptedRun(scenario), number) { number += 1 }
    }

    /// How long it lasts, in milliseconds: longer than a gate needs that does not notice.
    private static let time: Int64 = 20_000

    /// - Returns: whether the run takes so many looks.
    private mutating func perform(_ run: ScriptedRun, _ number: Int) -> Bool {
        let simulation = run.simulation
        defer { simulation.close() }
        let new = simulation.scenario.plan.direction.new
        let hadPassed = Box(false)
        let faults = StrikeAtMoment(number, of: { $0.isLook(at: new) }) { _ in
            hadPassed.value = simulation.hasPassedServiceGate
            simulation.happens("\(new) runs its services otherwise") { world in
                world[new].runsOtherwise = true
            }
            simulation.timeline.after(AlteredTasks.time) {
                if !hadPassed.value, simulation.hasPassedServiceGate {
                    simulation.checker.breaks("parity", "\(new) passed its gate with tasks that are no copies")
                }
                simulation.happens("\(new) runs its services as its framework reports") { world in
                    world[new].runsOtherwise = false
                }
            }
        }
        simulation.faults = faults
        run.perform(opening: run.start)
        guard faults.hasStruck else { return false }
        runs += 1
        if !hadPassed.value { timely += 1 }
        for _ in 0..<3 where !simulation.state.status.isEnded { run.perform(opening: .runResumed(by: "ada")) }
        broken += run.verdict(on: "other tasks, at look \(number)")
        return true
    }
}

extension Simulation {
    fileprivate var hasPassedServiceGate: Bool {
        state.steps.contains { "\($0.key)".hasPrefix("serviceGate/") && $0.value.progress == .done }
    }
}
