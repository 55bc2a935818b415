import JSON

/// JSON Schemas (draft 2020-12) of the file formats, printed from the same shapes that the decoder checks.
///
/// They say all that can be said of a value by itself. What needs more than that only the decoder knows: the order of
/// phases, rising shares, names that refer to something, names that come twice.
public enum Schema {
    public static let environment = document(EnvironmentFormat.shape, "environment", "An environment of rz")
    public static let runbook = document(RunbookFormat.shape, "runbook", "A runbook of rz")

    public static let part = document(PartFormat.shape, "part", "Steps that runbooks of rz share")

    private static func document(_ shape: Shape, _ name: String, _ title: String) -> String {
        var schema = JSONObject([
            ("$schema", "https://json-schema.org/draft/2020-12/schema"), ("$id", .string("rz/v1/\(name)")),
            ("title", .string(title)),
        ])
        for (key, value) in json(shape).object ?? JSONObject() { schema[key] = value }
        if schema["properties"]?.compact.contains(data) == true { schema["$defs"] = ["data": anyData] }
        return JSON.object(schema).pretty + "\n"
    }

    private static let data = "#/$defs/data"

    /// What `Shape.data` takes, at any depth.
    private static var anyData: JSON {
        let inner: JSON = ["$ref": .string(data)]
        return ["anyOf": [json(.text), ["type": "array", "items": inner], object([], [], inner)]]
    }

    private static func json(_ shape: Shape) -> JSON {
        switch shape {
        case .string(let pattern, _): json(pattern)
        case .integer(let range):
            [
                "type": "integer", "minimum": .number(JSONNumber(range.lowerBound)),
                "maximum": .number(JSONNumber(range.upperBound)),
            ]
        case .number(let bound?): ["type": "number", "exclusiveMinimum": .number(JSONNumber(bound))]
        case .number(nil): ["type": "number"]
        case .flag: ["type": "boolean"]
        case .period(let pattern): json(pattern)
        case .percent: json(Pattern.percent)
        case .choice(let words, _): ["enum": .array(words.map { .string($0) })]
        case .data: ["$ref": .string(data)]
        case .list(let element, let atLeast):
            atLeast == 0
                ? ["type": "array", "items": json(element)]
                : ["type": "array", "items": json(element), "minItems": .number(JSONNumber(atLeast))]
        case .map(let element): object([], [], json(element))
        case .object(let fields, let rules, let rest): object(fields, rules, rest.map(json) ?? false)
        case .either(let shapes): ["anyOf": .array(shapes.map(json))]
        }
    }

    private static func json(_ pattern: Pattern) -> JSON {
        let types: JSON = pattern.takesAnyScalar ? ["string", "number", "boolean"] : "string"
        var schema = JSONObject([("type", types)])
        schema["pattern"] = .string("^(?:\(pattern.expression))$")
        return .object(schema)
    }

    private static func object(_ fields: [Field], _ rules: [Rule], _ rest: JSON) -> JSON {
        let known = fields.filter { $0.presence != .notSupportedYet }
        let renamed = known.filter { $0.formerName != nil }
        let required = known.filter { $0.presence == .required && $0.formerName == nil }.map(\.name)
        let rules =
            rules.map { json($0, names: { name in known.first { $0.name == name }?.names ?? [name] }) }
            + renamed.map { $0.presence == .required ? one(of: $0.names) : ["not": ["required": names($0.names)]] }
        var schema = JSONObject([("type", "object")])
        var properties = JSONObject()
        for field in known {
            var property = json(field.shape).object ?? JSONObject()
            property["description"] = .string(field.meaning)
            properties[field.name] = .object(property)
            if let formerName = field.formerName {
                property["description"] = .string("the earlier name of `\(field.name)`")
                property["deprecated"] = true
                properties[formerName] = .object(property)
            }
        }
        // Not even as one of any keys: the decoder refuses a merge key.
        if rest != false { properties["<<"] = false }
        schema["properties"] = .object(properties)
        schema["additionalProperties"] = rest
        if !required.isEmpty { schema["required"] = names(required) }
        if !rules.isEmpty { schema["allOf"] = .array(rules) }
        return .object(schema)
    }

    /// - Parameter names: all names of a key.
    private static func json(_ rule: Rule, names: (String) -> [String]) -> JSON {
        switch rule {
        case .exactlyOne(let keys): one(of: keys.flatMap(names))
        case .atLeastOne(let keys, _): ["anyOf": .array(keys.flatMap(names).map(given))]
        }
    }

    private static func one(of names: [String]) -> JSON { ["oneOf": .array(names.map(given))] }

    private static func given(_ name: String) -> JSON { ["required": names([name])] }

    private static func names(_ names: [String]) -> JSON { .array(names.map { .string($0) }) }
}
