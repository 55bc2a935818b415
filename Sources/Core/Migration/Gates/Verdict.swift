/// What a gate says. No data is never a pass.
public enum Verdict: String, Codable, Sendable, Hashable {
    case pass, fail, inconclusive

    /// Of several verdicts: one failure fails, otherwise one open question leaves the whole open.
    public static func combined(_ verdicts: some Sequence<Verdict>) -> Verdict {
        var result: Verdict?
        for verdict in verdicts {
            switch verdict {
            case .fail: return .fail
            case .inconclusive: result = .inconclusive
            case .pass: result = result ?? .pass
            }
        }
        return result ?? .inconclusive
    }
}

/// One measurement that a gate judged.
public struct GateSample: Codable, Sendable, Hashable {
    /// What was measured, for example `errorRate`.
    public var gate: String
    /// Of what: `edge-1/be_shop`, `/shop/cart`.
    public var subject: String
    public var verdict: Verdict
    /// The measured number, if there was one.
    public var value: Double?
    public var limit: Double?
    /// How many requests or probes the number rests on.
    public var samples: Int?
    /// In words, for people.
    public var message: String

    public init(
        gate: String, subject: String, verdict: Verdict, value: Double? = nil, limit: Double? = nil,
        samples: Int? = nil, message: String
    ) {
        self.gate = gate
        self.subject = subject
        self.verdict = verdict
        self.value = value
        self.limit = limit
        self.samples = samples
        self.message = message
    }
}

extension Plan {
    /// What a bad verdict on the new color means for a run.
    ///
    /// - Parameter place: `at 10%`, `in drain`.
    package func failure(of sample: GateSample, at place: String) -> Failure {
        Failure(
            "\(direction.new) failed the gate \(sample.gate) \(place)", at: sample.subject, details: [sample.message],
            advice: "See why, then run: rz resume \(environment.name) (the cutover is done again)."
                + (unreachable == nil ? " Or take \(direction.new) down: rz rollback \(environment.name)" : ""))
    }
}

/// Counts consecutive verdicts until `needed` passes stand in a row.
public struct ConsecutivePasses: Sendable, Equatable {
    public let needed: Int
    public private(set) var count = 0

    public init(needed: Int) { self.needed = max(1, needed) }

    /// Takes one more verdict; anything but a pass starts the count again.
    public mutating func record(_ verdict: Verdict) { count = verdict == .pass ? count + 1 : 0 }
    public var isReached: Bool { count >= needed }
}
