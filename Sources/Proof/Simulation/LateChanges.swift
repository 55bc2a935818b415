import Migration

/// Every change that a run makes to a load balancer or a framework, each in a run of its own: rz dies while it is on its
/// way, and it arrives after the next rz, which goes on or back, has looked there some times (invariants I4 and I6).
public struct LateChanges {
    public private(set) var runs = 0
    /// Each with the change and the look.
    public private(set) var broken: [BrokenPromise] = []

    public init(_ scenario: Scenario) {
        for number in 1... {
            let before = runs
            for looks in 1...4 {
                for goesBack in [false, true] {
                    perform(ScriptedRun(scenario), number, looks, goesBack)
                }
            }
            if runs == before { return }
        }
    }

    private mutating func perform(_ run: ScriptedRun, _ number: Int, _ looks: Int, _ goesBack: Bool) {
        let simulation = run.simulation
        defer { simulation.close() }
        let faults = StrikeAtMoment(number, of: { $0.isChangeUnderWay }, lateness: .afterLooks(looks)) {
            simulation.kill($0)
        }
        simulation.faults = faults
        run.perform(opening: run.start)
        guard faults.hasStruck else { return }
        runs += 1
        if goesBack, canRollBack(simulation.state, simulation.scenario.plan) {
            simulation.ask(.rollbackRequested(by: "ada"))
        }
        run.perform(opening: .runResumed(by: "ada"))
        broken += run.verdict(on: "change \(number) after look \(looks), going \(goesBack ? "back" : "on")")
    }
}

extension KillPoint {
    /// While a call that changes something is on its way; programs stay on the host.
    fileprivate var isChangeUnderWay: Bool {
        if case .duringCall(let call) = self { !call.isProgram } else { false }
    }
}
