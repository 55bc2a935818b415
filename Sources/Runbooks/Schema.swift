import JSON

/// JSON Schemas (draft 2020-12) of the file formats, printed from the same shapes that the decoder checks.
public enum Schema {
    public static let environment = document(EnvironmentFormat.shape, "environment", "An environment of rz")
    public static let runbook = document(RunbookFormat.shape, "runbook", "A runbook of rz")

    private static func document(_ shape: Shape, _ name: String, _ title: String) -> String {
        var schema = JSONObject([
            ("$schema", "https://json-schema.org/draft/2020-12/schema"), ("$id", .string("rz/v1/\(name)")),
            ("title", .string(title)),
        ])
        for (key, value) in json(shape).object ?? JSONObject() { schema[key] = value }
        return JSON.object(schema).pretty + "\n"
    }

    private static func json(_ shape: Shape) -> JSON {
        switch shape {
        case .text, .setting: ["type": ["string", "number", "boolean"]]
        case .integer(let range): integer(range)
        case .number: ["type": "number"]
        case .flag: ["type": "boolean"]
        case .period:
            ["type": "string", "pattern": "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$", "minLength": 2]
        case .percent: ["type": "string", "pattern": "^(100(\\.0{1,3})?|[0-9]{1,2}(\\.[0-9]{1,3})?) *%$"]
        case .choice(let words): ["enum": .array(words.map { .string($0) })]
        case .list(let element, let atLeast):
            ["type": "array", "items": json(element), "minItems": .number(JSONNumber(atLeast))]
        case .map(let element): ["type": "object", "additionalProperties": json(element)]
        case .object(let fields): object(fields)
        case .either(let shapes): ["anyOf": .array(shapes.map(json))]
        }
    }

    private static func integer(_ range: ClosedRange<Int>) -> JSON {
        [
            "type": "integer", "minimum": .number(JSONNumber(range.lowerBound)),
            "maximum": .number(JSONNumber(range.upperBound)),
        ]
    }

    private static func object(_ fields: [Field]) -> JSON {
        let known = fields.filter { $0.presence != .notSupportedYet }
        var properties = JSONObject()
        for field in known {
            var property = json(field.shape).object ?? JSONObject()
            if !field.meaning.isEmpty { property["description"] = .string(field.meaning) }
            properties[field.name] = .object(property)
        }
        return [
            "type": "object", "properties": .object(properties), "additionalProperties": false,
            "required": .array(known.filter { $0.presence == .required }.map { .string($0.name) }),
        ]
    }
}
