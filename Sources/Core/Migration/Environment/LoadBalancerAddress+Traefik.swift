extension LoadBalancerAddress {
    /// A Traefik, changed through what one of its providers watches and judged by what its API says.
    public struct Traefik: Sendable, Hashable {
        /// Where the weights stand that rz changes.
        public enum Store: Sendable, Hashable {
            /// The file with the weighted services, as this host names it; rz's own.
            case file(Setting)
            case redis(Redis)
        }

        /// The Redis of Traefik's Redis provider.
        public struct Redis: Codable, Sendable, Hashable {
            /// `host:port`.
            public var address: Setting
            /// `rootKey` of the provider.
            public var rootKey: String
            public var database: Int
            /// Who writes; nil for the user `default`.
            public var user: Setting?
            /// A reference.
            public var password: Setting?
            /// Nil for one that is called in clear.
            public var tls: TLSRules?

            public init(
                address: Setting, rootKey: String = "traefik", database: Int = 0, user: Setting? = nil,
                password: Setting? = nil, tls: TLSRules? = nil
            ) {
                self.address = address
                self.rootKey = rootKey
                self.database = database
                self.user = user
                self.password = password
                self.tls = tls
            }
        }

        /// URL of its API, without `/api`.
        public var api: Setting
        public var store: Store
        /// URL of its metrics for Prometheus; nil for `/metrics` beside the API.
        public var metrics: Setting?
        /// Who asks.
        public var user: Setting?
        public var password: Setting?
        public var tls: TLSRules?

        public init(
            api: Setting, _ store: Store, metrics: Setting? = nil, user: Setting? = nil, password: Setting? = nil,
            tls: TLSRules? = nil
        ) {
            self.api = api
            self.store = store
            self.metrics = metrics
            self.user = user
            self.password = password
            self.tls = tls
        }

        /// What Traefik's names of the services end with that rz moves: `@file`.
        public var suffix: String {
            switch store {
            case .file: "@file"
            case .redis: "@redis"
            }
        }
    }
}

/// On the wire a store stands under its kind, beside the other settings.
extension LoadBalancerAddress.Traefik: Codable {
    private enum Key: String, CodingKey { case api, file, redis, metrics, user, password, tls }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(api, forKey: .api)
        switch store {
        case .file(let file): try container.encode(file, forKey: .file)
        case .redis(let redis): try container.encode(redis, forKey: .redis)
        }
        try container.encodeIfPresent(metrics, forKey: .metrics)
        try container.encodeIfPresent(user, forKey: .user)
        try container.encodeIfPresent(password, forKey: .password)
        try container.encodeIfPresent(tls, forKey: .tls)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let redis = try container.decodeIfPresent(Redis.self, forKey: .redis)
        self.init(
            api: try container.decode(Setting.self, forKey: .api),
            try redis.map(Store.redis) ?? .file(try container.decode(Setting.self, forKey: .file)),
            metrics: try container.decodeIfPresent(Setting.self, forKey: .metrics),
            user: try container.decodeIfPresent(Setting.self, forKey: .user),
            password: try container.decodeIfPresent(Setting.self, forKey: .password),
            tls: try container.decodeIfPresent(TLSRules.self, forKey: .tls))
    }
}
