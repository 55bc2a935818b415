/// Where a run publishes what it measures while it goes: for people who look, never for what it decides.
///
/// Measurements are no part of the journal. The newest count, any of them may be lost, and no run waits for a reader
/// (invariant I14): `publish` hands over and returns at once, whatever becomes of the samples.
public protocol TelemetrySink: Sendable {
    /// - Parameters:
    ///   - samples: of one look at all load balancers that answered; they replace those of the look before.
    ///   - time: when the look was taken.
    func publish(_ samples: [TrafficSample], at time: Instant, run: RunID)
}

/// One look at the traffic, as it was published.
public struct TelemetryReading: Sendable, Hashable {
    public var time: Instant
    public var samples: [TrafficSample]

    public init(time: Instant, samples: [TrafficSample]) {
        self.time = time
        self.samples = samples
    }
}

/// Measurements that no one wants.
public struct NoTelemetry: TelemetrySink {
    public init() {}

    public func publish(_ samples: [TrafficSample], at time: Instant, run: RunID) {}
}
