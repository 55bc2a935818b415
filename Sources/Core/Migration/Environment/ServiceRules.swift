/// Which services move, and what is changed on the way.
public struct ServiceRules: Codable, Sendable, Hashable {
    public var sources: [ServiceSource]
    /// Patterns of service ids that stay where they are.
    public var ignore: [String]
    public var overrides: [Override]
    /// What a playbook or a person moves; nil for nothing.
    public var declared: [DeclaredService]?
    /// Whether rz keeps what it saw of them, secrets in their definitions included; nil for yes.
    public var keep: Bool?

    public init(
        sources: [ServiceSource] = [], ignore: [String] = [], overrides: [Override] = [],
        declared: [DeclaredService]? = nil, keep: Bool? = nil
    ) {
        self.keep = keep
        self.sources = sources
        self.ignore = ignore
        self.overrides = overrides
        self.declared = declared
    }

    /// Patterns of the tasks that no source has to claim: of what stays, and of what others move.
    public var unclaimedPatterns: [String] { ignore + (declared ?? []).flatMap(\.tasks) }

    /// The pattern that says that a service stays where it is.
    public func ignoring(_ service: ServiceID) -> String? {
        ignore.first { matchesWildcard(service.text, pattern: $0) }
    }
}

/// Something that a playbook or a person brings to the new color. rz touches it in neither color: it waits until its
/// probe passes in the new one.
public struct DeclaredService: Codable, Sendable, Hashable {
    public enum Mover: String, Codable, Sendable, Hashable, CaseIterable { case playbook, hand }

    public var name: String
    public var mover: Mover
    /// In words: what brings it to the new color.
    public var method: String
    /// Patterns of `FRAMEWORK/TASK NAME` that are its tasks on Mesos.
    public var tasks: [String]
    public var probe: Probe

    public init(name: String, mover: Mover, method: String, tasks: [String] = [], probe: Probe) {
        self.name = name
        self.mover = mover
        self.method = method
        self.tasks = tasks
        self.probe = probe
    }

    /// For people, for example `kubernetes (moves by playbook)`.
    public var title: String { "\(name) (moves by \(mover.rawValue))" }
}

/// A framework that launches services. Its URL may hold `{{ … }}`: each color has its own.
public enum ServiceSource: Sendable, Hashable {
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
        /// As `Access.leaders`.
        public var leaders: [String]?

        public init(
            url: Setting, group: String = "/", user: Setting? = nil, password: Setting? = nil, token: Setting? = nil,
            login: Setting? = nil, tls: TLSRules? = nil, leaders: [String]? = nil
        ) {
            self.url = url
            self.group = group
            self.user = user
            self.password = password
            self.token = token
            self.login = login
            self.tls = tls
            self.leaders = leaders
        }
    }
}

/// A change to the definition of each service that it matches.
public struct Override: Codable, Sendable, Hashable {
    /// A pattern of service ids, or `key=value` of a label.
    public enum Match: Sendable, Hashable, CustomStringConvertible {
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
    /// Kinds of findings that must not stop a plan, each with the reason.
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
