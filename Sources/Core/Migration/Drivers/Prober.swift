/// Asks one probe once.
public protocol Prober: Sendable {
    /// Never throws: what could not be asked is inconclusive. A relative HTTP or TCP probe is asked of `target`
    /// (`host:port`).
    ///
    /// - Parameters:
    ///   - inventory: the servers of the color that is asked.
    ///   - other: those of the other color, which no answer may lead to.
    func ask(_ probe: Probe, target: String?, inventory: Inventory, other: Inventory) async -> GateSample
}
