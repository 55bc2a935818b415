/// What stood on the load balancers before the run touched them first: what a return restores (invariant I13).
public struct FoundTraffic: Codable, Sendable, Hashable {
    /// By load balancer and backend: the servers of both colors.
    public var servers: [LoadBalancerID: [String: [FoundServer]]]

    /// The most that each backend had had at a time by then; nil where no load balancer reports it.
    public var peaks: [LoadBalancerID: [String: BackendLoad]]?

    public init(servers: [LoadBalancerID: [String: [FoundServer]]] = [:]) { self.servers = servers }

    /// What these load balancers say now.
    public init(_ observation: TrafficObservation, _ rules: [TrafficRule]) {
        servers = [:]
        for (name, state) in observation.states {
            servers[name] = Dictionary(
                rules.on(name).map { rule in
                    let servers = state.backends[rule.backend]?.servers ?? []
                    return (rule.backend, servers.filter { rule.color(of: $0.name) != nil }.map { FoundServer($0) })
                }, uniquingKeysWith: { first, _ in first })
            let peaks = state.backends.compactMapValues(\.load).filter { servers[name]?[$0.key] != nil }
            if !peaks.isEmpty { self.peaks = (self.peaks ?? [:]).merging([name: peaks]) { first, _ in first } }
        }
    }

    /// Counts servers of a color as serving that served before and are still set to.
    public mutating func keepServing(as before: FoundTraffic, _ color: Color, _ rules: [TrafficRule]) {
        for (name, backends) in servers {
            for rule in rules.on(name) {
                let earlier = before.servers[name]?[rule.backend] ?? []
                servers[name]?[rule.backend] = backends[rule.backend]?.map { server in
                    guard rule.color(of: server.name) == color, server.tookPart,
                        earlier.contains(where: { $0.name == server.name && $0.serves })
                    else { return server }
                    var kept = server
                    kept.serves = true
                    return kept
                }
            }
        }
    }

    /// The best guess where what was found was never written down, or its events are lost: the old color has the
    /// weights of its configuration and everything that can be made ready is.
    public init(assumedFrom observation: TrafficObservation, _ rules: [TrafficRule], old: Color) {
        self.init(observation, rules)
        for (name, backends) in servers {
            for rule in rules.on(name) {
                let scale = observation.states[name]?.scale(of: rule.backend) ?? WeightScale()
                servers[name]?[rule.backend] = backends[rule.backend]?.map { server in
                    guard rule.color(of: server.name) == old else { return server }
                    var assumed = server
                    let configured = server.configuredWeight ?? 0
                    assumed.weight = configured > 0 ? configured : max(server.weight, scale.usual)
                    if !server.isHeld { assumed.administration = .ready }
                    return assumed
                }
            }
        }
    }

    public func server(_ name: String, in backend: String, on loadBalancer: LoadBalancerID) -> FoundServer? {
        servers[loadBalancer]?[backend]?.first { $0.name == name }
    }
}

/// What was found in one backend of one load balancer. Servers mostly stand where they stood, so each is looked for there
/// first, and only where that fails among all.
struct FoundServers {
    let servers: [FoundServer]
    private var places: [String: Int]?

    init(_ servers: [FoundServer]) { self.servers = servers }

    mutating func place(of name: String, near place: Int) -> Int? {
        if servers.indices.contains(place), servers[place].name == name { return place }
        // With few of them the search is faster than the book for it.
        if servers.count <= 8 { return servers.firstIndex { $0.name == name } }
        let places =
            places ?? Dictionary(servers.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.places = places
        return places[name]
    }
}

/// One server as the run found it.
public struct FoundServer: Codable, Sendable, Hashable {
    public var name: String
    public var weight: Int
    public var configuredWeight: Int?
    public var administration: ServerState.Administration
    /// Held in maintenance by the load balancer itself, without an address, or a backup: weights do not move it.
    public var isHeld: Bool
    /// Whether its agent check was on.
    public var hasAgent: Bool
    /// Whether it served: ready, with weight, and not known to be down. One that no check has asked yet may have.
    public var serves: Bool

    public init(
        name: String, weight: Int, configuredWeight: Int? = nil, administration: ServerState.Administration = .ready,
        isHeld: Bool = false, hasAgent: Bool = false, serves: Bool = true
    ) {
        self.name = name
        self.weight = weight
        self.configuredWeight = configuredWeight
        self.administration = administration
        self.isHeld = isHeld
        self.hasAgent = hasAgent
        self.serves = serves
    }

    public init(_ server: ServerState) {
        self.init(
            name: server.name, weight: server.weight, configuredWeight: server.configuredWeight,
            administration: server.administration, isHeld: !server.isMovable, hasAgent: server.hasAgent,
            serves: server.isMovable && server.takesTraffic && server.check != .failed)
    }

    /// Whether it took traffic, so that the run may move it: what a person took out, by maintenance, drain or weight 0,
    /// stays out.
    public var tookPart: Bool { !isHeld && administration == .ready && weight > 0 }
}
