/// One data centre under rz's care, as `environments/NAME/environment.yaml` describes it. Holds no secret:
/// settings stay unresolved.
public struct Environment: Codable, Sendable, Hashable {
    public var name: String
    /// The name of a file under `runbooks/`, without its extension.
    public var runbook: String
    public var git: GitPolicy
    public var provision: Provision
    public var configure: Configure?
    public var platform: Platform?
    public var services: ServiceRules
    public var loadBalancers: [LoadBalancerAddress]
    public var traffic: [TrafficRule]
    /// Backends that hold servers of a color and that a run leaves alone, each with the reason; nil for none.
    public var ignoreBackends: [IgnoredBackend]?
    public var gates: Gates
    public var drain: DrainPolicy
    public var soak: Period
    /// How long ago a drill, or a move, may have proved that a move works; nil for any time.
    public var drillEvery: Period?
    /// Per phase: who must say yes before the phase begins.
    public var approvals: [PhaseID: ApprovalRule]
    /// Who may say it; nil for anyone who can run rz there.
    public var approvers: Approvers?
    public var limits: Limits
    /// The default for each place that is called over TLS; nil for none. The places' own rules
    /// hold it already.
    public var tls: TLSRules?
    /// Names of rz's own environment variables that the programs it runs may see besides the usual ones; nil for none.
    public var pass: [String]?
    /// The proxy for calls to what stands in no color; nil where every server is called itself.
    public var proxy: ProxyRules?
    /// What the definitions of services may not say; nil where no one looks.
    public var policies: PolicyRules?

    public init(
        name: String, runbook: String = "rz-update", git: GitPolicy = GitPolicy(), provision: Provision = Provision(),
        configure: Configure? = nil, platform: Platform? = nil, services: ServiceRules = ServiceRules(),
        loadBalancers: [LoadBalancerAddress] = [], traffic: [TrafficRule] = [], ignoreBackends: [IgnoredBackend]? = nil,
        gates: Gates = Gates(), drain: DrainPolicy = DrainPolicy(), soak: Period = .minutes(15),
        drillEvery: Period? = nil,
        approvals: [PhaseID: ApprovalRule] = [:], approvers: Approvers? = nil, limits: Limits = Limits(),
        tls: TLSRules? = nil, pass: [String]? = nil, proxy: ProxyRules? = nil, policies: PolicyRules? = nil
    ) {
        self.name = name
        self.runbook = runbook
        self.git = git
        self.provision = provision
        self.configure = configure
        self.platform = platform
        self.services = services
        self.loadBalancers = loadBalancers
        self.traffic = traffic
        self.ignoreBackends = ignoreBackends
        self.gates = gates
        self.drain = drain
        self.soak = soak
        self.drillEvery = drillEvery
        self.approvals = approvals
        self.approvers = approvers
        self.limits = limits
        self.tls = tls
        self.pass = pass
        self.proxy = proxy
        self.policies = policies
    }
}

/// What the checkout must be like before a run is pinned to it.
public struct GitPolicy: Codable, Sendable, Hashable {
    public var requireClean: Bool
    public var requireSigned: Bool

    public init(requireClean: Bool = true, requireSigned: Bool = false) {
        self.requireClean = requireClean
        self.requireSigned = requireSigned
    }
}

/// How servers are built. With both kinds given, Terraform is used where it (or OpenTofu) is installed.
public struct Provision: Codable, Sendable, Hashable {
    public var terraform: TerraformRoot?
    public var `static`: StaticServers?

    public init(terraform: TerraformRoot? = nil, static: StaticServers? = nil) {
        self.terraform = terraform
        self.static = `static`
    }

    /// Servers that rz neither builds nor destroys: a list.
    public var hasFixedServers: Bool { terraform == nil && `static`.map { $0.command == nil } == true }
}

/// A Terraform root module used once per color, each color with its own state.
public struct TerraformRoot: Codable, Sendable, Hashable {
    /// Folder of the servers' root module, relative to the environment's folder.
    public var root: String
    /// Folder of the data disks' root module: a third state, which no runbook destroys.
    public var disks: String?
    public var variables: [String: Setting]
    /// Variables that differ between the colors.
    public var colors: [Color: [String: Setting]]
    /// Names of the variables whose text is JSON: a number, a flag, a list or a map. Sorted; nil where all are texts.
    public var structured: [String]?
    /// Where the states are kept; nil for rz's own folder.
    public var backend: TerraformBackend?
    /// By group, where its servers are in the outputs; nil where the module has an output `inventory`.
    public var inventory: [String: TerraformGroup]?

    public init(
        root: String, disks: String? = nil, variables: [String: Setting] = [:],
        colors: [Color: [String: Setting]] = [:], structured: [String] = [], backend: TerraformBackend? = nil,
        inventory: [String: TerraformGroup]? = nil
    ) {
        self.root = root
        self.disks = disks
        self.variables = variables
        self.colors = colors
        self.structured = structured.isEmpty ? nil : structured.sorted()
        self.backend = backend
        self.inventory = inventory
    }
}

/// Servers that rz does not build itself.
public struct StaticServers: Codable, Sendable, Hashable {
    /// Called with `apply COLOR`, `destroy COLOR`, `apply disks` or `output COLOR`; the last prints the inventory as
    /// JSON. Runs in the environment's folder.
    public var command: [Setting]?
    /// Servers that always exist, by color and group.
    public var servers: [Color: Inventory]

    public init(command: [Setting]? = nil, servers: [Color: Inventory] = [:]) {
        self.command = command
        self.servers = servers
    }
}

/// How servers are configured.
public struct Configure: Codable, Sendable, Hashable {
    /// The playbook, relative to the environment's folder.
    public var playbook: String
    /// Whether a second run must change nothing but what `exceptions` declare.
    public var idempotenceCheck: Bool
    /// What may change in the second run too; nil where nothing may.
    public var exceptions: [IdempotenceException]?
    /// The project's own inventory, relative to the environment's folder: groups of groups, and the `group_vars` and
    /// `host_vars` beside it. It adds no servers.
    public var inventory: String?
    /// When a server's address is handed to Ansible as `ansible_host`; nil is `whenNeeded`.
    public var hostAddress: HostAddress?
    public var variables: [String: Setting]

    public init(
        playbook: String, idempotenceCheck: Bool = true, exceptions: [IdempotenceException]? = nil,
        inventory: String? = nil, hostAddress: HostAddress? = nil, variables: [String: Setting] = [:]
    ) {
        self.playbook = playbook
        self.idempotenceCheck = idempotenceCheck
        self.exceptions = exceptions
        self.inventory = inventory
        self.hostAddress = hostAddress
        self.variables = variables
    }

    /// When a server's address is handed to Ansible as `ansible_host`. One that the provisioner gave is left alone.
    public enum HostAddress: String, Codable, Sendable, Hashable, CaseIterable {
        case always
        /// Where the server's name does not lead to exactly its address.
        case whenNeeded
        /// Ansible finds servers by their names, as the inventory or ssh's configuration has them.
        case never
    }
}

/// A task that may change something in every run, or all tasks with a tag.
public struct IdempotenceException: Codable, Sendable, Hashable {
    public enum Subject: Sendable, Hashable {
        /// Its name, with or without that of its role: `docker : Restart docker`.
        case task(String)
        /// Its own tag, or one of its block, role or play.
        case tag(String)
    }

    public var subject: Subject
    /// Why, for people.
    public var reason: String

    public init(_ subject: Subject, reason: String) {
        self.subject = subject
        self.reason = reason
    }
}

/// What must run on a color's servers before services are launched there.
public struct Platform: Codable, Sendable, Hashable {
    /// URL of the Mesos master; may hold `{{ … }}`.
    public var mesosMaster: Setting?
    public var user: Setting?
    public var password: Setting?
    public var agentsAtLeast: Int
    /// What each of these agents must say of itself.
    public var agentAttributes: [String: String]
    /// A pattern for master and agents, for example `1.11.*`; nil takes any.
    public var mesosVersion: String?
    public var tls: TLSRules?
    /// Hosts of masters that the inventory does not have.
    public var leaders: [String]?

    public init(
        mesosMaster: Setting? = nil, user: Setting? = nil, password: Setting? = nil, agentsAtLeast: Int = 1,
        agentAttributes: [String: String] = [:], mesosVersion: String? = nil, tls: TLSRules? = nil,
        leaders: [String]? = nil
    ) {
        self.mesosMaster = mesosMaster
        self.user = user
        self.password = password
        self.agentsAtLeast = agentsAtLeast
        self.agentAttributes = agentAttributes
        self.mesosVersion = mesosVersion
        self.tls = tls
        self.leaders = leaders
    }
}

/// What happens when old sessions do not end by themselves.
public struct DrainPolicy: Codable, Sendable, Hashable {
    public enum AtDeadline: String, Codable, Sendable, Hashable, CaseIterable { case hold, rollback, force }

    /// For how long sessions, queue and rate must be zero.
    public var quiet: Period
    public var deadline: Period
    public var atDeadline: AtDeadline

    public init(quiet: Period = .seconds(30), deadline: Period = .minutes(30), atDeadline: AtDeadline = .hold) {
        self.quiet = quiet
        self.deadline = deadline
        self.atDeadline = atDeadline
    }
}

/// Whether a text fits a pattern in which `*` stands for any text, also none. Byte by byte, as other systems compare.
public func matchesWildcard(_ text: String, pattern: String) -> Bool {
    let text = text.utf8
    let pattern = pattern.utf8
    var place = text.startIndex
    var sign = pattern.startIndex
    // Where to go on after a `*` that took too little: the leftmost fit leaves the most for what follows, so that only
    // the last `*` is ever tried again.
    var retry: (sign: String.Index, place: String.Index)?
    while place < text.endIndex {
        if sign < pattern.endIndex, pattern[sign] == UInt8(ascii: "*") {
            sign = pattern.index(after: sign)
            retry = (sign, place)
        } else if sign < pattern.endIndex, pattern[sign] == text[place] {
            sign = pattern.index(after: sign)
            place = text.index(after: place)
        } else if let last = retry {
            sign = last.sign
            place = text.index(after: last.place)
            retry = (sign, place)
        } else {
            return false
        }
    }
    return pattern[sign...].allSatisfy { $0 == UInt8(ascii: "*") }
}
