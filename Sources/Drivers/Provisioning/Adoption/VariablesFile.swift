import JSON

/// Reads values of variables in Terraform's language: texts, numbers, flags, lists and maps, as `*.tfvars` files have.
///
/// Source: "Variable Definitions (.tfvars) Files", https://developer.hashicorp.com/terraform/language/values/variables
struct VariablesFile {
    /// By variable; nil for a value that is none of those above.
    private(set) var values: [(name: String, value: JSON?)] = []
    private var rest: Substring
    /// How many lists and maps are open.
    private var depth = 0
    private static let deepest = 64

    init(_ text: String) {
        rest = text[...]
        skipSpace()
        while !rest.isEmpty {
            guard let name = word() ?? quoted() else {
                skipLine()
                skipSpace()
                continue
            }
            skipSpace()
            guard take("=") || take(":") else {
                skipLine()
                skipSpace()
                continue
            }
            skipSpace()
            let value = value()
            values.append((name, value))
            if value == nil { skipLine() }
            skipSpace()
        }
    }

    private mutating func value() -> JSON? {
        switch rest.first {
        case "\"": quoted().map(JSON.string)
        case "[": list()
        case "{": map()
        default:
            switch word() {
            case "true": true
            case "false": false
            case "null": .null
            case let text?: try? JSON(parsing: text)
            case nil: nil
            }
        }
    }

    private mutating func list() -> JSON? {
        guard depth < VariablesFile.deepest else { return nil }
        depth += 1
        defer { depth -= 1 }
        rest.removeFirst()
        var elements: [JSON] = []
        skipSpace()
        while !take("]") {
            guard let element = value() else { return nil }
            elements.append(element)
            skipSpace()
            _ = take(",")
            skipSpace()
        }
        return .array(elements)
    }

    private mutating func map() -> JSON? {
        guard depth < VariablesFile.deepest else { return nil }
        depth += 1
        defer { depth -= 1 }
        rest.removeFirst()
        var entries: [(String, JSON)] = []
        skipSpace()
        while !take("}") {
            guard let key = quoted() ?? word() else { return nil }
            skipSpace()
            guard take("=") || take(":") else { return nil }
            skipSpace()
            guard let value = value() else { return nil }
            entries.append((key, value))
            skipSpace()
            _ = take(",")
            skipSpace()
        }
        return .object(JSONObject(entries))
    }

    /// Nil for a text with a template in it, too.
    private mutating func quoted() -> String? {
        guard rest.first == "\"" else { return nil }
        var inner = rest.dropFirst()
        var text = ""
        while let character = inner.popFirst() {
            switch character {
            case "\"":
                rest = inner
                return text
            case "\\":
                switch inner.popFirst() {
                case "n": text.append("\n")
                case "r": text.append("\r")
                case "t": text.append("\t")
                case let other? where other == "\"" || other == "\\": text.append(other)
                default: return nil
                }
            case "$" where inner.first == "{", "%" where inner.first == "{": return nil
            case "$" where inner.hasPrefix("${"), "%" where inner.hasPrefix("%{"):
                text.append(inner.removeFirst())
            default: text.append(character)
            }
        }
        return nil
    }

    /// A name or a number.
    private mutating func word() -> String? {
        let word = rest.prefix { $0.isLetter || $0.isNumber || "_-.+".contains($0) }
        rest = rest[word.endIndex...]
        return word.isEmpty ? nil : String(word)
    }

    private mutating func take(_ text: String) -> Bool {
        guard rest.hasPrefix(text) else { return false }
        rest = rest.dropFirst(text.count)
        return true
    }

    private mutating func skipLine() { rest = rest.drop { !$0.isNewline } }

    private mutating func skipSpace() {
        while true {
            rest = rest.drop { $0.isWhitespace }
            if rest.hasPrefix("#") || rest.hasPrefix("//") {
                skipLine()
            } else if rest.hasPrefix("/*") {
                rest = rest.dropFirst(2)
                while !rest.isEmpty, !rest.hasPrefix("*/") { rest.removeFirst() }
                rest = rest.dropFirst(2)
            } else {
                return
            }
        }
    }
}
