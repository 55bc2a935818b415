import JSON
import Migration

extension JSON {
    /// What it is, for an error: names only, as the values of a service may be secrets.
    var outline: String {
        switch self {
        case .object(let members):
            members.isEmpty
                ? "an empty object"
                : Failure.shortened("an object with " + members.map(\.key).joined(separator: ", "), to: 200)
        case .array(let elements): "a list of \(elements.count)"
        case .string: "a text"
        case .number: "a number"
        case .bool: "true or false"
        case .null: "null"
        }
    }
}
