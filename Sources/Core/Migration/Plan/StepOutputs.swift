/// A value that a step of a runbook gives to the steps after it: `{{ preflight/count.rows }}`.
public struct StepOutput: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, Hashable, CaseIterable { case text, integer, boolean }

    public var type: Kind
    /// Where the answer to a request has it: a JSON pointer (RFC 6901). Nil for what a program gives.
    public var at: String?

    public init(_ type: Kind, at: String? = nil) {
        self.type = type
        self.at = at
    }

    /// The value as it is written down, nil where the text is none of this type.
    ///
    /// What is given comes from outside, and is filled into commands and addresses: it holds nothing that could be taken
    /// for a `${…}` or `{{ … }}` there.
    public func value(_ text: String) -> String? {
        switch type {
        case .integer: Int(text).map { "\($0)" }
        case .boolean: ["true", "false"].contains(text) ? text : nil
        case .text: text.count <= StepOutput.longest && text.unicodeScalars.allSatisfy(StepOutput.isPlain) ? text : nil
        }
    }

    /// In characters.
    public static let longest = 1_000

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory != .control && !["$", "{", "}", "\u{2028}", "\u{2029}"].contains(scalar)
    }

    /// How a value is written.
    public var meaning: String {
        switch type {
        case .integer: "a whole number"
        case .boolean: "true or false"
        case .text: "a line of at most \(StepOutput.longest) characters without $, { and }"
        }
    }

    /// What a step gives that is not really performed.
    public var sample: String {
        switch type {
        case .integer: "0"
        case .boolean: "false"
        case .text: "sample"
        }
    }
}

extension [String: StepOutput] {
    /// The values of these names.
    ///
    /// - Parameter given: names and texts as they came from outside.
    /// - Throws: `Failure` when one is missing, is of another type, or was not declared.
    public func values(_ given: [String: String], of step: StepID) throws(Failure) -> [String: String] {
        var values: [String: String] = [:]
        var wrong = Set(given.keys).subtracting(keys).sorted().map { "\($0) is not declared" }
        for (name, output) in sorted(by: { $0.key < $1.key }) {
            if let text = given[name], let value = output.value(text) {
                values[name] = value
            } else {
                wrong.append("\(name) \(given[name] == nil ? "is missing:" : "is not") \(output.meaning)")
            }
        }
        guard wrong.isEmpty else {
            throw Failure(
                "\(step) did not give what the runbook says", at: step.text, details: wrong,
                advice: "Let it give each of its `outputs`, and nothing else, or correct the runbook.")
        }
        return values
    }

    /// What a step gives that is not really performed.
    public var samples: [String: String] { mapValues(\.sample) }
}

/// Names a value that a step gave: `preflight/count.rows`.
public struct OutputName: Sendable, Hashable, CustomStringConvertible {
    public var step: StepID
    public var name: String

    /// Nil for what is no such name.
    public init?(_ text: String) {
        guard text.contains("/"), let dot = text.lastIndex(of: "."), dot < text.index(before: text.endIndex) else {
            return nil
        }
        step = StepID(String(text[..<dot]))
        name = String(text[text.index(after: dot)...])
    }

    public var description: String { "\(step).\(name)" }
}
