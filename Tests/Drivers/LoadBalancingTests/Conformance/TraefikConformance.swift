import Foundation
import FreePorts
import LoadBalancing
import Migration
import RedisTesting
import Synchronization
import Transport
import Waiting

/// Traefik with a file of its own for rz, as operators are advised to run it, or with all its configuration in a Redis.
final class TraefikConformance: ConformanceLab {
    static let program = traefikProgram()

    let servers: ColorServers
    let rule: TrafficRule
    let absent: TrafficRule
    let folder: String
    /// Nil where a file holds the configuration.
    let redis: TestRedis?
    private let program: String
    private let front: Int
    private let admin: Int
    private let tls: Int
    private let process = Mutex<Peer?>(nil)

    private init(_ servers: ColorServers, _ program: String, _ redis: TestRedis?) throws {
        self.servers = servers
        self.redis = redis
        let colors: [Color: String] = [.blue: "shop-blue/*", .green: "shop-green/*"]
        let provider = redis == nil ? "file" : "redis"
        rule = TrafficRule(backend: "shop@\(provider)", servers: colors)
        absent = TrafficRule(backend: "nowhere@\(provider)", servers: colors)
        self.program = program
        folder = try temporaryFolder()
        let ports = try FreePorts.claim(3)
        (front, admin, tls) = (ports[0], ports[1], ports[2])
    }

    /// - Parameter settings: of a Redis that holds its configuration; nil for files.
    static func with(
        _ servers: ColorServers, inRedis settings: [String]? = nil, _ body: (TraefikConformance) async throws -> Void
    ) async throws {
        guard let program else { throw PeerError("no traefik: run scripts/setup") }
        let redis = try settings.map { try TestRedis($0) }
        let lab = try TraefikConformance(servers, program, redis)
        defer {
            lab.process.withLock { $0?.stop() }
            redis?.end()
            try? FileManager.default.removeItem(atPath: lab.folder)
        }
        try await redis?.start()
        try await lab.writeConfiguration()
        try await lab.start()
        try await body(lab)
    }

    var file: String { "\(folder)/dynamic/rz.yml" }

    func driver(_ owner: EpochOwner) -> any LoadBalancer { own(owner) }

    var url: String { "http://127.0.0.1:\(front)" }
    var api: String { "http://127.0.0.1:\(admin)" }
    /// With a certificate that no one vouches for.
    var secure: String { "https://127.0.0.1:\(tls)" }

    func own(
        _ owner: EpochOwner = testOwner, file: String? = nil, api: String? = nil, metrics: String? = nil,
        user: Setting? = nil, password: Setting? = nil, inRedis: LoadBalancerAddress.Traefik.Redis? = nil,
        resolver: @escaping Resolver = literal, patience: Duration = .seconds(15)
    ) -> TraefikWeights {
        let own = redis.map { LoadBalancerAddress.Traefik.Redis(address: Setting($0.address)) }
        return TraefikWeights(
            "edge-1",
            .init(
                api: Setting(api ?? self.api),
                (inRedis ?? own).map { .redis($0) } ?? .file(Setting(file ?? self.file)),
                metrics: metrics.map { Setting($0) }, user: user, password: password),
            rules: [rule], owner: owner, resolver: resolver, patience: patience)
    }

    func request() -> HTTPRequest {
        HTTPRequest(.get, "http://127.0.0.1:\(front)/", retry: RetryPolicy.none)
    }

    /// It has no reload: a new process takes its place.
    func reload() async throws {
        process.withLock { peer in
            peer?.stop()
            peer = nil
        }
        try await eventually("the port to be free") {
            (try? await HTTPClient.shared.send(request())) == nil
        }
        try await start()
    }

    /// Replaces one file of the file provider, in one piece.
    func write(_ text: String, _ name: String) throws {
        try text.write(toFile: "\(folder)/new", atomically: true, encoding: .utf8)
        guard rename("\(folder)/new", "\(folder)/dynamic/\(name)") == 0 else { throw PeerError("no \(name)") }
    }

    func start() async throws {
        let peer = try await Peer(
            supervisor, ["\(folder)/traefik.log", program, "--configFile=\(folder)/traefik.yml"])
        process.withLock { $0 = peer }
        try await eventually("Traefik to serve", within: .seconds(60)) {
            let state = try? await own().observe()
            guard state?.backends[rule.backend]?.servers.count == 4 else { return false }
            return (try? await answer()) != nil
        }
    }

    private func writeConfiguration() async throws {
        try FileManager.default.createDirectory(atPath: "\(folder)/dynamic", withIntermediateDirectories: true)
        try """
        entryPoints:
          web: { address: "127.0.0.1:\(front)" }
          traefik: { address: "127.0.0.1:\(admin)" }
          secure: { address: "127.0.0.1:\(tls)" }
        providers:
          providersThrottleDuration: 100ms
          file: { directory: \(folder)/dynamic, watch: true }
          \(redis.map { "redis: { endpoints: [ \"\($0.address)\" ] }" } ?? "")
        api: { insecure: true, dashboard: false }
        metrics: { prometheus: {} }
        global: { checkNewVersion: false, sendAnonymousUsage: false }
        log: { level: ERROR }

        """.write(toFile: "\(folder)/traefik.yml", atomically: true, encoding: .utf8)
        if let redis {
            try await redis.set(keys)
        } else {
            try write(pools(), "services.yml")
            try write(TraefikConformance.weighted, "rz.yml")
        }
    }

    /// All of its configuration, as keys.
    var keys: [String: String] {
        var keys = [
            "traefik/http/routers/shop/rule": "PathPrefix(`/`)", "traefik/http/routers/shop/service": "shop",
            "traefik/http/routers/shop/entryPoints/0": "web", "traefik/http/services/shop/weighted/healthCheck": "true",
        ]
        for (place, color) in Color.allCases.enumerated() {
            keys["\(TraefikConformance.weights)/\(place)/name"] = "shop-\(color)"
            keys["\(TraefikConformance.weights)/\(place)/weight"] = color == .blue ? "100" : "0"
            let pool = "traefik/http/services/shop-\(color)/loadBalancer"
            for (number, server) in servers.addresses(color).enumerated() {
                keys["\(pool)/servers/\(number)/url"] = "http://\(server.address)"
            }
            keys["\(pool)/healthCheck/path"] = "/"
            keys["\(pool)/healthCheck/interval"] = "500ms"
            keys["\(pool)/healthCheck/timeout"] = "300ms"
        }
        return keys
    }

    static let weights = "traefik/http/services/shop/weighted/services"

    func pools(check: String = "{ path: /, interval: 500ms, timeout: 300ms }", green: String = "") -> String {
        func pool(_ color: Color, _ more: String) -> String {
            let servers = servers.addresses(color).map { "{ url: \"http://\($0.address)\" }" }
            return """
                    shop-\(color):
                      loadBalancer:
                        servers: [ \(servers.joined(separator: ", ")) ]
                \(check.isEmpty ? "" : "        healthCheck: \(check)\n")\(more)
                """
        }
        return """
            http:
              routers:
                shop: { rule: "PathPrefix(`/`)", service: shop, entryPoints: [ web ] }
              services:
            \(pool(.blue, ""))
            \(pool(.green, green))
            """
    }

    static let weighted = """
        http:
          services:
            shop:
              weighted:
                healthCheck: {}
                services:
                  - { name: shop-blue, weight: 100 }
                  - { name: shop-green, weight: 0 }

        """
}

/// As scripts/setup installs it, or from the PATH.
private func traefikProgram() -> String? {
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<5 { root.deleteLastPathComponent() }
    let folders =
        [root.path + "/.venv-traefik/bin"]
        + (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { String($0) }
    return folders.map { $0 + "/traefik" }.first { access($0, X_OK) == 0 }
}
