import JSON
import Migration

extension Terraform {
    /// What an apply would change, attribute by attribute. What Terraform calls sensitive is named, not shown.
    public func observeDrift(_ color: Color) async throws(Failure) -> [Drift] {
        try await observePlan(of: color).drifts
    }
}

extension TerraformPlan {
    var drifts: [Drift] {
        resources.compactMap { resource in
            resource.drift.map { Drift(.servers, resource.address, $0, diff: resource.differences, remedy: .build) }
        }
    }
}

extension TerraformPlan.Resource {
    /// What an apply would do to it; nil for nothing.
    fileprivate var drift: String? {
        switch (actions.contains("create"), actions.contains("delete"), actions.contains("update")) {
        case (true, true, _): "would be replaced"
        case (true, _, _): "is missing"
        case (_, true, _): "is not described"
        case (_, _, true): "differs"
        default: nil
        }
    }

    /// Whether Terraform marks an attribute, or a part of it: `true`, or an object or list that is not empty.
    private func marks(_ mark: JSON?) -> Bool {
        guard let mark else { return false }
        return mark == true || mark.object?.isEmpty == false || mark.array?.isEmpty == false
    }

    /// The attributes that differ: `image: "debian-12.7" → "debian-12.11"`. What only an apply will know follows from
    /// these, and is shown where there is nothing else.
    fileprivate var differences: [String] {
        guard !(actions.contains("create") != actions.contains("delete")) else { return [] }
        let before = change?["before"]?.object ?? JSONObject()
        let after = change?["after"]?.object ?? JSONObject()
        let unknown = change?["after_unknown"]
        let names = Set(before.map(\.key)).union(after.map(\.key)).sorted()
        var later: [String] = []
        let known = names.compactMap { name -> String? in
            let isUnknown = marks(unknown?[name])
            guard before[name] != after[name] || isUnknown else { return nil }
            if ["before_sensitive", "after_sensitive"].contains(where: { marks(change?[$0]?[name]) }) {
                return "\(name): (sensitive)"
            }
            let old = "\(name): \((before[name] ?? .null).compact) → "
            guard isUnknown else { return old + (after[name] ?? .null).compact }
            later.append(old + "(known after apply)")
            return nil
        }
        return known.isEmpty ? later : known
    }
}
