/// What a tool that checks files reports: a linter, or a scanner of definitions and images.
public struct ToolReport: Sendable, Hashable {
    /// Source: OASIS Standard "SARIF Version 2.1.0", `result.level`.
    public enum Level: String, Codable, Sendable, Hashable, Comparable, CaseIterable {
        case note, warning, error

        private var rank: Int { Level.allCases.firstIndex(of: self) ?? 0 }
        public static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }
    }

    /// Something that the tool found, that is still there, and that no one has accepted.
    public struct Result: Sendable, Hashable {
        public var level: Level
        /// The tool's own name of the rule; empty where it gives none.
        public var rule: String
        /// The file, and the line where it is known; empty where it is about no file.
        public var place: String
        public var text: String

        public init(_ level: Level, rule: String = "", at place: String = "", _ text: String) {
            self.level = level
            self.rule = rule
            self.place = place
            self.text = text
        }
    }

    /// Each with its version where it says one.
    public var tools: [String]
    public var results: [Result]
    /// When the last of its runs ended; nil where it does not say so of each.
    public var ended: Instant?
    /// What the tool itself made of it; nil where no one knows.
    public var exitStatus: Int?

    public init(tools: [String], results: [Result] = [], ended: Instant? = nil, exitStatus: Int? = nil) {
        self.tools = tools
        self.results = results
        self.ended = ended
        self.exitStatus = exitStatus
    }
}

/// A report that is there to be judged, or why there is none: a report that is absent is never a pass.
public enum ReportFinding: Sendable, Hashable {
    case read(ToolReport)
    case absent(reason: String)
}
