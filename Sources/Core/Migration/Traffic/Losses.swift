/// Why what a provisioner would replace or remove may still be of use to someone: one sentence for each resource
/// (invariant I12).
///
/// A server of a color that has users may go when load balancers list its address, each of them knows it to be down and
/// has no session left there, and Mesos has no agent on it any more. What no load balancer lists, and a resource that
/// stands for no server that is known, proves nothing.
///
/// - Parameter agents: those that take tasks.
public func refusedLosses(
    _ changes: ProvisioningChanges, _ inventory: Inventory, _ states: [LoadBalancerID: LoadBalancerState],
    agents: [Agent] = []
) -> [String] {
    changes.lost.compactMap { resource in
        let names = changes.servers?[resource] ?? []
        if names.isEmpty { return "\(resource) would be replaced or removed, and which server it is is not known" }
        let hosts = inventory.hosts.filter { names.contains($0.name) }
        if hosts.isEmpty { return "\(resource) would be replaced or removed, and \(names[0]) is not known" }
        return hosts.lazy.compactMap { use(of: $0, states, agents) }.first
            .map { "\(resource) would be replaced or removed, and \($0)" }
    }
}

/// Why a server may be of use to someone; nil where it is proved to be of none.
private func use(of host: Host, _ states: [LoadBalancerID: LoadBalancerState], _ agents: [Agent]) -> String? {
    let address = ServerState.host(of: host.address)
    let entries = states.sorted { $0.key < $1.key }.flatMap { name, state in
        state.backends.sorted { $0.key < $1.key }.flatMap { backend, content in
            content.servers.filter { $0.hasAddress && ServerState.host(of: $0.address) == address }
                .map { (place: "\(name)/\(backend)/\($0.name)", server: $0) }
        }
    }
    if entries.isEmpty { return "no load balancer reports that \(host.name) is down" }
    if let up = entries.first(where: { $0.server.operation != .down && $0.server.check != .failed }) {
        return "\(up.place) may send users to \(host.name)"
    }
    if let busy = entries.first(where: { $0.server.counters.sessions > 0 || $0.server.counters.queued > 0 }) {
        return "\(busy.place) has sessions on \(host.name) still"
    }
    guard agents.contains(where: { [host.name, host.address].contains($0.hostname) }) else { return nil }
    return "Mesos has an agent on \(host.name) that takes tasks"
}
