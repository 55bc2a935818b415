/// Something in the definition of a service that is bound to the environment it runs in.
///
/// Source: the fields that a copy to another Marathon cluster can't take along blindly (Marathon 1.11 REST API).
public struct Finding: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, Hashable, CaseIterable, CodingKeyRepresentable {
        case constraint, role, hostPath, singleAttachVolume, persistentVolume, secret, localFile, network
        case oldAddress, zooKeeper, mesosName, fixedPort, framework, deployment, drift, refused, mode
        case image, misread, unproven
        /// Seen where tasks run only; no plan has it.
        case task
    }

    /// What a finding means for a plan.
    public enum Judgement: Codable, Sendable, Hashable {
        /// It holds in the other color as well.
        case harmless
        /// An override answers it.
        case mapped
        /// It can't be judged before the launch, which waits and tells when it does not hold.
        case deferred
        /// An operator accepts it as it is.
        case accepted(reason: String)
        /// It refuses the plan.
        case blocking
    }

    public var kind: Kind
    /// Where in the definition, for example `env.DB_HOST`.
    public var path: String
    /// What was found and why it matters; holds no value that could be a secret.
    public var text: String
    public var judgement: Judgement

    public init(_ kind: Kind, at path: String, _ text: String, _ judgement: Judgement) {
        self.kind = kind
        self.path = path
        self.text = text
        self.judgement = judgement
    }
}

extension Finding.Judgement {
    private enum Key: String, CodingKey { case word, reason }
    private enum Word: String, Codable { case harmless, mapped, deferred, accepted, blocking }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        switch try container.decode(Word.self, forKey: .word) {
        case .harmless: self = .harmless
        case .mapped: self = .mapped
        case .deferred: self = .deferred
        case .accepted: self = .accepted(reason: try container.decode(String.self, forKey: .reason))
        case .blocking: self = .blocking
        }
    }

    /// As an object with a word, and the reason of what was accepted.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .harmless: try container.encode(Word.harmless, forKey: .word)
        case .mapped: try container.encode(Word.mapped, forKey: .word)
        case .deferred: try container.encode(Word.deferred, forKey: .word)
        case .blocking: try container.encode(Word.blocking, forKey: .word)
        case .accepted(let reason):
            try container.encode(Word.accepted, forKey: .word)
            try container.encode(reason, forKey: .reason)
        }
    }
}

extension Finding.Kind {
    /// What accepting it says, in one phrase.
    public var meaning: String {
        switch self {
        case .constraint: "agents that fit a constraint"
        case .role: "a role of Mesos that the new cluster must have"
        case .hostPath: "a folder of the old agents"
        case .singleAttachVolume: "a volume that only one agent can attach"
        case .persistentVolume: "a local persistent volume, whose copy starts empty"
        case .secret: "a secret of the cluster's own store"
        case .localFile: "a file that must be on every agent"
        case .network: "a container network that must exist"
        case .oldAddress: "an address of a server of the old color"
        case .zooKeeper: "an address of a ZooKeeper"
        case .mesosName: "a name that Mesos-DNS resolves, in each cluster to another address"
        case .fixedPort: "a port of the host that it insists on"
        case .framework: "a framework of its own, which must not run twice"
        case .deployment: "a deployment under way"
        case .drift: "what runs and is not what its file says"
        case .refused: "what the new cluster would refuse"
        case .mode: "an unknown mode"
        case .image: "an image whose name does not say which version it is"
        case .misread: "what its framework reads otherwise than it looks"
        case .unproven: "what its framework does not report, so that no one can compare it"
        case .task: "tasks that Mesos reports otherwise in the new color"
        }
    }

    /// Whether saying yes is enough. Where the launch would fail it is not.
    public var canBeAccepted: Bool { ![.refused, .mode, .deployment, .image, .misread, .unproven].contains(self) }

    /// The modes that answer it: the service is not launched, or not while the old one runs.
    public func isAnswered(by mode: ServiceMode) -> Bool {
        switch self {
        case .singleAttachVolume, .framework: mode.isSingleton
        default: false
        }
    }
}

extension Service {
    /// Findings, with those answered that the service's overrides accept or its mode takes care of.
    public func answering(_ findings: [Finding]) -> [Finding] {
        findings.map { finding in
            guard finding.judgement == .blocking else { return finding }
            var answered = finding
            if finding.kind.isAnswered(by: mode) {
                answered.judgement = .mapped
            } else if finding.kind.canBeAccepted, let reason = accepted[finding.kind] {
                answered.judgement = .accepted(reason: reason)
            }
            return answered
        }
    }
}

/// What is known of the cluster that services leave and of the one that they move to.
public struct PlacementContext: Sendable, Hashable {
    public var old: Inventory
    /// Nil as long as the new servers do not exist.
    public var new: Inventory?
    /// The agents of the new cluster; nil as long as they are not known.
    public var agents: [Agent]?

    public init(old: Inventory, new: Inventory? = nil, agents: [Agent]? = nil) {
        self.old = old
        self.new = new
        self.agents = agents
    }
}

/// A server that tasks may run on.
public struct Agent: Sendable, Hashable {
    public var hostname: String
    public var attributes: [String: String]
    /// The roles that some of its resources are reserved for; `*` stands for those that are for everyone.
    public var roles: Set<String>

    public init(hostname: String, attributes: [String: String] = [:], roles: Set<String> = ["*"]) {
        self.hostname = hostname
        self.attributes = attributes
        self.roles = roles
    }
}
