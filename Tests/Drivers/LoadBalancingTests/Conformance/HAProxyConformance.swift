import HAProxyPrograms
import LoadBalancing
import Migration
import Transport

/// HAProxy with a state file and an epoch map, as operators are advised to run it.
struct HAProxyConformance: ConformanceLab {
    let lab: Lab
    let servers: ColorServers
    let rule = TrafficRule(backend: "shop", servers: [.blue: "blue-*", .green: "green-*"])
    let absent = TrafficRule(backend: "nowhere", servers: [.blue: "blue-*", .green: "green-*"])

    static func with(_ servers: ColorServers, _ body: (any ConformanceLab) async throws -> Void) async throws {
        let lines = Color.allCases.flatMap { color in
            servers.addresses(color).map { "    server \($0.name) \($0.address) weight \(color == .blue ? 100 : 0)" }
        }
        let backend = "backend shop\n    option httpchk GET /\n    default-server check inter 300ms\n"
        guard let haproxy = HAProxyProgram.all.last else { throw PeerError("there is no HAProxy: run scripts/setup") }
        try await withHAProxy(haproxy, masterWorker: true) { _ in
            backend + lines.joined(separator: "\n")
        } _: { lab in
            try await body(HAProxyConformance(lab: lab, servers: servers))
        }
    }

    func driver(_ owner: EpochOwner) -> any LoadBalancer {
        lab.driver(stateFile: lab.stateFile, epochMap: lab.epochMap, master: lab.master, owner: owner)
    }

    func request() -> HTTPRequest {
        HTTPRequest(.get, "http://lab/shop/", unixSocket: "\(lab.folder)/http.sock", retry: RetryPolicy.none)
    }

    func reload() async throws {
        try await lab.reload()
    }
}
