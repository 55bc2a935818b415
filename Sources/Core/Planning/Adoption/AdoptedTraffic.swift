import Migration

/// What load balancers that exist say of the color that is live: the rules by which its servers are known there.
public struct AdoptedTraffic: Sendable, Hashable {
    /// A backend with servers of the live color.
    public struct Backend: Sendable, Hashable {
        public var name: String
        /// The pattern of the live color's servers.
        public var live: String
        /// The pattern of the other color's servers: as they are named, or a proposal.
        public var other: String
        /// Whether servers of the other color are there, so that `other` is no proposal.
        public var hasOther: Bool
        /// The live color's servers, each with its address and port.
        public var servers: [String: String]
    }

    public var backends: [Backend]
    /// Backends without a server of the live color.
    public var unrelated: [String]
    /// What must change on the load balancers before a move, one sentence each.
    public var missing: [String]

    /// The rules that follow from what is seen. Pure.
    ///
    /// - Parameters:
    ///   - live: the servers of the live color; those of load balancers are known by their addresses.
    /// - Throws: `Failure` (kind `.refused`) when no load balancer has a server of it.
    public init(
        of states: [LoadBalancerID: LoadBalancerState], color: Color, live: Inventory
    ) throws(Failure) {
        let addresses = Set(
            live.hosts.flatMap { [$0.address, $0.variables["ansible_host"] ?? $0.address] }
                .map { ServerState.host(of: $0) })
        func isLive(_ server: ServerState) -> Bool {
            server.hasAddress && addresses.contains(ServerState.host(of: server.address))
        }
        let names = Set(states.values.flatMap(\.backends.keys)).sorted()
        (backends, unrelated, missing) = ([], [], [])
        for name in names {
            let places = states.compactMapValues { $0.backends[name]?.servers }
            guard places.values.contains(where: { $0.contains(where: isLive) }) else {
                unrelated.append(name)
                continue
            }
            let all = places.values.flatMap(\.self)
            let own = all.filter(isLive)
            let others = Set(all.filter { !isLive($0) }.map(\.name)).subtracting(own.map(\.name)).sorted()
            // What serves now, or only while no other can, is no color that waits for a move.
            let serving = Set(all.filter { !isLive($0) && ($0.isBackup || $0.takesTraffic) }.map(\.name))
            let ownNames = Set(own.map(\.name)).sorted()
            // No pattern that fits the live servers themselves.
            let proposal =
                ["\(color.other)-*", "new-*", "next-*"].first { pattern in
                    !ownNames.contains { matchesWildcard($0, pattern: pattern) }
                } ?? "\(color.other)-next-*"
            missing += AdoptedTraffic.disagreements(name, places, states, isLive)
            guard let pattern = NamePattern.common(ownNames, besides: others + ["\(proposal.dropLast())\(ownNames[0])"])
            else {
                missing.append(
                    "backend \(name): no pattern fits the servers of \(color) (\(Wording.few(ownNames))) and no "
                        + "others\(others.isEmpty ? "" : " (\(Wording.few(others)))"). Give them names with one "
                        + "beginning, in every haproxy.cfg")
                backends.append(
                    Backend(
                        name: name, live: "\(color)-*", other: proposal, hasOther: false,
                        servers: AdoptedTraffic.addresses(own)))
                continue
            }
            let waiting = others.filter { !serving.contains($0) }
            let found = NamePattern.common(waiting, besides: ownNames + serving)
            if !serving.isEmpty {
                missing.append(
                    "backend \(name): \(Wording.few(serving.sorted())) may serve users, and no address says that "
                        + "they are \(color)'s. A move leaves them as they are: make sure that is meant")
            }
            backends.append(
                Backend(
                    name: name, live: pattern, other: found ?? proposal, hasOther: found != nil,
                    servers: AdoptedTraffic.addresses(own)))
        }
        guard !backends.isEmpty else {
            let seen = states.values.flatMap { $0.backends.values.flatMap(\.servers) }.map(\.address)
            throw Failure(
                "No load balancer has a server of \(color)",
                details: [
                    "\(color)'s servers: \(Wording.few(live.hosts.map { "\($0.name) at \($0.address)" }))",
                    "on the load balancers: \(Wording.few(Set(seen).sorted()))",
                ],
                advice: "Give the load balancers in front of these servers (--load-balancer), or the addresses that "
                    + "these load balancers know them by (--static, or the outputs of the module).", kind: .refused)
        }
    }

    /// What one load balancer says otherwise than another.
    private static func disagreements(
        _ backend: String, _ places: [LoadBalancerID: [ServerState]], _ states: [LoadBalancerID: LoadBalancerState],
        _ isLive: (ServerState) -> Bool
    ) -> [String] {
        var texts: [String] = []
        let own = places.mapValues { Set($0.filter(isLive).map(\.name)) }
        let every = own.values.reduce(Set()) { $0.union($1) }
        for name in states.keys.sorted() {
            guard let servers = places[name] else {
                texts.append("\(name) has no backend \(backend), which others have. Add it to its haproxy.cfg")
                continue
            }
            let absent = every.subtracting(own[name] ?? []).sorted()
            if !absent.isEmpty {
                texts.append("\(name): backend \(backend) lacks \(Wording.few(absent)). Add them to its haproxy.cfg")
            } else if !servers.contains(where: { isLive($0) && $0.weight > 0 && $0.administration == .ready }) {
                texts.append(
                    "\(name): no server of backend \(backend) that is live elsewhere has weight and is ready. "
                        + "Give them the weights that they have on the other load balancers")
            }
        }
        return texts
    }

    private static func addresses(_ servers: [ServerState]) -> [String: String] {
        Dictionary(servers.map { ($0.name, $0.address) }, uniquingKeysWith: { first, _ in first })
    }
}

extension AdoptedTraffic.Backend {
    /// What a haproxy.cfg needs for the other color: a line for each of its servers, without traffic until a move.
    public func lines(for other: Color) -> [String] {
        servers.sorted { $0.key < $1.key }.map { name, address in
            let port = address.lastIndex(of: ":").map { String(address[$0...]) } ?? ""
            let server = (self.other.hasSuffix("*") ? String(self.other.dropLast()) : "\(other)-") + name
            return "server \(server) ADDRESS\(port) weight 0 check"
        }
    }

    /// The line of environment.yaml by which runs put the other color's servers there themselves; nil where the live ones
    /// are of several groups, or have several ports.
    public func registration(for other: Color, like live: Inventory) -> String? {
        let ports = Set(servers.values.map { Int($0.split(separator: ":").last ?? "") })
        let hosts = Set(servers.values.map { ServerState.host(of: $0) })
        let groups = live.groups.filter { _, members in
            hosts.isSubset(of: members.flatMap { [$0.address, $0.variables["ansible_host"] ?? $0.address] })
        }
        guard ports.count == 1, let port = ports.first.flatMap(\.self),
            let group = groups.min(by: { ($0.value.count, $0.key) < ($1.value.count, $1.key) })?.key
        else { return nil }
        let prefix = self.other.hasSuffix("*") ? String(self.other.dropLast()) : "\(other)-"
        return "\(other): { from: \(group), port: \(port), name: \"\(prefix){{ name }}\" }"
    }
}
