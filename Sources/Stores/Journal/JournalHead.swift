import Migration

/// The end of an environment's chain of events at some time, in one line: `rz-head 1 shop 1234 5f0c…`.
///
/// Kept where the journal's host can't change it, perhaps signed (`ssh-keygen -Y sign`), it proves that the events up to
/// there are those of that time, however well the journal fits itself.
public struct JournalHead: Sendable, Hashable, CustomStringConvertible {
    public let environment: String
    /// The number of the event; the first is 1.
    public let sequence: Int
    /// SHA-256 over all events up to this one, in hexadecimal.
    public let checksum: String

    init(environment: String, sequence: Int, checksum: String) {
        (self.environment, self.sequence, self.checksum) = (environment, sequence, checksum)
    }

    /// Nil for a text that is no such line; a line end is taken.
    public init?(_ text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map { $0.filter { !$0.isNewline } }
        guard words.count == 5, words[0] == "rz-head", words[1] == "1", EnvironmentName.isValid(words[2]),
            let sequence = Int(words[3]), sequence > 0, words[4].count == 64,
            words[4].allSatisfy({ $0.isHexDigit && !$0.isUppercase })
        else { return nil }
        self.init(environment: words[2], sequence: sequence, checksum: words[4])
    }

    public var description: String { "rz-head 1 \(environment) \(sequence) \(checksum)" }

    /// What to say of a chain that does not hold it; nil for one that does.
    ///
    /// - Parameter checksum: of the chain at `sequence`; nil where it ends before.
    func difference(from checksum: String?, end: Int) -> String? {
        guard let checksum else { return "it ends with event \(end), but the head is of event \(sequence)" }
        return checksum == self.checksum
            ? nil : "event \(sequence) or one before it is not what it was when the head was taken"
    }
}
