import Digest
import FoundationEssentials
import Glibc
import JSON
import Migration

/// Variables that can be compared and not read: Redis has them in clear, those from Vault too, and no plan or journal may
/// hold them.
enum SealedVariables {
    /// Of this process alone, so that what is written down can't be searched for.
    private static let key = UUID().uuidString + UUID().uuidString

    static func seal(_ name: String, _ value: String) -> String {
        SHA256.hexadecimal(of: "\(key)\u{0}\(name)\u{0}\(value)")
    }

    /// The variables of a record of Redis.
    static func of(record json: JSON) -> [String: String] {
        (json["environment"]?["variables"]?.array ?? []).reduce(into: [:]) { sealed, variable in
            guard let name = variable["name"]?.string else { return }
            sealed[name] = seal(name, variable["value"]?.string ?? "")
        }
    }

    /// Where reported variables are not those of a definition; a reference to Vault stands for any value.
    static func differences(_ definition: JSONObject, _ reported: [String: String]) -> [FieldChange] {
        let names = Set(definition.keys).union(reported.keys).sorted()
        return names.compactMap { name in
            let value = definition[name].map { $0.string ?? $0.compact }
            let sealed = reported[name]
            let isSame = value.map { $0.contains("vault://") ? sealed != nil : seal(name, $0) == sealed } ?? false
            if isSame { return nil }
            return FieldChange(
                path: "environment.\(name)", from: value.map { _ in Secrets.mask }, to: sealed.map { _ in Secrets.mask }
            )
        }
    }

    /// The names that no one can compare.
    static func unproven(_ definition: JSONObject, _ reported: [String: String]?) -> [String] {
        definition.filter { reported == nil || $0.value.string?.contains("vault://") == true }.map(\.key).sorted()
    }
}
