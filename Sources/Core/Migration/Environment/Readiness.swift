/// What services need of other systems, as probes ask for it. Addresses and URLs may hold `{{ … }}`.
extension Probe {
    /// A name that the new color's Mesos-DNS must resolve to addresses of the new color.
    public struct MesosDNS: Codable, Sendable, Hashable {
        /// `host:port`, over IPv4.
        public var server: Setting
        /// With `_` in front it is asked for as SRV, else as A.
        public var name: String
        /// Why its addresses may stand outside of the new color's inventory; those of the old color are never right.
        public var anyAddress: String?

        public init(server: Setting, name: String, anyAddress: String? = nil) {
            self.server = server
            self.name = name
            self.anyAddress = anyAddress
        }
    }

    /// A Redis that must be loaded, have its role, and keep its data over a restart.
    public struct Redis: Codable, Sendable, Hashable {
        public enum Role: String, Codable, Sendable, Hashable, CaseIterable { case primary, replica }

        /// `host:port`.
        public var address: Setting
        public var password: Setting?
        public var role: Role
        /// Why it may lose everything with a restart; nil where it must not.
        public var withoutPersistence: String?

        public init(
            address: Setting, password: Setting? = nil, role: Role = .primary, withoutPersistence: String? = nil
        ) {
            self.address = address
            self.password = password
            self.role = role
            self.withoutPersistence = withoutPersistence
        }
    }

    /// The Traefik of each color: every router of the old color's must be on the new one's, enabled, and each service
    /// have as many servers up.
    public struct Traefik: Codable, Sendable, Hashable {
        public struct IgnoredRouter: Codable, Sendable, Hashable {
            /// `name@provider`, `*` for any text.
            public var router: String
            public var reason: String

            public init(router: String, reason: String) {
                self.router = router
                self.reason = reason
            }
        }

        /// The URL before `/api`; filled in once for each color.
        public var url: Setting
        public var user: Setting?
        public var password: Setting?
        public var ignore: [IgnoredRouter]

        public init(
            url: Setting, user: Setting? = nil, password: Setting? = nil, ignore: [IgnoredRouter] = []
        ) {
            self.url = url
            self.user = user
            self.password = password
            self.ignore = ignore
        }
    }
}
