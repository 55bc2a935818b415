extension LoadBalancerAddress {
    /// A Traefik, changed through a file that its file provider watches and judged by what its API says.
    public struct Traefik: Codable, Sendable, Hashable {
        /// URL of its API, without `/api`.
        public var api: Setting
        /// The file with the weighted services, as this host names it; rz's own.
        public var file: Setting
        /// URL of its metrics for Prometheus; nil for `/metrics` beside the API.
        public var metrics: Setting?
        /// Who asks.
        public var user: Setting?
        public var password: Setting?
        public var tls: TLSRules?

        public init(
            api: Setting, file: Setting, metrics: Setting? = nil, user: Setting? = nil, password: Setting? = nil,
            tls: TLSRules? = nil
        ) {
            self.api = api
            self.file = file
            self.metrics = metrics
            self.user = user
            self.password = password
            self.tls = tls
        }
    }
}
