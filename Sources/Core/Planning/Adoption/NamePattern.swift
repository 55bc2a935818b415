import Migration

/// Finds the one pattern of names that fits some servers and no others.
enum NamePattern {
    /// Nil where names have nothing in common, or others would fit, too.
    ///
    /// - Parameters:
    ///   - names: at least one.
    ///   - others: names that must not fit.
    static func common(_ names: [String], besides others: [String]) -> String? {
        guard let first = names.first else { return nil }
        let prefix = names.dropFirst().reduce(first) { common($0, $1) }
        let suffix = String(
            names.dropFirst().reduce(String(first.reversed())) { common($0, String($1.reversed())) }.reversed())
        let candidates =
            (Set(names).count == 1 ? [first] : [])
            + [numberless(prefix) + "*", prefix + "*", prefix + "*" + suffix, "*" + suffix]
        return candidates.first { pattern in
            pattern.contains { $0 != "*" } && names.allSatisfy { matchesWildcard($0, pattern: pattern) }
                && !others.contains { matchesWildcard($0, pattern: pattern) }
        }
    }

    /// `app1` and `app12` begin with `app1`; `app3` is meant as well.
    private static func numberless(_ prefix: String) -> String {
        guard let last = prefix.lastIndex(where: { !$0.isNumber }) else { return "" }
        return String(prefix[...last])
    }

    private static func common(_ one: String, _ other: String) -> String {
        String(zip(one, other).prefix { $0 == $1 }.map(\.0))
    }
}
