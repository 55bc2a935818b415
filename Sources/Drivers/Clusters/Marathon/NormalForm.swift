import JSON

/// What the normal forms of apps and pods have in common.
enum NormalForm {
    /// Without what is empty, with numbers by their value, so that `1` and `1.0` compare equal. Lists of the given
    /// names are sets: they are sorted.
    static func of(_ object: JSONObject, sets: [String]) -> JSON {
        var bare = object
        for key in sets { bare[key] = bare[key].map(sorted) }
        for key in bare.keys where isEmpty(bare[key]) { bare[key] = nil }
        return byValue(.object(bare))
    }

    static func sorted(_ value: JSON) -> JSON {
        value.array.map { .array($0.sorted { $0.canonical < $1.canonical }) } ?? value
    }

    /// An object with defaults where it is silent, and without the empty lists and objects in it. What is no object
    /// stays.
    static func filled(_ value: JSON, _ defaults: KeyValuePairs<String, JSON>) -> JSON {
        guard let object = value.object else { return value }
        var result = merged(object, defaults)
        for key in result.keys where isEmpty(result[key]) { result[key] = nil }
        return .object(result)
    }

    static func fillEach(_ key: String, of object: inout JSONObject, _ defaults: KeyValuePairs<String, JSON>) {
        object[key] = object[key].map { list in list.array.map { .array($0.map { filled($0, defaults) }) } ?? list }
    }

    static func merged(_ object: JSONObject, _ defaults: KeyValuePairs<String, JSON>) -> JSONObject {
        var result = object
        for (key, value) in defaults where result[key] == nil { result[key] = value }
        return result
    }

    static func isEmpty(_ value: JSON?) -> Bool {
        value?.object?.isEmpty == true || value?.array?.isEmpty == true
    }

    private static func byValue(_ value: JSON) -> JSON {
        switch value {
        case .number(let number): number.double.flatMap(JSONNumber.init).map(JSON.number) ?? value
        case .array(let elements): .array(elements.map(byValue))
        case .object(let object): .object(JSONObject(object.map { ($0.key, byValue($0.value)) }))
        default: value
        }
    }
}
