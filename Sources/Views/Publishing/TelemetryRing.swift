import Migration

/// What a run measured last, in two small files beside its journal that take turns: the newest lines of both are kept,
/// all others are written over.
///
/// Nothing rests on it. A line that is damaged or half written is passed over, a folder that is missing or full makes
/// readers see nothing; the run knows of neither (invariant I14).
public struct TelemetryRing: TelemetrySink {
    /// A look that is longer than a file takes a file for itself.
    static let largestFile = 4 << 20

    private let handover: Handover<Look>

    private struct Look: Sendable {
        var reading: TelemetryReading
        var run: RunID
    }

    /// - Parameter folder: made when there is something to write.
    public init(folder: String) {
        let files = RingFiles(folder: folder)
        // One at most: a disk that is too slow for all looks gets the newest.
        handover = Handover("rz.telemetry", capacity: 1) { look, _ in
            let line = TelemetryLine.text(of: look.reading, run: look.run)
            files.append(Array((line + "\n").utf8), largest: TelemetryRing.largestFile)
            return true
        }
    }

    public func publish(_ reading: TelemetryReading, run: RunID) {
        handover.give(Look(reading: reading, run: run))
    }

    /// Waits until the last look is written.
    public func close(within limit: Duration) async { _ = await handover.close(within: limit) }

    /// The newest look of a run; nil when there is none that can be read.
    public static func newest(of run: RunID, in folder: String) -> TelemetryReading? {
        let readings = RingFiles(folder: folder).contents.compactMap { content -> TelemetryReading? in
            for line in content.split(separator: 10).reversed() {
                if let reading = TelemetryLine.reading(of: line, run: run) { return reading }
            }
            return nil
        }
        return readings.max { $0.time < $1.time }
    }
}
