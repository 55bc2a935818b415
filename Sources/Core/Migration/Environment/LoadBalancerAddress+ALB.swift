extension LoadBalancerAddress {
    /// Listener rules of an AWS Application Load Balancer, changed and read back over the API of Elastic Load Balancing.
    public struct ALB: Codable, Sendable, Hashable {
        /// `eu-central-1`.
        public var region: String
        /// By the backend's name in `traffic`: the ARN of a listener rule, or of a listener for its default rule.
        public var rules: [String: Setting]
        public var accessKey: Setting
        /// A reference.
        public var secretKey: Setting
        /// Of temporary credentials.
        public var sessionToken: Setting?
        /// URL of the API; nil for that of the region.
        public var endpoint: Setting?
        public var tls: TLSRules?

        public init(
            region: String, rules: [String: Setting], accessKey: Setting, secretKey: Setting,
            sessionToken: Setting? = nil, endpoint: Setting? = nil, tls: TLSRules? = nil
        ) {
            self.region = region
            self.rules = rules
            self.accessKey = accessKey
            self.secretKey = secretKey
            self.sessionToken = sessionToken
            self.endpoint = endpoint
            self.tls = tls
        }

        /// Where the API is called.
        public var url: Setting {
            endpoint
                ?? Setting(
                    "https://elasticloadbalancing.\(region).amazonaws.com" + (region.hasPrefix("cn-") ? ".cn" : ""))
        }
    }
}
