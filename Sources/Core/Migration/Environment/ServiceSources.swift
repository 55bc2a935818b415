extension ServiceSource {
    /// Where a framework's API is, and who asks. The URL may hold `{{ … }}`: each color has its own.
    public struct Access: Codable, Sendable, Hashable {
        public var url: Setting
        public var user: Setting?
        public var password: Setting?
        /// A token of DC/OS, sent as `Authorization: token=…`.
        public var token: Setting?
        public var tls: TLSRules?
        /// Hosts of other members that the inventory does not have: a redirect to the leader may lead there.
        public var leaders: [String]?

        public init(
            url: Setting, user: Setting? = nil, password: Setting? = nil, token: Setting? = nil, tls: TLSRules? = nil,
            leaders: [String]? = nil
        ) {
            self.url = url
            self.user = user
            self.password = password
            self.token = token
            self.tls = tls
            self.leaders = leaders
        }
    }

    /// Services of mesos-compose: their definitions are files beside the environment; the API reports what runs.
    public struct Compose: Codable, Sendable, Hashable {
        public var access: Access
        /// Patterns of paths below the environment's folder, `*` for any text: each file is a project named like it.
        public var files: [String]
        /// Patterns of files by the name of the project that they are; nil in environments from before this key existed.
        public var projects: [String: [String]]?
        /// What stands before the project in the names of tasks: mesos-compose's `PREFIX_TASKNAME`.
        public var prefix: String
        /// mesos-compose's `FRAMEWORK_NAME`, where it is not the prefix: its API then reports no task, and Redis does.
        public var framework: String?
        /// The Mesos master, where it is not the platform's.
        public var mesos: Access?
        /// The Redis of mesos-compose, which knows services that are in no file.
        public var redis: Redis?

        public init(
            access: Access, files: [String], projects: [String: [String]]? = nil, prefix: String = "mc",
            framework: String? = nil, mesos: Access? = nil, redis: Redis? = nil
        ) {
            self.access = access
            self.files = files
            self.projects = projects
            self.prefix = prefix
            self.framework = framework
            self.mesos = mesos
            self.redis = redis
        }
    }

    /// A Redis that is only read.
    public struct Redis: Codable, Sendable, Hashable {
        /// `host:port`; may hold `{{ … }}`.
        public var address: Setting
        public var password: Setting?
        public var database: Int
        /// How it is called over TLS; nil where it is called without.
        public var tls: TLSRules?

        public init(address: Setting, password: Setting? = nil, database: Int = 1, tls: TLSRules? = nil) {
            self.address = address
            self.password = password
            self.database = database
            self.tls = tls
        }
    }

    /// Its key in environment.yaml.
    public var name: String {
        switch self {
        case .marathon: "marathon"
        case .metronome: "metronome"
        case .chronos: "chronos"
        case .compose: "compose"
        }
    }

    /// Whether a service is this source's, by the form of its id: `/shop/cart` is Marathon's, `shop/cart` is
    /// mesos-compose's, `chronos:report` is Chronos's and `shop.report` Metronome's.
    public func owns(_ service: ServiceID) -> Bool {
        let text = service.text
        return switch self {
        case .marathon(let marathon):
            text.hasPrefix("/") && (marathon.group == "/" || text.hasPrefix(marathon.group + "/"))
        case .chronos: text.hasPrefix(ServiceSource.chronosMark)
        case .compose: !text.hasPrefix("/") && text.contains("/") && !text.hasPrefix(ServiceSource.chronosMark)
        case .metronome: !text.contains("/") && !text.contains(":")
        }
    }

    /// The prefix of the id of a Chronos job, whose name may have any form.
    public static let chronosMark = "chronos:"
}
