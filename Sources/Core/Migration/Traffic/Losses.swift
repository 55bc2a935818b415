/// Why what a provisioner would replace or remove may still be of use to someone: one sentence for each resource
/// (invariant I12).
///
/// A server of a color that has users may go when load balancers list its address, and each of them knows it to be down.
/// What no load balancer lists, and a resource that stands for no server that is known, proves nothing.
public func refusedLosses(
    _ changes: ProvisioningChanges, _ inventory: Inventory, _ states: [LoadBalancerID: LoadBalancerState]
) -> [String] {
    changes.lost.compactMap { resource in
        let names = changes.servers?[resource] ?? []
        if names.isEmpty { return "\(resource) would be replaced or removed, and which server it is is not known" }
        let hosts = inventory.hosts.filter { names.contains($0.name) }
        for host in hosts {
            let entries = states.sorted { $0.key < $1.key }.flatMap { name, state in
                state.backends.sorted { $0.key < $1.key }.flatMap { backend, content in
                    content.servers.filter {
                        $0.hasAddress && ServerState.host(of: $0.address) == ServerState.host(of: host.address)
                    }
                    .map { (place: "\(name)/\(backend)/\($0.name)", server: $0) }
                }
            }
            if entries.isEmpty {
                return
                    "\(resource) would be replaced or removed, and no load balancer reports that \(host.name) is down"
            }
            if let up = entries.first(where: { $0.server.operation != .down && $0.server.check != .failed }) {
                return "\(resource) would be replaced or removed, and \(up.place) may send users to \(host.name)"
            }
        }
        return hosts.isEmpty ? "\(resource) would be replaced or removed, and \(names[0]) is not known" : nil
    }
}
