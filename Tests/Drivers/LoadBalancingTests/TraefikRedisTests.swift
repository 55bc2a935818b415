import Foundation
import FreePorts
import Migration
import RedisTesting
import TLSTesting
import Testing
import Transport
import Waiting

@testable import LoadBalancing

/// Each test has a Traefik, its Redis and four servers of its own.
private func withTraefik(
    _ settings: [String] = ["save \"\""], _ body: (TraefikConformance, TestRedis) async throws -> Void
) async throws {
    let servers = try await ColorServers()
    defer { servers.stop() }
    try await TraefikConformance.with(servers, inRedis: settings) { lab in
        try await body(lab, try #require(lab.redis))
    }
}

private let isHere = TraefikConformance.program != nil && TestRedis.isHere

/// Reads what references to files name.
private let files: Resolver = { setting throws(Failure) in
    guard case .reference("file", let path)? = setting.parts.first else { return setting.text }
    do { return try String(contentsOfFile: path.text, encoding: .utf8) } catch { throw Failure("no \(path)") }
}

/// Everything that a Redis holds.
private func contents(_ redis: TestRedis) async throws -> [String: String] {
    var connection = try await RedisConnection(.tcp(host: "127.0.0.1", port: redis.port))
    defer { connection.close() }
    return try await connection.values(of: try await connection.keys(matching: "*").sorted())
}

@Suite(
    "A real Traefik with its configuration in a real Redis", .serialized,
    .enabled(if: isHere, "there is no traefik or no redis-tools: run scripts/setup"))
struct TraefikRedisTests {
    private let green = "\(TraefikConformance.weights)/1/weight"

    @Test("has nothing written but weights and rz's note, and the note taken out again")
    func onlyWeights() async throws {
        try await withTraefik { lab, redis in
            try await redis.set(["traefik/http/middlewares/other/addPrefix/prefix": "/x", "not-of-traefik": "1"])
            let before = try await contents(redis)
            let driver = lab.own()
            try await lab.setWeights(blue: 60, green: 40, driver, epoch: 7)
            try await driver.apply(try await lab.changes(.blue, .administration(.drain), driver), epoch: 7)
            let headers = "traefik/http/middlewares/rz-epoch-shop/headers/customRequestHeaders"
            let now = try await contents(redis)
            #expect(now["\(headers)/Rz-Epoch"] == "7@\(testOwner.id)")
            #expect(now["\(headers)/Rz-Resting"] == "shop@redis/shop-blue=drain:60")
            #expect(now["\(TraefikConformance.weights)/0/weight"] == "0")
            let written = Set(now.filter { before[$0.key] != $0.value }.keys)
            #expect(
                written == [
                    "\(headers)/Rz-Epoch", "\(headers)/Rz-Resting", green, "\(TraefikConformance.weights)/0/weight",
                ])
            try await driver.apply(try await lab.changes(.blue, .administration(.ready), driver), epoch: 7)
            try await lab.setWeights(blue: 100, green: 0, driver, epoch: 7)
            let after = try await contents(redis)
            #expect(after.filter { before[$0.key] != $0.value }.map(\.key) == ["\(headers)/Rz-Epoch"])
            #expect(before.keys.allSatisfy { after[$0] != nil })
        }
    }

    @Test("that was emptied gets no write, as the first would be all that Traefik serves")
    func emptied() async throws {
        try await withTraefik { lab, redis in
            let driver = lab.own()
            try await lab.setWeights(blue: 60, green: 40, driver)
            let all = try await contents(redis)
            try await redis.call("FLUSHALL")
            let wanted = try await lab.changes(.green, .weight(50), driver)
            let empty = try await #require(throws: Failure.self) { try await driver.apply(wanted, epoch: 1) }
            #expect(empty.summary == "edge-1: its Redis has no weighted services")
            // The weights alone are back, as by a tool that knows nothing of the rest.
            try await redis.call("CONFIG", "SET", "notify-keyspace-events", "")
            try await redis.set(
                all.filter { $0.key.hasPrefix("traefik/http/services/shop/") || $0.key.contains("Rz-") })
            let partial = try await #require(throws: Failure.self) { try await driver.apply(wanted, epoch: 1) }
            #expect(
                partial.summary
                    == "edge-1 serves what is no longer in its Redis, and would forget it with the next write")
            #expect(partial.details == ["no key is left of traefik/http/routers/shop and 2 others"])
            let blocking = try await driver.observeObstacles([lab.rule]).filter(\.isBlocking)
            #expect(blocking.contains { $0.text.contains("would forget it with the next write") })
            #expect(try await redis.get(green) == "40")
            #expect(try await lab.answers(40).count == 2)
            try await redis.set(all)
            try await redis.call("CONFIG", "SET", "notify-keyspace-events", "AKE")
            try await driver.apply(wanted, epoch: 1)
            #expect(try await lab.weights(.green, driver) == [50])
        }
    }

    @Test("that was restarted without its events is named with the command that brings them back, and then goes on")
    func deaf() async throws {
        try await withTraefik(["appendonly yes", "appendfsync always"]) { lab, redis in
            let driver = lab.own(patience: .seconds(5))
            try await lab.setWeights(blue: 60, green: 40, driver)
            redis.kill()
            try await redis.start()
            // It reads all keys once more when it is connected again.
            var weight = 40
            try await eventually("Traefik to be deaf") {
                weight += 1
                try await redis.set([green: "\(weight)"])
                return try await !holds(within: .seconds(2)) { try await lab.weights(.green, driver) == [weight] }
            }
            let blocking = try await driver.observeObstacles([lab.rule]).filter(\.isBlocking).map(\.text)
            #expect(blocking.count == 1 && blocking[0].contains("does not report changes of keys"), "\(blocking)")
            let wanted = try await lab.changes(.green, .weight(50), driver)
            let failure = try await #require(throws: Failure.self) { try await driver.apply(wanted, epoch: 1) }
            #expect(failure.summary == "edge-1 does not serve what its Redis holds")
            #expect(
                failure.details.first?.contains("Redis has shop-blue 60, shop-green \(weight)") == true, "\(failure)")
            #expect(try await redis.get(green) == "\(weight)")
            #expect(failure.advice?.contains("`redis-cli CONFIG SET notify-keyspace-events AKE`") == true)
            #expect(failure.kind == .transient)
            try await redis.call("CONFIG", "SET", "notify-keyspace-events", "AKE")
            // Traefik has missed the write, and is reminded.
            try await driver.apply(wanted, epoch: 1)
            #expect(try await lab.weights(.green, driver) == [50])
            #expect(try await driver.observeObstacles([lab.rule]).filter(\.isBlocking) == [])
        }
    }

    @Test("that is gone stops changes, not looks nor users; when it is back with its data the change is made")
    func gone() async throws {
        try await withTraefik(["appendonly yes", "appendfsync always", "notify-keyspace-events AKE"]) { lab, redis in
            let driver = lab.own()
            try await lab.setWeights(blue: 60, green: 40, driver)
            redis.kill()
            let wanted = try await lab.changes(.green, .weight(50), driver)
            let failure = try await #require(throws: Failure.self) { try await driver.apply(wanted, epoch: 1) }
            #expect(failure.summary.hasPrefix("edge-1's Redis does not answer"), "\(failure)")
            #expect(failure.kind == .transient)
            #expect(try await lab.answers(40).count == 2)
            let blocking = try await driver.observeObstacles([lab.rule]).filter(\.isBlocking)
            #expect(blocking.count == 1 && blocking[0].text.contains("edge-1's Redis does not answer"), "\(blocking)")
            try await redis.start()
            try await driver.apply(wanted, epoch: 1)
            #expect(try await lab.weights(.green, driver) == [50])
        }
    }

    @Test("is refused where it is a replica, which takes no writes")
    func replica() async throws {
        try await withTraefik { lab, redis in
            try await TestRedis.with(["replicaof 127.0.0.1 \(redis.port)"]) { replica in
                try await eventually("the copy") { try await replica.get(green) == "0" }
                let driver = lab.own(inRedis: .init(address: Setting(replica.address)))
                let blocking = try await driver.observeObstacles([lab.rule]).filter(\.isBlocking).map(\.text)
                #expect(blocking.count == 1 && blocking[0].contains("is a replica that takes no writes"), "\(blocking)")
                let wanted = try await lab.changes(.green, .weight(50), driver)
                let failure = try await #require(throws: Failure.self) { try await driver.apply(wanted, epoch: 1) }
                #expect(failure.summary == "edge-1's Redis is a replica that takes no writes")
                try await replica.call("CONFIG", "SET", "replica-read-only", "no")
                let writable = try await driver.observeObstacles([lab.rule]).filter(\.isBlocking).map(\.text)
                #expect(writable.contains { $0.contains("is a replica: what is written there is lost") })
            }
        }
    }

    @Test("is written by a user with the rights of docs/security.md, and no failure shows a password")
    func rights() async throws {
        let commands = "+select +scan +mget +watch +multi +exec +discard +mset +del +info +config|get"
        try await withTraefik([
            "save \"\"", "user rz on >hush ~traefik/* \(commands)", "user reader on >hush ~traefik/* +scan +mget +info",
        ]) { lab, _ in
            func driver(_ user: Setting?, _ password: Setting?) throws -> TraefikWeights {
                lab.own(
                    inRedis: .init(address: Setting(try #require(lab.redis).address), user: user, password: password))
            }
            let own = try driver("rz", "hush")
            #expect(try await own.observeObstacles([lab.rule]).filter(\.isBlocking) == [])
            try await lab.setWeights(blue: 60, green: 40, own)
            try await own.apply(try await lab.changes(.blue, .administration(.drain), own), epoch: 1)
            try await own.apply(try await lab.changes(.blue, .administration(.ready), own), epoch: 1)
            #expect(try await lab.weights(.green, own) == [40])
            let reader = try await driver("reader", "hush").observeObstacles([lab.rule]).filter(\.isBlocking)
            #expect(reader.first?.text.contains("does not let this user do that") == true, "\(reader)")
            let wrong = try await driver("rz", "tell-no-one").observeObstacles([lab.rule]).filter(\.isBlocking)
            #expect(wrong.first?.text.contains("rejected the user or the password") == true, "\(wrong)")
            #expect(!wrong.contains { $0.text.contains("tell-no-one") })
        }
        try await withTraefik(["save \"\"", "rename-command AUTH NOTHING"]) { lab, redis in
            let driver = lab.own(inRedis: .init(address: Setting(redis.address), password: "tell-no-one"))
            let blocking = try await driver.observeObstacles([lab.rule]).filter(\.isBlocking)
            #expect(blocking.count == 1 && blocking[0].text.contains("unknown command"), "\(blocking)")
            #expect(!blocking.contains { $0.text.contains("tell-no-one") })
        }
    }

    @Test("is called over TLS, and believed only with a certificate of an authority that is trusted")
    func tls() async throws {
        let authority = try TestAuthority()
        let certificate = try authority.issue(["IP:127.0.0.1"])
        // Its files go with it.
        defer { withExtendedLifetime(certificate) {} }
        let port = try FreePorts.claim()
        try await withTraefik(TestRedis.tls(at: port, certificate, of: authority) + ["save \"\""]) { lab, _ in
            let trusted = lab.own(
                inRedis: .init(
                    address: Setting("127.0.0.1:\(port)"), tls: TLSRules(authorities: Setting(authority.file))),
                resolver: files)
            try await lab.setWeights(blue: 60, green: 40, trusted)
            #expect(try await lab.weights(.green, trusted) == [40])
            let stranger = lab.own(inRedis: .init(address: Setting("127.0.0.1:\(port)"), tls: TLSRules()))
            let blocking = try await stranger.observeObstacles([lab.rule]).filter(\.isBlocking)
            #expect(blocking.first?.text.contains("edge-1's Redis can't be called over TLS") == true, "\(blocking)")
        }
    }

    @Test("that several load balancers share is changed by all of them at once, each judged by its own Traefik")
    func shared() async throws {
        try await withTraefik { lab, redis in
            let drivers = (1...4).map { _ in lab.own() }
            let wanted = try await lab.changes(.green, .weight(50), drivers[0])
            for weight in [10, 30, 50] {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for driver in drivers {
                        let changes = wanted.map {
                            ServerChange(backend: $0.backend, server: $0.server, change: .weight(weight))
                        }
                        group.addTask { try await driver.apply(changes, epoch: 3) }
                    }
                    try await group.waitForAll()
                }
                #expect(try await redis.get(green) == "\(weight)")
            }
            #expect(try await lab.weights(.green, drivers[3]) == [50])
        }
    }

    @Test("is written only where what was found still stands there")
    func compare() async throws {
        try await withTraefik { lab, redis in
            let driver = lab.own()
            let store = try driver.store()
            let report = try await driver.client().report()
            let old = try #require(try await store.holdings())
            var new = old
            _ = new.set(50, of: "shop-green", in: "shop@redis")
            try await redis.set([green: "20"])
            #expect(try await !store.replace(old, by: new, served: report))
            #expect(try await redis.get(green) == "20")
            // A change takes what it finds, whoever wrote it.
            try await driver.apply(try await lab.changes(.blue, .weight(80), driver), epoch: 1)
            #expect(try await lab.weights(.green, driver) == [20])
        }
    }

    @Test("has obstacles in words")
    func obstacles() async throws {
        try await withTraefik { lab, redis in
            let driver = lab.own()
            func texts(_ isBlocking: Bool) async throws -> [String] {
                try await driver.observeObstacles([lab.rule]).filter { $0.isBlocking == isBlocking }.map(\.text)
            }
            let warnings = try await texts(false)
            #expect(warnings.contains { $0.contains("keeps nothing on disk") }, "\(warnings)")
            #expect(!warnings.contains { $0.contains("may drop keys") })
            try await redis.call("CONFIG", "SET", "maxmemory", "100mb")
            try await redis.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
            try await redis.call("DEL", "traefik/http/services/shop/weighted/healthCheck")
            try await eventually("the warnings") {
                let warnings = try await texts(false)
                return warnings.contains { $0.contains("set `maxmemory-policy noeviction`") }
                    && warnings.contains { $0.contains("traefik/http/services/NAME/weighted/healthCheck") }
            }
            try await redis.set([green: "many"])
            let blocking = try await texts(true)
            #expect(blocking.contains { $0.contains("\(green) is no number") }, "\(blocking)")
            let wanted = try await lab.changes(.green, .weight(5), driver)
            let failure = try await #require(throws: Failure.self) { try await driver.apply(wanted, epoch: 1) }
            #expect(failure.kind == .refused)
            let elsewhere = lab.own(inRedis: .init(address: Setting(redis.address), database: 3))
            let empty = try await elsewhere.observeObstacles([lab.rule]).filter(\.isBlocking).map(\.text)
            #expect(empty.contains { $0.contains("database 3") }, "\(empty)")
        }
    }
}

@Suite("The keys of Traefik's configuration")
struct TraefikKeysTests {
    private let root = "traefik/http/services/shop/weighted/services"

    private func keys(_ values: [String: String]) -> TraefikKeys {
        TraefikKeys(Set(values.keys), root: "traefik", environment: "shop", services: ["shop"])
    }

    @Test("are read as Traefik reads them: fields in any letters, any place in the list, 1 where no weight is")
    func reading() throws {
        let values = [
            "traefik/HTTP/Services/shop/Weighted/Services/b/Name": "blue",
            "traefik/HTTP/Services/shop/Weighted/Services/b/Weight": "+40",
            "\(root)/c/name": "green", "\(root)/d/name": "gray", "\(root)/d/weight": "-3",
            "traefik/http/services/other/weighted/services/0/weight": "no number", "traefik2/http/services/x/y/z": "1",
        ]
        let held = try #require(try keys(values).holdings(values))
        #expect(held.services.count == 1)
        #expect(
            Set(held.services["shop@redis"] ?? []) == [
                .init(name: "blue", weight: 40), .init(name: "green", weight: 1), .init(name: "gray", weight: 0),
            ])
        var wanted = held
        _ = wanted.set(7, of: "blue", in: "shop@redis")
        _ = wanted.set(8, of: "green", in: "shop@redis")
        let changes = keys(values).changes(to: wanted, from: values)
        #expect(
            changes.set.map(\.key).sorted() == [
                "traefik/HTTP/Services/shop/Weighted/Services/b/Weight", "\(root)/c/weight",
            ])
        #expect(Set(changes.set.map(\.value)) == ["7", "8"])
    }

    @Test("of which Traefik would take one, or none, are not written")
    func foreign() {
        for (values, reason) in [
            (["\(root)/0/weight": "1"], "there is no \(root)/0/name"),
            (
                ["\(root)/0/name": "a", "\(root)/0/weight": "1e3"],
                "\(root)/0/weight is no number, so Traefik takes nothing of its configuration"
            ),
            (
                ["\(root)/0/name": "a", "\(root)/0/Name": "b"],
                "\(root)/0/Name and \(root)/0/name differ in large and small letters only"
            ),
        ] {
            #expect(throws: TraefikKeys.Foreign(reason: reason)) { try keys(values).holdings(values) }
        }
    }
}
