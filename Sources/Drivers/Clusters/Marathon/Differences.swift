import JSON
import Migration

/// How two normal forms differ, one entry for each field, those of lists by their index.
enum Differences {
    static func between(_ wanted: JSON, _ found: JSON, at keys: [String] = []) -> [FieldChange] {
        switch (wanted, found) {
        case (.object(let one), .object(let other)):
            let names = one.keys + other.keys.filter { one[$0] == nil }
            return names.flatMap { name in compare(one[name], other[name], at: keys + [name]) }
        case (.array(let one), .array(let other)):
            return (0..<max(one.count, other.count)).flatMap { index in
                compare(
                    one.indices.contains(index) ? one[index] : nil,
                    other.indices.contains(index) ? other[index] : nil, at: keys + [String(index)])
            }
        default:
            return wanted.canonical == found.canonical
                ? [] : [FieldChange(FieldPath(keys: keys), from: wanted, to: found)]
        }
    }

    private static func compare(_ one: JSON?, _ other: JSON?, at keys: [String]) -> [FieldChange] {
        switch (one, other) {
        case (let one?, let other?): between(one, other, at: keys)
        case (nil, nil): []
        default: [FieldChange(FieldPath(keys: keys), from: one, to: other)]
        }
    }
}
