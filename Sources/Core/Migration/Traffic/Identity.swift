/// Servers whose address contradicts the color that their name says (invariant I11): one sentence for each backend of a
/// load balancer and each way to be wrong.
///
/// A server of a color stands at an address of that color's inventory, unless its rule says that any will do; no server
/// stands at an address of the other color's. While a color has no servers yet, only the latter is asked. Servers without
/// an address are no servers; nor are those without traffic whose color runs register: they are replaced. Addresses are compared as they are written, letters without regard to case and IPv6 without
/// brackets: a load balancer reports numbers, so an inventory with host names needs a variable of each host that has the
/// number. An address that both inventories have proves nothing.
public func misplacedServers(
    _ states: [LoadBalancerID: LoadBalancerState], _ rules: [TrafficRule], inventories: [Color: Inventory]
) -> [String] {
    let addresses = AddressBook(inventories)
    return states.sorted { $0.key < $1.key }.flatMap { name, state in
        rules.on(name).flatMap { rule in
            addresses.misplaced(state.backends[rule.backend]?.servers ?? [], rule, on: name)
        }
    }
}

/// Backends that would lose servers with a color and that no rule moves: one sentence for each.
///
/// Such a backend holds a server that a color's pattern of any rule fits, or an address of either inventory.
public func unlistedBackends(
    _ states: [LoadBalancerID: LoadBalancerState], _ rules: [TrafficRule], ignored: [IgnoredBackend],
    inventories: [Color: Inventory]
) -> [String] {
    let addresses = AddressBook(inventories)
    let patterns = Set(rules.flatMap(\.servers.values)).sorted()
    return states.sorted { $0.key < $1.key }.flatMap { name, state in
        let listed = Set(rules.on(name).map(\.backend))
        return state.backends.sorted { $0.key < $1.key }.compactMap { backend, content -> String? in
            guard !listed.contains(backend), !ignored.contains(where: { matchesWildcard(backend, pattern: $0.backend) })
            else {
                return nil
            }
            let affected = content.servers.filter { server in
                server.hasAddress
                    && (addresses.owner(of: server.host) != nil
                        || patterns.contains { matchesWildcard(server.name, pattern: $0) })
            }
            guard let first = affected.first else { return nil }
            let twin =
                twin(of: backend, in: state).map { ", with \($0) as a `switch` where one of both is used at a time" }
                ?? ""
            return "\(name): backend \(backend) has \(first.name) at \(first.address)\(others(affected)) and is in no "
                + "rule: no run moves it, and it goes down with its color. List it under `traffic`\(twin), or say why not "
                + "under `ignoreBackends`."
        }
    }
}

/// The backend with the other color in its name, where a load balancer has it: a `default_backend` leads to one of both.
private func twin(of backend: String, in state: LoadBalancerState) -> String? {
    Color.allCases.map { backend.replacing($0.rawValue, with: $0.other.rawValue) }
        .first { $0 != backend && state.backends[$0] != nil }
}

/// Which color an address belongs to.
private struct AddressBook {
    /// By color: addresses of its servers, each with a server's name.
    private let servers: [Color: [String: String]]
    /// By color: whatever else its inventory says of its servers.
    private let variables: [Color: Set<String>]
    /// Addresses that one color's servers have, and not the other's.
    private let owners: [String: Color]

    init(_ inventories: [Color: Inventory]) {
        let servers = inventories.mapValues { inventory in
            Dictionary(
                inventory.hosts.map { (ServerState.host(of: $0.address), $0.name) },
                uniquingKeysWith: { first, _ in first
                })
        }
        self.servers = servers
        variables = inventories.mapValues { inventory in
            Set(inventory.hosts.flatMap(\.variables.values).map { ServerState.host(of: $0) })
        }
        var owners: [String: Color] = [:]
        for (color, hosts) in servers {
            for host in hosts.keys where servers[color.other]?[host] == nil { owners[host] = color }
        }
        self.owners = owners
    }

    /// The one color that has a server with this address.
    func owner(of host: String) -> Color? { owners[host] }

    func misplaced(_ all: [ServerState], _ rule: TrafficRule, on name: LoadBalancerID) -> [String] {
        var wrong: [Color: [ServerState]] = [:]
        var unknown: [Color: [ServerState]] = [:]
        let patterns = ColorPatterns(rule)
        for server in all where server.hasAddress {
            let color = patterns.color(of: server.name)
            let host = server.host
            if let owner = owner(of: host) {
                if owner != color, color != nil || rule.anyAddress == nil { wrong[owner, default: []].append(server) }
            } else if let color, rule.anyAddress == nil, !knows(host, color),
                rule.registration?[color] == nil || server.takesTraffic
            {
                unknown[color, default: []].append(server)
            }
        }
        if wrong.isEmpty, unknown.isEmpty { return [] }
        return Color.allCases.flatMap { color in
            let place = "\(name): \(rule.backend)/"
            var texts: [String] = []
            if let first = wrong[color]?.first {
                let server = servers[color]?[first.host] ?? "?"
                let meant =
                    rule.color(of: first.name).map { "is \($0)'s by its name" } ?? "is neither color's by its name"
                texts.append(
                    "\(place)\(first.name) \(meant), but its address \(first.address) is that of \(color)'s \(server)"
                        + "\(others(wrong[color] ?? [])). Correct its address, or its name and the patterns under "
                        + "`traffic`.")
            }
            if let first = unknown[color]?.first {
                texts.append(
                    "\(place)\(first.name) has the address \(first.address), which no server of \(color) has"
                        + "\(others(unknown[color] ?? [])). Correct its address, or say why any will do: "
                        + "`addresses: { any: … }` under `traffic`.")
            }
            return texts
        }
    }

    /// Whether a color's inventory has this address, or has no server yet.
    private func knows(_ host: String, _ color: Color) -> Bool {
        guard let servers = servers[color], !servers.isEmpty else { return true }
        return servers[host] != nil || variables[color]?.contains(host) == true
    }
}

/// ` (and 2 more servers)`.
private func others(_ servers: [ServerState]) -> String {
    switch servers.count {
    case ...1: ""
    case 2: " (and \(servers[1].name))"
    default: " (and \(servers.count - 1) more servers)"
    }
}

extension ServerState {
    /// The address without its port.
    fileprivate var host: String { ServerState.host(of: address) }

    /// An address without port and brackets, in small letters.
    package static func host(of address: String) -> String {
        if let plain = plainHost(of: address) { return plain }
        let text = address.lowercased()
        if text.hasPrefix("[") { return String(text.dropFirst().prefix { $0 != "]" }) }
        // More than one colon without brackets is IPv6 without a port.
        guard let colon = text.lastIndex(of: ":"), text.firstIndex(of: ":") == colon else { return text }
        return String(text[..<colon])
    }

    /// That of digits, dots and at most one colon, which most addresses are.
    private static func plainHost(of address: String) -> String? {
        var colon: String.Index?
        for place in address.utf8.indices {
            switch address.utf8[place] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."): break
            case UInt8(ascii: ":") where colon == nil: colon = place
            default: return nil
            }
        }
        return colon.map { String(address[..<$0]) } ?? address
    }
}
