import Migration

/// A color as a run sees it: its servers as they were last looked at, and what speaks to its framework and its agents.
///
/// Asking a provisioner for its servers starts a program. So a run looks once, again after it built or destroyed
/// servers, and wherever a proof must rest on what is now (`StepContext.observeInventory`).
package struct ColorSession: Sendable {
    package let color: Color
    package let inventory: Inventory
    private let drivers: Drivers

    init(inventory: Inventory, color: Color, drivers: Drivers) {
        self.color = color
        self.inventory = inventory
        self.drivers = drivers
    }

    /// The framework on these servers.
    package func cluster() throws(Failure) -> any Cluster { try drivers.cluster(color, inventory) }

    /// The agents on these servers, where something reports them.
    package func agents() throws(Failure) -> (any AgentPool)? { try drivers.agents(color, inventory) }
}

extension Engine {
    /// A color as it was last looked at.
    func session(of color: Color) async throws(Failure) -> ColorSession {
        if let known = sessions[color] { return known }
        return try await observeSession(of: color)
    }

    /// A color as the provisioner reports it now.
    func observeSession(of color: Color) async throws(Failure) -> ColorSession {
        let inventory = try await drivers.provisioner.observeServers(color)
        let session = ColorSession(inventory: inventory, color: color, drivers: drivers)
        remember(session)
        return session
    }
}
