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

    /// What destroying a color's servers would take away, for people; makes no change itself.
    ///
    /// - Throws: `Failure`, refused, when the destruction would be refused.
    func observeDestruction(of color: Color) async throws(Failure) -> [String]

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

    public init(
        add: [String] = [], change: [String] = [], replace: [String] = [], remove: [String] = [],
        inDoubt: [String] = [], provisioner: String? = nil
    ) {
        self.add = add
        self.change = change
        self.replace = replace
        self.remove = remove
        self.inDoubt = inDoubt
        self.provisioner = provisioner
    }

    public var isEmpty: Bool { add.isEmpty && change.isEmpty && replace.isEmpty && remove.isEmpty && inDoubt.isEmpty }
}

/// Configures servers.
public protocol Configurator: Sendable {
    func observeVersion() async throws(Failure) -> String

    /// Configures every server of an inventory. Success is judged by the hosts that were seen.
    func configure(_ color: Color, _ inventory: Inventory, report: Report) async throws(Failure) -> ConfigurationResult

    /// A color's servers are new, or gone: what an earlier configuration of it left undone no longer counts.
    func discardUnfinished(of color: Color) async throws(Failure)
}

extension Configurator {
    public func discardUnfinished(of color: Color) async throws(Failure) {}
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
