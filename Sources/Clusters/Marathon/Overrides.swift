import JSON
import Migration

extension AppDefinition {
    /// Applies every override that matches, in order.
    ///
    /// - Parameter inventory: fills in `{{ … }}`; nil keeps the templates as they are, for plans made before the
    ///   servers exist.
    /// - Returns: what changed, with values masked that come from secrets.
    mutating func apply(
        _ overrides: [Override], inventory: Inventory?, resolver: Resolver
    ) throws(Failure) -> [FieldChange] {
        var changes: [FieldChange] = []
        for override in overrides where isMatched(by: override.match) {
            for (path, setting) in override.set.sorted(by: { $0.key < $1.key }) {
                let keys = path.split(separator: ".").map(String.init)
                let before = value(at: keys)
                let isSecret = setting.parts.contains { if case .reference = $0 { true } else { false } }
                let text = isSecret ? try resolver(setting) : setting.text
                let filled = try inventory.map { inventory throws(Failure) in try inventory.fill(text) } ?? text
                let after = JSON.value(from: filled, like: before)
                guard before != after else { continue }
                set(keys, to: after)
                changes.append(
                    FieldChange(
                        path: path, from: isSecret ? before.map { _ in Secrets.mask } : before.map(\.shown),
                        to: isSecret ? Secrets.mask : after.shown))
            }
            for path in override.remove {
                let keys = path.split(separator: ".").map(String.init)
                guard let before = value(at: keys) else { continue }
                set(keys, to: nil)
                changes.append(FieldChange(path: path, from: before.shown, to: nil))
            }
        }
        return changes
    }

    private func isMatched(by match: Override.Match) -> Bool {
        switch match {
        case .id(let pattern): matches(id.text, pattern: pattern)
        case .label(let name, let value): labels[name]?.string == value
        }
    }
}

extension JSON {
    /// A text as a value of the kind that stood there before: a number stays a number, a flag a flag.
    fileprivate static func value(from text: String, like before: JSON?) -> JSON {
        switch before {
        case .number, .bool, .array, .object: (try? JSON(parsing: text)) ?? .string(text)
        default: .string(text)
        }
    }

    fileprivate var shown: String { string ?? compact }
}
