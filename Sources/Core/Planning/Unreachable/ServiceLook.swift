import Migration

/// One look at all services of a color that answers: what is kept for a day on which it does not.
public struct ServiceLook: Sendable {
    public let color: Color
    /// Every service that the color reports.
    public let services: [Service]
    /// Those of them that must run in one color only and are suspended.
    public let suspended: [ServiceID]
    /// Whether the color was not asked, and these are what files of the environment declare.
    public let isOfFiles: Bool

    /// What files of the environment declare; nil where they don't say all of it.
    init?(ofFilesFor color: Color, _ cluster: any Cluster) {
        guard let services = cluster.servicesByFiles, !services.isEmpty else { return nil }
        self.color = color
        self.services = services
        suspended = []
        isOfFiles = true
    }

    /// - Parameter singletons: of the services, those that must run in one color only.
    init(
        at color: Color, _ services: [Service], singletons: [ServiceID], in cluster: any Cluster
    ) async throws(Failure) {
        self.color = color
        self.services = services
        isOfFiles = false
        let activity = singletons.isEmpty ? [:] : try await cluster.observeActivity(singletons)
        suspended = singletons.filter { activity[$0]?.isEnabled == false }
    }

    /// Looks at a color now.
    ///
    /// - Returns: nil where its sources may report less than there is.
    public static func observe(
        _ color: Color, on inventory: Inventory, _ environment: Environment, _ drivers: Drivers
    ) async throws(Failure) -> ServiceLook? {
        let cluster = try drivers.cluster(color, inventory)
        let services = try await cluster.observeServices()
        guard !services.isEmpty, try await cluster.observeDoubts().isEmpty else { return nil }
        let desired = try DesiredServices(
            of: services, on: cluster, rules: environment.services, inventory: nil)
        return try await ServiceLook(at: color, services, singletons: desired.singletons, in: cluster)
    }

    public func kept(at time: Instant) -> KeptServices {
        KeptServices(color: color, time: time, services: services, suspended: suspended, areFromFiles: isOfFiles)
    }
}

extension DesiredServices {
    /// Those that move and must run in one color only.
    var singletons: [ServiceID] { pairs.filter(\.wanted.mode.isSingleton).map(\.found.id) }
}
