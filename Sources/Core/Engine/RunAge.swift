import Migration

/// How long a run has lasted, over all its processes, by the times of its events.
struct RunAge: Sendable {
    private var began: Instant?
    private var last: Instant?
    private var wasSetBack = false

    mutating func take(_ event: Event) {
        wasSetBack = wasSetBack || isBack(event.time)
        began = began ?? event.time
        last = event.time
    }

    /// Nil where no one knows, as the clock was set back on the way.
    func age(now: Instant) -> Period? {
        guard let began, !wasSetBack, !isBack(now) else { return nil }
        return now - began
    }

    /// Clocks that are kept right go back by less.
    private static let tolerance = Period.seconds(1)

    private func isBack(_ time: Instant) -> Bool { last.map { time < $0 - RunAge.tolerance } ?? false }
}
