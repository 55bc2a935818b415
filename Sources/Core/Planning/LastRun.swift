import Migration

/// What the last run of an environment left behind, as its journal tells: what is observed later is held against it
/// (invariant I12).
public struct LastRun: Sendable, Hashable {
    public var run: RunID
    /// The color that it left the traffic on.
    public var live: Color
    /// The services that it moved there, or left there.
    public var services: Set<ServiceID>

    /// The same as its plan had them.
    public var planned: [PlannedService]
    public var direction: Direction
    /// What it found on the load balancers; nil where it did not come to that.
    public var found: FoundTraffic?
    /// The live color's services as the run left them; nil where an older rz did not write them down.
    public var left: [ServiceID: WorldService]?
    /// The commit that its servers were built from; nil where it left the traffic on the color that it found.
    public var commit: String?
    /// Services that rules or people keep where they are.
    public var staying: Set<ServiceID>
    /// The color whose users it moved without being answered there; nil where it was answered.
    public var ruins: Color?

    /// - Returns: nil as long as the run has not ended, and for one that moves no traffic.
    public init?(_ plan: Plan, _ state: RunState) {
        guard state.status.isEnded, plan.phases.contains(where: { $0.traits.contains(.ownsTraffic) }) else {
            return nil
        }
        run = state.run
        live = state.status == .done ? plan.direction.new : plan.direction.old
        services = Set(plan.services.map(\.id))
        planned = plan.services
        direction = plan.direction
        found = state.traffic.found
        left = state.services[live] ?? (state.status == .done ? nil : plan.world.services)
        commit = state.status == .done ? plan.source.commit : nil
        staying = Set(plan.ignored.map(\.id))
        ruins = plan.unreachable != nil && state.status == .done ? plan.direction.old : nil
    }
}
