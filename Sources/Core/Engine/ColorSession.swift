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
