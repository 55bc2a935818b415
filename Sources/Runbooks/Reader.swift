import Migration
import Yams

/// Reads a YAML file as values of a shape, and keeps every problem with its line and column.
struct Reader {
    private static let largestFile = 4 << 20
    private static let deepest = 40

    let file: String
    private(set) var problems: [ConfigurationError.Problem] = []

    init(file: String) { self.file = file }

    /// - Returns: the file's value; nil when it is no YAML at all. Look at `problems` before using it.
    mutating func read(_ text: String, as shape: Shape) -> Value? {
        guard text.utf8.count <= Reader.largestFile else {
            problem("longer than \(Reader.largestFile >> 20) MiB", 0, 0)
            return nil
        }
        do {
            guard let node = try compose(yaml: text) else {
                problem("the file is empty", 1, 1)
                return nil
            }
            return value(node, shape, "", depth: 0)
        } catch let error as YamlError {
            problem(error)
        } catch {
            problem("\(error)", 0, 0)
        }
        return nil
    }

    mutating func problem(_ message: String, at value: Value) { problem(message, value.line, value.column) }

    mutating func problem(_ message: String, _ line: Int, _ column: Int) {
        problems.append(ConfigurationError.Problem(file: file, line: line, column: column, message: message))
    }

    private mutating func problem(_ error: YamlError) {
        switch error {
        case .scanner(_, let text, let mark, _), .parser(_, let text, let mark, _), .composer(_, let text, let mark, _):
            problem(text, mark.line, mark.column)
        case .duplicatedKeysInMapping(let keys, let context):
            problem("these keys come twice: \(keys.joined(separator: ", "))", context.mark.line, context.mark.column)
        default:
            problem("\(error)", 0, 0)
        }
    }

    // MARK: - Values

    private mutating func value(_ node: Node, _ shape: Shape, _ path: String, depth: Int) -> Value? {
        guard depth < Reader.deepest else {
            problem("nested deeper than \(Reader.deepest) levels", node, path)
            return nil
        }
        switch shape {
        case .object(let fields): return object(node, fields, path, depth: depth)
        case .map(let shape): return map(node, shape, path, depth: depth)
        case .list(let shape, let atLeast): return list(node, shape, atLeast, path, depth: depth)
        case .either(let shapes): return either(node, shapes, path, depth: depth)
        default: return scalar(node, shape, path)
        }
    }

    private mutating func object(_ node: Node, _ fields: [Field], _ path: String, depth: Int) -> Value? {
        guard let mapping = mapping(node, path) else { return nil }
        var members: [(key: String, value: Value)] = []
        for (keyNode, valueNode) in mapping {
            let key = keyNode.string ?? ""
            guard let field = fields.first(where: { $0.name == key }) else {
                let meant = nearest(key, in: fields.filter { $0.presence != .notSupportedYet }.map(\.name))
                let known = fields.filter { $0.presence != .notSupportedYet }.map(\.name).joined(separator: ", ")
                problem(
                    "unknown key \"\(key)\"" + (meant.map { "; did you mean \"\($0)\"?" } ?? "; known here: \(known)"),
                    keyNode, path)
                continue
            }
            guard field.presence != .notSupportedYet else {
                problem("\"\(key)\" is not supported yet by this version", keyNode, path)
                continue
            }
            if let value = value(valueNode, field.shape, path + "." + key, depth: depth + 1) {
                members.append((key, value))
            }
        }
        let present = Set(mapping.compactMap { $0.key.string })
        for field in fields where field.presence == .required && !present.contains(field.name) {
            problem("\"\(field.name)\" is missing", node, path)
        }
        return make(.object(members), node)
    }

    private mutating func map(_ node: Node, _ shape: Shape, _ path: String, depth: Int) -> Value? {
        guard let mapping = mapping(node, path) else { return nil }
        var members: [(key: String, value: Value)] = []
        for (key, valueNode) in mapping {
            let name = key.string ?? ""
            if let value = value(valueNode, shape, path + "." + name, depth: depth + 1) {
                members.append((name, value))
            }
        }
        return make(.object(members), node)
    }

    private mutating func list(_ node: Node, _ shape: Shape, _ atLeast: Int, _ path: String, depth: Int) -> Value? {
        guard let sequence = node.sequence else {
            problem("a list is expected here", node, path)
            return nil
        }
        if sequence.count < atLeast { problem("at least \(atLeast) needed here", node, path) }
        var values: [Value] = []
        for (index, element) in sequence.enumerated() {
            if let value = value(element, shape, "\(path)[\(index)]", depth: depth + 1) { values.append(value) }
        }
        return make(.list(values), node)
    }

    private mutating func either(_ node: Node, _ shapes: [Shape], _ path: String, depth: Int) -> Value? {
        for shape in shapes where fits(node, shape) { return value(node, shape, path, depth: depth) }
        problem("something else is expected here", node, path)
        return nil
    }

    private func fits(_ node: Node, _ shape: Shape) -> Bool {
        switch shape {
        case .object, .map: node.mapping != nil
        case .list: node.sequence != nil
        default: node.scalar != nil
        }
    }

    private mutating func scalar(_ node: Node, _ shape: Shape, _ path: String) -> Value? {
        guard let scalar = node.scalar else {
            problem("a single value is expected here", node, path)
            return nil
        }
        let text = scalar.string
        if let complaint = Reader.complaint(text, shape) {
            problem(complaint, node, path)
            return nil
        }
        return make(.scalar(text), node)
    }

    /// What is wrong with a text, or nil.
    private static func complaint(_ text: String, _ shape: Shape) -> String? {
        switch shape {
        case .setting:
            return unknownReference(text).map { source in
                "“${\(source):…}” refers to nothing known; known: ${env:VAR}, ${file:PATH}, ${rz:home}"
            }
        case .integer(let range):
            guard let number = Int(text), range.contains(number) else {
                let upper = range.upperBound == .max ? "" : " to \(range.upperBound)"
                return
                    "“\(text)” is no whole number\(upper.isEmpty ? " of at least" : " from") \(range.lowerBound)\(upper)"
            }
        case .number:
            if Double(text).map(\.isFinite) != true { return "“\(text)” is no number" }
        case .flag:
            if !["true", "false", "yes", "no", "on", "off"].contains(text.lowercased()) {
                return "“\(text)” is neither true nor false"
            }
        case .period:
            if Period(text) == nil { return "“\(text)” is no length of time; write it as 500ms, 30s, 1m30s or 2h" }
        case .percent:
            if Percent(text) == nil { return "“\(text)” is no percentage; write it as 0.1% or 50%" }
        case .choice(let words):
            guard !words.contains(text) else { break }
            let meant = nearest(text, in: words).map { "; did you mean \"\($0)\"?" } ?? ""
            return "“\(text)” is none of \(words.joined(separator: ", "))\(meant)"
        case .text, .list, .map, .object, .either:
            break
        }
        return nil
    }

    private static func unknownReference(_ text: String) -> String? {
        for case .reference(let source, let name) in Setting(text).parts {
            if source == "rz", name.text != "home" { return "rz:\(name)" }
            if !["env", "file", "rz"].contains(source) { return source }
            if let inner = unknownReference(name.text) { return inner }
        }
        return nil
    }

    // MARK: - Nodes

    private mutating func mapping(_ node: Node, _ path: String) -> Node.Mapping? {
        if node.mapping == nil { problem("keys and values are expected here", node, path) }
        return node.mapping
    }

    private mutating func problem(_ message: String, _ node: Node, _ path: String) {
        let place = path.isEmpty ? "" : " (at \(path.drop { $0 == "." }))"
        problem(message + place, node.mark?.line ?? 0, node.mark?.column ?? 0)
    }

    private func make(_ content: Value.Content, _ node: Node) -> Value {
        Value(content: content, line: node.mark?.line ?? 0, column: node.mark?.column ?? 0)
    }
}
