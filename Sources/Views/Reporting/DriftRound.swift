import FoundationEssentials
import Migration

/// What one of regular looks for drift found, or one of regular runs came to: a line of the history of drift.
public struct DriftRound: Codable, Sendable, Hashable {
    public enum Outcome: String, Codable, Sendable, Hashable {
        case clean, drift, incomplete, skipped
        /// A run took drift back, or there was none; or it did not end well.
        case done, ended
    }

    public private(set) var formatVersion = FormatVersion.answers
    public var time: Instant
    public var outcome: Outcome
    /// Nil where nothing was looked at.
    public var live: Color?
    /// Why it was skipped, what could not be compared, how the run ended; empty where the outcome says it all.
    public var text: String
    public var drifts: [Drift]

    private enum CodingKeys: String, CodingKey {
        case formatVersion = "formatVersion"
        case time = "time"
        case outcome = "outcome"
        case live = "live"
        case text = "text"
        case drifts = "drifts"
    }

    public init(time: Instant, _ outcome: Outcome, live: Color? = nil, text: String = "", drifts: [Drift] = []) {
        self.time = time
        self.outcome = outcome
        self.live = live
        self.text = text
        self.drifts = drifts
    }

    /// Of a look.
    public init(time: Instant, live: Color, _ entries: [DriftView.Entry]) {
        let drifts = entries.flatMap(\.drifts)
        let incomplete = entries.filter(\.isIncomplete).map(\.area.name)
        self.init(
            time: time, incomplete.isEmpty ? drifts.isEmpty ? .clean : .drift : .incomplete, live: live,
            text: incomplete.isEmpty ? "" : "not everything was compared: \(incomplete.joined(separator: ", "))",
            drifts: drifts)
    }
}

/// The history of drift, the oldest round first.
public struct DriftHistoryView: Sendable {
    private let rounds: [DriftRound]
    private let style: Style

    public init(_ rounds: [DriftRound], style: Style = .plain) {
        self.rounds = rounds
        self.style = style
    }

    /// A line for each round.
    public var json: String {
        get throws(Failure) {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            do {
                return try rounds.map { String(decoding: try encoder.encode($0), as: UTF8.self) + "\n" }.joined()
            } catch {
                throw Failure(error, doing: "Encoding the history of drift")
            }
        }
    }

    public var text: String { rounds.flatMap(lines).map { $0 + "\n" }.joined() }

    private func lines(_ round: DriftRound) -> [String] {
        let word: String
        switch round.outcome {
        case .clean: word = style.good("no drift")
        case .drift: word = style.careful(Wording.count(round.drifts.count, "drift"))
        case .incomplete: word = style.bad("incomplete")
        case .skipped: word = style.careful("skipped")
        case .done: word = style.good("converged")
        case .ended: word = style.bad("not converged")
        }
        let first = [round.time.description, word, round.text.visible].filter { !$0.isEmpty }
        return [first.joined(separator: "  ")]
            + round.drifts.map { "    ! \($0.subject.visible)  \($0.text.visible)" }
    }
}
