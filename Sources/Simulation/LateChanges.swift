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
        let faults = LateChange(number, looks: looks)
        faults.strike = { simulation.kill($0) }
        simulation.faults = faults
        run.perform(opening: run.start)
        guard faults.hasStruck else { return }
        runs += 1
        if goesBack, canRollBack(simulation.state, simulation.scenario.plan) {
            simulation.ask(.rollbackRequested(by: "ada"))
        }
        run.perform(opening: .runResumed(by: "ada"))
        if run.broken.isEmpty { simulation.checker.checkEnd(simulation.state.status, simulation.world) }
        broken += run.broken.map { promise in
            let way = goesBack ? "back" : "on"
            return BrokenPromise(
                promise: promise.promise,
                explanation: "change \(number) after look \(looks), going \(way): \(promise.explanation)")
        }
    }
}

/// Strikes once, while a change is on its way.
private final class LateChange: FaultSource {
    var strike: (SimulatedProcess) -> Void = { _ in }
    private(set) var hasStruck = false
    private var left: Int
    private let looks: Int

    init(_ number: Int, looks: Int) {
        left = number
        self.looks = looks
    }

    func passes(_ point: KillPoint, _ process: SimulatedProcess) {
        guard case .duringCall(let call) = point, !call.isProgram else { return }
        left -= 1
        guard left == 0 else { return }
        hasStruck = true
        strike(process)
    }

    func fate(of call: Call) -> Fate { .answered(effectAfter: 2, replyAfter: 2) }
    func appendFailure() -> (failure: Failure, afterCommit: Bool)? { nil }
    func arrives(_ call: Call) -> Bool { true }
    func lateness(of call: Call) -> Lateness { .afterLooks(looks) }
}
