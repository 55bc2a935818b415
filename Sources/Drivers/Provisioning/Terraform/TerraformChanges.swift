import Migration

extension ProvisioningChanges {
    /// What a plan would do.
    ///
    /// - Parameter differs: whether Terraform says so by its exit code. `resource_drift` events alone don't count: right
    ///   after an apply some providers send them for every computed attribute.
    init(_ plan: [TerraformEvent], inDoubt: [String], differs: Bool) {
        self.init(inDoubt: inDoubt)
        // Terraform reports them in the order in which it walks its graph, another one each time.
        let planned = plan.compactMap { event in
            if case .planned(let resource, let action) = event {
                (address: resource.address, action: action)
            } else {
                nil
            }
        }
        for (address, action) in planned.sorted(by: { $0.address < $1.address }) {
            switch action {
            case "create", "import": add.append(address)
            case "update", "move": change.append(address)
            case "replace": replace.append(address)
            case "delete", "remove": remove.append(address)
            default: continue
            }
        }
        if differs, isEmpty { change.append("outputs") }
    }

    /// The same with the servers that stand behind what would be lost.
    func naming(_ servers: [String: [String]]) -> ProvisioningChanges {
        guard !lost.isEmpty else { return self }
        var changes = self
        changes.servers = servers.filter { lost.contains($0.key) }
        return changes
    }
}
