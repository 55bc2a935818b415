import JSON
import Migration

/// Reads the inventory out of `terraform output -json`.
enum TerraformOutputs {
    /// - Returns: nil when there are no outputs at all: nothing was ever applied, or all is destroyed.
    /// - Throws: `Failure` when there are outputs, but no inventory that can be read among them. Its message holds
    ///   names and types only, as values may be secrets.
    static func inventory(_ text: String, at place: String) throws(Failure) -> Inventory? {
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: text)
        } catch {
            throw Failure("Terraform's outputs can't be read", at: place, details: ["\(error)"])
        }
        guard let outputs = json.object else { throw Failure("Terraform's outputs are no object", at: place) }
        if outputs.isEmpty { return nil }
        guard let value = outputs["inventory"]?["value"] else {
            throw Failure(
                "The root module has no output `inventory`", at: place,
                details: ["its outputs: \(outputs.keys.sorted().joined(separator: ", "))"], advice: shape)
        }
        return try InventoryFormat.inventory(value, at: place + ", output `inventory`", advice: shape)
    }

    private static let shape =
        "Give it an output `inventory`: group -> list of objects with `name`, `address` and whatever else is known."
}
