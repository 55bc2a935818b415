/// Where a run publishes what it measures while it goes: for people who look, never for what it decides.
///
/// Measurements are no part of the journal. The newest count, any of them may be lost, and no run waits for a reader
/// (invariant I14): `publish` hands over and returns at once, whatever becomes of the samples.
public protocol TelemetrySink: Sendable {
    /// - Parameter reading: of one look at all load balancers that answered; it replaces the look before.
    func publish(_ reading: TelemetryReading, run: RunID)
}

/// One look at the traffic, as it was published.
public struct TelemetryReading: Sendable, Hashable {
    public var time: Instant
    public var samples: [TrafficSample]
    /// The oldest of the sessions that a drain waits for; nil where none does.
    public var open: OpenSessions?

    public init(time: Instant, samples: [TrafficSample], open: OpenSessions? = nil) {
        self.time = time
        self.samples = samples
        self.open = open
    }
}

/// Measurements that no one wants.
public struct NoTelemetry: TelemetrySink {
    public init() {}

    public func publish(_ reading: TelemetryReading, run: RunID) {}
}
