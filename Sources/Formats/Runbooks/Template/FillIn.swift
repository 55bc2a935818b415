/// A place of a file that a person has to fill in: a comment `# FILL IN: …`, which goes when it is done.
public struct FillIn: Sendable, Hashable, CustomStringConvertible {
    private static let mark = "# FILL IN: "

    public var file: String
    /// From 1.
    public var line: Int
    public var text: String

    /// `environments/shop/environment.yaml:12: blue's servers`
    public var description: String { "\(file):\(line): \(text)" }

    /// All places of a text.
    ///
    /// - Parameter file: its path, for people.
    public static func all(in text: String, file: String) -> [FillIn] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
            guard let range = line.firstRange(of: mark) else { return nil }
            return FillIn(file: file, line: index + 1, text: String(line[range.upperBound...]))
        }
    }
}
