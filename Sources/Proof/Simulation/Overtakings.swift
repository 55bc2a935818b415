import Migration

/// Every program that a run starts, each in a run of its own: the rz that started it dies, the next one waits for its
/// end, is stopped there, and goes on when a third one has taken over (invariant I6).
public struct Overtakings {
    public private(set) var runs = 0
    /// Each with the program.
    public private(set) var broken: [BrokenPromise] = []

    public init(_ scenario: Scenario) {
        var number = 1
        while perform(ScriptedRun(scenario), number) { number += 1 }
    }

    /// - Returns: whether the run starts so many programs.
    private mutating func perform(_ run: ScriptedRun, _ number: Int) -> Bool {
        let simulation = run.simulation
        defer { simulation.close() }
        let timeline = simulation.timeline
        let faults = ProgramFaults(number)
        faults.kill = { simulation.kill($0) }
        // It does not stop at the very point, but while it waits there.
        faults.stop = { process in timeline.after(0) { process.stop() } }
        simulation.faults = faults
        run.perform(opening: run.start)
        guard faults.isStruck else { return false }
        runs += 1

        let second = simulation.start(opening: .runResumed(by: "ada")) { _ in }
        _ = timeline.run(limit: timeline.elapsed + 60_000) { second?.state == .stopped }
        simulation.journal.unlock()
        timeline.after(5_000) { second?.goOn() }
        run.perform(opening: .runResumed(by: "ada"))
        _ = timeline.run(limit: timeline.elapsed + 60_000) { false }
        if second?.state == .stopped { simulation.checker.breaks("liveness", "the second rz never went on") }
        broken += run.verdict(on: "program \(number) overtaken")
        return true
    }
}

/// Kills the first process while a program of its own is under way, and stops the second one that waits for it.
private final class ProgramFaults: FaultSource {
    var kill: (SimulatedProcess) -> Void = { _ in }
    var stop: (SimulatedProcess) -> Void = { _ in }
    private(set) var isStruck = false
    private var hasStopped = false
    private var left: Int

    init(_ number: Int) { left = number }

    func passes(_ point: KillPoint, _ process: SimulatedProcess) {
        switch point {
        case .duringCall(let call) where call.isProgram && !isStruck:
            left -= 1
            guard left == 0 else { return }
            isStruck = true
            kill(process)
        case .beforeCall(let call) where call.isProgram && isStruck && !hasStopped:
            hasStopped = true
            stop(process)
        default: break
        }
    }

    func fate(of call: Call) -> Fate { .answered(effectAfter: call.isProgram ? 1_000 : 2, replyAfter: 2) }
}
