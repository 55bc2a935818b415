/// What another system than the load balancers said last of the new color. Pure.
public struct Measurement: Sendable, Hashable {
    public private(set) var sample: GateSample
    /// The uptime at which it was asked.
    public private(set) var time: Period
    /// How many answers in a row were beyond the limits; one that tells nothing neither counts nor ends the row.
    public private(set) var failures: Int

    public init(_ sample: GateSample, at time: Period, after before: Measurement? = nil) {
        self.sample = sample
        self.time = time
        switch sample.verdict {
        case .fail: failures = (before?.failures ?? 0) + 1
        case .pass: failures = 0
        case .inconclusive: failures = before?.failures ?? 0
        }
    }
}

extension Analysis.Prometheus {
    /// What is to be said of the new color by the last answer.
    ///
    /// - Parameters:
    ///   - measurement: the last answer; nil for none since the step began, as an earlier one says nothing of this share.
    ///   - now: the uptime.
    public func finding(_ measurement: Measurement?, now: Period) -> TrafficJudgement.Finding {
        guard let measurement else { return held("\(query.name): an answer of Prometheus") }
        let age = now - measurement.time
        // Two questions in turn, each with a time limit of its own.
        guard age <= interval + interval + timeout + timeout else {
            return held("\(query.name): Prometheus said nothing for \(Wording.time(age))")
        }
        var sample = measurement.sample
        sample.gate = Analysis.Prometheus.gate
        sample.subject = query.name
        switch sample.verdict {
        case .pass: return TrafficJudgement.Finding(sample: sample, holds: false)
        case .inconclusive:
            // With no samples it answered, and has nothing.
            return TrafficJudgement.Finding(sample: sample, holds: sample.samples != 0 || whenIdle == .hold)
        case .fail:
            guard measurement.failures >= failures else {
                return held("\(sample.message) (\(measurement.failures) of \(failures) in a row)")
            }
            return TrafficJudgement.Finding(sample: sample, holds: false)
        }
    }

    private func held(_ message: String) -> TrafficJudgement.Finding {
        TrafficJudgement.Finding(
            sample: GateSample(
                gate: Analysis.Prometheus.gate, subject: query.name, verdict: .inconclusive, message: message),
            holds: true)
    }

    private static let gate = "prometheus"
}
