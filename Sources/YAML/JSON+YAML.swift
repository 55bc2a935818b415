import Foundation
import JSON
import Yams

/// Why a text is no YAML that can be told as JSON.
public struct YAMLError: Error, Sendable, Hashable, CustomStringConvertible {
    public let message: String
    public let line: Int?

    public var description: String { line.map { "line \($0): \(message)" } ?? message }
}

extension JSON {
    /// Reads a YAML document; scalars become what the core schema of YAML 1.2 makes of them, and keys are texts.
    ///
    /// - Throws: `YAMLError` with the line for what is no YAML, has a key twice, or is larger than a person writes.
    public init(yaml text: String) throws(YAMLError) {
        self.init(try YAMLTree(yaml: text))
    }

    /// What the core schema of YAML 1.2 makes of a tree.
    public init(_ tree: YAMLTree) {
        switch tree {
        case .scalar(let scalar): self.init(scalar)
        case .list(let elements): self = .array(elements.map { JSON($0) })
        case .map(let entries): self = .object(JSONObject(entries.map { ($0.key, JSON($0.value)) }))
        }
    }

    /// Only what is written plainly, and not tagged as a text, can be anything but a text.
    private init(_ scalar: YAMLTree.Scalar) {
        let text = scalar.text
        guard scalar.isPlain else {
            self = .string(text)
            return
        }
        switch text {
        case "", "~", "null", "Null", "NULL": self = .null
        case "true", "True", "TRUE": self = .bool(true)
        case "false", "False", "FALSE": self = .bool(false)
        default:
            let number = text.hasPrefix("+") ? String(text.dropFirst()) : text
            let isNumber = number.range(of: JSON.numberForm, options: .regularExpression) != nil
            self = isNumber ? (try? JSON(parsing: number)) ?? .string(text) : .string(text)
        }
    }

    private static let numberForm = #"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$"#
}

extension YAMLError {
    init(_ error: YamlError) {
        switch error {
        case .scanner(_, let text, let mark, _), .parser(_, let text, let mark, _), .composer(_, let text, let mark, _):
            self.init(message: text, line: mark.line)
        case .duplicatedKeysInMapping(let keys, let context):
            self.init(message: "these keys come twice: \(keys.joined(separator: ", "))", line: context.mark.line)
        default: self.init(message: "\(error)", line: nil)
        }
    }
}
