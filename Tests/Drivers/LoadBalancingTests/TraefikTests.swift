import Foundation
import JSON
import Migration
import Testing
import Waiting

@testable import LoadBalancing

/// Each test has a Traefik and four servers of its own.
private func withTraefik(_ body: (TraefikConformance) async throws -> Void) async throws {
    let servers = try await ColorServers()
    defer { servers.stop() }
    try await TraefikConformance.with(servers, body)
}

private let isHere = TraefikConformance.program != nil

@Suite("A real Traefik", .serialized, .enabled(if: isHere, "there is no traefik: run scripts/setup"))
struct TraefikTests {
    @Test("is never called checked before a check has ended, and its dead servers stay dead through each change")
    func checks() async throws {
        try await withTraefik { lab in
            let driver = lab.own()
            // No check has ended when a new process answers first.
            #expect(try await lab.servers(.green, driver).allSatisfy { $0.check == .pending || $0.check == .passed })
            try await eventually("all checks") {
                try await lab.servers(.green, driver).map(\.check) == [.passed, .passed]
            }
            lab.servers.kill("green-2")
            try await eventually("the dead server") {
                try await lab.servers(.green, driver).map(\.check) == [.passed, .failed]
            }
            // Someone else's change makes Traefik call it up; what its last check found is what rz reports.
            for name in ["one", "two", "three"] {
                try lab.write(
                    "http: { middlewares: { \(name): { stripPrefix: { prefixes: [ /x ] } } } }\n", "other.yml")
                try await eventually("the change") {
                    try await driver.client().report().shows(name)
                }
                #expect(try await lab.servers(.green, driver).map(\.check) == [.passed, .failed])
                #expect(try await lab.servers(.green, driver).map(\.isUp) == [true, false])
            }
        }
    }

    @Test("returns from a change when users get no dead server any more")
    func changeWaits() async throws {
        try await withTraefik { lab in
            let driver = lab.own()
            lab.servers.kill("green-2")
            try await eventually("the dead server") {
                try await lab.servers(.green, driver).map(\.check) == [.passed, .failed]
            }
            try await lab.setWeights(blue: 0, green: 100, driver)
            #expect(try await lab.answers(60) == [.green: 60])
        }
    }

    @Test("has a whole child taken out, never one of its servers")
    func oneServer() async throws {
        try await withTraefik { lab in
            let driver = lab.own()
            let first = try #require(try await lab.servers(.blue, driver).first)
            let failure = try await #require(throws: Failure.self) {
                try await driver.apply(
                    [ServerChange(backend: "shop@file", server: first.name, change: .administration(.drain))], epoch: 1)
            }
            #expect(failure.summary.contains("takes a whole child"))
            #expect(failure.kind == .refused)
            #expect(try await lab.weights(.blue, driver) == [100])
        }
    }

    @Test("loses nothing of another's in its file, because such a file is refused")
    func foreignFile() async throws {
        try await withTraefik { lab in
            let driver = lab.own()
            let more = "  routers:\n    other: { rule: \"Host(`x`)\", service: shop }\n"
            let text = TraefikConformance.weighted + more
            try lab.write(text, "rz.yml")
            let wanted = try await lab.changes(.green, .weight(5), driver)
            let failure = try await #require(throws: Failure.self) { try await driver.apply(wanted, epoch: 1) }
            #expect(failure.kind == .refused)
            #expect(failure.details == ["it holds `http.routers`"])
            #expect(try String(contentsOfFile: lab.file, encoding: .utf8) == text)
            let blocking = try await driver.observeObstacles([lab.rule]).filter(\.isBlocking)
            #expect(blocking.count == 1)
            #expect(blocking.first?.text.contains("it holds `http.routers`") == true)
        }
    }

    @Test("is judged by what it serves: a file that it does not read changes nothing")
    func unread() async throws {
        try await withTraefik { lab in
            let elsewhere = lab.folder + "/elsewhere.yml"
            try TraefikConformance.weighted.replacingOccurrences(of: "100", with: "70").write(
                toFile: elsewhere, atomically: true, encoding: .utf8)
            let driver = lab.own(file: elsewhere, patience: .milliseconds(500))
            let wanted = try await lab.changes(.green, .weight(5), driver)
            let failure = try await #require(throws: Failure.self) { try await driver.apply(wanted, epoch: 1) }
            #expect(failure.summary == "edge-1 does not serve what its file holds")
            #expect(failure.details.first?.contains("shop-blue 70") == true)
            #expect(try await lab.weights(.blue, driver) == [100])
            let blocking = try await driver.observeObstacles([lab.rule]).filter(\.isBlocking).map(\.text)
            #expect(blocking.contains { $0.contains("does not serve what the file") })
        }
    }

    @Test("shows what a person did by hand, whatever rz noted before")
    func byHand() async throws {
        try await withTraefik { lab in
            let driver = lab.own()
            try await driver.apply(try await lab.changes(.blue, .administration(.maint), driver), epoch: 3)
            let text = try String(contentsOfFile: lab.file, encoding: .utf8)
            #expect(text.contains("shop@file/shop-blue=maint:100"))
            try lab.write(text.replacingOccurrences(of: "\"weight\": 0", with: "\"weight\": 33"), "rz.yml")
            try await eventually("the weight") { try await lab.weights(.blue, driver) == [33] }
            #expect(Set(try await lab.servers(.blue, driver).map(\.administration)) == [.ready])
        }
    }

    @Test("that is restarted keeps what checks had found, for whoever saw it; no one else calls it checked")
    func restart() async throws {
        try await withTraefik { lab in
            try lab.write(lab.pools(check: "{ path: /, interval: 4s, timeout: 300ms }"), "services.yml")
            let driver = lab.own()
            try await eventually("all checks") {
                try await lab.servers(.green, driver).map(\.check) == [.passed, .passed]
            }
            try await lab.reload()
            let stranger = lab.own()
            #expect(try await lab.servers(.green, driver).map(\.check) == [.passed, .passed])
            #expect(try await lab.servers(.green, stranger).map(\.check) == [.pending, .pending])
        }
    }

    @Test("is not observed without its metrics: nothing could be shown quiet")
    func withoutMetrics() async throws {
        try await withTraefik { lab in
            let nothing = try await #require(throws: Failure.self) {
                _ = try await lab.own(metrics: lab.api + "/nothing").observe()
            }
            #expect(nothing.summary == "edge-1 has nothing there (HTTP 404)")
            #expect(nothing.advice?.contains("metrics: { prometheus: {} }") == true)
            let other = try await #require(throws: Failure.self) {
                _ = try await lab.own(metrics: lab.api + "/api/version").observe()
            }
            #expect(other.summary == "edge-1 shows no metrics of Traefik")
        }
    }

    @Test("requires who asks where its API does, and is believed over TLS only with a certificate that can be verified")
    func access() async throws {
        try await withTraefik { lab in
            try lab.write(
                """
                http:
                  routers:
                    api:
                      rule: "PathPrefix(`/api`)"
                      entryPoints: [ web ]
                      priority: 1000
                      service: api@internal
                      middlewares: [ known ]
                    secure: { rule: "PathPrefix(`/api`)", entryPoints: [ secure ], service: api@internal, tls: {} }
                  middlewares: { known: { basicAuth: { users: [ "test:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=" ] } } }

                """, "api.yml")
            let guarded = lab.own(api: lab.url, metrics: lab.api + "/metrics")
            try await eventually("the router") {
                do throws(Failure) { _ = try await guarded.observe() } catch {
                    return error.summary == "edge-1 requires authentication (HTTP 401)"
                }
                return false
            }
            let known = lab.own(api: lab.url, metrics: lab.api + "/metrics", user: "test", password: "test")
            #expect(try await known.observe().backends[lab.rule.backend]?.servers.count == 4)
            let unverified = try await #require(throws: Failure.self) {
                _ = try await lab.own(api: lab.secure).observe()
            }
            #expect(unverified.summary.hasPrefix("edge-1 can't be called over TLS"), "\(unverified)")
        }
    }

    @Test("has obstacles in words", arguments: obstacles)
    fileprivate func obstacle(_ one: ExpectedObstacle) async throws {
        try await withTraefik { lab in
            let driver = lab.own()
            try lab.write(one.services(lab), "services.yml")
            if let weighted = one.weighted { try lab.write(weighted, "rz.yml") }
            var texts: [String] = []
            let isFound = try await holds(within: .seconds(20)) {
                texts = try await driver.observeObstacles([lab.rule]).filter { $0.isBlocking == one.isBlocking }.map(
                    \.text)
                return texts.contains { $0.contains(one.text) }
            }
            #expect(isFound, "\(texts)")
        }
    }
}

private struct ExpectedObstacle: Sendable, CustomStringConvertible {
    var text: String
    var isBlocking = true
    var weighted: String?
    var services: @Sendable (TraefikConformance) -> String = { $0.pools() }

    var description: String { text }
}

private let obstacles = [
    ExpectedObstacle(text: "has no `healthCheck`: Traefik would send users") { $0.pools(check: "") },
    ExpectedObstacle(text: "Use an `interval` of 10s or less") {
        $0.pools(check: "{ path: /, interval: 30s, timeout: 1s }")
    },
    ExpectedObstacle(
        text: "no child with servers of green",
        weighted: "http: { services: { shop: { weighted: { services: [ { name: shop-blue, weight: 1 } ] } } } }\n"),
    ExpectedObstacle(
        text: "(`healthCheck: {}`): a color", isBlocking: false,
        weighted: TraefikConformance.weighted.replacingOccurrences(of: "        healthCheck: {}\n", with: "")),
    ExpectedObstacle(
        text: "by the cookie shop", isBlocking: false,
        weighted: TraefikConformance.weighted.replacingOccurrences(
            of: "healthCheck: {}", with: "sticky: { cookie: { name: shop } }")),
    ExpectedObstacle(text: "different `serversTransport`s", isBlocking: false) {
        $0.pools(green: "        serversTransport: other\n")
            + "  serversTransports: { other: { insecureSkipVerify: true } }\n"
    },
    ExpectedObstacle(text: "Traefik does not report sessions by service", isBlocking: false),
]

extension TraefikReport {
    /// Whether it shows a middleware: its file is served.
    fileprivate func shows(_ name: String) -> Bool { middlewares.contains("\(name)@file") }
}

@Suite("What a Traefik says")
struct TraefikParsingTests {
    private func metrics(_ requests: Int, start: Int = 1, up: Int? = nil) -> TraefikMetrics {
        TraefikMetrics(
            """
            process_start_time_seconds \(start)
            traefik_service_requests_total{code="200",service="a@file"} \(requests)
            \(up.map { "traefik_service_server_up{service=\"a@file\",url=\"u\"} \($0)" } ?? "")
            """)
    }

    @Test("of requests is a rate from look to look, 0 only where there was none for a second")
    func rates() {
        let memory = TraefikMemory()
        let start = ContinuousClock.now
        func rate(_ requests: Int, _ milliseconds: Int, of process: Int = 1) -> Int? {
            memory.gather(metrics(requests, start: process), at: start + .milliseconds(milliseconds)).rates["a@file"]
        }
        #expect(rate(100, 0) == nil)
        #expect(rate(101, 200) == 1)
        #expect(rate(101, 900) == 1)
        #expect(rate(101, 1300) == 0)
        #expect(rate(141, 3300) == 20)
        #expect(rate(3, 3400, of: 2) == nil)
        #expect(rate(5, 3500, of: 2) == 2)
    }

    @Test("of checks is recalled for a few seconds when another process answers")
    func recall() {
        let memory = TraefikMemory()
        let start = ContinuousClock.now
        func check(_ up: Int?, _ seconds: Int, of process: Int) -> Bool? {
            memory.gather(metrics(0, start: process, up: up), at: start + .seconds(seconds)).lastCheck["a@file"]?["u"]
        }
        #expect(check(1, 0, of: 1) == true)
        #expect(check(nil, 1, of: 1) == nil)
        #expect(check(0, 2, of: 1) == false)
        #expect(check(nil, 4, of: 2) == false)
        #expect(check(1, 5, of: 2) == true)
        #expect(check(nil, 6, of: 3) == true)
        #expect(check(nil, 30, of: 3) == nil)
    }

    @Test("in lengths of time is read as Go writes them")
    func durations() {
        #expect(Duration(go: "1m30s") == .seconds(90))
        #expect(Duration(go: "1.5s") == .milliseconds(1500))
        #expect(Duration(go: "500ms") == .milliseconds(500))
        #expect(Duration(go: "1h0m0s") == .seconds(3600))
        for text in ["", "5", "s", "1x", "..s", "1e9h"] { #expect(Duration(go: text) == nil) }
    }

    @Test("in metrics is counted by service, whatever the labels hold")
    func metrics() {
        let metrics = TraefikMetrics(
            """
            # HELP traefik_config_reloads_total Config reloads
            traefik_config_reloads_total 1
            process_start_time_seconds 1.79597158876e+09
            traefik_service_requests_total{code="200",method="GET",protocol="http",service="a@file"} 5
            traefik_service_requests_total{code="502",method="GET",protocol="http",service="a@file"} 2
            traefik_service_requests_total{code="404",method="x\\"}, \\\\",protocol="http",service="b@file"} 1e+03
            traefik_service_responses_bytes_total{code="200",service="a@file"} 77
            traefik_service_server_up{service="a@file",url="http://10.0.0.1:80"} 0
            traefik_service_server_up{service="a@file",url="http://10.0.0.2:80"} 1
            traefik_service_request_duration_seconds_bucket{service="a@file",le="0.1"} 3
            traefik_service_requests_total{code="200",service="broken
            traefik_service_requests_total{code="200",service="c@file"} NaN
            """)
        #expect(metrics.isTraefik)
        #expect(metrics.start == 1_795_971_588.76)
        #expect(metrics.counts["a@file"] == .init(requests: 7, byClass: [2: 5, 5: 2], bytesOut: 77))
        #expect(metrics.counts["b@file"]?.requests == 1000)
        #expect(metrics.counts["c@file"]?.requests == 0)
        #expect(metrics.lastCheck["a@file"] == ["http://10.0.0.1:80": false, "http://10.0.0.2:80": true])
        #expect(!TraefikMetrics("<html>").isTraefik)
    }

    @Test(
        "of an address is its host and port",
        arguments: [
            ("http://10.0.0.1:8080", "10.0.0.1:8080"), ("https://10.0.0.1", "10.0.0.1:443"),
            ("http://a.b/x:9", "a.b:80"),
            ("http://[fe80::1]:80/", "[fe80::1]:80"), ("http://[fe80::1]", "[fe80::1]:80"), ("h2c://u:p@c", "c:80"),
        ])
    func addresses(url: String, address: String) { #expect(TraefikLook.address(of: url) == address) }

    @Test("is kept in a file that holds weighted services and rz's note, and nothing else")
    func file() throws {
        var file = try TraefikFile(TraefikConformance.weighted, environment: "shop")
        #expect(file.holdings.services["shop@file"]?.map(\.weight) == [100, 0])
        #expect(file.holdings.note == TraefikNote())
        file.holdings.note.epoch = EpochEntry(number: 7, owner: "me")
        file.holdings.note.resting["shop@file/shop-blue"] = .init(administration: .drain, weight: 40)
        let isThere = file.holdings.set(25, of: "shop-green", in: "shop@file")
        #expect(isThere)
        let again = try TraefikFile(file.text, environment: "shop")
        #expect(again.holdings == file.holdings)
        #expect(again.holdings.services["shop@file"]?.map(\.weight) == [100, 25])
        #expect(file.text.contains("\"healthCheck\": {}"))
        let odd =
            "http: { services: { a: { weighted: { services: [ { name: x, weight: -3 }, { name: y, weight: 9e99 }, "
            + "{ name: z }, { name: w, weight: 99999999999 } ] } } } }"
        var strange = try TraefikFile(odd, environment: "shop")
        #expect(strange.holdings.services["a@file"]?.map(\.weight) == [0, 0, 1, 1_000_000])
        _ = strange.holdings.set(5, of: "z", in: "a@file")
        #expect(strange.text.contains("9e99") && strange.text.contains("-3"), "\(strange.text)")
        for (text, reason) in [
            ("", "the text is empty"), ("7", "it holds no `http: { services: … }`"), ("a: 1", "it holds `a`"),
            ("http: { routers: {} }", "it holds `http.routers`"),
            ("http: { services: { a: { loadBalancer: {} } } }", "`http.services.a` is no weighted service"),
            ("http: { middlewares: { rz-epoch-other: {} } }", "it holds `http.middlewares.rz-epoch-other`"),
            ("http: {{ range }}", "it is a template of Traefik's (`{{`)"),
        ] {
            #expect(throws: TraefikFile.Foreign(reason: reason)) { try TraefikFile(text, environment: "shop") }
        }
    }
}
