/// A load balancer in front of both colors, and how it is spoken to.
public struct LoadBalancerAddress: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case haproxy(HAProxy)
        case traefik(Traefik)
        case alb(ALB)
    }

    public var name: LoadBalancerID
    public var kind: Kind

    public init(name: LoadBalancerID, _ kind: Kind) {
        self.name = name
        self.kind = kind
    }

    /// Whether weights survive a reload.
    public var keepsWeights: Bool {
        switch kind {
        case .haproxy(let haproxy): haproxy.stateFile != nil
        // They stand in its configuration.
        case .traefik, .alb: true
        }
    }

    /// An HAProxy, over its runtime API.
    public struct HAProxy: Codable, Sendable, Hashable {
        /// `unix:/path` or `tcp:host:port`.
        public var socket: Setting
        /// The server state file that a reload reads, if this host can write it.
        public var stateFile: Setting?
        /// Why there is none, so that a reload brings back the weights of the configuration.
        public var withoutStateFile: String?
        /// The file of its configuration in which the lines of servers stand that runs put into backends.
        public var configuration: Setting?
        /// Why there is none, so that a reload forgets them.
        public var withoutConfiguration: String?
        /// The map whose entry `epoch-ENVIRONMENT` names the run that may write (invariant I6).
        public var epochMap: Setting?
        /// The socket of the master process (`haproxy -S`), the only one that old workers answer through.
        public var master: Setting?
        /// `hard-stop-after` of its configuration, which it does not report: after this time an old worker ends.
        public var hardStopAfter: Period?

        public init(
            socket: Setting, stateFile: Setting? = nil, withoutStateFile: String? = nil,
            configuration: Setting? = nil, withoutConfiguration: String? = nil,
            epochMap: Setting? = nil, master: Setting? = nil, hardStopAfter: Period? = nil
        ) {
            self.socket = socket
            self.stateFile = stateFile
            self.withoutStateFile = withoutStateFile
            self.configuration = configuration
            self.withoutConfiguration = withoutConfiguration
            self.epochMap = epochMap
            self.master = master
            self.hardStopAfter = hardStopAfter
        }
    }
}

/// On the wire the settings of an HAProxy stand beside the name; those of any other kind under the kind's.
extension LoadBalancerAddress: Codable {
    private enum Key: String, CodingKey { case name, traefik, alb }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        switch kind {
        case .haproxy(let haproxy): try haproxy.encode(to: encoder)
        case .traefik(let traefik): try container.encode(traefik, forKey: .traefik)
        case .alb(let alb): try container.encode(alb, forKey: .alb)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let traefik = try container.decodeIfPresent(Traefik.self, forKey: .traefik)
        let alb = try container.decodeIfPresent(ALB.self, forKey: .alb)
        self.init(
            name: try container.decode(LoadBalancerID.self, forKey: .name),
            try traefik.map(Kind.traefik) ?? alb.map(Kind.alb) ?? .haproxy(try HAProxy(from: decoder)))
    }
}
