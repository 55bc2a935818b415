import JSON
import Migration

/// Finds servers in outputs that were not made for rz: lists and maps of objects with a name and an address.
enum InventoryGuess {
    private static let names = ["name", "hostname", "host", "fqdn", "id"]
    private static let addresses = [
        "address", "ip", "private_ip", "ip_address", "ipv4_address", "private_ip_address", "public_ip", "ansible_host",
    ]

    /// By output, which becomes the group. Sensitive outputs are left out.
    static func groups(_ outputs: JSON) -> [String: TerraformGroup] {
        var groups: [String: TerraformGroup] = [:]
        for (name, output) in outputs.object ?? JSONObject() where output["sensitive"]?.bool != true {
            guard let value = output["value"], let group = group(value) else { continue }
            groups[name] = TerraformGroup(output: name, name: group.name, address: group.address)
        }
        return groups
    }

    private static func group(_ value: JSON) -> (name: String?, address: String?)? {
        if let map = value.object {
            guard !map.isEmpty else { return nil }
            // name -> address
            if map.allSatisfy({ $0.value.string.map(isAddress) == true }) { return (nil, nil) }
            guard let address = field(addresses, of: map.map(\.value)) else { return nil }
            return (nil, address == "address" ? nil : address)
        }
        guard let list = value.array, !list.isEmpty, let name = field(names, of: list),
            let address = field(addresses, of: list)
        else { return nil }
        return (name == "name" ? nil : name, address == "address" ? nil : address)
    }

    /// The first of these fields that every server has as a text.
    private static func field(_ fields: [String], of servers: [JSON]) -> String? {
        fields.first { field in servers.allSatisfy { $0[field]?.string?.isEmpty == false } }
    }

    private static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
            || text.contains(":")
                && text.allSatisfy {
                    $0.isHexDigit || $0 == ":"
                }
    }
}
