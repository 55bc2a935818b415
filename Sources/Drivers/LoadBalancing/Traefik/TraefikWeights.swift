import Migration
import Trust

/// Traefik as the outer load balancer: its weighted services, changed through a file of its file provider or keys of its
/// Redis provider, read back over its API and its metrics.
///
/// Source: Traefik 3 documentation, Services/Weighted Round Robin; what it does beyond that was measured on 3.7.15. Two things are not as in HAProxy. A weight belongs to a child, which has all servers of a color,
/// and nothing but a weight of 0 takes one out of service: what is in drain or in maintenance, rz notes itself. And each
/// change makes Traefik call all servers up until their next check: a change returns once that has ended.
public struct TraefikWeights: LoadBalancer {
    public let name: LoadBalancerID
    public let product = "Traefik"
    let address: LoadBalancerAddress.Traefik
    let rules: [TrafficRule]
    let owner: EpochOwner
    let resolver: Resolver
    private let proxy: ProxyRules?
    private let memory = TraefikMemory()
    /// How long a change may take to be served: Traefik waits `providersThrottleDuration`, 2 s, between two.
    let patience: Duration

    /// - Parameters:
    ///   - rules: those of the environment: by them it knows whose checks a change waits for.
    ///   - owner: whose epochs are written beside the weights.
    ///   - resolver: called at each use.
    public init(
        _ name: LoadBalancerID, _ address: LoadBalancerAddress.Traefik, rules: [TrafficRule] = [], owner: EpochOwner,
        proxy: ProxyRules? = nil, resolver: @escaping Resolver, patience: Duration = .seconds(15)
    ) {
        self.name = name
        self.address = address
        self.rules = rules.on(name)
        self.owner = owner
        self.proxy = proxy
        self.resolver = resolver
        self.patience = patience
    }

    public func observe() async throws(Failure) -> LoadBalancerState { try await look(client()).state }

    /// Traefik counts connections by entry point only, so it can't be said who talks to a server.
    public func observeSessions(
        of servers: [ListedServer], detailed: Int
    ) async throws(Failure) -> OpenSessions {
        OpenSessions(unknown: servers.isEmpty ? [] : ["\(name): Traefik does not report who is connected to a service"])
    }

    public func observeObstacles(_ rules: [TrafficRule]) async throws(Failure) -> [Obstacle] {
        let client = try client()
        let look = try await look(client)
        let store = try store()
        let (found, held) = await store.obstacles(look.report)
        return TraefikObstacles(
            name: name, rules: rules.on(name), look: look, store: store.words, held: held,
            difference: held.flatMap { difference(of: $0, in: store.words, look.report) }, ofStore: found
        ).all
    }

    public func observeClaim(epoch: Int) async throws(Failure) -> [Obstacle] {
        let store = try store()
        let served = note(try await client().report()).epoch
        let held = [served, (try? await store.holdings())?.note.epoch].compactMap { $0 }
        return try owner.obstacles(to: epoch, by: held, on: name, store.words.note) { held throws(Failure) in
            replaced(owner.entry(of: epoch), by: held, store.words)
        }
    }

    // MARK: - Looking

    func client() throws(Failure) -> TraefikClient {
        try TraefikClient(name, address, proxy: proxy, resolver: resolver)
    }

    func look(_ client: TraefikClient) async throws(Failure) -> TraefikLook {
        let report = try await client.report()
        let metrics = try await client.counted()
        let gathered = memory.gather(metrics, at: .now)
        let version: String
        if let known = memory.version(of: metrics.start) {
            version = known
        } else {
            version = try await client.version()
            memory.know(version, of: metrics.start)
        }
        return TraefikLook(
            version: version, report: report, counts: metrics.counts, gathered: gathered, note: note(report))
    }

    /// What Traefik gives back of the note.
    func note(_ report: TraefikReport) -> TraefikNote { TraefikNote(report.notes[middleware] ?? [:]) }

    private var middleware: String { TraefikNote.middleware(owner.environment) + address.suffix }

    // MARK: - The store

    func store() throws(Failure) -> any TraefikStore {
        switch address.store {
        case .file(let file): TraefikFileStore(name: name, path: try resolver(file), environment: owner.environment)
        case .redis(let redis):
            try TraefikRedis(name, redis, environment: owner.environment, rules: rules, resolver: resolver)
        }
    }

    /// What of it Traefik does not serve, in words.
    func difference(of held: TraefikHoldings, in store: TraefikStoreWords, _ report: TraefikReport) -> String? {
        held.difference(from: report, middleware: middleware, holder: store.holder)
    }

    /// That this run may not write here.
    func replaced(_ mine: EpochEntry, by held: EpochEntry, _ store: TraefikStoreWords) -> Failure {
        owner.fencedOff(
            mine, by: held, on: name, at: store.place, TraefikNote.middleware(owner.environment), remedy: store.takeOver
        )
    }
}
