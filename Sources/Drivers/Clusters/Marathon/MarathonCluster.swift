import JSON
import Migration
import Transport
import Trust

/// The Marathon of one color: its apps and pods.
public struct MarathonCluster: Cluster {
    let client: MarathonClient
    private let group: String
    private let resolver: Resolver

    /// - Throws: `Failure` when the URL refers to a server that the inventory does not have, or a setting is missing.
    public init(
        _ source: ServiceSource.Marathon, inventory: Inventory, resolver: @escaping Resolver,
        proxy: ProxyRules? = nil
    ) throws(Failure) {
        try self.init(source, inventory: inventory, resolver: resolver, proxy: proxy, deadline: .seconds(30))
    }

    init(
        _ source: ServiceSource.Marathon, inventory: Inventory, resolver: @escaping Resolver,
        proxy: ProxyRules? = nil, deadline: Duration, patience: Duration = .seconds(120)
    ) throws(Failure) {
        var url = try inventory.fill(source.url, resolver)
        while url.hasSuffix("/") { url.removeLast() }
        client = MarathonClient(
            url: url, access: try MarathonCluster.access(source, inventory, resolver),
            tls: TLSAccess(source.tls, at: "services.sources[].marathon", inventory: inventory, resolver: resolver),
            reach: Reach(inventory, leaders: source.leaders, proxy: proxy, resolver: resolver), deadline: deadline,
            patience: patience)
        group = "/" + source.group.split(separator: "/").joined(separator: "/")
        self.resolver = resolver
    }

    private static func access(
        _ source: ServiceSource.Marathon, _ inventory: Inventory, _ resolver: Resolver
    ) throws(Failure) -> MarathonClient.Access {
        if let token = source.token { return .credentials(.token(try resolver(token))) }
        guard let user = try source.user.map(resolver) else { return .anonymous }
        let password = try source.password.map(resolver) ?? ""
        guard let login = source.login else { return .credentials(.basic(user: user, password: password)) }
        return .login(DCOSLogin(url: try inventory.fill(login, resolver), user: user, password: password))
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
        let apps = try await client.apps(embedding: ["counts", "deployments"])
        return try await services(apps + client.pods())
    }

    public func observeDoubts() async throws(Failure) -> [String] { try await client.doubts(about: group) }

    /// Asks for this one alone: a list holds every app of the cluster.
    public func observeService(_ service: ServiceID) async throws(Failure) -> Service? {
        let path = try service.marathonPath()
        if let app = try await client.find("/v2/apps\(path)?embed=app.counts&embed=app.deployments") {
            return try await services([client.app(in: app, service)]).first
        }
        guard let pod = try await client.find("/v2/pods\(path)") else { return nil }
        return try await services([pod]).first
    }

    /// Marathon keeps a number of versions of an app (`--zk_max_versions`), until the app is removed.
    ///
    /// Source: Marathon, `GET /v2/apps/{id}/versions/{version}`.
    public func observeService(_ service: ServiceID, revision: String) async throws(Failure) -> Service? {
        let path = try service.marathonPath()
        if let app = try await client.find("/v2/apps\(path)/versions/\(revision)") {
            return try await services([app]).first
        }
        guard let pod = try await client.find("/v2/pods\(path)::versions/\(revision)") else { return nil }
        return try await services([pod]).first
    }

    /// Apps and pods as services, with what the groups around them say.
    private func services(_ definitions: [JSON]) async throws(Failure) -> [Service] {
        let groups = try GroupTree(await client.get("/v2/groups?embed=group.groups"))
        let role = try await client.defaultRole()
        let hasPods = definitions.contains { $0["containers"]?.array != nil }
        let deploying = hasPods ? try await client.podsUnderDeployment() : []
        var services: [Service] = []
        for json in definitions {
            let text = json["id"]?.string ?? ""
            let id = ServiceID(text, from: "/")
            guard group == "/" || id.text.hasPrefix(group + "/") else { continue }
            let definition = try MarathonDefinition(json, defaultRole: groups.defaultRole(of: id, cluster: role))
            // What it reports, before it is read from the root: `/shop/../web` is no other name of `/web`.
            _ = try ServiceID(text.hasPrefix("/") ? text : "/" + text).marathonPath()
            var service = service(definition, in: groups.around(id))
            service.dependencies += groups.dependencies(of: id).filter { !service.dependencies.contains($0) }
            service.revision = json["version"]?.string
            service.isDeploying = json["deployments"]?.array?.isEmpty == false || deploying.contains(id)
            services.append(service)
        }
        return services.sorted { $0.id < $1.id }
    }

    public func rewrite(
        _ service: Service, overrides: [Override], inventory: Inventory?
    ) throws(Failure) -> Service {
        let before = try definition(of: service)
        let run = try OverrideRun(
            .object(before.json), of: service.id, overrides, inventory: inventory, resolver: resolver)
        let definition = try MarathonDefinition(run.json)
        var rewritten = self.service(definition, in: service.groups)
        // The dependencies of its groups stay; its own may be changed by an override.
        let inherited = service.dependencies.filter { !before.dependencies.contains($0) }
        rewritten.dependencies += inherited.filter { !rewritten.dependencies.contains($0) }
        rewritten.isDeploying = service.isDeploying
        rewritten.changes = run.changes
        rewritten.accepted = run.accepted
        (rewritten.mode, rewritten.modeReason) = run.mode
        return rewritten
    }

    public func judge(
        _ service: Service, rewritten: Service, in placement: PlacementContext
    ) throws(Failure) -> [Finding] {
        try Judgement(placement).findings(
            of: definition(of: service), becoming: definition(of: rewritten), as: rewritten)
    }

    /// The role of a service that was found is the new cluster's own where it says nothing; that is what was asked for.
    public func differences(_ wanted: Service, _ found: Service) throws(Failure) -> [FieldChange] {
        var wanted = try definition(of: wanted)
        let found = try definition(of: found)
        if found.json["role"] == nil { wanted.role = nil }
        return Differences.between(wanted.normalForm, found.normalForm)
    }

    private func service(_ definition: MarathonDefinition, in groups: [ServiceGroup]) -> Service {
        Service(
            id: definition.id, definition: ServiceDefinition(definition.json), instances: definition.instances,
            dependencies: definition.dependencies, fingerprint: definition.fingerprint,
            hasHealthChecks: definition.hasHealthChecks, kind: "\(definition.kind) of Marathon", groups: groups)
    }

    func definition(of service: Service) throws(Failure) -> MarathonDefinition {
        try MarathonDefinition(.object(service.definitionJSON()))
    }
}
