/// A report that an environment demands before it is moved, and what it may say.
public struct ReportRule: Codable, Sendable, Hashable {
    /// Where the report comes from.
    public enum Origin: Sendable, Hashable {
        /// A file, in the environment's folder of the pinned commit.
        case file(String)
        /// A program and its arguments, run in that folder. It writes the report to its standard output, or as a file of
        /// this name into an empty folder that `{{ reports }}` stands for.
        case program([String], writes: String? = nil)
    }

    /// What stands for the folder in the arguments of a program.
    public static let folderWord = "{{ reports }}"

    /// What people call it.
    public var name: String
    public var origin: Origin
    /// The lowest level of a result that fails it.
    public var fails: ToolReport.Level
    /// How old it may be; nil for any age.
    public var maxAge: Period?
    /// How long a program may take.
    public var timeout: Period
    /// What it does where it fails or is absent.
    public var severity: PolicyRules.Severity

    public init(
        name: String, _ origin: Origin, fails: ToolReport.Level = .error, maxAge: Period? = nil,
        timeout: Period = .minutes(5), severity: PolicyRules.Severity = .block
    ) {
        self.name = name
        self.origin = origin
        self.fails = fails
        self.maxAge = maxAge
        self.timeout = timeout
        self.severity = severity
    }

    /// Why it is no pass, in one sentence for people; nil where it is one.
    public func objection(to finding: ReportFinding?, now: Instant) -> String? {
        let report: ToolReport
        switch finding {
        case nil: return absent("it was not read")
        case .absent(let reason): return absent(reason)
        case .read(let found): report = found
        }
        let failed = report.results.filter { $0.level >= fails }.sorted { $0.level > $1.level }
        guard failed.isEmpty else {
            let shown = failed.prefix(ReportRule.shown).map(\.sentence)
            let more = failed.count - shown.count
            let level = fails == .error ? "error" : "\(fails.rawValue) or worse"
            return "report \(name): \(Wording.count(failed.count, "result")) of level \(level): "
                + (shown + (more > 0 ? ["and \(more) more"] : [])).joined(separator: "; ")
        }
        // Linters report a file that they could not even read with a level of their own, or as a mere warning.
        if let status = report.exitStatus, status != 0 {
            return
                "report \(name): its tool exited with \(status), though no result fails it: lower `fails`, or have the "
                + "tool pass what may be there"
        }
        guard let maxAge else { return nil }
        guard let ended = report.ended else {
            return absent("it does not say when it was made (`endTimeUtc`), and `maxAge` asks for that")
        }
        let age = now - ended
        return age > maxAge ? absent("it was made \(age) ago, and may be \(maxAge) old") : nil
    }

    private static let shown = 3

    private func absent(_ reason: String) -> String { "report \(name) is absent: \(reason)" }
}

extension ToolReport.Result {
    fileprivate var sentence: String {
        Failure.shortened([place, rule, text].filter { !$0.isEmpty }.joined(separator: " "), to: 200)
    }
}
