import Migration

extension ProvisioningChanges {
    /// What a plan would do.
    ///
    /// - Parameter differs: whether Terraform says so by its exit code. `resource_drift` events alone don't count: right
    ///   after an apply some providers send them for every computed attribute.
    init(_ plan: [TerraformEvent], inDoubt: [String], differs: Bool) {
        self.init(inDoubt: inDoubt)
        for case .planned(let resource, let action) in plan {
            switch action {
            case "create", "import": add.append(resource.address)
            case "update", "move": change.append(resource.address)
            case "replace": replace.append(resource.address)
            case "delete", "remove": remove.append(resource.address)
            default: continue
            }
        }
        if differs, isEmpty { change.append("outputs") }
    }
}
