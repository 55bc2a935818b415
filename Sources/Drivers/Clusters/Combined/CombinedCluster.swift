import Migration

/// Several frameworks of one color as one: each call goes to the one that the service belongs to.
public struct CombinedCluster: Cluster {
    /// A framework, and which ids are its own.
    public struct Member: Sendable {
        let source: ServiceSource
        public let cluster: any Cluster

        public init(_ source: ServiceSource, _ cluster: any Cluster) {
            self.source = source
            self.cluster = cluster
        }
    }

    private let members: [Member]

    public init(_ members: [Member]) { self.members = members }

    public func observePlatform() async throws(Failure) -> PlatformState {
        var states: [PlatformState] = []
        for member in members { states.append(try await member.cluster.observePlatform()) }
        return PlatformState(
            description: states.map(\.description).joined(separator: ", "), isReady: states.allSatisfy(\.isReady),
            missing: states.flatMap(\.missing))
    }

    public func observeServices() async throws(Failure) -> [Service] {
        var found: [ServiceID: String] = [:]
        var services: [Service] = []
        for member in members {
            for service in try await member.cluster.observeServices() {
                if let other = found.updateValue(member.source.name, forKey: service.id) {
                    throw Failure(
                        "The service \(service.id) is defined by two sources, so rz can't know which one owns it",
                        at: "services.sources of environment.yaml", details: [other, member.source.name],
                        advice: "Remove one of the two, or the source that lists it.")
                }
                services.append(service)
            }
        }
        return services.sorted { $0.id < $1.id }
    }

    public var frameworks: [(source: ServiceSource?, cluster: any Cluster)] {
        members.map { ($0.source, $0.cluster) }
    }

    public var servicesInFiles: [ServiceID] { members.flatMap(\.cluster.servicesInFiles) }

    public var servicesByFiles: [Service]? {
        var services: [Service] = []
        for member in members {
            guard let own = member.cluster.servicesByFiles else { return nil }
            services += own
        }
        return services.sorted { $0.id < $1.id }
    }

    public func observeDoubts() async throws(Failure) -> [String] {
        var doubts: [String] = []
        for member in members { doubts += try await member.cluster.observeDoubts() }
        return doubts
    }

    public func observeService(_ service: ServiceID) async throws(Failure) -> Service? {
        try await owner(of: service).observeService(service)
    }

    public func observeService(_ service: ServiceID, revision: String) async throws(Failure) -> Service? {
        try await owner(of: service).observeService(service, revision: revision)
    }

    public func observeTasks(of service: ServiceID) async throws(Failure) -> [ServiceTask] {
        try await owner(of: service).observeTasks(of: service)
    }

    public func rewrite(
        _ service: Service, overrides: [Override], inventory: Inventory?
    ) throws(Failure) -> Service {
        try owner(of: service.id).rewrite(service, overrides: overrides, inventory: inventory)
    }

    public func judge(
        _ service: Service, rewritten: Service, in placement: PlacementContext
    ) throws(Failure) -> [Finding] {
        try owner(of: service.id).judge(service, rewritten: rewritten, in: placement)
    }

    public func containers(of service: Service) throws(Failure) -> [ContainerFacts] {
        try owner(of: service.id).containers(of: service)
    }

    public func differences(_ wanted: Service, _ found: Service) throws(Failure) -> [FieldChange] {
        try owner(of: wanted.id).differences(wanted, found)
    }

    public func launch(_ service: Service, suspended: Bool) async throws(Failure) {
        try await owner(of: service.id).launch(service, suspended: suspended)
    }

    public func observeHealth(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceHealth] {
        var health: [ServiceID: ServiceHealth] = [:]
        for (cluster, ids) in try owners(of: services) {
            health.merge(try await cluster.observeHealth(ids)) { first, _ in first }
        }
        return health
    }

    public func stop(_ service: ServiceID) async throws(Failure) { try await owner(of: service).stop(service) }

    public func observeActivity(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceActivity] {
        var activity: [ServiceID: ServiceActivity] = [:]
        for (cluster, ids) in try owners(of: services) {
            activity.merge(try await cluster.observeActivity(ids)) { first, _ in first }
        }
        return activity
    }

    public func suspend(_ service: ServiceID) async throws(Failure) { try await owner(of: service).suspend(service) }

    public func activate(_ service: ServiceID, instances: Int) async throws(Failure) {
        try await owner(of: service).activate(service, instances: instances)
    }

    public func runOnce(_ job: ServiceID) async throws(Failure) { try await owner(of: job).runOnce(job) }

    // MARK: - Who is asked

    private func owner(of service: ServiceID) throws(Failure) -> any Cluster {
        let owners = members.filter { $0.source.owns(service) }
        guard let owner = owners.first, owners.count == 1 else {
            throw Failure(
                "\(service) belongs to \(owners.isEmpty ? "none" : "more than one") of the sources",
                at: "services.sources of environment.yaml", details: members.map(\.source.name),
                advice: "An id of Marathon is /group/app, of mesos-compose project/service, of Chronos chronos:job, "
                    + "of Metronome job.")
        }
        return owner.cluster
    }

    private func owners(of services: [ServiceID]) throws(Failure) -> [(any Cluster, [ServiceID])] {
        for service in services { _ = try owner(of: service) }
        return members.compactMap { member in
            let own = services.filter(member.source.owns)
            return own.isEmpty ? nil : (member.cluster, own)
        }
    }
}
