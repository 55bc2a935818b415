import Foundation
import FreePorts
import JSON
import RedisTesting
import SandboxTesting
import Synchronization
import Transport
import Waiting

/// A Traefik in front of a sandbox's web servers, beside its HAProxies; it ends with the test, whatever the reason.
struct OuterTraefik {
    /// As scripts/setup installs it.
    static let program = Program.checkout.appending(path: ".venv-traefik/bin/traefik").path
    static var isHere: Bool { FileManager.default.isExecutableFile(atPath: program) }

    let front: Int
    let admin: Int
    /// What holds its configuration; nil for files.
    let redis: TestRedis?
    private let folder: String

    init(_ sandbox: SandboxFixture, in redis: TestRedis? = nil) throws {
        self.redis = redis
        let ports = try FreePorts.claim(2)
        (front, admin) = (ports[0], ports[1])
        folder = sandbox.folder + "/traefik"
    }

    var file: String { "\(folder)/dynamic/rz.yml" }

    /// Adds it to the environment, and moves the web service's users on it, too.
    func add(to sandbox: SandboxFixture) throws {
        let store = redis.map { "redis: { address: \"\($0.address)\" }" } ?? "file: \(file)"
        try sandbox.addOuterLoadBalancer(
            backend: "web\(provider)", "traefik: { api: \"http://127.0.0.1:\(admin)\", \(store) }")
    }

    /// What its names end with.
    private var provider: String { redis == nil ? "@file" : "@redis" }

    func start(_ sandbox: SandboxFixture) async throws -> Program {
        try FileManager.default.createDirectory(atPath: folder + "/dynamic", withIntermediateDirectories: true)
        try write(
            "traefik.yml",
            """
            entryPoints: { web: { address: "127.0.0.1:\(front)" }, traefik: { address: "127.0.0.1:\(admin)" } }
            providers:
              providersThrottleDuration: 100ms
              \(redis.map { "redis: { endpoints: [ \"\($0.address)\" ] }" } ?? "file: { directory: \(folder)/dynamic }")
            api: { insecure: true, dashboard: false }
            metrics: { prometheus: {} }
            global: { checkNewVersion: false, sendAnonymousUsage: false }

            """)
        if let redis {
            try await redis.set(try keys(sandbox))
        } else {
            try writeFiles(sandbox)
        }
        let process = try Program(
            ["-c", keeper, OuterTraefik.program, "--configFile=\(folder)/traefik.yml"], variables: [:],
            folder: sandbox.folder, executable: "/usr/bin/python3")
        try await eventually("Traefik to serve", within: .seconds(60)) {
            (try? await HTTPClient.shared.send(HTTPRequest(.get, url)))?.status == 200
        }
        return process
    }

    private func writeFiles(_ sandbox: SandboxFixture) throws {
        try write(
            "dynamic/rz.yml",
            """
            http:
              services:
                web:
                  weighted:
                    healthCheck: {}
                    services: [ { name: web-blue, weight: 100 }, { name: web-green, weight: 0 } ]

            """)
        let port = try sandbox.basePort + 20
        func pool(_ net: Int) -> String {
            let servers = (21...23).map { "{ url: \"http://127.0.\(net).\($0):\(port)\" }" }.joined(separator: ", ")
            return "{ loadBalancer: { servers: [ \(servers) ], healthCheck: { path: /health, interval: 500ms, "
                + "timeout: 300ms } } }"
        }
        try write(
            "dynamic/services.yml",
            """
            http:
              routers: { web: { rule: "PathPrefix(`/`)", service: web, entryPoints: [ web ] } }
              services: { web-blue: \(pool(11)), web-green: \(pool(12)) }

            """)
    }

    private func keys(_ sandbox: SandboxFixture) throws -> [String: String] {
        var keys = [
            "routers/web/rule": "PathPrefix(`/`)", "routers/web/service": "web", "routers/web/entryPoints/0": "web",
            "services/web/weighted/healthCheck": "true",
        ]
        for (place, color, net) in [(0, "blue", 11), (1, "green", 12)] {
            keys["services/web/weighted/services/\(place)/name"] = "web-\(color)"
            keys["services/web/weighted/services/\(place)/weight"] = place == 0 ? "100" : "0"
            let pool = "services/web-\(color)/loadBalancer"
            for host in 21...23 {
                keys["\(pool)/servers/\(host)/url"] = "http://127.0.\(net).\(host):\(try sandbox.basePort + 20)"
            }
            for (key, value) in [("path", "/health"), ("interval", "500ms"), ("timeout", "300ms")] {
                keys["\(pool)/healthCheck/\(key)"] = value
            }
        }
        return Dictionary(uniqueKeysWithValues: keys.map { ("traefik/http/" + $0.key, $0.value) })
    }

    var url: String { "http://127.0.0.1:\(front)/health" }

    /// The weights by its own word.
    func weights() async throws -> [String: Int] {
        let answer = try await HTTPClient.shared.send(
            HTTPRequest(.get, "http://127.0.0.1:\(admin)/api/http/services/web\(provider)"))
        let children = try JSON(parsing: answer.body)["weighted"]?["services"]?.array ?? []
        return Dictionary(
            children.map { ($0["name"]?.string ?? "?", $0["weight"]?.int ?? 0) }, uniquingKeysWith: { $1 })
    }

    private func write(_ name: String, _ text: String) throws {
        try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
    }
}

/// Ends what it started when its parent ends, and with it where it is killed itself.
private let keeper = """
    import ctypes, os, signal, subprocess, sys, time
    parent = os.getppid()
    def tie(): ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    child = subprocess.Popen(sys.argv[1:], preexec_fn=tie)
    while child.poll() is None and os.getppid() == parent: time.sleep(0.1)
    child.kill()
    """

/// Users of one URL for the length of a test.
final class SteadyUsers: Sendable {
    private let counts = Mutex((answered: 0, failures: [String]()))
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(_ url: String) {
        let asking = Task.detached { [weak self] in
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        while !Task.isCancelled, let self {
                            // Asked to its end: one that is cut off is no failure of the load balancer's.
                            await Task.detached { await self.ask(url) }.value
                            try? await Task.sleep(for: .milliseconds(20))
                        }
                    }
                }
            }
        }
        task.withLock { $0 = asking }
    }

    private func ask(_ url: String) async {
        do {
            let status = try await HTTPClient.shared.send(HTTPRequest(.get, url, retry: RetryPolicy.none)).status
            counts.withLock { if status == 200 { $0.answered += 1 } else { $0.failures.append("\(status)") } }
        } catch { counts.withLock { $0.failures.append("\(error)") } }
    }

    func leave() async -> (answered: Int, failures: [String]) {
        let asking = task.withLock { $0 }
        asking?.cancel()
        await asking?.value
        return counts.withLock { $0 }
    }
}
