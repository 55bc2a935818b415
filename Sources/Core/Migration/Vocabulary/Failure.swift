/// What went wrong, where, why, and what to do next: the one error that crosses a driver's boundary.
public struct Failure: Error, Codable, Sendable, Hashable, CustomStringConvertible {
    /// What the engine may do about a failure.
    public enum Kind: String, Codable, Sendable, Hashable {
        /// Trying again may help: a timeout, a refused connection, a busy server.
        case transient
        /// Trying the same again can't help.
        case permanent
        /// The call may or may not have had its effect: observe before acting again.
        case unknownEffect
        /// Someone asked for the work to stop.
        case cancelled
        /// Refused before anything was done: a lock, a stale plan, a policy.
        case refused
    }

    /// What happened, in one sentence without a full stop.
    public var summary: String
    /// Where: a file with line, an address, a step.
    public var place: String?
    /// Why: the outside system's own words, one line each.
    public var details: [String]
    /// What to do next, one sentence.
    public var advice: String?
    public var kind: Kind

    /// Long texts are cut, and controls are shown as escapes (`String.visible`).
    public init(
        _ summary: String, at place: String? = nil, details: [String] = [], advice: String? = nil,
        kind: Kind = .permanent
    ) {
        self.summary = Failure.shortened(summary).visible
        self.place = place.map { Failure.shortened($0).visible }
        self.details = Failure.shortened(details)
        self.advice = advice.map { Failure.shortened($0).visible }
        self.kind = kind
    }

    /// All of them together, in bytes.
    private static let longestDetails = 12_000

    /// A text of at most so many bytes, and a mark where it was cut. An outside system's words may be of any length; a
    /// journal keeps each failure forever, and no one reads more.
    public static func shortened(_ text: String, to length: Int = 1000) -> String {
        guard text.utf8.count > length else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: max(0, length - "…".utf8.count))
        // Not inside a character's bytes.
        while end > text.startIndex, text.utf8[end] & 0xC0 == 0x80 { end = text.utf8.index(before: end) }
        return String(text[..<end]) + "…"
    }

    private static func shortened(_ lines: [String]) -> [String] {
        var shown: [String] = []
        var room = longestDetails
        for line in lines {
            let line = Failure.shortened(line).visible
            room -= line.utf8.count + 1
            guard room >= 0 else { return shown + ["and \(lines.count - shown.count) more lines"] }
            shown.append(line)
        }
        return shown
    }

    /// The failure of work that was asked to stop.
    public static let cancelled = Failure("Cancelled", kind: .cancelled)

    /// Turns any error into a failure; a cancellation stays one.
    public init(_ error: any Error, doing work: String) {
        if let failure = error as? Failure {
            self = failure
        } else if error is CancellationError {
            self = .cancelled
        } else {
            self.init(work, details: ["\(error)"])
        }
    }

    public var description: String {
        var lines = [summary]
        if let place { lines.append("  at \(place)") }
        lines += details.map { "  \($0)" }
        if let advice { lines.append("  \(advice)") }
        return lines.joined(separator: "\n")
    }
}
