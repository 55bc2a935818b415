import Migration

/// The services of one color, as they are and as the other color will have them.
public struct ServiceObservation: Sendable {
    /// Every service that the color reports.
    public let all: [Service]
    /// Those that move and those that stay.
    public let desired: DesiredServices
    /// Those that files of the environment declare, and of which nothing runs.
    public let absent: [ServiceID]
    /// What of each service that moves is bound to its environment.
    public private(set) var findings: [ServiceID: [Finding]]
    /// What their definitions say of containers, as the other color will have them.
    public private(set) var containers: [ServiceID: [ContainerFacts]] = [:]

    /// Those that move, as they are.
    public var moving: [Service] { desired.pairs.map(\.found) }
    /// The same as the other color will have them.
    public var rewritten: [Service] { desired.pairs.map(\.wanted) }
    /// Those that stay, each with the rule that says so.
    public var ignored: [IgnoredService] { desired.staying }

    /// Reads the services of a color and judges them. Makes no mutating call.
    ///
    /// - Throws: `Failure` when they can't be read, or an override does not fit.
    public init(
        of cluster: any Cluster, rules: ServiceRules, in placement: PlacementContext
    ) async throws(Failure) {
        let services = try await cluster.observeServices()
        all = services
        let running = Set(services.map(\.id))
        absent = cluster.servicesInFiles.filter { !running.contains($0) && rules.ignoring($0) == nil }.sorted()
        desired = try DesiredServices(of: services, on: cluster, rules: rules, inventory: placement.new)
        findings = [:]
        for pair in desired.pairs {
            let found = try desired.findings(of: pair, in: placement)
            if !found.isEmpty { findings[pair.found.id] = found }
            let facts = try cluster.containers(of: pair.wanted)
            if !facts.isEmpty { containers[pair.found.id] = facts }
        }
    }
}
