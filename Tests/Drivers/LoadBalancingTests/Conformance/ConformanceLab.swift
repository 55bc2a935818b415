import ALBTesting
import Foundation
import FreePorts
import LoadBalancing
import Migration
import RedisTesting
import Transport
import Waiting

/// A real load balancer of one kind, and two servers of each color behind it, all of one backend.
///
/// Blue has the weight 100 and green 0 at the beginning; each server is asked by a check twice a second at least.
protocol ConformanceLab: Sendable {
    /// The backend that users are sent to, which colors share.
    var rule: TrafficRule { get }
    /// One that the load balancer does not have.
    var absent: TrafficRule { get }
    func driver(_ owner: EpochOwner) -> any LoadBalancer
    /// A user's request, through the load balancer.
    func request() -> HTTPRequest
    /// What a person does with it during operation: a reload, or a restart where there is none.
    func reload() async throws
    var servers: ColorServers { get }
}

/// The kinds of load balancers that rz moves users on, each with a real one.
enum ConformingKind: String, CaseIterable {
    case haproxy, traefik, traefikRedis, alb

    /// Those that this machine can run; Traefik and moto come with scripts/setup, and are skipped, saying so, where they
    /// are not.
    static let here: [ConformingKind] = allCases.filter { kind in
        if kind.isHere { return true }
        print("skipped: the conformance of \(kind), as what it needs is not there: run scripts/setup")
        return false
    }

    private var isHere: Bool {
        switch self {
        case .haproxy: true
        case .traefik: TraefikConformance.program != nil
        case .traefikRedis: TraefikConformance.program != nil && TestRedis.isHere
        case .alb: StandInALB.isHere
        }
    }

    /// Whether it counts requests.
    var counts: Bool { self != .alb }

    /// The classes of errors that it counts.
    var errorClasses: Set<ErrorClass> {
        switch self {
        case .haproxy: Set(ErrorClass.allCases)
        case .traefik, .traefikRedis: [.serverErrors, .clientErrors]
        case .alb: []
        }
    }

    /// Runs a test with a load balancer of its own, which is gone afterwards.
    func withLab(_ body: (any ConformanceLab) async throws -> Void) async throws {
        let servers = try await ColorServers()
        defer { servers.stop() }
        switch self {
        case .haproxy: try await HAProxyConformance.with(servers, body)
        case .traefik: try await TraefikConformance.with(servers) { try await body($0) }
        case .traefikRedis: try await TraefikConformance.with(servers, inRedis: ["save \"\""]) { try await body($0) }
        case .alb: try await ALBConformance.with(servers) { try await body($0) }
        }
    }
}

extension ConformanceLab {
    var driver: any LoadBalancer { driver(testOwner) }

    /// The color that answers a user; nil for an answer that is none of a server's.
    func answer() async throws -> Color? {
        let answer = try await HTTPClient.shared.send(request())
        guard answer.status == 200 else { return nil }
        return Color.allCases.first { answer.text.hasPrefix($0.rawValue) }
    }

    /// A user gets this status from a server.
    func answer(_ status: Int) async throws {
        var request = request()
        request.headers.append(HTTPHeader("X-Status", "\(status)"))
        let answer = try await HTTPClient.shared.send(request)
        guard answer.status == status else { throw PeerError("a user got \(answer.status), not \(status)") }
    }

    /// What so many users get.
    func answers(_ count: Int) async throws -> [Color: Int] {
        var counts: [Color: Int] = [:]
        for _ in 0..<count {
            guard let color = try await answer() else { throw PeerError("a user got an error") }
            counts[color, default: 0] += 1
        }
        return counts
    }

    func servers(_ color: Color, _ driver: any LoadBalancer) async throws -> [ServerState] {
        try await driver.observe().backends[rule.backend]?.servers.filter { rule.color(of: $0.name) == color } ?? []
    }

    /// Every server of a color gets the same.
    func changes(_ color: Color, _ change: ServerChange.Change, _ driver: any LoadBalancer) async throws
        -> [ServerChange]
    {
        try await servers(color, driver).map { ServerChange(backend: rule.backend, server: $0.name, change: change) }
    }

    /// Raises first, as the engine does.
    func setWeights(blue: Int, green: Int, _ driver: any LoadBalancer, epoch: Int = 1) async throws {
        let now = try await servers(.green, driver).first?.weight ?? 0
        let both = [(Color.green, green), (.blue, blue)]
        for (color, weight) in green > now ? both : both.reversed() {
            try await driver.apply(try await changes(color, .weight(weight), driver), epoch: epoch)
        }
    }

    func weights(_ color: Color, _ driver: any LoadBalancer) async throws -> Set<Int> {
        Set(try await servers(color, driver).map(\.weight))
    }
}

/// Two web servers of each color, each a process of its own that says its name, at an address of its own.
final class ColorServers: Sendable {
    private let peers: [String: Peer]
    private let places: [String: String]

    init() async throws {
        let names = Color.allCases.flatMap { ["\($0.rawValue)-1", "\($0.rawValue)-2"] }
        var places: [String: String] = [:]
        var peers: [String: Peer] = [:]
        for (index, port) in try FreePorts.claim(names.count).enumerated() {
            let (name, host) = (names[index], "127.0.0.\(index + 1)")
            places[name] = "\(host):\(port)"
            peers[name] = try await Peer(webServer, [name, host, "\(port)"])
        }
        self.places = places
        self.peers = peers
    }

    func addresses(_ color: Color) -> [(name: String, address: String)] {
        ["\(color.rawValue)-1", "\(color.rawValue)-2"].map { ($0, places[$0] ?? "-") }
    }

    /// Ends one: from then on its port refuses connections.
    func kill(_ name: String) { peers[name]?.stop() }

    func stop() { for peer in peers.values { peer.stop() } }
}

private let webServer = """
    import http.server
    class Handler(http.server.BaseHTTPRequestHandler):
        disable_nagle_algorithm = True
        protocol_version = "HTTP/1.1"
        def do_GET(self):
            body = sys.argv[1].encode()
            self.send_response(int(self.headers.get("X-Status", "200")))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *arguments): pass
    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True
    server = Server((sys.argv[2], int(sys.argv[3])), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    announce_until_test_ends("ready")
    """
