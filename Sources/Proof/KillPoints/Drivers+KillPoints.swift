import Migration

extension KillPoints {
    /// The same drivers, with kill points around each of their calls.
    public func around(_ drivers: Drivers) -> Drivers {
        var killed = drivers
        killed.loadBalancers = drivers.loadBalancers.map { KilledLoadBalancer(base: $0, points: self) }
        killed.provisioner = KilledProvisioner(base: drivers.provisioner, points: self)
        killed.configurator = drivers.configurator.map { KilledConfigurator(base: $0, points: self) }
        killed.cluster = { color, inventory throws(Failure) in
            KilledCluster(base: try drivers.cluster(color, inventory), name: "cluster(\(color))", points: self)
        }
        killed.agents = { color, inventory throws(Failure) in
            try drivers.agents(color, inventory).map {
                KilledAgentPool(base: $0, name: "agents(\(color))", points: self)
            }
        }
        killed.prober = KilledProber(base: drivers.prober, points: self)
        killed.stepRunner = KilledStepRunner(base: drivers.stepRunner, points: self)
        return killed
    }
}

private struct KilledLoadBalancer: LoadBalancer {
    let base: any LoadBalancer
    let points: KillPoints

    var name: LoadBalancerID { base.name }
    var product: String { base.product }

    func observe() async throws(Failure) -> LoadBalancerState {
        try await points.around(name.text, "\(name).observe", changes: false) { () async throws(Failure) in
            try await base.observe()
        }
    }

    func glance() async throws(Failure) -> LoadBalancerState {
        try await points.around(name.text, "\(name).observe", changes: false) { () async throws(Failure) in
            try await base.glance()
        }
    }

    func apply(_ changes: [ServerChange], epoch: Int) async throws(Failure) {
        try await points.around(name.text, "\(name).apply", changes: true) { () async throws(Failure) in
            try await base.apply(changes, epoch: epoch)
        }
    }

    func change(
        _ changes: [ServerChange], in process: LoadBalancerProcess?, isFollowed: Bool, epoch: Int
    ) async throws(Failure) -> LoadBalancerState {
        try await points.around(name.text, "\(name).apply", changes: true) { () async throws(Failure) in
            try await base.change(changes, in: process, isFollowed: isFollowed, epoch: epoch)
        }
    }

    func observeSessions(
        of servers: [ListedServer], detailed: Int
    ) async throws(Failure) -> OpenSessions {
        try await points.around(name.text, "\(name).observeSessions", changes: false) { () async throws(Failure) in
            try await base.observeSessions(of: servers, detailed: detailed)
        }
    }

    func observeObstacles(_ rules: [TrafficRule]) async throws(Failure) -> [Obstacle] {
        try await points.around(name.text, "\(name).observeObstacles", changes: false) { () async throws(Failure) in
            try await base.observeObstacles(rules)
        }
    }

    func observeClaim(epoch: Int) async throws(Failure) -> [Obstacle] {
        try await points.around(name.text, "\(name).observeClaim", changes: false) { () async throws(Failure) in
            try await base.observeClaim(epoch: epoch)
        }
    }

    func proveWeights(_ rules: [TrafficRule]) async throws(Failure) -> [Obstacle] {
        try await points.around(name.text, "\(name).proveWeights", changes: false) { () async throws(Failure) in
            try await base.proveWeights(rules)
        }
    }
}

private struct KilledProvisioner: Provisioner {
    let base: any Provisioner
    let points: KillPoints

    var hasFixedServers: Bool { base.hasFixedServers }

    func observeVersion() async throws(Failure) -> String {
        try await look("observeVersion") { () async throws(Failure) in try await base.observeVersion() }
    }

    func observeServers(_ color: Color) async throws(Failure) -> Inventory {
        try await look("observeServers(\(color))") { () async throws(Failure) in
            try await base.observeServers(color)
        }
    }

    func observeChanges(_ color: Color) async throws(Failure) -> ProvisioningChanges {
        try await look("observeChanges(\(color))") { () async throws(Failure) in
            try await base.observeChanges(color)
        }
    }

    func observeDestruction(of color: Color) async throws(Failure) -> [String] {
        try await look("observeDestruction(\(color))") { () async throws(Failure) in
            try await base.observeDestruction(of: color)
        }
    }

    func observeDrift(_ color: Color) async throws(Failure) -> [Drift] { try await base.observeDrift(color) }

    func build(
        _ color: Color, permit: ProvisioningPermit?, report: Report
    ) async throws(Failure) -> Inventory {
        let name = "provisioner.build(\(color))"
        return try await points.around("provisioner", name, changes: true) { () async throws(Failure) in
            try await base.build(color, permit: permit) { line in
                points.during(name)
                await report(line)
            }
        }
    }

    func buildDisks(report: Report) async throws(Failure) {
        let name = "provisioner.buildDisks"
        try await points.around("provisioner", name, changes: true) { () async throws(Failure) in
            try await base.buildDisks { line in
                points.during(name)
                await report(line)
            }
        }
    }

    func destroy(_ color: Color, report: Report) async throws(Failure) {
        let name = "provisioner.destroy(\(color))"
        try await points.around("provisioner", name, changes: true) { () async throws(Failure) in
            try await base.destroy(color) { line in
                points.during(name)
                await report(line)
            }
        }
    }

    private func look<Result>(
        _ call: String, _ work: () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        try await points.around("provisioner", "provisioner.\(call)", changes: false, work)
    }
}

private struct KilledConfigurator: Configurator {
    let base: any Configurator
    let points: KillPoints

    func observeVersion() async throws(Failure) -> String {
        try await points.around("configurator", "configurator.observeVersion", changes: false) {
            () async throws(Failure) in try await base.observeVersion()
        }
    }

    func configure(
        _ color: Color, _ inventory: Inventory, report: Report
    ) async throws(Failure) -> ConfigurationResult {
        let name = "configurator.configure(\(color))"
        return try await points.around("configurator", name, changes: true) { () async throws(Failure) in
            try await base.configure(color, inventory) { line in
                points.during(name)
                await report(line)
            }
        }
    }

    func observeObstacles() async throws(Failure) -> [Obstacle] {
        try await points.around("configurator", "configurator.observeObstacles", changes: false) {
            () async throws(Failure) in try await base.observeObstacles()
        }
    }

    func observeDrift(
        _ color: Color, _ inventory: Inventory, report: Report
    ) async throws(Failure) -> DriftLook { try await base.observeDrift(color, inventory, report: report) }

    func reached(_ inventory: Inventory) async throws(Failure) -> [Host] { try await base.reached(inventory) }

    func discardUnfinished(of color: Color) async throws(Failure) {
        try await points.around("configurator", "configurator.discardUnfinished(\(color))", changes: true) {
            () async throws(Failure) in try await base.discardUnfinished(of: color)
        }
    }
}

private struct KilledCluster: Cluster {
    let base: any Cluster
    let name: String
    let points: KillPoints

    var frameworks: [(source: ServiceSource?, cluster: any Cluster)] {
        base.frameworks.map { ($0.source, KilledCluster(base: $0.cluster, name: name, points: points)) }
    }

    var servicesByFiles: [Service]? { base.servicesByFiles }

    func observePlatform() async throws(Failure) -> PlatformState {
        try await look("observePlatform") { () async throws(Failure) in try await base.observePlatform() }
    }

    func observeServices() async throws(Failure) -> [Service] {
        try await look("observeServices") { () async throws(Failure) in try await base.observeServices() }
    }

    func observeDoubts() async throws(Failure) -> [String] {
        try await look("observeDoubts") { () async throws(Failure) in try await base.observeDoubts() }
    }

    func observeService(_ service: ServiceID, revision: String) async throws(Failure) -> Service? {
        try await look("observeService(\(service), \(revision))") { () async throws(Failure) in
            try await base.observeService(service, revision: revision)
        }
    }

    func observeTasks(of service: ServiceID) async throws(Failure) -> [ServiceTask] {
        try await look("observeTasks(\(service))") { () async throws(Failure) in
            try await base.observeTasks(of: service)
        }
    }

    func observeService(_ service: ServiceID) async throws(Failure) -> Service? {
        try await look("observeService(\(service))") { () async throws(Failure) in
            try await base.observeService(service)
        }
    }

    /// Calls no one, nor do the next three.
    var servicesInFiles: [ServiceID] { base.servicesInFiles }

    func rewrite(
        _ service: Service, overrides: [Override], inventory: Inventory?
    ) throws(Failure) -> Service {
        try base.rewrite(service, overrides: overrides, inventory: inventory)
    }

    func judge(
        _ service: Service, rewritten: Service, in placement: PlacementContext
    ) throws(Failure) -> [Finding] {
        try base.judge(service, rewritten: rewritten, in: placement)
    }

    func containers(of service: Service) throws(Failure) -> [ContainerFacts] { try base.containers(of: service) }

    func differences(_ wanted: Service, _ found: Service) throws(Failure) -> [FieldChange] {
        try base.differences(wanted, found)
    }

    func launch(_ service: Service, suspended: Bool) async throws(Failure) {
        try await change("launch(\(service.id))") { () async throws(Failure) in
            try await base.launch(service, suspended: suspended)
        }
    }

    func observeHealth(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceHealth] {
        try await look("observeHealth") { () async throws(Failure) in try await base.observeHealth(services) }
    }

    func stop(_ service: ServiceID) async throws(Failure) {
        try await change("stop(\(service))") { () async throws(Failure) in try await base.stop(service) }
    }

    func observeActivity(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceActivity] {
        try await look("observeActivity") { () async throws(Failure) in try await base.observeActivity(services) }
    }

    func suspend(_ service: ServiceID) async throws(Failure) {
        try await change("suspend(\(service))") { () async throws(Failure) in try await base.suspend(service) }
    }

    func activate(_ service: ServiceID, instances: Int) async throws(Failure) {
        try await change("activate(\(service))") { () async throws(Failure) in
            try await base.activate(service, instances: instances)
        }
    }

    func runOnce(_ job: ServiceID) async throws(Failure) {
        try await change("runOnce(\(job))") { () async throws(Failure) in try await base.runOnce(job) }
    }

    private func change(_ call: String, _ work: () async throws(Failure) -> Void) async throws(Failure) {
        try await points.around(name, "\(name).\(call)", changes: true, work)
    }

    private func look<Result>(
        _ call: String, _ work: () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        try await points.around(name, "\(name).\(call)", changes: false, work)
    }
}

private struct KilledAgentPool: AgentPool {
    let base: any AgentPool
    let name: String
    let points: KillPoints

    func observe() async throws(Failure) -> PlatformState {
        try await look("observe") { () async throws(Failure) in try await base.observe() }
    }

    func observeAgents() async throws(Failure) -> [Agent] {
        try await look("observeAgents") { () async throws(Failure) in try await base.observeAgents() }
    }

    func observeCapacity(for services: [Service]) async throws(Failure) -> CapacityReport {
        try await look("observeCapacity") { () async throws(Failure) in try await base.observeCapacity(for: services) }
    }

    func observeDemand(of services: [Service]) async throws(Failure) -> String {
        try await look("observeDemand") { () async throws(Failure) in try await base.observeDemand(of: services) }
    }

    func unprovenNeeds(of services: [Service]) -> [String] { base.unprovenNeeds(of: services) }

    func observeTaskContents(of services: [Service]) async throws(Failure) -> [ServiceID: Set<TaskContent>] {
        try await look("observeTaskContents") { () async throws(Failure) in
            try await base.observeTaskContents(of: services)
        }
    }

    func observeUnclaimed(
        besides services: [ServiceID], ignoring patterns: [String]
    ) async throws(Failure) -> [String] {
        try await look("observeUnclaimed") { () async throws(Failure) in
            try await base.observeUnclaimed(besides: services, ignoring: patterns)
        }
    }

    private func look<Result>(
        _ call: String, _ work: () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        try await points.around(name, "\(name).\(call)", changes: false, work)
    }
}

private struct KilledProber: Prober {
    let base: any Prober
    let points: KillPoints

    func ask(_ probe: Probe, target: String?, inventory: Inventory, other: Inventory) async -> GateSample {
        await points.around("prober", "prober.ask", changes: false) {
            await base.ask(probe, target: target, inventory: inventory, other: other)
        }
    }
}

private struct KilledStepRunner: StepRunner {
    let base: any StepRunner
    let points: KillPoints

    func run(_ work: ExecWork, inventory: Inventory, report: Report) async throws(Failure) -> [String: String] {
        let name = "stepRunner.run"
        return try await points.around("stepRunner", name, changes: true) { () async throws(Failure) in
            try await base.run(work, inventory: inventory) { line in
                points.during(name)
                await report(line)
            }
        }
    }

    func call(_ work: HTTPWork, inventory: Inventory) async throws(Failure) -> [String: String] {
        try await points.around("stepRunner", "stepRunner.call", changes: true) { () async throws(Failure) in
            try await base.call(work, inventory: inventory)
        }
    }
}
