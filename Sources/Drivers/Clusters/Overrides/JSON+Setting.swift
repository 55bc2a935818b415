import JSON
import Migration

extension JSON {
    /// The value with another one at a path; nil removes. Missing objects are made, and a list grows by one at most.
    ///
    /// - Throws: `Failure` when the path leads through something that has no such fields.
    func setting(_ path: FieldPath, to value: JSON?) throws(Failure) -> JSON {
        try setting(path.keys[...], to: value, in: path)
    }

    private func setting(_ keys: ArraySlice<String>, to value: JSON?, in path: FieldPath) throws(Failure) -> JSON {
        guard let key = keys.first else { return value ?? .null }
        let rest = keys.dropFirst()
        switch self {
        case .array(let elements):
            return .array(try JSON.setting(key, rest, of: elements, to: value, in: path))
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

    private static func setting(
        _ key: String, _ rest: ArraySlice<String>, of elements: [JSON], to value: JSON?, in path: FieldPath
    ) throws(Failure) -> [JSON] {
        var elements = elements
        switch (elements.index(of: key), value) {
        case (let index?, nil) where rest.isEmpty: elements.remove(at: index)
        case (let index?, _): elements[index] = try elements[index].setting(rest, to: value, in: path)
        case (nil, nil): break
        case (nil, _) where Int(key) == elements.count: elements.append(try made(rest, value, in: path))
        default: throw unreachable(path, "“\(key)” is not one of its \(elements.count) elements")
        }
        return elements
    }

    private static func made(_ keys: ArraySlice<String>, _ value: JSON?, in path: FieldPath) throws(Failure) -> JSON {
        guard let key = keys.first else { return value ?? .null }
        let isElement = Int(key) != nil || key.contains("=")
        guard !isElement || path.isNamedByOperator else {
            if key == "0" { return .array([try made(keys.dropFirst(), value, in: path)]) }
            throw unreachable(path, "there are no elements yet")
        }
        return .object(JSONObject([(key, try made(keys.dropFirst(), value, in: path))]))
    }

    private static func unreachable(_ path: FieldPath, _ reason: String) -> Failure {
        Failure(
            "An override can't set \(path)", at: "services.overrides of environment.yaml", details: [reason],
            advice: "Compare the path with the service's definition.")
    }
}
