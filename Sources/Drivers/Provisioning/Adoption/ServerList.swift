import JSON
import Migration
import YAML

/// A list of servers in a file, YAML or JSON: group -> list of objects with `name` and `address`.
public enum ServerList {
    public static func read(_ path: String) throws(Failure) -> Inventory {
        guard let text = Files.textIfThere(path) else {
            throw Failure("The list of servers can't be read", at: path, advice: "Correct --static.")
        }
        let json: JSON
        do throws(YAMLError) { json = try JSON(yaml: text) } catch {
            throw Failure("The list of servers can't be read", at: path, details: ["\(error)"], advice: shape)
        }
        let inventory = try InventoryFormat.inventory(json, at: path, advice: shape)
        guard !inventory.isEmpty else { throw Failure("The list names no server", at: path, advice: shape) }
        return inventory
    }

    private static let shape = "Write it as `web: [ { name: web-1, address: 10.1.0.11 } ]`, a list for each group."
}
