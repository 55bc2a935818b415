import Migration

/// How long a run had lasted by the times of its events, oldest first; nil where no one knows, as the clock was set back
/// on the way.
func age(of events: [Event], now: Instant) -> Period? {
    guard let first = events.first else { return .zero }
    // Clocks that are kept right go back by less.
    let tolerance = Period.seconds(1)
    var last = first.time
    for time in events.dropFirst().map(\.time) + [now] {
        if time < last - tolerance { return nil }
        last = time
    }
    return now - first.time
}
