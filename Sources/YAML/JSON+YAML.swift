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
    private static let largestText = 1 << 20
    private static let deepest = 40
    private static let mostNodes = 100_000

    /// Reads a YAML document; scalars become what the core schema of YAML 1.2 makes of them, and keys are texts.
    ///
    /// - Throws: `YAMLError` with the line for what is no YAML, has a key twice, or is larger than a person writes.
    public init(yaml text: String) throws(YAMLError) {
        guard text.utf8.count <= JSON.largestText else {
            throw YAMLError(message: "longer than \(JSON.largestText >> 20) MiB", line: nil)
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw YAMLError(error)
        } catch {
            throw YAMLError(message: "\(error)", line: nil)
        }
        guard let node else { throw YAMLError(message: "the text is empty", line: nil) }
        var nodesLeft = JSON.mostNodes
        self = try JSON.value(node, depth: 0, &nodesLeft)
    }

    private static func value(_ node: Node, depth: Int, _ nodesLeft: inout Int) throws(YAMLError) -> JSON {
        nodesLeft -= 1
        guard depth < deepest, nodesLeft > 0 else {
            throw YAMLError(message: "too many values, or nested too deep", line: node.mark?.line)
        }
        switch node {
        case .scalar(let scalar): return JSON(scalar)
        case .alias:
            throw YAMLError(message: "an alias that leads nowhere", line: node.mark?.line)
        case .sequence(let sequence):
            var elements: [JSON] = []
            for element in sequence { elements.append(try value(element, depth: depth + 1, &nodesLeft)) }
            return .array(elements)
        case .mapping(let mapping):
            var object = JSONObject()
            for (key, inner) in mapping {
                guard let name = key.scalar?.string else {
                    throw YAMLError(message: "a key that is no text", line: key.mark?.line)
                }
                object[name] = try value(inner, depth: depth + 1, &nodesLeft)
            }
            return .object(object)
        }
    }

    /// Only what is written plainly, and not tagged as a text, can be anything but a text.
    private init(_ scalar: Node.Scalar) {
        let text = scalar.string
        guard scalar.style == .plain || scalar.style == .any, scalar.tag != Tag(.str) else {
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
    fileprivate init(_ error: YamlError) {
        switch error {
        case .scanner(_, let text, let mark, _), .parser(_, let text, let mark, _), .composer(_, let text, let mark, _):
            self.init(message: text, line: mark.line)
        case .duplicatedKeysInMapping(let keys, let context):
            self.init(message: "these keys come twice: \(keys.joined(separator: ", "))", line: context.mark.line)
        default: self.init(message: "\(error)", line: nil)
        }
    }
}
