import JSON
import Migration

extension AppDefinition {
    /// Applies every override that matches, in order.
    ///
    /// - Parameter inventory: fills in `{{ … }}`; nil keeps the templates as they are, for plans made before the
    ///   servers exist.
    /// - Returns: what changed, with values masked that come from secrets or look like some.
    /// - Throws: `Failure` when a setting has no value, or a path does not fit the definition.
    mutating func apply(
        _ overrides: [Override], inventory: Inventory?, resolver: Resolver
    ) throws(Failure) -> [FieldChange] {
        var changes: [FieldChange] = []
        for override in overrides where isMatched(by: override.match) {
            for (text, setting) in override.set.sorted(by: { $0.key < $1.key }) {
                let path = try FieldPath(text)
                let before = value(at: path)
                let text =
                    if let inventory { try inventory.fill(setting, resolver) } else { try resolver(setting) }
                let after = JSON.value(from: text, at: path, like: before)
                guard before != after else { continue }
                try set(path, to: after)
                changes.append(change(path, from: before, to: after, isSecret: setting.isSecret))
            }
            for text in override.remove {
                let path = try FieldPath(text)
                guard let before = value(at: path) else { continue }
                try set(path, to: nil)
                changes.append(change(path, from: before, to: nil, isSecret: false))
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

    private func change(_ path: FieldPath, from before: JSON?, to after: JSON?, isSecret: Bool) -> FieldChange {
        let isMasked = isSecret || path.looksSecret
        func shown(_ value: JSON?) -> String? { value.map { isMasked ? Secrets.mask : $0.string ?? $0.compact } }
        return FieldChange(path: path.description, from: shown(before), to: shown(after))
    }
}

extension Setting {
    /// Everything that is read from outside the file is one, except for the folder of rz's own state.
    fileprivate var isSecret: Bool {
        parts.contains { if case .reference(let source, _) = $0 { source != "rz" } else { false } }
    }
}

extension JSON {
    /// A text as a value of the kind that stood there before: a number stays a number, a flag a flag. Where nothing
    /// stood, the text tells, except where only texts can stand.
    fileprivate static func value(from text: String, at path: FieldPath, like before: JSON?) -> JSON {
        switch before {
        case .number, .bool, .array, .object: break
        case nil where !path.leadsToText: break
        default: return .string(text)
        }
        return (try? JSON(parsing: text)).flatMap { $0.isNull ? nil : $0 } ?? .string(text)
    }
}
