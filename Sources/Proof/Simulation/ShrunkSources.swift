import Migration

/// At each look that a run takes at a framework, each in a run of its own, it reports less than it runs: once, for a
/// while, or until rz gives up (invariant I12). Then it reports everything, and the run is resumed to its end.
public struct ShrunkSources {
    public private(set) var runs = 0
    /// Runs that the framework made halt.
    public private(set) var halts = 0
    /// Each with the look and the answer.
    public private(set) var broken: [BrokenPromise] = []

    public init(_ scenario: Scenario) {
        let ways = ShrunkAnswer.all(of: scenario.plan.services.map(\.id))
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
        _ run: ScriptedRun, _ color: Color, _ way: ShrunkAnswer, _ lasting: Lasting, _ number: Int
    ) -> Bool {
        let simulation = run.simulation
        defer { simulation.close() }
        func restore() { simulation.happens("the source of \(color) reports everything") { $0.reported[color] = nil } }
        let faults = StrikeAtMoment(number, of: { $0.isLook(at: color) }) { _ in
            simulation.happens("the source of \(color) reports less: \(way)") { $0.reported[color] = way }
            switch lasting {
            case .once: simulation.faults = StrikeAtMoment(1, of: { $0.isLook(at: color) }) { _ in restore() }
            case .aWhile: simulation.timeline.after(5_000) { restore() }
            case .untilTheEnd: break
            }
        }
        simulation.faults = faults
        run.perform(opening: run.start)
        guard faults.hasStruck else { return false }
        runs += 1
        if case .halted = simulation.state.status { halts += 1 }
        restore()
        for _ in 0..<3 where !simulation.state.status.isEnded { run.perform(opening: .runResumed(by: "ada")) }
        broken += run.verdict(on: "\(color) \(way), \(lasting), at look \(number)")
        return true
    }
}

extension KillPoint {
    func isLook(at color: Color) -> Bool {
        if case .beforeCall(let call) = self { call.target == .cluster(color) && !call.isMutating } else { false }
    }
}
