import JSON
import Migration

/// What overrides make of one definition, applied in order: each sees what those before it did.
struct OverrideRun: Sendable {
    let id: ServiceID
    private(set) var json: JSON
    /// With values masked that come from secrets or look like some.
    private(set) var changes: [FieldChange] = []
    private(set) var accepted: [Finding.Kind: String] = [:]
    private var ruledMode: (mode: ServiceMode, match: Override.Match)?

    /// The label on a service itself that says how it moves, for example `rz.mode=exclusive`.
    static let modeLabel = "rz.mode"

    /// - Parameter inventory: fills in `{{ … }}`; nil keeps the templates as they are, for plans made before the
    ///   servers exist.
    /// - Throws: `Failure` when a setting has no value, or a path does not fit the definition.
    init(
        _ json: JSON, of id: ServiceID, _ overrides: [Override], inventory: Inventory?, resolver: Resolver
    ) throws(Failure) {
        self.id = id
        self.json = json
        for override in overrides where isMatched(by: override.match) {
            try apply(override, inventory, resolver)
        }
    }

    /// How the service moves, and what says so: the last override with a mode, else the service's own label. A label
    /// with a word that is no mode is left to the judgement.
    var mode: (mode: ServiceMode, reason: String?) {
        if let ruledMode { return (ruledMode.mode, "mode \(ruledMode.mode), by the override for \(ruledMode.match)") }
        guard let text = json["labels"]?[OverrideRun.modeLabel]?.string, let mode = ServiceMode(rawValue: text) else {
            return (.parallel, nil)
        }
        return (mode, "mode \(mode), by its label \(OverrideRun.modeLabel)")
    }

    private mutating func apply(
        _ override: Override, _ inventory: Inventory?, _ resolver: Resolver
    ) throws(Failure) {
        for (text, setting) in override.set.sorted(by: { $0.key < $1.key }) {
            let path = try FieldPath(text).resolved(in: json)
            let before = json.value(at: path)
            let text = if let inventory { try inventory.fill(setting, resolver) } else { try resolver(setting) }
            let after = JSON.value(from: text, at: path, like: before)
            guard before != after else { continue }
            try set(path, to: after)
            note(path, from: before, to: after, isSecret: setting.refersToSecret)
        }
        for text in override.remove {
            let path = try FieldPath(text).resolved(in: json)
            guard let before = json.value(at: path) else { continue }
            try set(path, to: nil)
            note(path, from: before, to: nil, isSecret: false)
        }
        if let mode = override.mode { ruledMode = (mode, override.match) }
        accepted.merge(override.accept) { _, later in later }
    }

    private mutating func set(_ path: FieldPath, to value: JSON?) throws(Failure) {
        guard path.keys != ["id"] else {
            throw Failure("An override can't change the id of \(id)", at: "services.overrides of environment.yaml")
        }
        json = try json.setting(path, to: value)
    }

    private func isMatched(by match: Override.Match) -> Bool {
        switch match {
        case .id(let pattern): matchesWildcard(id.text, pattern: pattern)
        case .label(let name, let value): json["labels"]?[name]?.string == value
        }
    }

    private mutating func note(_ path: FieldPath, from before: JSON?, to after: JSON?, isSecret: Bool) {
        changes.append(FieldChange(path, from: before, to: after, isSecret: isSecret, isWritten: true))
    }
}

/// Whether values of live services' variables are shown to the person who asks: in no plan, journal or event.
public enum LiveValues {
    @TaskLocal public static var areShown = false
}

extension FieldChange {
    /// A change for people; values are masked that are secrets or look like some, and those of a live service's
    /// variables, unless `LiveValues` says else: only their owner knows which of them are secret.
    ///
    /// - Parameter isWritten: whether the new value stands in environment.yaml, where whoever reads the plan may read it.
    init(
        _ path: FieldPath, from before: JSON?, to after: JSON?, isSecret: Bool = false, isWritten: Bool = false
    ) {
        func shown(_ value: JSON?, _ isMasked: Bool) -> String? {
            value.map { isMasked ? Secrets.mask : ($0.string ?? $0.compact).withoutUserInfo }
        }
        let isMasked = isSecret || path.looksSecret
        let isHidden = path.isVariable && !LiveValues.areShown
        self.init(
            path: path.description, from: shown(before, isMasked || isHidden),
            to: shown(after, isMasked || (isHidden && !isWritten)))
    }
}

extension JSON {
    /// A text as a value of the kind that stood there before: a number stays a number, a flag a flag. Where nothing
    /// stood, the text decides, except where only texts can stand.
    fileprivate static func value(from text: String, at path: FieldPath, like before: JSON?) -> JSON {
        switch before {
        case .number, .bool, .array, .object: break
        case nil where !path.leadsToText: break
        default: return .string(text)
        }
        return (try? JSON(parsing: text)).flatMap { $0.isNull ? nil : $0 } ?? .string(text)
    }
}
