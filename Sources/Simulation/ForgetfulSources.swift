import Migration

/// At each look that a run takes at a framework, each in a run of its own, it tells of less than it runs: once, for a
/// while, or until rz gives up (invariant I12). Then it remembers, and the run is resumed to its end.
public struct ForgetfulSources {
    public private(set) var runs = 0
    /// Runs that the framework made halt.
    public private(set) var halts = 0
    /// Each with the look and the answer.
    public private(set) var broken: [BrokenPromise] = []

    public init(_ scenario: Scenario) {
        let ways = Forgetting.all(of: scenario.plan.services.map(\.id))
        for color in Color.allCases {
            for way in ways {
                // The new color's services are waited for up to a step's deadline: that is long, and no danger.
                for lasting in Lasting.allCases where lasting != .untilTheEnd || color == scenario.plan.direction.old {
                    var number = 1
                    while perform(ScriptedRun(scenario), color, way, lasting, number) { number += 1 }
                }
            }
        }
    }

    private enum Lasting: CaseIterable { case once, aWhile, untilTheEnd }

    /// - Returns: whether the run takes so many looks.
    private mutating func perform(
        _ run: ScriptedRun, _ color: Color, _ way: Forgetting, _ lasting: Lasting, _ number: Int
    ) -> Bool {
        let simulation = run.simulation
        defer { simulation.close() }
        func remember() { simulation.happens("the source of \(color) remembers") { $0.told[color] = nil } }
        let faults = ForgetAtLook(number, at: color) {
            simulation.happens("the source of \(color) forgets: \(way)") { $0.told[color] = way }
        }
        faults.answered = { if lasting == .once { remember() } }
        simulation.faults = faults
        if lasting == .aWhile {
            faults.forgotten = { simulation.timeline.after(5_000) { remember() } }
        }
        run.perform(opening: run.start)
        guard faults.hasStruck else { return false }
        runs += 1
        if case .halted = simulation.state.status { halts += 1 }
        remember()
        for _ in 0..<3 where !simulation.state.status.isEnded { run.perform(opening: .runResumed(by: "ada")) }
        if run.broken.isEmpty { simulation.checker.checkEnd(simulation.state.status, simulation.world) }
        broken += run.broken.map { promise in
            BrokenPromise(
                promise: promise.promise,
                explanation: "\(color) \(way), \(lasting), at look \(number): \(promise.explanation)")
        }
        return true
    }
}

/// Strikes before one look at a color's framework.
private final class ForgetAtLook: FaultSource {
    private(set) var hasStruck = false
    var forgotten: () -> Void = {}
    /// After the look that was struck.
    var answered: () -> Void = {}
    private var left: Int
    private let color: Color
    private let strike: () -> Void

    init(_ number: Int, at color: Color, strike: @escaping () -> Void) {
        left = number
        self.color = color
        self.strike = strike
    }

    func passes(_ point: KillPoint, _ process: SimulatedProcess) {
        guard case .beforeCall(let call) = point, call.target == .cluster(color), !call.isMutating else { return }
        left -= 1
        if left == -1 { answered() }
        guard left == 0 else { return }
        hasStruck = true
        strike()
        forgotten()
    }

    func fate(of call: Call) -> Fate { .answered(effectAfter: 2, replyAfter: 2) }
    func appendFailure() -> (failure: Failure, afterCommit: Bool)? { nil }
    func arrives(_ call: Call) -> Bool { true }
    func lateness(of call: Call) -> Lateness { .after(0) }
}
