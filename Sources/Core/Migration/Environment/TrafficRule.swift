/// Which servers of a backend belong to which color. The backend has the same name on every load balancer that has it.
public struct TrafficRule: Codable, Sendable, Hashable {
    public var backend: String
    /// Patterns for server names; `*` stands for any text.
    public var servers: [Color: String]
    /// What happens to users whom a cookie or a stick table keeps at their server; nil where the environment does not say: they are
    /// waited for.
    public var persistence: Persistence?
    /// Why servers of this backend may have addresses that no inventory knows; nil where each must be of its color.
    public var anyAddress: String?
    /// The load balancers that have the backend; nil for all.
    public var loadBalancers: [LoadBalancerID]?
    /// The entry of a map that says which color has the traffic; nil where weights do.
    public var switching: TrafficSwitch?
    /// The colors whose servers runs put into the backend, in a switch into that of the color; nil where all are listed by
    /// its configuration.
    public var registration: [Color: ServerRegistration]?

    public init(
        backend: String, servers: [Color: String], persistence: Persistence? = nil, anyAddress: String? = nil,
        loadBalancers: [LoadBalancerID]? = nil, switching: TrafficSwitch? = nil,
        registration: [Color: ServerRegistration]? = nil
    ) {
        self.backend = backend
        self.servers = servers
        self.persistence = persistence
        self.anyAddress = anyAddress
        self.loadBalancers = loadBalancers
        self.switching = switching
        self.registration = registration
    }

    /// The backend of a color's servers as load balancers know it: in a switch each color has one of its own.
    public func ownBackend(of color: Color) -> String { switching?.backends[color] ?? backend }

    /// What the rule calls a server of a color that its own backend calls so.
    public func name(of server: String, _ color: Color) -> String {
        switching == nil ? server : "\(ownBackend(of: color))/\(server)"
    }

    public func isOn(_ name: LoadBalancerID) -> Bool { loadBalancers?.contains(name) ?? true }

    /// A way to move users whom weights do not move.
    public enum Persistence: String, Codable, Sendable, Hashable, CaseIterable {
        /// They move between two requests: the drain takes the old servers into maintenance, where no one comes to them any
        /// more, and waits for open sessions only.
        case leave
        /// They are moved with the drain: the old servers go into maintenance, and their sessions are ended once.
        case cut
        /// The drain waits until they have left.
        case wait
    }

    /// The color that a server belongs to, or nil when no pattern, or more than one, fits.
    public func color(of server: String) -> Color? { ColorPatterns(self).color(of: server) }
}

/// The patterns of a rule, taken out of it once for all servers of a backend.
struct ColorPatterns {
    private let blue: String?
    private let green: String?

    init(_ rule: TrafficRule) {
        blue = rule.servers[.blue]
        green = rule.servers[.green]
    }

    func color(of server: String) -> Color? {
        let isBlue = blue.map { matchesWildcard(server, pattern: $0) } ?? false
        let isGreen = green.map { matchesWildcard(server, pattern: $0) } ?? false
        return isBlue == isGreen ? nil : isBlue ? .blue : .green
    }
}

/// An entry of a map that names the color, or its backend, that requests go to: one command moves them all.
///
/// Each color has a backend of its own there. The rule's servers are those of both, as `BACKEND/SERVER`.
public struct TrafficSwitch: Codable, Sendable, Hashable {
    /// The map as the load balancer names it: its path.
    public var map: Setting
    public var key: String
    /// The backend of each color.
    public var backends: [Color: String]
    /// What the entry is for each color.
    public var values: [Color: String]
    /// Why it does no harm that a reload brings back what the map's file says; nil where rz writes the file, too.
    public var withoutFile: String?

    public init(
        map: Setting, key: String, backends: [Color: String], values: [Color: String]? = nil, withoutFile: String? = nil
    ) {
        self.map = map
        self.key = key
        self.backends = backends
        self.values = values ?? backends
        self.withoutFile = withoutFile
    }

    /// Patterns of a rule's servers.
    public var servers: [Color: String] { backends.mapValues { "\($0)/*" } }
}

extension [TrafficRule] {
    /// Those whose backend a load balancer has.
    public func on(_ name: LoadBalancerID) -> [TrafficRule] { filter { $0.isOn(name) } }
}

/// A backend that runs leave alone although it holds servers of a color.
public struct IgnoredBackend: Codable, Sendable, Hashable {
    /// A pattern for its name; `*` stands for any text.
    public var backend: String
    public var reason: String

    public init(backend: String, reason: String) {
        self.backend = backend
        self.reason = reason
    }
}
