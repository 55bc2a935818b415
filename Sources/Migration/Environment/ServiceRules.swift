/// Which services move, and what is changed on the way.
public struct ServiceRules: Codable, Sendable, Hashable {
    public var sources: [ServiceSource]
    /// Patterns of service ids that stay where they are.
    public var ignore: [String]
    public var overrides: [Override]

    public init(sources: [ServiceSource] = [], ignore: [String] = [], overrides: [Override] = []) {
        self.sources = sources
        self.ignore = ignore
        self.overrides = overrides
    }

    /// The pattern that says that a service stays where it is.
    public func ignoring(_ service: ServiceID) -> String? { ignore.first { matches(service.text, pattern: $0) } }
}

/// A framework that launches services. Its URL may hold `{{ … }}`: each color has its own.
public enum ServiceSource: Codable, Sendable, Hashable {
    case marathon(Marathon)
    case metronome(Access)
    case chronos(Access)
    case compose(Compose)

    public struct Marathon: Codable, Sendable, Hashable {
        public var url: Setting
        /// Only services under this group move.
        public var group: String
        public var user: Setting?
        public var password: Setting?
        /// A token of DC/OS, sent as `Authorization: token=…`.
        public var token: Setting?
        /// Where DC/OS gives a token for user and password, for example `https://dcos/acs/api/v1/auth/login`.
        public var login: Setting?
        public var tls: TLSRules?

        public init(
            url: Setting, group: String = "/", user: Setting? = nil, password: Setting? = nil, token: Setting? = nil,
            login: Setting? = nil, tls: TLSRules? = nil
        ) {
            self.url = url
            self.group = group
            self.user = user
            self.password = password
            self.token = token
            self.login = login
            self.tls = tls
        }
    }
}

/// A change to the definition of each service that it matches.
public struct Override: Codable, Sendable, Hashable {
    /// A pattern of service ids, or `key=value` of a label.
    public enum Match: Codable, Sendable, Hashable, CustomStringConvertible {
        case id(String)
        case label(name: String, value: String)

        /// As it is written in environment.yaml.
        public var description: String {
            switch self {
            case .id(let pattern): pattern
            case .label(let name, let value): "label \(name)=\(value)"
            }
        }
    }

    public var match: Match
    /// Dotted paths into the definition, for example `env.CACHE_HOST`, and their new texts, which may hold
    /// `{{ … }}` of the new color's inventory.
    public var set: [String: Setting]
    public var remove: [String]
    /// How the service moves; the last override that says something about it wins.
    public var mode: ServiceMode?
    /// Kinds of findings that shall not stop a plan, each with the reason.
    public var accept: [Finding.Kind: String]

    public init(
        match: Match, set: [String: Setting] = [:], remove: [String] = [], mode: ServiceMode? = nil,
        accept: [Finding.Kind: String] = [:]
    ) {
        self.match = match
        self.set = set
        self.remove = remove
        self.mode = mode
        self.accept = accept
    }
}
