/// Everything that is wrong with a file, all at once.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    public var problems: [Problem]

    public init(_ problems: [Problem]) { self.problems = problems }

    public var description: String { problems.map(\.description).joined(separator: "\n") }

    /// One thing that is wrong, and where.
    public struct Problem: Sendable, Hashable, CustomStringConvertible {
        public var file: String
        /// From 1; 0 for the file as a whole.
        public var line: Int
        public var column: Int
        public var message: String

        public var description: String {
            let place = line > 0 ? "\(file):\(line):\(column)" : file
            return "\(place): \(message)"
        }
    }
}

/// The known word that is nearest to a mistyped one, if it is near enough to be meant.
func nearest(_ word: String, in known: some Sequence<String>) -> String? {
    let candidates = known.map { (word: $0, distance: distance(word.lowercased(), $0.lowercased())) }
    guard let best = candidates.min(by: { ($0.distance, $0.word) < ($1.distance, $1.word) }) else { return nil }
    return best.distance <= max(1, word.count / 3) ? best.word : nil
}

/// Levenshtein distance: how many letters must be changed, added or taken away.
private func distance(_ left: String, _ right: String) -> Int {
    let target = Array(right)
    var row = Array(0...target.count)
    for (index, letter) in left.enumerated() {
        var previous = row[0]
        row[0] = index + 1
        for (column, other) in target.enumerated() {
            let replaced = previous + (letter == other ? 0 : 1)
            previous = row[column + 1]
            row[column + 1] = min(replaced, previous + 1, row[column] + 1)
        }
    }
    return row[target.count]
}
