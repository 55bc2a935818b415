import Migration

/// A job is handed over by an rz that dies once no color lets the job run; the next one dies at each moment while it makes
/// up for the run that was missed, each in a run of its own (invariant I4).
public struct JobHandOvers {
    public private(set) var runs = 0
    /// Each with the job and the moment.
    public private(set) var broken: [BrokenPromise] = []

    public init(_ scenario: Scenario) {
        for job in scenario.plan.services where job.mode == .scheduled {
            var moment = 1
            while dying(ScriptedRun(scenario), job.id, moment) { moment += 1 }
        }
    }

    /// - Returns: whether the missed run is made up for in so many moments.
    private mutating func dying(_ run: ScriptedRun, _ job: ServiceID, _ moment: Int) -> Bool {
        let simulation = run.simulation
        defer { simulation.close() }
        simulation.faults = StrikeAtMoment(1) { _ in
            simulation.state.handOvers[job].map { $0.holder == nil } ?? false
        } strike: {
            simulation.kill($0)
        }
        run.perform(opening: run.start)
        letARunPass(simulation)
        let death = StrikeAtMoment(moment) { _ in
            simulation.state.handOvers[job].map { $0.hasMissedRun || $0.missedRunIsIntended } ?? false
        } strike: {
            simulation.kill($0)
        }
        simulation.faults = death
        run.perform(opening: .runResumed(by: "ada"))
        guard death.hasStruck else { return false }
        runs += 1
        run.perform(opening: .runResumed(by: "ada"))
        broken += run.verdict(on: "\(job), rz dead at moment \(moment) of making up for a missed run")
        return true
    }

    private func letARunPass(_ simulation: Simulation) {
        let end = simulation.timeline.elapsed + simulation.world.jobPeriod
        simulation.timeline.after(simulation.world.jobPeriod) {}
        _ = simulation.timeline.run(limit: .max) { simulation.timeline.elapsed >= end }
    }
}
