/// Reports what a driver is doing, as one line for people, as often as it likes.
public typealias Report = @Sendable (String) async -> Void

/// Refuses changes of servers, by throwing.
public typealias ProvisioningPermit = @Sendable (ProvisioningChanges) async throws(Failure) -> Void

/// Builds and destroys servers.
public protocol Provisioner: Sendable {
    /// For people: `Terraform 1.11.4`.
    func observeVersion() async throws(Failure) -> String

    /// The servers that exist in a color; an empty inventory when there are none.
    func observeServers(_ color: Color) async throws(Failure) -> Inventory

    /// What building a color would change; makes no change itself.
    func observeChanges(_ color: Color) async throws(Failure) -> ProvisioningChanges

    /// How a color's servers differ from what describes them; makes no change itself.
    func observeDrift(_ color: Color) async throws(Failure) -> [Drift]

    /// What destroying a color's servers would take away, for people; makes no change itself.
    ///
    /// - Throws: `Failure`, refused, when the destruction would be refused.
    func observeDestruction(of color: Color) async throws(Failure) -> [String]

    /// Builds a color's servers, those in doubt after an unclean end again.
    ///
    /// - Parameter permit: asked for the changes that are about to be made, right before the first; nil for any.
    /// - Throws: `Failure`; what `permit` throws where it refuses: then nothing was changed.
    func build(_ color: Color, permit: ProvisioningPermit?, report: Report) async throws(Failure) -> Inventory

    /// Builds the data disks, which belong to neither color.
    func buildDisks(report: Report) async throws(Failure)

    /// Destroys a color's servers, never the disks.
    func destroy(_ color: Color, report: Report) async throws(Failure)

    /// Whether servers are neither built nor destroyed, but always there.
    var hasFixedServers: Bool { get }
}

extension Provisioner {
    /// Builds a color that no one uses.
    public func build(_ color: Color, report: Report) async throws(Failure) -> Inventory {
        try await build(color, permit: nil, report: report)
    }

    /// Drift by what building would change, for provisioners that can't say more.
    public func driftByChanges(_ color: Color) async throws(Failure) -> [Drift] {
        if hasFixedServers { return [] }
        let changes = try await observeChanges(color)
        return changes.add.map { Drift(.servers, $0, "is missing", remedy: .build) }
            + (changes.change + changes.inDoubt).map { Drift(.servers, $0, "differs", remedy: .build) }
            + changes.replace.map { Drift(.servers, $0, "would be replaced", remedy: .build) }
            + changes.remove.map { Drift(.servers, $0, "is not described", remedy: .build) }
    }

    public var hasFixedServers: Bool { false }

    public func observeDestruction(of color: Color) async throws(Failure) -> [String] {
        hasFixedServers ? [] : try await observeServers(color).hosts.map(\.name).sorted()
    }
}

/// What a provisioner would do, by address of the resource.
public struct ProvisioningChanges: Codable, Sendable, Hashable {
    public var add: [String]
    public var change: [String]
    public var replace: [String]
    public var remove: [String]
    /// Begun by a run that ended uncleanly, so the state can't be trusted about them.
    public var inDoubt: [String]
    /// What would do it, for people: `Terraform 1.11.4`.
    public var provisioner: String?
    /// The servers, by name, that a resource stands for, as far as a provisioner knows it; of those that are replaced or
    /// removed.
    public var servers: [String: [String]]?

    public init(
        add: [String] = [], change: [String] = [], replace: [String] = [], remove: [String] = [],
        inDoubt: [String] = [], provisioner: String? = nil, servers: [String: [String]]? = nil
    ) {
        self.add = add
        self.change = change
        self.replace = replace
        self.remove = remove
        self.inDoubt = inDoubt
        self.provisioner = provisioner
        self.servers = servers
    }

    /// What exists and would not stay as it is, by address of the resource.
    public var lost: [String] { (replace + remove + inDoubt.filter { !add.contains($0) }).sorted() }

    public var isEmpty: Bool { add.isEmpty && change.isEmpty && replace.isEmpty && remove.isEmpty && inDoubt.isEmpty }
}

/// Configures servers.
public protocol Configurator: Sendable {
    func observeVersion() async throws(Failure) -> String

    /// Configures every server of an inventory. Success is judged by the hosts that were seen.
    func configure(_ color: Color, _ inventory: Inventory, report: Report) async throws(Failure) -> ConfigurationResult

    /// What configuring these servers would change; makes no change itself.
    func observeDrift(_ color: Color, _ inventory: Inventory, report: Report) async throws(Failure) -> DriftLook

    /// What would keep a configuration from beginning, found while nothing is built. Makes no change.
    func observeObstacles() async throws(Failure) -> [Obstacle]

    /// The servers at the addresses where they would be configured; a server at several is several hosts.
    func reached(_ inventory: Inventory) async throws(Failure) -> [Host]

    /// A color's servers are new, or gone: what an earlier configuration of it left undone no longer counts.
    func discardUnfinished(of color: Color) async throws(Failure)
}

extension Configurator {
    public func discardUnfinished(of color: Color) async throws(Failure) {}
    public func observeObstacles() async throws(Failure) -> [Obstacle] { [] }
    public func reached(_ inventory: Inventory) async throws(Failure) -> [Host] { inventory.hosts }
}

/// What a configuration run did, by host name.
public struct ConfigurationResult: Codable, Sendable, Hashable {
    public var changed: [String: Int]
    public var failed: [String]
    public var unreachable: [String]
    /// What changed, one by one, as far as it is known; in the order in which it did.
    public var changes: [ConfigurationChange]
    /// Every task that was met, whether it changed something or not.
    public var tasks: Set<ConfigurationTask>

    public init(
        changed: [String: Int], failed: [String] = [], unreachable: [String] = [],
        changes: [ConfigurationChange] = [], tasks: Set<ConfigurationTask> = []
    ) {
        self.changed = changed
        self.failed = failed
        self.unreachable = unreachable
        self.changes = changes
        self.tasks = tasks
    }
}

/// A task, or handler, of a configuration.
public struct ConfigurationTask: Codable, Sendable, Hashable {
    /// For people, with the role's: `docker : Restart docker`.
    public var name: String
    /// All names it goes by: the full one, its own, and what a handler listens to.
    public var names: Set<String>
    /// Its own, and those of its block, role and play.
    public var tags: Set<String>
    public var isHandler: Bool

    public init(name: String, names: Set<String>, tags: Set<String> = [], isHandler: Bool = false) {
        self.name = name
        self.names = names.union([name])
        self.tags = tags
        self.isHandler = isHandler
    }
}

/// A task that changed something on a server.
public struct ConfigurationChange: Codable, Sendable, Hashable {
    public var host: String
    public var task: ConfigurationTask
    /// Names of the handlers that run because of it.
    public var notifies: Set<String>

    public init(host: String, task: ConfigurationTask, notifies: Set<String> = []) {
        self.host = host
        self.task = task
        self.notifies = notifies
    }
}
