/// Everything that is wrong with a file, all at once, in the order of its lines.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    public var problems: [Problem]

    public init(_ problems: [Problem]) { self.problems = problems }

    public var description: String { problems.map(\.description).joined(separator: "\n") }

    /// One thing that is wrong, and where.
    public struct Problem: Sendable, Hashable, CustomStringConvertible {
        /// Relative to the project's folder.
        public var file: String
        /// From 1; 0 for the file as a whole.
        public var line: Int
        /// From 1, in characters.
        public var column: Int
        /// The keys that lead there, for example `gates.cutOver.steps[2].weight`; empty for the top.
        public var path: String
        public var message: String
        /// The word that was probably meant.
        public var suggestion: String?

        public init(
            file: String, line: Int = 0, column: Int = 0, path: String = "", message: String, suggestion: String? = nil
        ) {
            self.file = file
            self.line = line
            self.column = column
            self.path = path
            self.message = message
            self.suggestion = suggestion
        }

        /// `environments/shop/environment.yaml:12:5: unknown key "runbok"; did you mean "runbook"?`
        public var description: String {
            let place = line > 0 ? "\(file):\(line):\(column)" : file
            return "\(place): \(message)" + (suggestion.map { "; did you mean \"\($0)\"?" } ?? "")
        }
    }
}

/// The known word that is nearest to a mistyped one, if it is near enough to be meant.
func nearest(_ word: String, in known: some Sequence<String>) -> String? {
    let candidates = known.map { (word: $0, distance: distance(word.lowercased(), $0.lowercased())) }
    guard let best = candidates.min(by: { ($0.distance, $0.word) < ($1.distance, $1.word) }) else { return nil }
    return best.distance <= max(1, word.count / 3) ? best.word : nil
}

/// Optimal string alignment distance: letters changed, added, taken away, or swapped with their neighbour.
private func distance(_ left: String, _ right: String) -> Int {
    let source = Array(left.prefix(80))
    let target = Array(right.prefix(80))
    var rows = [Array(0...target.count)]
    for (index, letter) in source.enumerated() {
        let above = rows[index]
        var row = [index + 1]
        for (column, other) in target.enumerated() {
            var best = min(above[column] + (letter == other ? 0 : 1), above[column + 1] + 1, row[column] + 1)
            if index > 0, column > 0, letter == target[column - 1], source[index - 1] == other {
                best = min(best, rows[index - 1][column - 1] + 1)
            }
            row.append(best)
        }
        rows.append(row)
    }
    return rows[source.count][target.count]
}
