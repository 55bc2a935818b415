import Migration

/// Colors as a second signal: every mark also says in words or signs what it means.
public struct Style: Sendable {
    private let isColored: Bool

    public init(isColored: Bool) { self.isColored = isColored }

    public static let plain = Style(isColored: false)

    /// Marks for what went well, badly, or needs a second look; and for what matters more, or less.
    public func good(_ text: String) -> String { paint(text, "32") }
    public func bad(_ text: String) -> String { paint(text, "31") }
    public func careful(_ text: String) -> String { paint(text, "33") }
    public func strong(_ text: String) -> String { paint(text, "1") }
    public func faint(_ text: String) -> String { paint(text, "2") }

    /// A text as a terminal may get it: of all controls only line ends, tabs and the colors above are left; others, which
    /// an outside system put there, are shown as escapes.
    public func guarded(_ text: String) -> String {
        guard isColored else { return text.visibleLines }
        let parts = text.split(separator: "\u{1B}", omittingEmptySubsequences: false)
        return parts.dropFirst().reduce(into: parts[0].description.visibleLines) { result, part in
            let isColor = Style.colors.contains { part.hasPrefix($0) }
            result += (isColor ? "\u{1B}" : "\u{1B}".visible) + part.description.visibleLines
        }
    }

    private static let colors = ["0", "1", "2", "31", "32", "33"].map { "[\($0)m" }

    private func paint(_ text: String, _ code: String) -> String {
        isColored ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

extension String {
    /// At least this wide, filled up with spaces on the right.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

    /// Split at spaces into lines of at most this width; a longer word is cut.
    func wrapped(to width: Int) -> [String] {
        var lines: [String] = []
        for word in split(separator: " ", omittingEmptySubsequences: false).map(String.init) {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(word.cut(to: width))
            }
        }
        return lines
    }

    /// Without spaces at its end.
    var trimmedAtEnd: String {
        var text = Substring(self)
        while text.last == " " { text = text.dropLast() }
        return String(text)
    }

    /// The places that it takes on a terminal: the sequences that color it take none.
    var visibleCount: Int {
        var count = 0
        var isEscaped = false
        for character in self {
            if character == "\u{1B}" { isEscaped = true }
            if !isEscaped { count += 1 }
            if isEscaped, character == "m" { isEscaped = false }
        }
        return count
    }

    /// At most this wide; what is cut off shows as an ellipsis.
    func cut(to width: Int) -> String { count <= width ? self : prefix(max(0, width - 1)) + "…" }
}
