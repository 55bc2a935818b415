import JSON
import Migration

/// Reads the inventory out of `terraform output -json`.
enum TerraformOutputs {
    /// - Returns: nil when there is no output `inventory`: nothing was ever applied, or not all of it, or all is
    ///   destroyed.
    /// - Throws: `Failure` when the inventory can't be read. Its message holds names only, as values may be secrets.
    static func inventory(_ text: String, at place: String) throws(Failure) -> Inventory? {
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: text)
        } catch {
            throw Failure("Terraform's outputs can't be read", at: place, details: ["\(error)"])
        }
        guard let outputs = json.object else { throw Failure("Terraform's outputs are no object", at: place) }
        guard let value = outputs["inventory"]?["value"] else { return nil }
        return try InventoryFormat.inventory(value, at: place + ", output `inventory`", advice: shape)
    }

    static let shape =
        "Give it an output `inventory`: group -> list of objects with `name`, `address` and whatever else is known."
}
