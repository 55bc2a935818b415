import Migration

/// The clock of rz's host is set all along a run, forward and back, each time in a run of its own: nothing is proved sooner
/// for it, and nothing is waited for longer (invariant I3).
public struct ClockJumps {
    public private(set) var runs = 0
    /// Each with the jump and the moment.
    public private(set) var broken: [BrokenPromise] = []

    public init(_ scenario: Scenario) {
        let undisturbed = ScriptedRun(scenario)
        undisturbed.perform(opening: undisturbed.start)
        let usual = undisturbed.simulation.timeline.elapsed
        undisturbed.simulation.close()
        for jump in [Period.minutes(10), .zero - .minutes(10)] {
            var number = 1
            while perform(ScriptedRun(scenario), jump, number, usual: usual) { number += ClockJumps.stride }
        }
    }

    /// Some moments are one look apart, and a clock that is set tells only in what lasts longer.
    private static let stride = 5

    /// Jobs that fire, and a load balancer that answers in a few milliseconds instead of one.
    private static let patience: Int64 = 15_000

    /// - Returns: whether the run has so many moments.
    private mutating func perform(_ run: ScriptedRun, _ jump: Period, _ number: Int, usual: Int64) -> Bool {
        let simulation = run.simulation
        defer { simulation.close() }
        let faults = StrikeAtMoment(number) { _ in simulation.timeline.wallOffset += jump.milliseconds }
        simulation.faults = faults
        run.perform(opening: run.start)
        guard faults.hasStruck else { return false }
        runs += 1
        let took = simulation.timeline.elapsed
        if took > usual + ClockJumps.patience {
            simulation.checker.breaks("liveness", "the run took \(took) ms, and \(usual) without it")
        }
        broken += run.verdict(on: "the clock set by \(jump.milliseconds) ms at moment \(number)")
        return true
    }
}
