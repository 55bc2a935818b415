import Migration

/// How fast the share of this run has grown, by this process's own clock, which no one sets.
struct PaceRecord: Sendable {
    private(set) var pace = SharePace()
    /// Whether what earlier processes wrote was read: what follows happens now.
    var hasReadEarlier = false

    /// What an earlier process wrote is as old as the clock says; if that was set back, it happened just now.
    mutating func take(_ event: Event, _ clock: any RunClock) {
        let age = hasReadEarlier ? .zero : min(max(.zero, clock.now - event.time), SharePace.window)
        pace.take(event.kind, at: clock.uptime - age)
    }
}

extension Engine {
    var sharePace: SharePace { pace.pace }
}
