import Migration

/// The framework of a color that does not answer, by what was kept of its services: whoever reads them gets those, and
/// nothing is launched, stopped, suspended or started there.
public struct KeptCluster: Cluster {
    private let kept: KeptServices
    /// The real one, which knows how definitions are read and compared without asking anything outside.
    private let real: any Cluster
    /// All of the color, whether they answer or not.
    let known: [(source: ServiceSource?, cluster: any Cluster)]
    /// Those that answered when the plan was made though the color as a whole did not.
    public let frameworks: [(source: ServiceSource?, cluster: any Cluster)]

    public init(_ kept: KeptServices, _ real: any Cluster, _ unreachable: UnreachableColor, _ rules: ServiceRules) {
        self.kept = kept
        self.real = real
        known = real.frameworks.map { ($0.source ?? rules.sources.first, $0.cluster) }
        frameworks = known.filter { !unreachable.silent.contains($0.source?.title ?? ServiceSource.unnamedTitle) }
    }

    public func observePlatform() async throws(Failure) -> PlatformState {
        PlatformState(description: "\(kept.color)'s services as of \(kept.time)", isReady: true)
    }

    public func observeServices() async throws(Failure) -> [Service] { kept.services }

    public var servicesInFiles: [ServiceID] { real.servicesInFiles }

    public func observeService(_ service: ServiceID) async throws(Failure) -> Service? { kept[service] }

    public func rewrite(
        _ service: Service, overrides: [Override], inventory: Inventory?
    ) throws(Failure) -> Service {
        try real.rewrite(service, overrides: overrides, inventory: inventory)
    }

    public func judge(
        _ service: Service, rewritten: Service, in placement: PlacementContext
    ) throws(Failure) -> [Finding] {
        try real.judge(service, rewritten: rewritten, in: placement)
    }

    public func containers(of service: Service) throws(Failure) -> [ContainerFacts] {
        try real.containers(of: service)
    }

    public func differences(_ wanted: Service, _ found: Service) throws(Failure) -> [FieldChange] {
        try real.differences(wanted, found)
    }

    public func observeHealth(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceHealth] { [:] }

    /// As it was when the services were kept.
    public func observeActivity(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceActivity] {
        var activity: [ServiceID: ServiceActivity] = [:]
        for id in services {
            guard let service = kept[id] else { continue }
            let isSuspended = kept.suspended.contains(id)
            activity[id] = ServiceActivity(
                isEnabled: !isSuspended, instances: isSuspended ? 0 : service.instances, running: 0)
        }
        return activity
    }

    public func suspend(_ service: ServiceID) async throws(Failure) { throw refused("suspended") }
    public func launch(_ service: Service, suspended: Bool) async throws(Failure) { throw refused("launched") }
    public func stop(_ service: ServiceID) async throws(Failure) { throw refused("stopped") }
    public func activate(_ service: ServiceID, instances: Int) async throws(Failure) { throw refused("activated") }
    public func runOnce(_ job: ServiceID) async throws(Failure) { throw refused("started") }

    private func refused(_ act: String) -> Failure {
        Failure(
            "\(kept.color) does not answer, so nothing is \(act) there", advice: "Go on with: rz resume.",
            kind: .refused)
    }
}

extension Drivers {
    /// These drivers, where a color that does not answer is what was kept of it, and is not asked for anything else.
    public func keeping(
        _ kept: KeptServices, as unreachable: UnreachableColor, _ rules: ServiceRules
    ) -> Drivers {
        var drivers = self
        let (cluster, agents) = (cluster, agents)
        drivers.cluster = { color, inventory throws(Failure) in
            let real = try cluster(color, inventory)
            guard color == kept.color else { return real }
            return KeptCluster(kept, real, unreachable, rules)
        }
        drivers.agents = { color, inventory throws(Failure) in
            color == kept.color ? nil : try agents(color, inventory)
        }
        return drivers
    }
}
