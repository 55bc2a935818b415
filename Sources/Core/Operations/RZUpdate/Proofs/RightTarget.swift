import Engine
import Migration

/// Proves that an act reaches the color that it is meant for, and leaves the other one as it was (invariant I11).
struct RightTarget: Sendable {
    private let context: StepContext

    init(_ context: StepContext) { self.context = context }

    /// Refuses to go on while a server is in both colors.
    ///
    /// - Parameter act: what is not done then, for people: `destroyed`.
    func refuseShared(_ act: String) async throws(Failure) {
        let servers = try await context.observeInventory(of: .blue)
        let shared = servers.overlaps(with: try await context.observeInventory(of: .green))
        guard shared.isEmpty else { throw sharedServers(shared, "so nothing was \(act)") }
    }

    /// Refuses to configure servers that would be reached where the other color's are: a name that leads elsewhere.
    func refuseReaching(_ inventory: Inventory, by configurator: any Configurator) async throws(Failure) {
        let other = try await context.observeInventory(of: context.direction.old)
        let mine = try await configurator.reached(inventory)
        let theirs = try await configurator.reached(other)
        let shared = Inventory.sharedAddresses(mine, other.hosts + theirs)
        guard shared.isEmpty else {
            throw Failure(
                "Servers of \(context.direction.new) would be configured where those of "
                    + "\(context.direction.old) are, so nothing was configured",
                details: shared,
                advice: "Correct the names that the control node resolves, or `ansible_host`, "
                    + "or set `hostAddress: always` under configure.ansible; commit, then: rz resume --commit HEAD",
                kind: .refused)
        }
    }

    /// Makes an act on one color: refused while a server is in both, and a failure when the other color's servers are
    /// not the same afterwards.
    func act<Result: Sendable>(
        on color: Color, _ act: String, _ work: @Sendable () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        try await refuseShared(act)
        let before = try await context.observeInventory(of: color.other)
        await context.forgetServers(of: color)
        let result = try await context.fence.actUntilStopped(work)
        let after = try await context.observeInventory(of: color.other)
        let changes = differences(before, after)
        guard changes.isEmpty else {
            throw Failure(
                "The servers of \(color.other) changed while those of \(color) were \(act)", details: changes,
                advice: "Find out whether the provisioner reached into \(color.other). Then: "
                    + "rz resume \(context.environment.name)",
                kind: .unknownEffect)
        }
        let shared = after.overlaps(with: try await context.observeInventory(of: color))
        guard shared.isEmpty else { throw sharedServers(shared, "after \(color) was \(act)") }
        return result
    }

    /// Refuses a destruction that can't be carried out, and one of more than the plan showed.
    ///
    /// - Parameter color: nil for the old one.
    func refuseUnplannedDestruction(of color: Color? = nil) async throws(Failure) {
        let old = color ?? context.direction.old
        let list = try await context.drivers.provisioner.observeDestruction(of: old)
        guard let planned = context.plan.destruction else { return }
        let more = Set(list).subtracting(planned).sorted()
        guard more.isEmpty else {
            throw Failure(
                "Destroying \(old) would now take away more than the plan showed", details: more,
                advice: "Find out who changed \(old)'s servers, and take that back. Then: "
                    + "rz resume \(context.environment.name)",
                kind: .refused)
        }
    }

    /// Destroys a color's servers; the disks stay.
    ///
    /// - Parameter proof: that no one needs them; asked last, as planning the destruction may take minutes.
    func destroy(
        _ count: Int, of color: Color, once proof: () async throws(Failure) -> Void
    ) async throws(Failure) -> String {
        let provisioner = context.drivers.provisioner
        try await refuseUnplannedDestruction(of: color)
        try await proof()
        try await context.intend("destroy the servers of \(color)")
        try await act(on: color, "destroyed") { () async throws(Failure) in
            try await provisioner.destroy(color, report: context.report)
        }
        guard try await context.observeInventory(of: color).isEmpty else {
            throw Failure("The provisioner destroyed \(color) but still reports servers", kind: .transient)
        }
        return "\(Wording.count(count, "server")) destroyed"
    }

    private func sharedServers(_ shared: [String], _ end: String) -> Failure {
        Failure(
            "The colors share servers, \(end)", details: shared,
            advice: "Each server belongs to one color, by name, address and id: correct the provisioner's inventory, "
                + "commit, then: rz resume --commit HEAD",
            kind: .refused)
    }

    private func differences(_ before: Inventory, _ after: Inventory) -> [String] {
        func servers(_ inventory: Inventory) -> Set<String> { Set(inventory.hosts.map { "\($0.name) \($0.address)" }) }
        return servers(before).subtracting(servers(after)).sorted().map { "\($0): gone" }
            + servers(after).subtracting(servers(before)).sorted().map { "\($0): new" }
    }
}
