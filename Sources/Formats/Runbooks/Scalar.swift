import Migration
import YAML

/// A single value of a file, with what YAML takes it for.
struct Scalar {
    enum Kind: Sendable { case null, flag, number, string }

    let text: String
    let kind: Kind
    private let matcher: Matcher

    init?(_ node: YAMLNode, _ matcher: Matcher) {
        guard let scalar = node.scalar else { return nil }
        self.matcher = matcher
        text = scalar.text
        kind = scalar.isPlain ? Scalar.plainKind(scalar.text, matcher) : .string
    }

    /// YAML 1.2's core schema, section 10.3.2: `yes` and `on` are texts.
    private static func plainKind(_ text: String, _ matcher: Matcher) -> Kind {
        if ["", "~", "null", "Null", "NULL"].contains(text) { return .null }
        if ["true", "True", "TRUE", "false", "False", "FALSE"].contains(text) { return .flag }
        return matcher.fits(text, .number) ? .number : .string
    }

    /// What is wrong with it, or nil.
    func complaint(_ shape: Shape) -> (message: String, suggestion: String?)? {
        if kind == .null { return ("a value is missing here", nil) }
        switch shape {
        case .string(let pattern, let references):
            if kind != .string, !pattern.takesAnyScalar {
                return ("a text is expected here; write it in quotes: \"\(text)\"", nil)
            }
            if !matcher.fits(text, pattern) {
                return text.isEmpty ? ("it is empty", nil) : patternComplaint(pattern)
            }
            return references ? Scalar.unknownReference(text) : nil
        case .integer(let range): return integerComplaint(range)
        case .number(let bound):
            guard kind == .number, let number = Double(text), number.isFinite else {
                return ("“\(text)” is not a number", nil)
            }
            guard let bound, number <= Double(bound) else { return nil }
            return ("it must be more than \(bound)", nil)
        case .flag: return kind == .flag ? nil : ("“\(text)” is neither true nor false", nil)
        case .period(let pattern): return isText(pattern) && Period(text) != nil ? nil : patternComplaint(pattern)
        case .percent: return isText(.percent) && Percent(text) != nil ? nil : patternComplaint(.percent)
        case .choice(let words, let elsewhere):
            if kind == .string, words.contains(text) { return nil }
            if let reason = elsewhere[text] { return (reason, nil) }
            return ("“\(text)” must be one of \(words.joined(separator: ", "))", nearest(text, in: words))
        case .data, .list, .map, .object, .either: return nil
        }
    }

    private func integerComplaint(_ range: ClosedRange<Int>) -> (message: String, suggestion: String?)? {
        if kind == .number, let number = Reader.integer(text), range.contains(number) { return nil }
        return ("“\(text)” is not a whole number from \(range.lowerBound) to \(range.upperBound)", nil)
    }

    private func isText(_ pattern: Pattern) -> Bool { kind == .string && matcher.fits(text, pattern) }
    private func patternComplaint(_ pattern: Pattern) -> (message: String, suggestion: String?) {
        (pattern.isSecret ? pattern.advice : "“\(text)”: \(pattern.advice)", nil)
    }

    /// The first `${…}` that refers to nothing rz knows.
    private static func unknownReference(_ text: String, depth: Int = 1) -> (message: String, suggestion: String?)? {
        for case .reference(let source, let name) in Setting(text).parts {
            guard depth <= Setting.deepest else {
                return ("references are nested deeper than \(Setting.deepest) levels", nil)
            }
            let known = "known: ${env:VAR}, ${file:PATH}, ${rz:home}"
            if name.text.isEmpty, !["env", "file", "rz"].contains(source) {
                return ("“${\(source)}” refers to nothing; \(known)", source.isEmpty ? nil : "${env:\(source)}")
            }
            let isKnown = source == "rz" ? name.text == "home" : ["env", "file"].contains(source) && !name.text.isEmpty
            if !isKnown {
                let meant = nearest(source, in: ["env", "file"]).map { "${\($0):\(name)}" }
                let suggestion = source == "rz" ? "${rz:home}" : name.text.isEmpty ? nil : meant
                return ("“${\(source):\(name)}” refers to nothing; \(known)", suggestion)
            }
            if let inner = unknownReference(name.text, depth: depth + 1) { return inner }
        }
        return nil
    }
}

extension Reader {
    /// A whole number, also as `3.0`, which is the same to JSON.
    static func integer(_ text: String) -> Int? {
        if let number = Int(text) { return number }
        guard let number = Double(text), number.rounded() == number, abs(number) < 9e15 else { return nil }
        return Int(number)
    }

    static func fits(_ node: YAMLNode, _ shape: Shape) -> Bool {
        switch shape {
        case .object, .map: node.map != nil
        case .data: true
        case .list: node.list != nil
        // Its sign distinguishes it from a number, and a number is distinguished from a text by being one.
        case .percent: node.scalar?.text.hasSuffix("%") ?? false
        case .integer: node.scalar.map { integer($0.text) != nil } ?? false
        case .either(let shapes): shapes.contains { fits(node, $0) }
        default: node.scalar != nil
        }
    }

    static func kind(_ node: YAMLNode) -> String {
        if node.map != nil { return "keys" }
        if node.list != nil { return "a list" }
        return node.scalar?.text.isEmpty == true ? "nothing" : "a single value"
    }

    static func kind(_ shape: Shape) -> String {
        switch shape {
        case .string: "a text"
        case .integer: "a whole number"
        case .number: "a number"
        case .flag: "true or false"
        case .period: "a length of time"
        case .percent: "a percentage"
        case .choice(let words, _): "one of \(words.joined(separator: ", "))"
        case .data: "a value"
        case .list: "a list"
        case .map, .object: "a mapping"
        case .either(let shapes): shapes.map(kind).joined(separator: " or ")
        }
    }
}
