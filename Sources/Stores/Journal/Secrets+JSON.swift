import JSON
import Migration

extension Secrets {
    /// The value with every secret masked in its strings. Keys and numbers stay, so that the form stays.
    func redact(_ value: JSON) -> JSON {
        if isEmpty { return value }
        return switch value {
        case .string(let text): .string(redact(text))
        case .array(let items): .array(items.map { redact($0) })
        case .object(let members): .object(JSONObject(members.map { ($0.key, redact($0.value)) }))
        case .null, .bool, .number: value
        }
    }

    /// The value with secrets masked in each string whose masking leaves the whole acceptable.
    ///
    /// A time, a color or a phase must keep its form; such a word reveals no secret even if a secret is spelt like it.
    func redact(_ value: JSON, accepting isAcceptable: (JSON) -> Bool) -> JSON {
        switch value {
        case .string(let text):
            let masked = JSON.string(redact(text))
            return isAcceptable(masked) ? masked : value
        case .array(var items):
            for index in items.indices {
                items[index] = redact(items[index]) { candidate in
                    var changed = items
                    changed[index] = candidate
                    return isAcceptable(.array(changed))
                }
            }
            return .array(items)
        case .object(var members):
            for (key, member) in members {
                members[key] = redact(member) { candidate in
                    var changed = members
                    changed[key] = candidate
                    return isAcceptable(.object(changed))
                }
            }
            return .object(members)
        case .null, .bool, .number:
            return value
        }
    }
}
