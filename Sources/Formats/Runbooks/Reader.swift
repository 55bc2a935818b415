import Migration
import YAML

/// Reads a YAML file as values of a shape, and keeps every problem with its line and column.
struct Reader {
    /// Problems to name before giving up.
    private static let mostProblems = 100

    let file: String
    private let matcher = Matcher()
    private var found: [ConfigurationError.Problem] = []
    private var hasMore = false

    init(file: String) { self.file = file }

    /// In the order of the file.
    var problems: [ConfigurationError.Problem] {
        let sorted = found.sorted {
            ($0.file == file ? "" : $0.file, $0.line, $0.column) < ($1.file == file ? "" : $1.file, $1.line, $1.column)
        }
        guard hasMore else { return sorted }
        return sorted + [
            ConfigurationError.Problem(file: file, message: "and more: only the first \(found.count) are shown")
        ]
    }

    /// - Returns: the file's value; nil when it is no YAML at all. Look at `problems` before using it.
    mutating func read(_ text: String, as shape: Shape) -> Value? {
        let source = Composer.compose(text)
        for problem in source.problems { self.problem(problem.message, problem.mark) }
        guard let node = source.node else { return nil }
        return value(node, shape, "")
    }

    mutating func problem(_ message: String, _ mark: Mark, suggestion: String? = nil) {
        guard found.count < Reader.mostProblems else {
            hasMore = true
            return
        }
        found.append(
            ConfigurationError.Problem(
                file: mark.file.isEmpty ? file : mark.file, line: mark.line, column: mark.column,
                path: Failure.shortened(mark.path, to: 200),
                message: Failure.shortened(message, to: 500), suggestion: suggestion))
    }

    /// A problem with what a value means. Nothing is said of a value that could not be read: it would mislead.
    mutating func problem(_ message: String, at value: Value, suggestion: String? = nil) {
        if !value.isBroken { problem(message, value.mark, suggestion: suggestion) }
    }

    /// Takes over what another reader found, once.
    mutating func take(_ problems: [ConfigurationError.Problem]) {
        for problem in problems where !found.contains(problem) { found.append(problem) }
    }

    /// Nil, with a problem, for a day that there is not.
    mutating func day(_ value: Value?) -> Day? {
        guard let value, !value.isBroken else { return nil }
        guard let day = Day(value.text) else {
            problem("there is no day \(value.text)", at: value)
            return nil
        }
        return day
    }

    func fits(_ text: String, _ pattern: Pattern) -> Bool { matcher.fits(text, pattern) }

    // MARK: - Values

    private mutating func value(_ node: YAMLNode, _ shape: Shape, _ path: String) -> Value {
        let before = found.count
        let mark = Mark(node.place, path: path)
        let content = content(node, shape, mark)
        let kind = Scalar(node, matcher)?.kind
        return Value(
            content: content, mark: mark, isBroken: found.count > before, isLiteral: kind == .number || kind == .flag)
    }

    private mutating func content(_ node: YAMLNode, _ shape: Shape, _ mark: Mark) -> Value.Content {
        switch shape {
        case .object(let fields, let rules, let rest):
            return object(node, ObjectShape(fields: fields, rules: rules, rest: rest), mark)
        case .map(let shape):
            return object(node, ObjectShape(fields: [], rules: [], rest: shape), mark)
        case .data:
            if node.map != nil {
                return object(node, ObjectShape(fields: [], rules: [], rest: .data), mark)
            }
            return node.list == nil ? scalar(node, .text, mark) : list(node, .data, 0, mark)
        case .list(let shape, let atLeast): return list(node, shape, atLeast, mark)
        case .either(let shapes):
            guard let shape = shapes.first(where: { Reader.fits(node, $0) }) else {
                problem("\(shapes.map(Reader.kind).joined(separator: " or ")) is expected here", mark)
                return .unreadable
            }
            return content(node, shape, mark)
        default: return scalar(node, shape, mark)
        }
    }

    private struct ObjectShape {
        var fields: [Field]
        var rules: [Rule]
        var rest: Shape?
        var known: [String] { fields.filter { $0.presence != .notSupportedYet }.map(\.name) }
    }

    private mutating func object(_ node: YAMLNode, _ shape: ObjectShape, _ mark: Mark) -> Value.Content {
        guard let entries = node.map else {
            problem("keys with values are expected here, not \(Reader.kind(node))", mark)
            return .unreadable
        }
        var members: [Value.Member] = []
        var unknown: [(key: String, meant: String?)] = []
        for entry in entries where !hasMore {
            let key = entry.key.text
            let path = mark.path.isEmpty ? key : "\(mark.path).\(key)"
            let keyMark = Mark(entry.key.place, path: path)
            let field = shape.fields.first { $0.names.contains(key) }
            if let field, members.contains(where: { $0.key == field.name }) {
                problem("\"\(field.name)\" and \"\(field.formerName ?? "")\" are one key: keep one", keyMark)
            } else if key == "<<" {
                problem("`<<` is not supported; an alias of a whole value is", keyMark)
                unknown.append((key, nil))
            } else if field?.presence == .notSupportedYet {
                problem("\"\(key)\" is not supported yet by this version", keyMark)
                unknown.append((key, nil))
            } else if let inner = field?.shape ?? shape.rest {
                let value = value(entry.value, inner, path)
                members.append(Value.Member(key: field?.name ?? key, keyMark: keyMark, value: value))
            } else {
                let meant = nearest(key, in: shape.known)
                let known = meant == nil ? "; known here: \(shape.known.joined(separator: ", "))" : ""
                problem("unknown key \"\(key)\"\(known)", keyMark, suggestion: meant)
                unknown.append((key, meant))
            }
        }
        check(shape, present: Set(members.map(\.key)), unknown, mark)
        return .object(members)
    }

    /// What is missing, except where a mistyped key is the likely reason, which has been said.
    private mutating func check(
        _ shape: ObjectShape, present: Set<String>, _ unknown: [(key: String, meant: String?)], _ mark: Mark
    ) {
        let meant = Set(unknown.compactMap(\.meant))
        for field in shape.fields where field.presence == .required {
            if !present.contains(field.name), !meant.contains(field.name) {
                problem("\"\(field.name)\" is missing", mark)
            }
        }
        guard unknown.isEmpty else { return }
        for rule in shape.rules {
            switch rule {
            case .exactlyOne(let names):
                let given = names.filter(present.contains)
                if given.isEmpty { problem("one of \(names.joined(separator: ", ")) is needed here", mark) }
                if given.count > 1 { problem("\(given.joined(separator: " and ")) can't be given together", mark) }
            case .atLeastOne(let names, let message):
                if present.isDisjoint(with: names) { problem(message, mark) }
            }
        }
    }

    private mutating func list(
        _ node: YAMLNode, _ shape: Shape, _ atLeast: Int, _ mark: Mark
    ) -> Value.Content {
        guard let elements = node.list else {
            problem("a list is expected here, not \(Reader.kind(node))", mark)
            return .unreadable
        }
        if elements.count < atLeast { problem("at least \(atLeast) needed in this list", mark) }
        var values: [Value] = []
        for (index, element) in elements.enumerated() {
            values.append(value(element, shape, "\(mark.path)[\(index)]"))
        }
        return .list(values)
    }

    private mutating func scalar(_ node: YAMLNode, _ shape: Shape, _ mark: Mark) -> Value.Content {
        guard let scalar = Scalar(node, matcher) else {
            problem("\(Reader.kind(shape)) is expected here, not \(Reader.kind(node))", mark)
            return .unreadable
        }
        guard let complaint = scalar.complaint(shape) else { return .scalar(scalar.text) }
        problem(complaint.message, mark, suggestion: complaint.suggestion)
        return .unreadable
    }
}
