import Migration

/// Something that happens once, at one moment of a run: right before or after an append or a call, or while a call is on
/// its way.
final class StrikeAtMoment: FaultSource {
    private(set) var hasStruck = false
    private var left: Int
    private let counts: (KillPoint) -> Bool
    private let lateness: Lateness
    private let strike: (SimulatedProcess) -> Void

    /// - Parameters:
    ///   - number: which of them, from 1 on.
    ///   - counts: whether a moment counts.
    ///   - lateness: how messages of a process that the strike kills are held up.
    init(
        _ number: Int, of counts: @escaping (KillPoint) -> Bool = { _ in true }, lateness: Lateness = .after(0),
        strike: @escaping (SimulatedProcess) -> Void
    ) {
        left = number
        self.counts = counts
        self.lateness = lateness
        self.strike = strike
    }

    func passes(_ point: KillPoint, _ process: SimulatedProcess) {
        guard !hasStruck, counts(point) else { return }
        left -= 1
        guard left == 0 else { return }
        hasStruck = true
        strike(process)
    }

    func lateness(of call: Call) -> Lateness { lateness }
}
