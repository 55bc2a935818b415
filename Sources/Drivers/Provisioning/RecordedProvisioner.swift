import JSON
import Migration

/// What builds servers, as it is recorded of each color.
public enum ProvisionerKind: String, Sendable, Hashable {
    case terraform
    case `static`

    /// For people.
    var name: String {
        switch self {
        case .terraform: "Terraform"
        case .static: "the program under provision.static"
        }
    }

    /// What built a color's servers, or began to; nil when none are recorded.
    ///
    /// - Parameter stateFolder: rz's folder for the environment.
    public static func recorded(of color: Color, in stateFolder: String) -> ProvisionerKind? {
        if let kind = Files.textIfThere(record(of: color, in: stateFolder))
            .flatMap({ ProvisionerKind(rawValue: $0.filter { !$0.isWhitespace }) })
        {
            return kind
        }
        // Built before there were records: only Terraform leaves a state.
        let state = Files.textIfThere("\(stateFolder)/terraform/\(color)/terraform.tfstate")
        guard let state, let json = try? JSON(parsing: state), json["resources"]?.array?.isEmpty != true else {
            return nil
        }
        return .terraform
    }

    static func record(of color: Color, in stateFolder: String) -> String { "\(stateFolder)/provisioner-\(color)" }
}

/// A provisioner that touches only what it built itself: another one could neither see nor destroy those servers.
public struct RecordedProvisioner: Provisioner {
    private let base: any Provisioner
    private let kind: ProvisionerKind
    private let stateFolder: String

    public init(_ base: any Provisioner, _ kind: ProvisionerKind, stateFolder: String) {
        self.base = base
        self.kind = kind
        self.stateFolder = stateFolder
    }

    public var hasFixedServers: Bool { base.hasFixedServers }

    public func observeVersion() async throws(Failure) -> String { try await base.observeVersion() }

    public func observeServers(_ color: Color) async throws(Failure) -> Inventory {
        try refuseAnothers(color)
        return try await base.observeServers(color)
    }

    public func observeChanges(_ color: Color) async throws(Failure) -> ProvisioningChanges {
        try refuseAnothers(color)
        return try await base.observeChanges(color)
    }

    public func observeDrift(_ color: Color) async throws(Failure) -> [Drift] {
        try refuseAnothers(color)
        return try await base.observeDrift(color)
    }

    public func observeDestruction(of color: Color) async throws(Failure) -> [String] {
        try refuseAnothers(color)
        return try await base.observeDestruction(of: color)
    }

    public func build(
        _ color: Color, permit: ProvisioningPermit?, report: Report
    ) async throws(Failure) -> Inventory {
        try refuseAnothers(color)
        if hasFixedServers { return try await base.build(color, permit: permit, report: report) }
        try Files.makeFolder(stateFolder)
        // Before the first server: a build that is cut off is this one's as well.
        try Files.write(kind.rawValue + "\n", to: ProvisionerKind.record(of: color, in: stateFolder))
        return try await base.build(color, permit: permit, report: report)
    }

    public func buildDisks(report: Report) async throws(Failure) { try await base.buildDisks(report: report) }

    public func destroy(_ color: Color, report: Report) async throws(Failure) {
        try refuseAnothers(color)
        try await base.destroy(color, report: report)
        guard !hasFixedServers, try await base.observeServers(color).isEmpty else { return }
        Files.remove(ProvisionerKind.record(of: color, in: stateFolder))
    }

    private func refuseAnothers(_ color: Color) throws(Failure) {
        guard let builder = ProvisionerKind.recorded(of: color, in: stateFolder), builder != kind else { return }
        throw Failure(
            "\(color) was built by \(builder.name), not by \(kind.name)", at: stateFolder,
            advice: "Give environment.yaml back what built \(color), under `provision`.", kind: .refused)
    }
}

/// Stands where a provisioner would that is needed and missing: what it would look at or change is refused.
public struct MissingProvisioner: Provisioner {
    private let failure: Failure

    public init(_ failure: Failure) { self.failure = failure }

    public func observeVersion() async throws(Failure) -> String { throw failure }
    public func observeServers(_ color: Color) async throws(Failure) -> Inventory { throw failure }
    public func observeChanges(_ color: Color) async throws(Failure) -> ProvisioningChanges { throw failure }
    public func observeDrift(_ color: Color) async throws(Failure) -> [Drift] { throw failure }
    public func observeDestruction(of color: Color) async throws(Failure) -> [String] { throw failure }
    public func build(
        _ color: Color, permit: ProvisioningPermit?, report: Report
    ) async throws(Failure) -> Inventory { throw failure }
    public func buildDisks(report: Report) async throws(Failure) { throw failure }
    public func destroy(_ color: Color, report: Report) async throws(Failure) { throw failure }
}
