/// A framework that launches services on the servers of one color.
public protocol Cluster: Sendable {
    /// For people: `Marathon 1.11.24 at http://10.1.0.10:8080`.
    func observePlatform() async throws(Failure) -> PlatformState

    /// Every service that moves: read from the framework, stripped of what it owns, made canonical.
    func observeServices() async throws(Failure) -> [Service]

    /// The frameworks that it is made of, each with the source that names it; nil for a cluster that is one itself.
    var frameworks: [(source: ServiceSource?, cluster: any Cluster)] { get }

    /// Services that files of the environment declare, whether they run or not. Asks nothing outside.
    var servicesInFiles: [ServiceID] { get }

    /// The services as files of the environment declare them, whatever runs of them; nil where files don't say all of them.
    /// Asks nothing outside.
    var servicesByFiles: [Service]? { get }

    /// Why `observeServices` may report less than there is, one sentence each: a group that does not exist.
    func observeDoubts() async throws(Failure) -> [String]

    /// One service as `observeServices` reports it, or nil if it does not exist.
    func observeService(_ service: ServiceID) async throws(Failure) -> Service?

    /// A service as a revision of it that the framework keeps has it; nil where it keeps none of that name.
    func observeService(_ service: ServiceID, revision: String) async throws(Failure) -> Service?

    /// The tasks of a service that may be given users, with the ports that they were given.
    ///
    /// - Throws: `Failure` (kind `.refused`) where the framework does not report ports.
    func observeTasks(of service: ServiceID) async throws(Failure) -> [ServiceTask]

    /// A service as the other color should have it: overrides applied, `{{ … }}` filled in from that color's servers.
    /// With no inventory the templates stay as they are, for plans made before the servers exist.
    func rewrite(_ service: Service, overrides: [Override], inventory: Inventory?) throws(Failure) -> Service

    /// The findings in a service that may not work in the other color, before and after its overrides. Makes no calls.
    func judge(_ service: Service, rewritten: Service, in placement: PlacementContext) throws(Failure) -> [Finding]

    /// What the definition of a service says of its containers; empty where it has none that policies know. Asks nothing
    /// outside.
    func containers(of service: Service) throws(Failure) -> [ContainerFacts]

    /// How a service that was found differs from the one that is wanted, field by field, instances apart; empty when
    /// they are the same. Asks nothing outside.
    func differences(_ wanted: Service, _ found: Service) throws(Failure) -> [FieldChange]

    /// Launches a service, or changes it to this definition. Returns at once; see `observeHealth`.
    ///
    /// - Parameter suspended: launched so that nothing of it runs: no instance of an app, a job's schedule disabled.
    func launch(_ service: Service, suspended: Bool) async throws(Failure)

    /// How services are doing, by id; one that does not exist, and of which nothing is left to end, is missing from the
    /// answer.
    func observeHealth(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceHealth]

    /// Stops and removes a service; one that does not exist is no failure. Returns at once; see `observeHealth`.
    func stop(_ service: ServiceID) async throws(Failure)

    /// Whether single-color services are enabled, by id; one that does not exist is missing from the answer.
    func observeActivity(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceActivity]

    /// Keeps a service from running: no instance of an app, a job's schedule disabled. Runs of a job that are under way
    /// end by themselves.
    func suspend(_ service: ServiceID) async throws(Failure)

    /// Lets a suspended service run: an app with these many instances, a job by its schedule.
    func activate(_ service: ServiceID, instances: Int) async throws(Failure)

    /// Starts one run of a job now, whatever its schedule says.
    func runOnce(_ job: ServiceID) async throws(Failure)
}

extension Cluster {
    public func containers(of service: Service) throws(Failure) -> [ContainerFacts] { [] }

    /// Itself.
    public var frameworks: [(source: ServiceSource?, cluster: any Cluster)] { [(nil, self)] }

    /// Unknown, for frameworks that keep the definitions themselves.
    public var servicesByFiles: [Service]? { nil }

    /// None, for frameworks that know of all their services themselves.
    public var servicesInFiles: [ServiceID] { [] }

    /// Looked up among all of them, for frameworks that can't be asked for one.
    public func observeService(_ service: ServiceID) async throws(Failure) -> Service? {
        try await observeServices().first { $0.id == service }
    }

    /// None, for frameworks that keep no earlier definition.
    public func observeService(_ service: ServiceID, revision: String) async throws(Failure) -> Service? { nil }

    /// For frameworks that report no ports.
    public func observeTasks(of service: ServiceID) async throws(Failure) -> [ServiceTask] {
        throw Failure(
            "The framework of \(service) does not report which ports its tasks were given",
            at: "traffic/servers/tasks of environment.yaml",
            advice: "Give the service a fixed port, and write `from` and `port` in place of `tasks`.", kind: .refused)
    }

    /// None, for frameworks that report all or nothing.
    public func observeDoubts() async throws(Failure) -> [String] { [] }

    /// Empty for frameworks whose definitions are not bound to their environment.
    public func judge(
        _ service: Service, rewritten: Service, in placement: PlacementContext
    ) throws(Failure) -> [Finding] { [] }

    /// By their digests, for frameworks that can't say more.
    public func differences(_ wanted: Service, _ found: Service) throws(Failure) -> [FieldChange] {
        if wanted.fingerprint == found.fingerprint { return [] }
        return [FieldChange(path: "definition", from: wanted.fingerprint, to: found.fingerprint)]
    }

    /// Launches a service so that it runs.
    public func launch(_ service: Service) async throws(Failure) { try await launch(service, suspended: false) }
}

/// Whether a framework is there and leads.
public struct PlatformState: Codable, Sendable, Hashable {
    public var description: String
    public var isReady: Bool
    /// What is missing, one sentence each.
    public var missing: [String]

    public init(description: String, isReady: Bool, missing: [String] = []) {
        self.description = description
        self.isReady = isReady
        self.missing = missing
    }
}
