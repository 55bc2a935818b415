import HAProxyPrograms
import Migration
import Testing
import Transport
import Waiting

@testable import LoadBalancing

@Suite("A server of a real HAProxy", .serialized)
struct NatureTests {
    @Test(
        "that leaves maintenance is not up before its first check, and neither is one that tracks it",
        arguments: HAProxyProgram.all)
    func pending(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) { lab in
            """
            backend shop
                server seldom 127.0.0.1:\(lab.webPorts[0]) check inter 60s rise 2 fall 3
                server tracking 127.0.0.1:\(lab.webPorts[0]) track shop/seldom
                server unchecked 127.0.0.1:\(lab.webPorts[0])
            """
        } _: { lab in
            let driver = lab.driver()
            // The first server is checked at once, whatever its interval.
            try await eventually("the first check") { try await checks(driver)["seldom"] == .passed }
            #expect(try await checks(driver) == ["seldom": .passed, "tracking": .passed, "unchecked": .none])
            try await driver.apply([.state("seldom", .maint), .state("unchecked", .maint)], epoch: 1)
            try await driver.apply([.state("seldom", .ready), .state("unchecked", .ready)], epoch: 1)
            #expect(try await checks(driver) == ["seldom": .pending, "tracking": .pending, "unchecked": .none])
            let servers = try #require(try await driver.observe().backends["shop"]?.servers)
            #expect(servers.map(\.operation) == [.up, .up, .up])
            #expect(servers.map(\.isUp) == [false, false, true])
        }
    }

    @Test("that was checked after maintenance is what the check said", arguments: HAProxyProgram.all)
    func checkedAgain(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) { lab in
            """
            backend shop
                default-server check inter 50ms rise 2 fall 3
                server alive 127.0.0.1:\(lab.webPorts[0])
                server dead 127.0.0.1:\(lab.closedPort)
            """
        } _: { lab in
            let driver = lab.driver()
            for _ in 0..<2 {
                try await eventually("the checks") {
                    try await checks(driver) == ["alive": .passed, "dead": .failed]
                }
                for state in [ServerState.Administration.maint, .ready] {
                    try await driver.apply([.state("alive", state), .state("dead", state)], epoch: 1)
                }
            }
        }
    }

    @Test("that no one has checked yet is not up, in drain neither", arguments: HAProxyProgram.all)
    func initial(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) { lab in
            """
            backend shop
                server first 127.0.0.1:\(lab.webPorts[0]) check inter 60s
                server second 127.0.0.1:\(lab.webPorts[0]) check inter 60s
            """
        } _: { lab in
            #expect(try await checks(lab.driver())["second"] == .pending)
            try await lab.driver().apply([.state("second", .maint), .state("second", .drain)], epoch: 1)
            #expect(try await checks(lab.driver())["second"] == .pending)
        }
    }

    @Test(
        "is known for what it is: backup, free slot, placeholder, local, disabled, of a configured weight",
        arguments: HAProxyProgram.all)
    func natures(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) { lab in
            """
            resolvers silent
                nameserver one 127.0.0.9:\(lab.closedPort)
            backend shop
                server plain 127.0.0.1:\(lab.webPorts[0]) weight 50
                server spare 127.0.0.1:\(lab.webPorts[0]) backup
                server-template slot- 1 nosuch.invalid:80 resolvers silent init-addr none
                server placeholder 0.0.0.0:80 disabled
                server local unix@\(lab.folder)/web.sock
                server off 127.0.0.1:\(lab.webPorts[0]) check disabled
                server follower 127.0.0.1:\(lab.webPorts[0]) track shop/off
            backend tunnel
                mode tcp
                server plain 127.0.0.1:\(lab.webPorts[0])
            """
        } _: { lab in
            let driver = lab.driver()
            try await driver.apply([.state("plain", .drain), .weight("plain", 7)], epoch: 1)
            let state = try await driver.observe()
            let servers = try #require(state.backends["shop"]?.servers)
            let names = servers.map(\.name)
            func named(_ isSo: (ServerState) -> Bool) -> [String] { servers.filter(isSo).map(\.name) }
            #expect(names == ["plain", "spare", "slot-1", "placeholder", "local", "off", "follower"])
            #expect(named(\.isBackup) == ["spare"])
            #expect(named { !$0.hasAddress } == ["slot-1", "placeholder"])
            #expect(named(\.isHeldInMaintenance) == ["slot-1", "follower"])
            #expect(named { $0.administration == .maint } == ["slot-1", "placeholder", "off", "follower"])
            #expect(named(\.isMovable) == ["plain", "local", "off"])
            #expect(servers[0].weight == 7)
            #expect(servers[0].configuredWeight == 50)
            #expect(state.backends["shop"]?.isTCP == false)
            #expect(state.backends["tunnel"]?.isTCP == true)
            // What is held stays there, and that is no failure.
            try await driver.apply([.state("slot-1", .ready), .state("follower", .ready)], epoch: 1)
        }
    }

    private func checks(_ driver: HAProxyRuntime) async throws -> [String: ServerState.Check] {
        let servers = try #require(try await driver.observe().backends["shop"]?.servers)
        return Dictionary(uniqueKeysWithValues: servers.map { ($0.name, $0.check) })
    }
}

@Suite("Requests through a real HAProxy", .serialized)
struct AttemptTests {
    private static let retrying =
        "    retries 3\n    option redispatch 1\n    retry-on conn-failure empty-response\n"

    @Test(
        "that a server fails and another one answers are errors of the first", arguments: HAProxyProgram.all,
        [true, false])
    func redispatched(on haproxy: HAProxyProgram, isRefused: Bool) async throws {
        try await withHAProxy(haproxy) { lab in
            """
            backend shop
                balance roundrobin
            \(AttemptTests.retrying)
                server blue-1 127.0.0.1:\(lab.webPorts[0])
                server green-1 127.0.0.1:\(isRefused ? lab.closedPort : lab.webPorts[1])
            """
        } _: { lab in
            for _ in 0..<20 { #expect(try await lab.get("shop", "/second-closes") == 200) }
            let servers = try #require(try await lab.driver().observe().backends["shop"]?.servers.map(\.counters))
            #expect(servers[0].requests == 20)
            #expect(servers[0].errors == 0)
            // Half of the requests, and what is tried there again.
            #expect(servers[1].errors >= 10)
            #expect(servers[1].errors == servers[1].begun)
            #expect(servers[1].requests == servers[1].begun)
        }
    }

    @Test(
        "that no server is there for, or that waited too long, are errors of the backend itself",
        arguments: HAProxyProgram.all)
    func unserved(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) { lab in
            """
            backend dead
                server green-1 127.0.0.1:\(lab.closedPort) check inter 50ms fall 2
            backend full
                server green-1 127.0.0.1:\(lab.webPorts[0]) maxconn 1
            """
        } _: { lab in
            let driver = lab.driver()
            try await eventually("the check to fail") {
                try await driver.observe().backends["dead"]?.servers[0].operation == .down
            }
            for _ in 0..<3 { #expect(try await lab.get("dead") == 503) }
            let dead = try #require(try await driver.observe().backends["dead"])
            #expect(dead.own.errors == 3)
            #expect(dead.own.requests == 3)
            #expect(dead.servers[0].counters.errors == 0)

            let session = try await lab.holdSession("full", at: "green-1")
            defer { session.close() }
            async let status = lab.get("full")
            try await eventually("the queue") { try await driver.observe().backends["full"]?.own.queued == 1 }
            #expect(try await status == 503)
            let full = try #require(try await driver.observe().backends["full"])
            #expect(full.own.errors == 1)
            #expect(full.servers[0].counters.errors == 0)
        }
    }

    @Test("are counted by what was answered, and in bytes", arguments: HAProxyProgram.all)
    func answers(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) {
            "backend shop\n    server blue-1 127.0.0.1:\($0.webPorts[0])"
        } _: { lab in
            for status in [404, 404, 302, 200] { #expect(try await lab.get("shop", "/\(status)") == status) }
            let counters = try #require(try await lab.driver().observe().backends["shop"]?.servers[0].counters)
            #expect(counters.clientErrors == 2)
            #expect(counters.redirects == 1)
            #expect(counters.requests == 4)
            #expect(counters.begun == 4)
            #expect(counters.bytesOut > 0)
        }
    }
}

@Suite("Sessions of before a reload", .serialized)
struct OldWorkerTests {
    private func backends(_ lab: Lab) -> String {
        """
        backend shop
            server blue-1 127.0.0.1:\(lab.webPorts[0])
        """
    }

    @Test("are seen, listed and ended through the master", arguments: HAProxyProgram.all)
    func seen(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, masterWorker: true, backends) { lab in
            let driver = lab.driver(master: lab.master)
            let session = try await lab.holdSession("shop", at: "blue-1")
            defer { session.close() }
            let before = try await driver.observe()
            #expect(before.oldWorkers == [])
            try await lab.reload()
            try await eventually("the old worker") { try await driver.observe().oldWorkers?.count == 1 }
            let after = try await driver.observe()
            let old = try #require(before.process?.pid)
            #expect(after.oldWorkers == [old])
            #expect(after.process?.pid != old)
            #expect(after.backends["shop"]?.servers[0].counters.sessions == 1)
            let open = try await driver.observeSessions(
                of: [ListedServer(backend: "shop", name: "blue-1")], detailed: 1)
            #expect(open.count == 1)
            #expect(open.listed.first?.oldProcess == old)
            #expect(try #require(open.listed.first?.bytesIn) > 0)
            #expect("\(open.listed[0])".hasSuffix(", in the old process \(old)"))
            let end = ServerChange(backend: "shop", server: "blue-1", change: .shutdownSessions)
            try await driver.apply([end], epoch: 1)
            try await eventually("its end") {
                try await driver.observe().backends["shop"]?.servers[0].counters.sessions == 0
            }
        }
    }

    @Test(
        "leave clients between two requests, whose next one goes by the weights of then", arguments: HAProxyProgram.all)
    func waiting(on haproxy: HAProxyProgram) async throws {
        let backends: (Lab) -> String = { lab in
            """
            frontend keeping
                bind unix@\(lab.folder)/keeping.sock
                option idle-close-on-response
                default_backend shop
            backend shop
                server blue-1 127.0.0.1:\(lab.webPorts[0]) weight 100
                server green-1 127.0.0.1:\(lab.webPorts[1]) weight 0
            """
        }
        try await withHAProxy(haproxy, masterWorker: true, backends) { lab in
            let driver = lab.driver(master: lab.master)
            func awaited() async throws -> [String: Int] {
                let servers = try await driver.observe().backends["shop"]?.servers ?? []
                return Dictionary(servers.map { ($0.name, $0.counters.awaited) }) { first, _ in first }
            }
            let client = try await StreamSocket.connect(to: .unix(path: lab.folder + "/keeping.sock"))
            defer { client.close() }
            func ask() async throws -> String {
                try await client.write(Array("GET /shop/ HTTP/1.1\r\nHost: lab\r\n\r\n".utf8))
                var answer = ""
                while !answer.contains("\r\n\r\n") {
                    let piece = try await client.read()
                    if piece.isEmpty { break }
                    answer += String(decoding: piece, as: UTF8.self)
                }
                return answer
            }
            #expect(try await ask().contains(" 200 "))
            #expect(try await awaited() == ["blue-1": 0, "green-1": 0])
            try await lab.reload()
            try await eventually("the old process") { try await driver.observe().oldWorkers?.count == 1 }
            #expect(try await awaited() == ["blue-1": 1, "green-1": 0])
            #expect(try await ask().lowercased().contains("connection: close"), "the old process answers")
            try await eventually("no one to be left") { try await awaited() == ["blue-1": 0, "green-1": 0] }
        }
    }

    @Test("are unknown without a master, but another process answers", arguments: HAProxyProgram.all)
    func unknown(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, masterWorker: true, backends) { lab in
            for driver in [lab.driver(), lab.driver(master: "unix:/nowhere")] {
                let session = try await lab.holdSession("shop", at: "blue-1")
                defer { session.close() }
                let before = try await driver.observe()
                #expect(before.oldWorkers == nil)
                try await lab.reload()
                try await eventually("the new worker") {
                    try await driver.observe().process?.pid != before.process?.pid
                }
                #expect(try await driver.observe().oldWorkers == nil)
            }
        }
    }
}
