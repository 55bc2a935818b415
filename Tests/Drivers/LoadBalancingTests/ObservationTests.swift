import HAProxyPrograms
import LoadBalancing
import Migration
import Testing
import Transport
import Waiting

@Suite("Counters of a real HAProxy", .serialized)
struct CountersTests {
    @Test("distinguish requests and every kind of error, server by server", arguments: HAProxyProgram.all)
    func errors(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) { lab in
            """
            backend good
                timeout server 1s
                server blue-1 127.0.0.1:\(lab.webPorts[0])
            backend refused
                server blue-1 127.0.0.1:\(lab.closedPort)
            """
        } _: { lab async throws in
            #expect(try await counters(lab, "good") == ServerCounters())
            for _ in 0..<4 { #expect(try await lab.get("good") == 200) }
            #expect(try await requestsAndErrors(lab, "good") == [4, 0])
            for _ in 0..<3 { #expect(try await lab.get("good", "/500") == 500) }
            #expect(try await requestsAndErrors(lab, "good") == [7, 3])
            #expect(try await lab.get("good", "/empty") == 502)
            // curl asks again on a new connection, since the first one was used before. 2.6 counts only the second
            // attempt; later versions count the first one, and the second one twice.
            let empty = haproxy.isAtLeast(2, 8) ? 3 : 1
            #expect(try await requestsAndErrors(lab, "good") == [7 + empty, 3 + empty])
            #expect(try await lab.get("good", "/slow") == 504)
            #expect(try await requestsAndErrors(lab, "good") == [8 + empty, 4 + empty])
            for _ in 0..<2 { #expect(try await lab.get("refused") == 503) }
            // Each was tried twice.
            #expect(try await requestsAndErrors(lab, "refused") == [4, 4])
        }
    }

    @Test("distinguish the classes of errors", arguments: HAProxyProgram.all)
    func classes(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) { lab in
            """
            backend good
                server blue-1 127.0.0.1:\(lab.webPorts[0])
            backend refused
                server blue-1 127.0.0.1:\(lab.closedPort)
            backend spared
                option redispatch 1
                server blue-1 127.0.0.1:\(lab.closedPort)
                server blue-2 127.0.0.1:\(lab.webPorts[0])
            backend bytes
                mode tcp
                server blue-1 127.0.0.1:\(lab.webPorts[0])
            """
        } _: { lab async throws in
            for path in ["/500", "/404", "/404"] { _ = try await lab.get("good", path) }
            try await eventually("the answers") { try await counters(lab, "good").requests == 3 }
            let good = try await counters(lab, "good")
            #expect(good.clientErrors == 2)
            #expect(good.errorCounts == ErrorCounts(server: 1))
            #expect(try await lab.get("good", "/empty") == 502)
            #expect(try await counters(lab, "good").errorCounts.response >= 1)
            #expect(try await lab.get("refused") == 503)
            try await eventually("the refusal") { try await counters(lab, "refused").errors == 2 }
            #expect(try await counters(lab, "refused").errorCounts == ErrorCounts(connection: 1, retries: 1))
            for _ in 0..<2 { #expect(try await lab.get("spared") == 200) }
            // What goes to another server at once is no retry.
            let spared = try await counters(lab, "spared").errorCounts
            #expect(spared.redispatches >= 1)
            #expect(spared.retries == 0)
            let all = try await lab.driver().observe().backends
            #expect(all["good"]?.counted == Set(ErrorClass.allCases))
            #expect(all["bytes"]?.counted == ErrorClass.ofConnections)
        }
    }

    @Test("show a session while it lasts, and who has it", arguments: HAProxyProgram.all)
    func sessions(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) {
            "backend shop\n    server blue-1 127.0.0.1:\($0.webPorts[0])"
        } _: { lab in
            let socket = try await StreamSocket.connect(to: .unix(path: lab.folder + "/http.sock"))
            defer { socket.close() }
            try await socket.write(Array("GET /shop/slow HTTP/1.1\r\nHost: lab\r\n\r\n".utf8))
            try await eventually("the session") { try await counters(lab, "shop").sessions == 1 }
            #expect(try await !counters(lab, "shop").isQuiet)
            let open = try await lab.driver().observeSessions(
                of: [ListedServer(backend: "shop", name: "blue-1")], detailed: 1)
            #expect(open.count == 1)
            let session = try #require(open.listed.first)
            #expect("\(session)".hasPrefix("edge-1 shop/blue-1: frontend users, unix:"))
            #expect(try #require(session.age) < .seconds(60))
            #expect(try #require(session.bytesIn) > 30)
            #expect(session.bytesOut == 0)
            #expect(
                try await lab.driver().observeSessions(
                    of: [ListedServer(backend: "shop", name: "other")], detailed: 1) == OpenSessions())
            try await lab.driver().apply(
                [ServerChange(backend: "shop", server: "blue-1", change: .shutdownSessions)], epoch: 1)
            try await eventually("the end of the session") { try await counters(lab, "shop").sessions == 0 }
        }
    }

    @Test("need a higher level for sessions than `user`", arguments: HAProxyProgram.all)
    func level(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) { _ in
            ""
        } _: { lab in
            let failure = try await #require(throws: Failure.self) {
                try await lab.driver(lab.user).observeSessions(
                    of: [ListedServer(backend: "shop", name: "blue-1")], detailed: 1)
            }
            #expect(failure.advice?.contains("level admin") == true)
        }
    }

    private func counters(_ lab: Lab, _ backend: String) async throws -> ServerCounters {
        try #require(try await lab.driver().observe().backends[backend]?.servers.first?.counters)
    }

    /// HAProxy counts a request when it logs it, which may be after the client has its answer.
    private func requestsAndErrors(_ lab: Lab, _ backend: String) async throws -> [Int] {
        let counters = try await counters(lab, backend)
        return [counters.requests, counters.errors]
    }
}

@Suite("Obstacles on a real HAProxy", .serialized)
struct ObstaclesTests {
    private let colors: [Color: String] = [.blue: "blue-*", .green: "green-*"]

    @Test("are none where all is well, servers that are down included", arguments: HAProxyProgram.all)
    func none(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, masterWorker: true) { lab in
            """
            backend shop
                default-server check inter 50ms fall 2
                server blue-1 127.0.0.1:\(lab.webPorts[0]) weight 100
                server green-1 127.0.0.1:\(lab.closedPort) weight 0
            """
        } _: { lab in
            let driver = lab.driver(stateFile: lab.stateFile, epochMap: lab.epochMap, master: lab.master)
            try await eventually("the check to fail") {
                try await driver.observe().backends["shop"]?.servers[1].operation == .down
            }
            #expect(try await driver.observeObstacles([TrafficRule(backend: "shop", servers: colors)]).isEmpty)
        }
    }

    @Test("are found one by one", arguments: HAProxyProgram.all)
    func all(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) { lab in
            let servers =
                "    server blue-1 127.0.0.1:\(lab.webPorts[0]) cookie b\n    server green-1 127.0.0.1:\(lab.webPorts[0])\n"
            return """
                backend rotating
                    balance static-rr
                \(servers)
                backend hashing
                    balance source
                \(servers)
                backend sticky
                    cookie SRV insert
                \(servers)
                backend half
                    server blue-1 127.0.0.1:\(lab.webPorts[0])
                """
        } _: { lab in
            let rules = ["rotating", "hashing", "sticky", "half", "nowhere"].map {
                TrafficRule(backend: $0, servers: colors)
            }
            let before = try await lab.driver().observe()
            let obstacles = try await lab.driver(epochMap: "/nowhere.map").observeObstacles(rules)
            #expect(obstacles.count == 8)
            expect(obstacles, "rotating uses `balance static-rr`", isBlocking: true)
            expect(obstacles, "hashing uses `balance source`", isBlocking: false)
            expect(obstacles, "sticky keeps users at their server by the cookie SRV", isBlocking: false)
            expect(obstacles, "(`persistence: wait`)", isBlocking: false)
            expect(obstacles, "half has no server of green (green-*)", isBlocking: true)
            expect(obstacles, "there is no backend nowhere", isBlocking: true)
            expect(obstacles, "does not know the map /nowhere.map", isBlocking: true)
            expect(obstacles, "no stateFile", isBlocking: true)
            expect(obstacles, "no master socket", isBlocking: false)
            #expect(obstacles.allSatisfy { $0.text.hasPrefix("edge-1: ") })
            #expect(try await lab.driver().observe().backends == before.backends)
        }
    }

    @Test(
        "report servers that weights do not move, and of algorithms that share otherwise",
        arguments: HAProxyProgram.all)
    func natures(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) { lab in
            """
            resolvers silent
                nameserver one 127.0.0.9:\(lab.closedPort)
            backend backups
                server blue-1 127.0.0.1:\(lab.webPorts[0])
                server green-1 127.0.0.1:\(lab.webPorts[1]) backup
            backend half
                server blue-1 127.0.0.1:\(lab.webPorts[0])
                server blue-2 127.0.0.1:\(lab.webPorts[0]) backup
                server green-1 127.0.0.1:\(lab.webPorts[1])
            backend slots
                server blue-1 127.0.0.1:\(lab.webPorts[0])
                server-template green- 2 nosuch.invalid:80 resolvers silent init-addr none
            backend least
                balance leastconn
                server blue-1 127.0.0.1:\(lab.webPorts[0])
                server green-1 127.0.0.1:\(lab.webPorts[1]) check fall 1
            backend path
                balance hash path
                server blue-1 127.0.0.1:\(lab.webPorts[0])
                server green-1 127.0.0.1:\(lab.webPorts[1])
            """
        } _: { lab in
            let rules = ["backups", "half", "slots", "least", "path"].map {
                TrafficRule(backend: $0, servers: colors)
            }
            let obstacles = try await lab.driver(
                stateFile: lab.stateFile, epochMap: lab.epochMap, master: "unix:/nowhere"
            )
            .observeObstacles(rules)
            #expect(obstacles.count == 7, "\(obstacles)")
            expect(obstacles, "all servers of green in backend backups are `backup` servers", isBlocking: true)
            expect(obstacles, "half has `backup` servers of blue (blue-2)", isBlocking: false)
            expect(obstacles, "slots has only free slots for servers of green (green-1 and 1 more)", isBlocking: false)
            expect(obstacles, "least uses `balance leastconn`", isBlocking: false)
            expect(obstacles, "least has servers with `fall 1` (green-1)", isBlocking: false)
            expect(obstacles, "path uses `balance hash`", isBlocking: false)
            expect(obstacles, "its master's socket does not answer", isBlocking: true)
        }
    }

    @Test(
        "report stick tables that keep users at their servers, and not of those that only count",
        arguments: HAProxyProgram.all)
    func stickTables(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) { lab in
            let servers =
                "    server blue-1 127.0.0.1:\(lab.webPorts[0])\n    server green-1 127.0.0.1:\(lab.webPorts[1])\n"
            return """
                backend sticky
                    stick-table type string size 1k
                    stick on hdr(host)
                \(servers)
                backend counting
                    stick-table type string size 1k store conn_rate(10s)
                \(servers)
                backend elsewhere
                    stick on hdr(host) table memory
                \(servers)
                backend memory
                    stick-table type string size 1k
                """
        } _: { lab in
            let driver = lab.driver(stateFile: lab.stateFile, epochMap: lab.epochMap)
            let state = try await driver.observe()
            #expect(state.backends.filter(\.value.hasStickTable).keys.sorted() == ["memory", "sticky"])
            let rules = ["sticky", "counting", "elsewhere"].map {
                TrafficRule(backend: $0, servers: colors, persistence: .cut)
            }
            let obstacles = try await driver.observeObstacles(rules)
            #expect(obstacles.count == 3, "\(obstacles)")
            expect(obstacles, "sticky keeps users at their server by a stick table", isBlocking: false)
            expect(obstacles, "(`persistence: cut`)", isBlocking: false)
            expect(obstacles, "the stick table memory keeps users", isBlocking: false)
        }
    }

    @Test(
        "include algorithms that take no weights, found by a question that changes nothing",
        arguments: HAProxyProgram.all)
    func staticAlgorithms(on haproxy: HAProxyProgram) async throws {
        let algorithms = [
            "hash path": false, "hash path\n    hash-type consistent": true, "source": false, "uri": false,
            "source\n    hash-type consistent": true, "static-rr": false, "roundrobin": true, "leastconn": true,
            "random": true,
        ].sorted { $0.key < $1.key }
        try await withHAProxy(haproxy) { lab in
            algorithms.enumerated().map { number, algorithm in
                """
                backend be\(number)
                    balance \(algorithm.key)
                    server blue-1 127.0.0.1:\(lab.webPorts[0]) weight 100
                    server green-1 127.0.0.1:\(lab.webPorts[0]) weight 0

                """
            }.joined()
        } _: { lab in
            let rules = algorithms.indices.map { TrafficRule(backend: "be\($0)", servers: colors) }
            let before = try await lab.driver().observe().backends
            let obstacles = try await lab.driver().proveWeights(rules)
            let refused = algorithms.indices.filter { !algorithms[$0].value }
            #expect(obstacles.map(\.isBlocking) == refused.map { _ in true })
            for (number, obstacle) in zip(refused, obstacles) {
                #expect(obstacle.text.hasPrefix("edge-1: backend be\(number) uses a static algorithm"))
            }
            #expect(try await lab.driver().observe().backends == before)
            let unknown = try await lab.driver().proveWeights([TrafficRule(backend: "nowhere", servers: colors)])
            #expect(unknown.map(\.isBlocking) == [false])
        }
    }

    @Test("name the level of the socket", arguments: HAProxyProgram.all, ["user", "operator", "admin"])
    func level(on haproxy: HAProxyProgram, _ level: String) async throws {
        try await withHAProxy(haproxy) { _ in
            ""
        } _: { lab in
            let socket = ["user": lab.user, "operator": lab.operator, "admin": lab.admin][level]
            let obstacles = try await lab.driver(socket).observeObstacles([])
            #expect(
                obstacles.contains { $0.isBlocking && $0.text.contains("has level \(level)") } == (level != "admin"))
        }
    }

    @Test("are found by commands that change nothing")
    func dryRun() async throws {
        let fake = try await FakeHAProxy([.text("")])
        defer { fake.stop() }
        _ = try? await driver(fake.socket).observeObstacles([])
        _ = try? await driver(fake.socket).observe()
        _ = try? await driver(fake.socket).observeSessions(
            of: [ListedServer(backend: "a", name: "b")], detailed: 1)
        let commands = fake.lines.flatMap { $0.split(separator: ";") }
        #expect(commands.count > 4)
        #expect(commands.allSatisfy { $0.hasPrefix("show ") || $0.hasPrefix("get ") })
    }

    @Test("include a state file that can't be replaced", arguments: HAProxyProgram.all)
    func stateFile(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) { _ in
            ""
        } _: { lab in
            let obstacles = try await lab.driver(stateFile: "/nowhere/server.state").observeObstacles([])
            expect(obstacles, "/nowhere/server.state can't be replaced", isBlocking: true)
        }
    }

    private func expect(
        _ obstacles: [Obstacle], _ text: String, isBlocking: Bool, _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(
            obstacles.contains { $0.text.contains(text) && $0.isBlocking == isBlocking }, "\(obstacles)",
            sourceLocation: location)
    }
}
