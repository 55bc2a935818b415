import Migration

/// Something that happens once, at one moment of a run: right before or after an append or a call, or while a call is on
/// its way.
final class StrikeAtMoment: FaultSource {
    private(set) var hasStruck = false
    private var left: Int
    private let counts: () -> Bool
    private let strike: (SimulatedProcess) -> Void

    /// - Parameters:
    ///   - number: which of them, from 1 on.
    ///   - counts: whether a moment counts.
    init(_ number: Int, of counts: @escaping () -> Bool = { true }, strike: @escaping (SimulatedProcess) -> Void) {
        left = number
        self.counts = counts
        self.strike = strike
    }

    func passes(_ point: KillPoint, _ process: SimulatedProcess) {
        guard !hasStruck, counts() else { return }
        left -= 1
        guard left == 0 else { return }
        hasStruck = true
        strike(process)
    }

    func fate(of call: Call) -> Fate { .answered(effectAfter: 2, replyAfter: 2) }
    func appendFailure() -> (failure: Failure, afterCommit: Bool)? { nil }
    func arrives(_ call: Call) -> Bool { true }
    func lateness(of call: Call) -> Lateness { .after(0) }
}
