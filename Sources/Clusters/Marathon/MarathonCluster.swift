import JSON
import Migration
import Transport

/// The Marathon of one color.
public struct MarathonCluster: Cluster {
    private let client: MarathonClient
    private let group: String
    private let resolver: Resolver

    /// - Throws: `Failure` when the URL refers to a server that the inventory does not have, or a setting is missing.
    public init(_ source: ServiceSource.Marathon, inventory: Inventory, resolver: @escaping Resolver) throws(Failure) {
        try self.init(source, inventory: inventory, resolver: resolver, deadline: .seconds(30))
    }

    init(
        _ source: ServiceSource.Marathon, inventory: Inventory, resolver: @escaping Resolver, deadline: Duration
    ) throws(Failure) {
        var url = try inventory.fill(source.url, resolver)
        while url.hasSuffix("/") { url.removeLast() }
        let user = try source.user.map(resolver)
        let password = try source.password.map(resolver)
        client = MarathonClient(
            url: url, credentials: user.map { Credentials.basic(user: $0, password: password ?? "") },
            deadline: deadline)
        group = "/" + source.group.split(separator: "/").joined(separator: "/")
        self.resolver = resolver
    }

    public func observePlatform() async throws(Failure) -> PlatformState {
        let info = try await client.get("/v2/info")
        let version = info["version"]?.string ?? "of an unknown version"
        var missing: [String] = []
        if info["leader"]?.string == nil { missing.append("no Marathon is elected as leader") }
        if info["frameworkId"]?.string == nil { missing.append("Marathon is not registered with Mesos") }
        return PlatformState(
            description: "Marathon \(version) at \(client.place)", isReady: missing.isEmpty, missing: missing)
    }

    public func observeServices() async throws(Failure) -> [Service] {
        var services: [Service] = []
        for app in try await apps() {
            let definition = try AppDefinition(app)
            if isInGroup(definition.id) { services.append(service(definition)) }
        }
        return services.sorted { $0.id < $1.id }
    }

    public func rewrite(
        _ service: Service, overrides: [Override], inventory: Inventory?
    ) throws(Failure) -> Service {
        var definition = try definition(of: service)
        let changes = try definition.apply(overrides, inventory: inventory, resolver: resolver)
        var rewritten = self.service(definition)
        rewritten.changes = changes
        return rewritten
    }

    public func launch(_ service: Service, suspended: Bool) async throws(Failure) {
        var definition = try definition(of: service)
        if suspended { definition.instances = 0 }
        let answer = try await client.call(.post, "/v2/apps", body: definition.text, accepting: [409])
        guard answer.status == 409 else { return }
        // It exists: from an earlier try, or with another definition. Replacing it says the same thing twice at worst.
        _ = try await client.call(
            .put, "/v2/apps\(service.id)?partialUpdate=false", body: definition.text)
    }

    public func observeHealth(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceHealth] {
        let wanted = Set(services)
        var health: [ServiceID: ServiceHealth] = [:]
        for app in try await apps() {
            guard let id = app["id"]?.string.map({ ServiceID($0) }), wanted.contains(id) else { continue }
            health[id] = ServiceHealth(
                expected: app["instances"]?.int ?? 1, staged: app["tasksStaged"]?.int ?? 0,
                running: app["tasksRunning"]?.int ?? 0, healthy: app["tasksHealthy"]?.int ?? 0,
                unhealthy: app["tasksUnhealthy"]?.int ?? 0,
                hasHealthChecks: app["healthChecks"]?.array?.isEmpty == false,
                isDeploying: app["deployments"]?.array?.isEmpty == false, reasons: lastFailure(app))
        }
        guard health.values.contains(where: { !$0.isReady }) else { return health }
        for (id, reasons) in try await queueReasons() where health[id]?.isReady == false {
            health[id]?.reasons += reasons
        }
        return health
    }

    public func stop(_ service: ServiceID) async throws(Failure) {
        // A launch that is under way would lock the app; stopping it is what is wanted, so force.
        _ = try await client.call(.delete, "/v2/apps\(service)?force=true", accepting: [404])
    }

    // MARK: - Services that may run once

    public func observeActivity(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceActivity] {
        try await observeHealth(services).mapValues { health in
            ServiceActivity(
                isEnabled: health.expected > 0, instances: health.expected, running: health.running + health.staged)
        }
    }

    public func suspend(_ service: ServiceID) async throws(Failure) { try await scale(service, to: 0) }

    public func activate(_ service: ServiceID, instances: Int) async throws(Failure) {
        try await scale(service, to: instances)
    }

    public func runOnce(_ job: ServiceID) async throws(Failure) {
        throw Failure("\(job) is an app of Marathon, which has no schedule")
    }

    private func scale(_ service: ServiceID, to instances: Int) async throws(Failure) {
        _ = try await client.call(.put, "/v2/apps\(service)", body: #"{"instances":\#(instances)}"#)
    }

    // MARK: - Reading

    private func apps() async throws(Failure) -> [JSON] {
        let answer = try await client.get(
            "/v2/apps?embed=apps.counts&embed=apps.deployments&embed=apps.lastTaskFailure")
        guard let apps = answer["apps"]?.array else {
            throw Failure("Marathon's answer holds no `apps`", at: "\(client.place)/v2/apps")
        }
        return apps
    }

    private func isInGroup(_ id: ServiceID) -> Bool {
        group == "/" || id.text.hasPrefix(group + "/")
    }

    private func service(_ definition: AppDefinition) -> Service {
        Service(
            id: definition.id, definition: definition.text, instances: definition.instances,
            dependencies: definition.dependencies, fingerprint: definition.fingerprint,
            hasHealthChecks: definition.hasHealthChecks)
    }

    private func definition(of service: Service) throws(Failure) -> AppDefinition {
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: service.definition)
        } catch {
            throw Failure("The definition of \(service.id) is not JSON", details: [error.description])
        }
        return try AppDefinition(json)
    }

    private func lastFailure(_ app: JSON) -> [String] {
        guard let failure = app["lastTaskFailure"], let state = failure["state"]?.string else { return [] }
        let message = failure["message"]?.string.map { ": \($0)" } ?? ""
        return ["last task \(state)\(message)" + (failure["host"]?.string.map { " on \($0)" } ?? "")]
    }

    /// Why launches are stuck, for example `2 offers declined: InsufficientMemory`.
    private func queueReasons() async throws(Failure) -> [ServiceID: [String]] {
        var reasons: [ServiceID: [String]] = [:]
        for item in try await client.get("/v2/queue")["queue"]?.array ?? [] {
            guard let id = item["app"]?["id"]?.string else { continue }
            let summary = item["processedOffersSummary"]
            var lines = (summary?["rejectSummaryLastOffers"]?.array ?? []).compactMap { step -> String? in
                guard let declined = step["declined"]?.int, declined > 0 else { return nil }
                return
                    "\(declined == 1 ? "1 offer" : "\(declined) offers") declined: \(step["reason"]?.string ?? "no reason given")"
            }
            if let seconds = item["delay"]?["timeLeftSeconds"]?.int, seconds > 0 {
                lines.append("next launch in \(seconds)s after failures")
            }
            if lines.isEmpty, summary?["processedOffersCount"]?.int == 0 { lines = ["no offer came yet"] }
            reasons[ServiceID(id)] = lines
        }
        return reasons
    }
}
