import JSON
import Migration

/// A path into a definition: `env.CACHE_HOST`, `healthChecks.0.path`, `portDefinitions[name=http].port`.
///
/// An element of a list is named by its index or by one of its fields, with or without brackets; in brackets the value
/// may hold dots. Names of labels and variables may hold dots themselves: what follows `labels`, `env` or
/// `environment` is one name, except for the `secret` of a variable that is read from one.
struct FieldPath: Sendable, Hashable, CustomStringConvertible {
    let keys: [String]
    let description: String

    /// The keys below which an operator chooses the names.
    private static let maps: Set<String> = ["labels", "env", "environment"]

    /// - Throws: `Failure` when a part of the path is empty or a bracket is not closed.
    init(_ text: String) throws(Failure) {
        guard let keys = FieldPath.keys(of: text[...]), !keys.isEmpty, keys.allSatisfy({ !$0.isEmpty }) else {
            throw Failure(
                "“\(text)” is not a path into a definition", at: "services.overrides of environment.yaml",
                advice: "Write it like env.NAME, healthChecks.0.path or portDefinitions[name=http].port.")
        }
        description = text
        self.keys = keys
    }

    init(keys: [String]) {
        self.keys = keys
        description = keys.joined(separator: ".")
    }

    /// Whether it leads to a label or a variable.
    var isNamedByOperator: Bool { keys.dropLast().contains { FieldPath.maps.contains($0) } }

    /// Whether the value is a text, whatever it looks like.
    var leadsToText: Bool {
        isNamedByOperator || Self.textual.contains(keys.last { Int($0) == nil } ?? "")
    }

    /// Whether it leads to a variable of the service, or to all of them.
    var isVariable: Bool {
        func holdsVariables(_ key: String) -> Bool { key == "env" || key == "environment" }
        if keys.dropLast().contains(where: holdsVariables) { return true }
        return keys.last.map(holdsVariables) == true && keys.dropLast().last != "labels"
    }

    /// Whether its name says that the value is no one else's business.
    var looksSecret: Bool { isNamedByOperator && SecretName.matches(keys.last ?? "") }

    /// The same path with the index of each element of a list that is named by one of its fields.
    func resolved(in json: JSON) -> FieldPath {
        var place = JSON?.some(json)
        return FieldPath(
            keys: keys.map { key in
                defer { place = place?[member: key] }
                guard let elements = place?.array, let index = elements.index(of: key) else { return key }
                return String(index)
            })
    }

    /// Whether one of the two leads to a part of what the other leads to.
    func overlaps(_ other: FieldPath) -> Bool {
        zip(keys, other.keys).allSatisfy { $0 == $1 }
    }

    private static let textual: Set<String> = [
        "args", "cmd", "containerPath", "destPath", "executor", "hostPath", "image", "mode", "name", "path", "protocol",
        "role", "secret", "source", "uri", "user", "value",
    ]

    private static func keys(of text: Substring) -> [String]? {
        var keys: [String] = []
        var rest = text
        while !rest.isEmpty {
            if let map = keys.last, maps.contains(map), !rest.hasPrefix("[") {
                let parts = rest.split(separator: ".", omittingEmptySubsequences: false)
                return parts.allSatisfy { !$0.isEmpty } ? keys + name(rest, in: map) : nil
            }
            if rest.hasPrefix("[") {
                guard let end = rest.firstIndex(of: "]") else { return nil }
                keys.append(String(rest[rest.index(after: rest.startIndex)..<end]))
                rest = rest[rest.index(after: end)...]
                // After a bracket comes a dot, another bracket, or nothing.
                guard rest.isEmpty || rest.hasPrefix("[") || (rest.hasPrefix(".") && rest.count > 1) else { return nil }
                if rest.hasPrefix(".") { rest = rest.dropFirst() }
            } else {
                let key = rest.prefix { $0 != "." && $0 != "[" }
                keys.append(String(key))
                rest = rest[key.endIndex...]
                guard rest.hasPrefix(".") else { continue }
                rest = rest.dropFirst()
                if rest.isEmpty { return nil }
            }
        }
        return keys
    }

    /// What follows the key of a map: one name, dots and all.
    private static func name(_ text: Substring, in map: String) -> [String] {
        let mark = ".secret"
        guard map != "labels", text.hasSuffix(mark), text.count > mark.count else { return [String(text)] }
        return [String(text.dropLast(mark.count)), "secret"]
    }
}

extension [JSON] {
    /// The index that a key of a path means: a number, or `field=value` of the first element that has it.
    func index(of key: String) -> Int? {
        if let index = Int(key) { return indices.contains(index) ? index : nil }
        let halves = key.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard halves.count == 2 else { return nil }
        return firstIndex { element in
            element[member: halves[0]].map { $0.string ?? $0.compact } == halves[1]
        }
    }
}

extension JSON {
    /// What a key of a path leads to.
    subscript(member key: String) -> JSON? {
        switch self {
        case .array(let elements): elements.index(of: key).map { elements[$0] }
        default: self[key]
        }
    }

    func value(at path: FieldPath) -> JSON? {
        path.keys.reduce(JSON?.some(self)) { value, key in value?[member: key] }
    }
}
