import JSON
import Migration

/// Where Ansible would configure servers, by all that inventories, `group_vars` and `host_vars` say.
struct AnsibleTargets {
    /// By host.
    let variables: [String: JSON]
    let names: NameService

    /// Each server at each address that its name or its `ansible_host` leads to. What is configured on rz's own
    /// machine (`ansible_connection: local`) has no address.
    func hosts(of inventory: Inventory) async -> [Host] {
        var hosts: [Host] = []
        for host in inventory.hosts {
            guard text("ansible_connection", of: host) != "local" else { continue }
            let target = text("ansible_host", of: host) ?? text("ansible_ssh_host", of: host) ?? host.name
            let addresses = await names.addresses(target)
            for address in addresses.isEmpty ? [target] : addresses {
                var variables = ["ansible_host": address]
                variables["ansible_port"] = text("ansible_port", of: host)
                hosts.append(Host(name: host.name, address: "", variables: variables))
            }
        }
        return hosts
    }

    private func text(_ name: String, of host: Host) -> String? {
        guard let value = variables[host.name]?[name], !value.isNull else { return nil }
        return value.string ?? value["__ansible_unsafe"]?.string ?? value.compact
    }
}
