/// Tells what a driver is doing, as one line for people, as often as it likes.
public typealias Report = @Sendable (String) async -> Void

/// Builds and destroys servers.
public protocol Provisioner: Sendable {
    /// For people: `Terraform 1.11.4`.
    func observeVersion() async throws(Failure) -> String

    /// The servers that exist in a color; an empty inventory when there are none.
    func observeServers(_ color: Color) async throws(Failure) -> Inventory

    /// What building a color would change; makes no change itself.
    func observeChanges(_ color: Color) async throws(Failure) -> ProvisioningChanges

    /// Builds a color's servers, those in doubt after an unclean end anew.
    func build(_ color: Color, report: Report) async throws(Failure) -> Inventory

    /// Builds the data disks, which belong to neither color.
    func buildDisks(report: Report) async throws(Failure)

    /// Destroys a color's servers, never the disks.
    func destroy(_ color: Color, report: Report) async throws(Failure)

    /// Whether servers are neither built nor destroyed, but always there.
    var hasFixedServers: Bool { get }
}

extension Provisioner {
    public var hasFixedServers: Bool { false }
}

/// What a provisioner would do, by address of the resource.
public struct ProvisioningChanges: Codable, Sendable, Hashable {
    public var add: [String]
    public var change: [String]
    public var replace: [String]
    public var remove: [String]
    /// Begun by a run that ended uncleanly, so the state can't be trusted about them.
    public var inDoubt: [String]

    public init(
        add: [String] = [], change: [String] = [], replace: [String] = [], remove: [String] = [], inDoubt: [String] = []
    ) {
        self.add = add
        self.change = change
        self.replace = replace
        self.remove = remove
        self.inDoubt = inDoubt
    }

    public var isEmpty: Bool { add.isEmpty && change.isEmpty && replace.isEmpty && remove.isEmpty && inDoubt.isEmpty }
}

/// Configures servers.
public protocol Configurator: Sendable {
    func observeVersion() async throws(Failure) -> String

    /// Configures every server of an inventory. Success is judged by the hosts that were seen.
    func configure(_ color: Color, _ inventory: Inventory, report: Report) async throws(Failure) -> ConfigurationResult
}

/// What a configuration run did, by host name.
public struct ConfigurationResult: Codable, Sendable, Hashable {
    public var changed: [String: Int]
    public var failed: [String]
    public var unreachable: [String]

    public init(changed: [String: Int], failed: [String] = [], unreachable: [String] = []) {
        self.changed = changed
        self.failed = failed
        self.unreachable = unreachable
    }
}
