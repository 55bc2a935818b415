import Migration
import Transport
import Trust

/// Keys of the Redis that Traefik's Redis provider reads: of the weighted services that rz moves the weights, and rz's
/// note. All else below the root belongs to others.
///
/// Source: Traefik's documentation, Providers/Redis; what it does beyond that was measured on 3.7.15 with Redis 7.0. It
/// reads all keys again after each write, and serves what is left. So nothing is written where keys are gone of what it
/// serves: after a `FLUSHALL` the first write would be all that it has.
struct TraefikRedis: TraefikStore {
    let name: LoadBalancerID
    let root: String
    let environment: String
    /// Those that rz moves, without a provider.
    let services: Set<String>
    private let address: SocketAddress
    private let database: Int
    private let user: String?
    private let password: String?
    /// Whether it is called over TLS.
    private let isSecure: Bool
    private let tls: TLSAccess

    static let settings = "loadBalancers[].traefik.redis"

    /// - Throws: `Failure` when a setting is missing.
    init(
        _ name: LoadBalancerID, _ redis: LoadBalancerAddress.Traefik.Redis, environment: String, rules: [TrafficRule],
        resolver: @escaping Resolver
    ) throws(Failure) {
        self.name = name
        self.environment = environment
        root = redis.rootKey
        services = Set(rules.map(\.backend).filter { $0.hasSuffix("@redis") }.map { String($0.dropLast(6)) })
        let text = try resolver(redis.address)
        guard let address = SocketAddress("tcp:" + text) else {
            throw Failure(
                "“\(text)” is not the address of a Redis", at: "\(TraefikRedis.settings).address",
                advice: "Write it as host:port; `tls: {}` beside it calls it over TLS.")
        }
        self.address = address
        database = redis.database
        user = try redis.user.map(resolver)
        password = try redis.password.map(resolver)
        isSecure = redis.tls != nil
        tls = TLSAccess(redis.tls, at: TraefikRedis.settings, inventory: Inventory(), resolver: resolver)
    }

    var place: String { "Redis \(address.hostAndPort), database \(database)" }

    var words: TraefikStoreWords {
        let middleware = "\(root)/http/middlewares/\(TraefikNote.middleware(environment))"
        return TraefikStoreWords(
            suffix: "@redis", place: place, own: "its Redis", holder: "Redis", named: place,
            services: "weighted services of its Redis, `NAME@redis`",
            ofItsOwn:
                "Write the weighted service there, one key each for `name` and `weight` of both colors' services: "
                + "\(root)/http/services/NAME/weighted/services/0/name. `rootKey` and `database` are those of Traefik's "
                + "`providers.redis`.",
            unserved:
                "Traefik learns of changes by Redis' keyspace events, which a restart of Redis turns off unless its "
                + "configuration has them. Run \(TraefikRedis.eventsOn), and write `notify-keyspace-events AKE` into "
                + "redis.conf; else see Traefik's log.", note: "note in \(place)",
            takeOver: "delete the keys \(middleware)/* in \(place).",
            healthCheck: "a key \(root)/http/services/NAME/weighted/healthCheck with the value true")
    }

    /// As a person types it where Redis runs.
    static let eventsOn = "`redis-cli CONFIG SET notify-keyspace-events AKE`"

    // MARK: - Reading and writing

    func holdings() async throws(Failure) -> TraefikHoldings? {
        try await reading { connection in
            let keys = try await keys(&connection)
            return try holdings(keys, try await connection.values(of: keys.read))
        }
    }

    func replace(
        _ old: TraefikHoldings, by new: TraefikHoldings, served report: TraefikReport
    ) async throws(Failure) -> Bool {
        try await writing(over: old, served: report) { keys, values in keys.changes(to: new, from: values) }
    }

    func remind(_ held: TraefikHoldings, served report: TraefikReport) async throws(Failure) {
        _ = try await writing(over: held, served: report) { keys, values in (keys.weights(values), []) }
    }

    /// One transaction, for which Redis makes sure that no one has written in between.
    ///
    /// - Returns: whether it took place. False, too, where its answer was lost: whoever reads next sees whether it did.
    private func writing(
        over old: TraefikHoldings, served report: TraefikReport,
        _ changes: @Sendable (TraefikKeys, [String: String]) -> (set: [(key: String, value: String)], delete: [String])
    ) async throws(Failure) -> Bool {
        do throws(Failure) {
            return try await connected { connection in
                let keys = try await keys(&connection)
                try refuseLoss(keys, report)
                _ = try await connection.call(["WATCH"] + keys.read)
                let values = try await connection.values(of: keys.read)
                guard try holdings(keys, values) == old else { return false }
                let (set, delete) = changes(keys, values)
                guard !set.isEmpty || !delete.isEmpty else { return true }
                _ = try await connection.call("MULTI")
                if !set.isEmpty { _ = try await connection.call(["MSET"] + set.flatMap { [$0.key, $0.value] }) }
                if !delete.isEmpty { _ = try await connection.call(["DEL"] + delete) }
                return try await !connection.call("EXEC").elements.isEmpty
            }
        } catch {
            guard error.kind == .unknownEffect else { throw error }
            return false
        }
    }

    private func refuseLoss(_ keys: TraefikKeys, _ report: TraefikReport) throws(Failure) {
        let missing = keys.missing(from: report)
        guard let first = missing.first else { return }
        throw Failure(
            "\(name) serves what is no longer in its Redis, and would forget it with the next write", at: place,
            details: [
                missing.count == 1
                    ? "no key is left of \(first)" : "no key is left of \(first) and \(missing.count - 1) others"
            ],
            advice:
                "It was emptied, or restarted without its data. Write all keys back in one MSET, as Traefik serves what "
                + "it finds after each write.", kind: .transient)
    }

    func keys(_ connection: inout RedisConnection) async throws -> TraefikKeys {
        TraefikKeys(
            try await connection.keys(matching: root + "/*"), root: root, environment: environment, services: services)
    }

    func holdings(_ keys: TraefikKeys, _ values: [String: String]) throws(Failure) -> TraefikHoldings? {
        do throws(TraefikKeys.Foreign) { return try keys.holdings(values) } catch {
            throw Failure(
                "\(name): the keys in its Redis are not those of a weighted service", at: place,
                details: [error.reason], advice: "Correct these keys.", kind: .refused)
        }
    }

    /// What is only read can be read again.
    func reading<Result>(
        _ body: (inout RedisConnection) async throws -> Result
    ) async throws(Failure) -> Result {
        do throws(Failure) { return try await connected(body) } catch {
            var failure = error
            if failure.kind == .unknownEffect { failure.kind = .transient }
            throw failure
        }
    }

    private func connected<Result>(
        _ body: (inout RedisConnection) async throws -> Result
    ) async throws(Failure) -> Result {
        do {
            var connection = try await RedisConnection(
                address, tls: isSecure ? try tls.options() : nil, deadline: .seconds(3), limit: .seconds(20))
            defer { connection.close() }
            if user != nil || password != nil {
                try await connection.authenticate(user: user, password: password ?? "")
            }
            if database != 0 { _ = try await connection.call("SELECT", "\(database)") }
            return try await body(&connection)
        } catch let error as TransportError {
            throw Failure(error, calling: "\(name)'s Redis", at: place, tls: tls)
        } catch let error as RedisError {
            throw Failure(error, calling: "\(name)'s Redis", at: place, settings: TraefikRedis.settings)
        } catch {
            throw Failure(error, doing: "\(name)'s Redis can't be asked")
        }
    }
}
