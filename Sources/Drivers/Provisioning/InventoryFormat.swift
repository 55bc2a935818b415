import JSON
import Migration

/// The shape in which provisioners report servers: group -> list of objects with `name`, `address` and more.
enum InventoryFormat {
    static func inventory(_ json: JSON, at place: String, advice: String) throws(Failure) -> Inventory {
        guard let groups = json.object else {
            throw Failure("The inventory is not an object", at: place, advice: advice)
        }
        var inventory = Inventory()
        var seen: [String: String] = [:]
        var addresses: [String: String] = [:]
        for (group, servers) in groups {
            guard let servers = servers.array else {
                throw Failure("Group \(group) of the inventory is not a list", at: place, advice: advice)
            }
            var hosts: [Host] = []
            for (index, server) in servers.enumerated() {
                let host = try host(server, at: "\(place), \(group)[\(index)]", advice: advice)
                if let other = seen.updateValue(group, forKey: host.name), other == group {
                    throw Failure("Server \(host.name) stands twice in group \(group)", at: place, advice: advice)
                }
                if let other = addresses.updateValue(host.address, forKey: host.name), other != host.address {
                    throw Failure(
                        "Server \(host.name) has two addresses: \(other) and \(host.address)", at: place,
                        advice: advice)
                }
                hosts.append(host)
            }
            inventory.groups[group] = hosts
        }
        return inventory
    }

    private static func host(_ json: JSON, at place: String, advice: String) throws(Failure) -> Host {
        guard let fields = json.object, let name = fields["name"]?.string, !name.isEmpty else {
            throw Failure("A server of the inventory has no name", at: place, advice: advice)
        }
        guard let address = fields["address"]?.string, !address.isEmpty else {
            throw Failure("Server \(name) of the inventory has no address", at: place, advice: advice)
        }
        var variables: [String: String] = [:]
        var structured: [String] = []
        for (key, value) in fields where key != "name" && key != "address" && !value.isNull {
            variables[key] = value.string ?? value.compact
            if value.string == nil { structured.append(key) }
        }
        return Host(name: name, address: address, variables: variables, structured: structured)
    }
}
