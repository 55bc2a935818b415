import JSON
import YAML

@testable import Runbooks

/// A generator whose numbers follow from its seed (SplitMix64, Steele and others, 2014).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Documents that are almost right.
enum Mutations {
    /// Values that stand where others are expected; none has a reference that only the decoder could judge.
    private static let values: [JSON] = [
        nil, true, false, 0, 1, -1, 1.5, 3.0, 101, 99, 200, 100_001, "", " ", "x", "x y", "a=b", "=b", "/x", "30s",
        "0s",
        "1m30s", "30", "30s1m", "s", "1234567890s", "10%", "100%", "100.001%", "-1%", "+5%", "5 %", "0.0001%", "007%",
        "true", "yes", "hold", "rz/v1", "checks", "http://a", "unix:/x", "tcp:a:1", "a;b", "be*", "../x", "ä", "null",
        "${rz:home}", "line\nline", [], ["a"], [1, "b"], [[]], [:], ["a": 1], ["waived": "x"], ["path": "/x"],
    ]

    static func document(_ yaml: String) throws -> JSON {
        guard let node = try YAMLDocument(yaml).root else { return nil }
        return json(node, Matcher())
    }

    private static func json(_ node: YAMLNode, _ matcher: Matcher) -> JSON {
        if let entries = node.map {
            return .object(JSONObject(entries.map { ($0.key.text, json($0.value, matcher)) }))
        }
        if let elements = node.list { return .array(elements.map { json($0, matcher) }) }
        guard let scalar = Scalar(node, matcher) else { return nil }
        switch scalar.kind {
        case .null: return nil
        case .flag: return .bool(scalar.text == "true")
        case .number: return (try? JSON(parsing: scalar.text)) ?? nil
        case .string: return .string(scalar.text)
        }
    }

    static func mutate(_ json: JSON, _ random: inout SeededGenerator) -> JSON {
        switch json {
        case .object(let object) where !object.isEmpty && Int.random(in: 0..<5, using: &random) > 0:
            return .object(mutate(object, &random))
        case .array(var array) where !array.isEmpty && Int.random(in: 0..<5, using: &random) > 0:
            let index = Int.random(in: 0..<array.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: array.remove(at: index)
            case 1: array.append(array[index])
            default: array[index] = mutate(array[index], &random)
            }
            return .array(array)
        default: return values.randomElement(using: &random) ?? nil
        }
    }

    private static func mutate(_ object: JSONObject, _ random: inout SeededGenerator) -> JSONObject {
        var result = object
        let key = object.keys.randomElement(using: &random) ?? ""
        let known = ["metronome", "tcp", "command", "http", "wait", "use", "timeout", "static", "p99", "<<", "unknown"]
        switch Int.random(in: 0..<9, using: &random) {
        case 0: result[key] = nil
        case 1: result[key + "x"] = result[key]
        case 2: result[known.randomElement(using: &random) ?? ""] = values.randomElement(using: &random)
        default: result[key] = object[key].map { mutate($0, &random) }
        }
        return result
    }
}
