import FreePorts
import JSON
import Migration
import Testing

@testable import Gating

/// Fakes as the real one can't be had: paths, pages and fields as its API has them (Traefik 3, `pkg/api`).
@Suite("A probe of both colors' Traefik", .serialized)
struct TraefikProbeTests {
    @Test("passes when the new one has every router and as many servers up")
    func same() async throws {
        let sample = try await compare(routers: [router("a"), router("b")], services: [service("a"), service("b")])
        #expect(sample.verdict == .pass, "\(sample.message)")
        #expect(sample.message.hasSuffix("has all 2 routers of the old color's, with their servers"))
    }

    @Test(
        "names what the new one lacks, and what to do",
        arguments: [
            ([router("a")], [service("a"), service("b")], "lacks the router b@mesos"),
            ([router("a"), router("b", "disabled")], [service("a"), service("b")], "has the router b@mesos disabled"),
            ([router("a"), router("b")], [service("a")], "lacks the service b@mesos"),
            (
                [router("a"), router("b")], [service("a"), service("b", up: ["10.10.2.7": true, "10.10.2.8": false])],
                "has 1 of 2 servers of b@mesos up"
            ),
            ([router("a"), router("b")], [service("a"), service("b", up: [:])], "has 0 of 2 servers of b@mesos up"),
            (
                [router("a"), router("b")], [service("a"), service("b", status: "disabled")],
                "has the service b@mesos disabled"
            ),
            (
                [router("a"), router("b")],
                [service("a"), service("b", up: ["127.0.0.9": true, "10.10.2.8": true])],
                "sends b@mesos to 127.0.0.9:80, a server of the old color: correct the address of its Mesos master"
            ), ([], [], "lacks the router a@mesos; lacks the router b@mesos; lacks the service a@mesos; and 1 more"),
        ] as [([JSON], [JSON], String)])
    func lacking(routers: [JSON], services: [JSON], words: String) async throws {
        let sample = try await compare(routers: routers, services: services)
        #expect(sample.verdict == .fail)
        #expect(sample.message.contains(words), "\(sample.message)")
        #expect(sample.message.contains("or list the router under `ignore`"))
    }

    @Test("leaves alone what is ignored with a reason, and Traefik's own")
    func ignored() async throws {
        let ignore = [Probe.Traefik.IgnoredRouter(router: "b@*", reason: "switched off")]
        let sample = try await compare(
            routers: [router("a")], services: [service("a")], ignore: ignore,
            old: [router("a"), router("b"), ["name": "api@internal", "status": "enabled"]])
        #expect(sample.verdict == .pass, "\(sample.message)")
    }

    @Test("compares TCP and UDP, too", arguments: ["tcp", "udp"])
    func transports(transport: String) async throws {
        let sample = try await compare(
            routers: [router("a"), router("b")], services: [service("a"), service("b")],
            oldOnly: [transport: [["name": "db@mesos", "status": "enabled", "service": "db"]]])
        #expect(sample.verdict == .fail)
        #expect(sample.message.contains("lacks the router db@mesos (\(transport))"))
    }

    @Test("reads every page")
    func pages() async throws {
        try await withTwo { old, new in
            try await fill(old, [router("a")], [service("a"), service("b")])
            try await old.answers(
                "GET", "/api/http/routers?page=1", 200, .array([router("a")]), headers: ["X-Next-Page": "2"])
            try await old.answers(
                "GET", "/api/http/routers?page=2", 200, .array([router("b")]), headers: ["X-Next-Page": "1"])
            try await fill(new, [router("a")], [service("a"), service("b")])
            let sample = await ask(old, new)
            #expect(sample.verdict == .fail)
            #expect(sample.message.contains("lacks the router b@mesos"))
        }
    }

    @Test("says nothing when the old one reports no router: emptiness is no observation")
    func empty() async throws {
        let sample = try await compare(routers: [router("a")], services: [service("a")], old: [])
        #expect(sample.verdict == .inconclusive)
        #expect(sample.message.contains("has no router that is enabled and not ignored"))
    }

    @Test("says nothing when one Traefik stands for both colors")
    func one() async throws {
        let sample = await askAlone(.traefik(Probe.Traefik(url: "http://127.0.0.1:9000")))
        #expect(sample.verdict == .inconclusive)
        #expect(sample.message.contains("serves both colors. Write `url` with {{ … }}"))
    }

    @Test(
        "distinguishes a closed door from a wrong one",
        arguments: [
            (401, Verdict.inconclusive, "requires authentication (HTTP 401). Set `user` and `password`"),
            (404, .fail, "Turn its API on (`--api`)"), (500, .fail, "answers 500"),
        ])
    func refused(status: Int, verdict: Verdict, words: String) async throws {
        try await withTwo { old, new in
            try await fill(old, [router("a")], [service("a")])
            try await new.answers("GET", "/api", status)
            let sample = await ask(old, new)
            #expect(sample.verdict == verdict)
            #expect(sample.message.contains(words), "\(sample.message)")
        }
    }

    @Test("fails where no one listens")
    func closed() async throws {
        let port = try FreePorts.claim()
        try await StubServer.with { old in
            try await fill(old, [router("a")], [service("a")])
            let sample = await askAlone(
                .traefik(Probe.Traefik(url: "http://{{ control[0].address }}")), new: "127.0.0.1:\(port)",
                old: old.address)
            #expect(sample.verdict == .fail)
            #expect(sample.message.contains("Start it with its API on"))
        }
    }

    // MARK: - Two of them

    private func withTwo(_ body: (StubServer, StubServer) async throws -> Void) async throws {
        try await StubServer.with { old in try await StubServer.with { new in try await body(old, new) } }
    }

    /// The old one has routers and services `a` and `b`, each with two servers up, or what is given.
    private func compare(
        routers: [JSON], services: [JSON], ignore: [Probe.Traefik.IgnoredRouter] = [],
        old oldRouters: [JSON] = [router("a"), router("b")], oldOnly: [String: [JSON]] = [:]
    ) async throws -> GateSample {
        var sample: GateSample?
        try await withTwo { old, new in
            try await fill(old, oldRouters, [service("a"), service("b")])
            for (transport, routers) in oldOnly {
                try await old.answers("GET", "/api/\(transport)/routers", 200, .array(routers))
            }
            try await fill(new, routers, services)
            sample = await ask(old, new, ignore)
        }
        return try #require(sample)
    }

    private func fill(_ stub: StubServer, _ routers: [JSON], _ services: [JSON]) async throws {
        for transport in ["http", "tcp", "udp"] {
            let isHTTP = transport == "http"
            try await stub.answers("GET", "/api/\(transport)/routers", 200, .array(isHTTP ? routers : []))
            try await stub.answers("GET", "/api/\(transport)/services", 200, .array(isHTTP ? services : []))
        }
    }

    private func ask(
        _ old: StubServer, _ new: StubServer, _ ignore: [Probe.Traefik.IgnoredRouter] = []
    ) async -> GateSample {
        let inventory = { (port: Int, address: String, name: String) in
            Inventory(groups: ["edge": [Host(name: name, address: address, variables: ["port": String(port)])]])
        }
        let runner = ProbeRunner(resolver: resolver) { _, _ throws(Failure) in 0 }
        let probe = Probe(
            .traefik(Probe.Traefik(url: "http://127.0.0.1:{{ edge[0].port }}", ignore: ignore)), timeout: .seconds(5))
        return await runner.ask(
            probe, target: nil, inventory: inventory(new.port, "127.0.0.2", "green-1"),
            other: inventory(old.port, "127.0.0.9", "blue-1"))
    }
}

private func askAlone(_ kind: Probe.Kind, new: String = "127.0.0.1", old: String = "127.0.0.9") async -> GateSample {
    await GatingTests.ask(kind, new: new, old: old)
}

private func router(_ name: String, _ status: String = "enabled") -> JSON {
    [
        "name": .string("\(name)@mesos"), "provider": "mesos", "status": .string(status), "service": .string(name),
        "rule": .string("Host(`\(name).example.org`)"), "entryPoints": ["web"], "using": ["web"],
    ]
}

/// - Parameter up: hosts, and whether each is up.
private func service(
    _ name: String, status: String = "enabled", up: [String: Bool] = ["10.10.1.7": true, "10.10.1.8": true]
) -> JSON {
    let urls = up.keys.sorted().map { "http://\($0):80" }
    var service: JSON = [
        "name": .string("\(name)@mesos"), "provider": "mesos", "status": .string(status), "type": "loadbalancer",
        "loadBalancer": ["servers": .array(urls.map { ["url": .string($0)] }), "passHostHeader": true],
        "usedBy": [.string("\(name)@mesos")],
    ]
    if case .object(var object) = service, !up.isEmpty {
        object["serverStatus"] = .object(
            JSONObject(up.map { ("http://\($0.key):80", .string($0.value ? "UP" : "DOWN")) }))
        service = .object(object)
    }
    return service
}
