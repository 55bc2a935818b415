/// Versions of what rz writes for others, and for later versions of itself. The forms: docs/formats.md.
///
/// A version grows when a reader of the one before would misread what is written. A key that is added, and that a reader
/// may leave out, is no new version. What was written before there were versions is 1.
public enum FormatVersion {
    /// The text of a plan, as the journal and `rz plan -o` keep it.
    public static let plan = 3
    /// The first that names its operation, and says of each phase and step what the run makes of it.
    static let planWithPhases = 3
    /// The lines of `rz update --json` and `rz history RUN --json`.
    public static let events = 2
    /// The objects of every other command's `--json`.
    public static let answers = 2
    /// The file of a color's services, as they were last looked at.
    static let keptServices = 1
}

/// Something of a newer version of rz than this one reads.
public struct NewerFormat: Error, Sendable, Hashable {
    /// What it is: `plan`, `stream of events`.
    public var subject: String
    public var found: Int
    /// The newest version that this rz reads.
    public var known: Int

    public init(_ subject: String, found: Int, known: Int) {
        self.subject = subject
        self.found = found
        self.known = known
    }

    public var summary: String { "This \(subject) has format \(found); this rz reads up to \(known)" }
    public static let advice = "Install a newer rz."
}
