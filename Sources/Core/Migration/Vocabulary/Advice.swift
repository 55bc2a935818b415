/// Commands that a person may type next. They work as printed, with several environments too.
public enum Advice {
    public static func resume(_ environment: String) -> String { "rz resume \(environment)" }
    /// For what is fixed in the checkout: a run works from the commit that it began with.
    public static func resumeFromFix(_ environment: String) -> String { "rz resume \(environment) --commit HEAD" }
    public static func rollback(_ environment: String) -> String { "rz rollback \(environment)" }
    public static func abort(_ environment: String) -> String { "rz abort \(environment)" }

    /// A text with the environment's name after each command that has none: a driver does not know the name, whoever
    /// shows its failure does.
    public static func naming(_ environment: String, in text: String) -> String {
        guard !environment.isEmpty else { return text }
        var named = ""
        var rest = Substring(text)
        while let place = firstCommand(in: rest) {
            named += rest[..<place]
            rest = rest[place...]
            if !hasArgument(rest) { named += " \(environment)" }
        }
        return named + rest
    }

    /// Where the first command of the text ends.
    private static func firstCommand(in text: Substring) -> Substring.Index? {
        var place = text.startIndex
        while place < text.endIndex {
            for command in ["rz resume", "rz rollback", "rz abort"] where text[place...].hasPrefix(command) {
                return text.index(place, offsetBy: command.count)
            }
            place = text.index(after: place)
        }
        return nil
    }

    /// Whether a word or a placeholder follows: `rz resume shop`.
    private static func hasArgument(_ rest: Substring) -> Bool {
        guard rest.first == " ", let next = rest.dropFirst().first else { return rest.first?.isLetter == true }
        return next.isLetter || next.isNumber || "$<{".contains(next)
    }
}
