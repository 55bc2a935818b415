import JSON
import Migration

/// A dotted path into a definition: `env.CACHE_HOST`, `healthChecks.0.path`.
///
/// Names of labels and variables may hold dots themselves: what follows `labels` is one name, and so is what follows
/// `env`, except for the `secret` of a variable that is read from one.
struct FieldPath: Sendable, Hashable, CustomStringConvertible {
    let keys: [String]
    let description: String

    /// - Throws: `Failure` when a part of the path is empty.
    init(_ text: String) throws(Failure) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.allSatisfy({ !$0.isEmpty }) else {
            throw Failure(
                "“\(text)” is not a path into a definition", at: "services.overrides of environment.yaml",
                advice: "Write it like env.NAME or healthChecks.0.path.")
        }
        description = text
        guard let map = parts.firstIndex(where: { $0 == "labels" || $0 == "env" }), map + 1 < parts.count else {
            keys = parts
            return
        }
        var name = Array(parts[(map + 1)...])
        let isSecret = parts[map] == "env" && name.count > 1 && name.last == "secret"
        if isSecret { name.removeLast() }
        keys = parts[...map] + [name.joined(separator: ".")] + (isSecret ? ["secret"] : [])
    }

    /// Whether it leads to a label or a variable.
    var isNamedByOperator: Bool { keys.dropLast().contains { $0 == "labels" || $0 == "env" } }

    /// Whether the value is a text, whatever it looks like.
    var leadsToText: Bool {
        isNamedByOperator
            || Self.textual.contains(keys.last { Int($0) == nil } ?? "")
    }

    /// Whether its name says that the value is nobody else's business.
    var looksSecret: Bool {
        let name = keys.last?.lowercased() ?? ""
        return isNamedByOperator
            && ["password", "passwd", "secret", "token", "credential", "private_key", "apikey", "api_key"]
                .contains { name.contains($0) }
    }

    private static let textual: Set<String> = [
        "args", "cmd", "containerPath", "destPath", "executor", "hostPath", "image", "mode", "name", "path", "protocol",
        "role", "secret", "source", "uri", "user", "value",
    ]
}

extension JSON {
    /// The value with another one at a path; nil removes. Missing objects are made, and an array grows by one at most.
    func setting(_ keys: ArraySlice<String>, to value: JSON?, in path: FieldPath) throws(Failure) -> JSON {
        guard let key = keys.first else { return value ?? .null }
        let rest = keys.dropFirst()
        switch self {
        case .array(var elements):
            guard let index = Int(key), elements.indices.contains(index) || (index == elements.count && value != nil)
            else {
                if value == nil { return self }
                throw JSON.unreachable(path, "“\(key)” is none of its \(elements.count) elements")
            }
            if rest.isEmpty, value == nil {
                elements.remove(at: index)
            } else if index == elements.count {
                elements.append(try JSON.made(rest, value, in: path))
            } else {
                elements[index] = try elements[index].setting(rest, to: value, in: path)
            }
            return .array(elements)
        case .object(var object):
            if rest.isEmpty {
                object[key] = value
            } else if let inner = object[key] {
                object[key] = try inner.setting(rest, to: value, in: path)
            } else if value != nil {
                object[key] = try JSON.made(rest, value, in: path)
            }
            return .object(object)
        // A variable's text makes way for the name of a secret.
        case .string where value != nil && key == "secret": return .object(JSONObject([(key, value ?? .null)]))
        default:
            if value == nil { return self }
            throw JSON.unreachable(path, "“\(key)” would be a field of \(compact), which has none")
        }
    }

    private static func made(_ keys: ArraySlice<String>, _ value: JSON?, in path: FieldPath) throws(Failure) -> JSON {
        guard let key = keys.first else { return value ?? .null }
        guard Int(key) == nil || path.isNamedByOperator else {
            if key == "0" { return .array([try made(keys.dropFirst(), value, in: path)]) }
            throw unreachable(path, "there are no elements yet")
        }
        return .object(JSONObject([(key, try made(keys.dropFirst(), value, in: path))]))
    }

    private static func unreachable(_ path: FieldPath, _ reason: String) -> Failure {
        Failure(
            "An override can't set \(path)", at: "services.overrides of environment.yaml", details: [reason],
            advice: "Compare the path with the app's definition.")
    }
}
