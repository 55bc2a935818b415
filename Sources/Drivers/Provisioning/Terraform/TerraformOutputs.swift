import JSON
import Migration

/// Reads the inventory out of a module's outputs.
enum TerraformOutputs {
    /// - Parameters:
    ///   - text: the output of `terraform output -json`.
    ///   - groups: where the servers are; nil for an output `inventory`.
    /// - Returns: nil when there is no such output: nothing was ever applied, or not all of it, or all is destroyed.
    /// - Throws: `Failure` when the inventory can't be read. Its message holds names only, as values may be secrets.
    static func inventory(
        _ text: String, _ groups: [String: TerraformGroup]? = nil, at place: String
    ) throws(Failure) -> Inventory? {
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: text)
        } catch {
            throw Failure("Terraform's outputs can't be read", at: place, details: ["\(error)"])
        }
        return try inventory(json, groups, at: place)
    }

    /// The same for outputs as a state has them, too: name -> object with `value`.
    static func inventory(
        _ json: JSON, _ groups: [String: TerraformGroup]?, at place: String
    ) throws(Failure) -> Inventory? {
        guard let outputs = json.object else { throw Failure("Terraform's outputs are no object", at: place) }
        if let groups {
            guard !outputs.isEmpty else { return nil }
            var values: [String: JSON] = [:]
            for (name, output) in outputs { values[name] = output["value"] }
            return try InventoryFormat.inventory(
                try TerraformInventory(groups).json(values, at: place), at: place, advice: TerraformInventory.advice)
        }
        guard let value = outputs["inventory"]?["value"] else { return nil }
        return try InventoryFormat.inventory(value, at: place + ", output `inventory`", advice: shape)
    }

    static let shape =
        "Give it an output `inventory`: group -> list of objects with `name`, `address` and whatever else is known. "
        + "Or say under `provision.terraform.inventory` where the servers are in its outputs."
}
