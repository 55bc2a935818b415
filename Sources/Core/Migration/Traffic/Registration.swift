/// The servers that load balancers are to list of a color, by load balancer and backend.
public typealias RegisteredServers = [LoadBalancerID: [String: [RegisteredServer]]]

extension [TrafficRule] {
    /// The services whose tasks runs put into backends for a color.
    public func servicesRegistered(of color: Color) -> [ServiceID] {
        Set(compactMap { $0.registration?[color]?.service }).sorted()
    }

    /// What runs put into backends of these load balancers for a color that has these servers.
    ///
    /// - Parameter tasks: of the services that `servicesRegistered` names.
    /// - Throws: `Failure` for an inventory that lacks what a registration needs, and where a backend would have no server.
    public func registered(
        _ color: Color, of inventory: Inventory, tasks: [ServiceID: [ServiceTask]] = [:], on names: [LoadBalancerID]
    ) throws(Failure) -> RegisteredServers {
        var registered: RegisteredServers = [:]
        for rule in self {
            guard let registration = rule.registration?[color] else { continue }
            let own = registration.service.flatMap { tasks[$0] } ?? []
            let servers = try registration.servers(of: inventory, tasks: own)
            guard !servers.isEmpty else {
                throw noServer(rule, registration, color, inventory)
            }
            let listed = servers.map { server in
                RegisteredServer(name: rule.name(of: server.name, color), address: server.address)
            }
            for name in names where rule.isOn(name) { registered[name, default: [:]][rule.backend] = listed }
        }
        return registered
    }

    private func noServer(
        _ rule: TrafficRule, _ registration: ServerRegistration, _ color: Color, _ inventory: Inventory
    ) -> Failure {
        let place = "traffic/\(rule.backend)/servers/\(color)"
        return switch registration.source {
        case .group(let group):
            Failure(
                "\(color) has no server of the group \(group), so \(rule.backend) would have none", at: place,
                details: ["groups: \(inventory.groups.keys.sorted().joined(separator: ", "))"],
                advice:
                    "Correct `from`, or the provisioner's output `inventory`, and commit. A run that has halted goes on "
                    + "from there with: rz resume --commit HEAD")
        case .tasks(let service):
            Failure(
                "No healthy task of \(service) runs in \(color), so \(rule.backend) would have no server", at: place,
                advice: "See why it does not run; or correct `tasks`, commit, and go on with: rz resume --commit HEAD",
                kind: .transient)
        }
    }
}

/// What has to be changed so that a load balancer lists these servers. Pure.
///
/// A server that has the name and another address is of a former life of its color, and is replaced.
public struct Registering: Sendable, Hashable {
    public var removals: [ServerChange] = []
    public var additions: [ServerChange] = []

    public var isEmpty: Bool { removals.isEmpty && additions.isEmpty }

    public init(_ wanted: [String: [RegisteredServer]], _ state: LoadBalancerState) {
        for (backend, servers) in wanted.sorted(by: { $0.key < $1.key }) {
            let listed = Dictionary(
                (state.backends[backend]?.servers ?? []).map { ($0.name, $0.address) },
                uniquingKeysWith: { first, _ in first })
            for server in servers {
                func change(_ change: ServerChange.Change) -> ServerChange {
                    ServerChange(backend: backend, server: server.name, change: change)
                }
                if listed[server.name] == server.address { continue }
                if listed[server.name] != nil { removals.append(change(.remove)) }
                additions.append(change(.add(address: server.address)))
            }
        }
    }
}

/// Servers of a color in the backends that runs register it in, and which are not, or no more, to be listed. Free slots,
/// `backup` servers and those that the load balancer itself holds in maintenance are no one's of a run.
public func unwantedServers(
    of color: Color, _ rules: [TrafficRule], besides wanted: [String: [RegisteredServer]] = [:],
    on name: LoadBalancerID, _ state: LoadBalancerState
) -> [(rule: TrafficRule, server: ServerState)] {
    rules.on(name).filter { $0.registration?[color] != nil }.flatMap { rule in
        let kept = Set((wanted[rule.backend] ?? []).map(\.name))
        return (state.backends[rule.backend]?.servers ?? []).filter {
            $0.isMovable && rule.color(of: $0.name) == color && !kept.contains($0.name)
        }.map { (rule, $0) }
    }
}
