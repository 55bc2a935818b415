import Migration

/// How often what goes wrong, each once in so many calls or moments; 0 is never.
public struct FaultRates: Sendable, Hashable {
    public var callFails = 0
    public var requestLost = 0
    public var replyLost = 0
    public var repeated = 0
    public var brokenOff = 0
    public var slow = 0
    public var appendFails = 0
    public var killed = 0
    public var stopped = 0

    public static let none = FaultRates()

    /// Some of the faults, as a seed decides: most runs have few kinds, so that each kind is seen by itself too.
    static func random(_ generator: inout SeededGenerator) -> FaultRates {
        func rate(_ usual: Int) -> Int {
            generator.chance(oneIn: 3) ? usual * Int.random(in: 1...4, using: &generator) : 0
        }
        return FaultRates(
            callFails: rate(25), requestLost: rate(60), replyLost: rate(40), repeated: rate(20), brokenOff: rate(20),
            slow: rate(10), appendFails: rate(300), killed: rate(150), stopped: rate(300))
    }
}

/// Faults as chance has them, until they stop.
final class RandomFaults: FaultSource {
    var rates: FaultRates
    /// Called when a process is to be stopped; a person notices some time.
    var onStop: (SimulatedProcess) -> Void = { _ in }
    var onKill: (SimulatedProcess) -> Void = { _ in }
    private let timeline: Timeline

    init(_ rates: FaultRates, timeline: Timeline) {
        self.rates = rates
        self.timeline = timeline
    }

    func fate(of call: Call) -> Fate {
        let there = Int64.random(in: 1...8, using: &timeline.generator)
        let back = Int64.random(in: 1...8, using: &timeline.generator)
        if happens(rates.callFails) {
            // Some failures are worth another try and some are not.
            let kind: Failure.Kind = happens(5) ? .permanent : .transient
            return .failed(Failure("\(call.name) failed", details: ["simulated"], kind: kind), after: there)
        }
        if call.isProgram {
            if happens(rates.brokenOff) { return .brokenOff(changes: 0, after: there) }
            return .answered(effectAfter: happens(rates.slow) ? 3000 : 1000, replyAfter: back)
        }
        if happens(rates.requestLost) { return .requestLost(timeout: 10_000) }
        guard call.isMutating else {
            return .answered(effectAfter: there, replyAfter: happens(rates.slow) ? slowly : back)
        }
        if happens(rates.replyLost) { return .replyLost(effectAfter: happens(3) ? 4000 : there, timeout: 10_000) }
        if case .loadBalancer = call.target, happens(rates.brokenOff) {
            return .brokenOff(changes: Int.random(in: 0...2, using: &timeline.generator), after: there)
        }
        if call.isRepeatable, happens(rates.repeated) { return .repeated(effectAfter: there, replyAfter: back) }
        return .answered(
            effectAfter: happens(rates.slow) ? slowly : there, replyAfter: happens(rates.slow) ? slowly : back)
    }

    private var slowly: Int64 { Int64.random(in: 300...9_000, using: &timeline.generator) }

    func appendFailure() -> (failure: Failure, afterCommit: Bool)? {
        guard happens(rates.appendFails) else { return nil }
        return happens(3)
            ? (Failure("The disk did not answer", kind: .transient), true) : (SimulatedJournal.full, false)
    }

    func passes(_ point: KillPoint, _ process: SimulatedProcess) {
        guard rates.killed > 0 || rates.stopped > 0 else { return }
        // What happens once in a run would else be struck once in some hundred runs.
        let weight = seen.insert(point.name).inserted ? 4 : 1
        if happens(rates.killed / weight) {
            onKill(process)
        } else if happens(rates.stopped / weight) {
            onStop(process)
        }
    }

    /// Names of points that were passed.
    private var seen: Set<String> = []

    func arrives(_ call: Call) -> Bool { !timeline.generator.chance(oneIn: 4) }

    func lateness(of call: Call) -> Lateness {
        switch Int.random(in: 0..<3, using: &timeline.generator) {
        case 0: .after(0)
        case 1: .after(Int64.random(in: 0...RandomFaults.latest, using: &timeline.generator))
        default: .afterLooks(Int.random(in: 1...3, using: &timeline.generator))
        }
    }

    /// No message of a dead process is on its way for longer, in milliseconds.
    static let latest: Int64 = 8_000

    private func happens(_ rate: Int) -> Bool { rate > 0 && timeline.generator.chance(oneIn: rate) }
}

extension KillPoint {
    /// What it has in common with others like it.
    fileprivate var name: String {
        switch self {
        case .beforeAppend(let kinds): "before " + KillPoint.name(of: kinds)
        case .afterAppend(let kinds): "after " + KillPoint.name(of: kinds)
        case .beforeCall(let call): "before " + call.name
        case .duringCall(let call): "during " + call.name
        case .afterCall(let call): "after " + call.name
        }
    }

    private static func name(of kinds: [Event.Kind]) -> String {
        kinds.first.map { String("\($0)".prefix { $0 != "(" }) } ?? ""
    }
}
