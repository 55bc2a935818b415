import LoadBalancing
import Migration
import Testing
import Transport

@Suite("Counters of a real HAProxy", .serialized)
struct CountersTests {
    @Test("tell requests and every kind of error apart, server by server")
    func errors() async throws {
        try await withHAProxy { lab in
            """
            backend good
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
            #expect(try await requestsAndErrors(lab, "good") == [8, 4])
            #expect(try await lab.get("good", "/slow") == 504)
            #expect(try await requestsAndErrors(lab, "good") == [9, 5])
            for _ in 0..<2 { #expect(try await lab.get("refused") == 503) }
            #expect(try await requestsAndErrors(lab, "refused") == [2, 2])
        }
    }

    @Test("show a session while it lasts, and who has it")
    func sessions() async throws {
        try await withHAProxy {
            "backend shop\n    server blue-1 127.0.0.1:\($0.webPorts[0])"
        } _: { lab in
            let socket = try await StreamSocket.connect(to: .unix(path: lab.folder + "/http.sock"))
            defer { socket.close() }
            try await socket.write(Array("GET /shop/slow HTTP/1.1\r\nHost: lab\r\n\r\n".utf8))
            try await wait(for: "the session") { try await counters(lab, "shop").sessions == 1 }
            #expect(try await !counters(lab, "shop").isQuiet)
            let sessions = try await lab.driver().observeSessions(backend: "shop", server: "blue-1")
            #expect(sessions.count == 1)
            #expect(sessions.first?.hasPrefix("users: unix:") == true)
            #expect(try await lab.driver().observeSessions(backend: "shop", server: "other").isEmpty)
            try await lab.driver().apply(
                [ServerChange(backend: "shop", server: "blue-1", change: .shutdownSessions)], epoch: 1)
            try await wait(for: "the end of the session") { try await counters(lab, "shop").sessions == 0 }
        }
    }

    @Test("need a higher level for sessions than `user`")
    func level() async throws {
        try await withHAProxy { _ in
            ""
        } _: { lab in
            let failure = try await #require(throws: Failure.self) {
                try await lab.driver(lab.user).observeSessions(backend: "shop", server: "blue-1")
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

    @Test("are none where all is well, servers that are down included")
    func none() async throws {
        try await withHAProxy { lab in
            """
            backend shop
                default-server check inter 50ms fall 1
                server blue-1 127.0.0.1:\(lab.webPorts[0]) weight 100
                server green-1 127.0.0.1:\(lab.closedPort) weight 0
            """
        } _: { lab in
            let driver = lab.driver(stateFile: lab.stateFile, epochMap: lab.epochMap)
            try await wait(for: "the check to fail") {
                try await driver.observe().backends["shop"]?.servers[1].operation == .down
            }
            #expect(try await driver.observeObstacles([TrafficRule(backend: "shop", servers: colors)]).isEmpty)
        }
    }

    @Test("are found one by one")
    func all() async throws {
        try await withHAProxy { lab in
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
            #expect(obstacles.count == 7)
            expect(obstacles, "rotating uses `balance static-rr`", isBlocking: true)
            expect(obstacles, "hashing uses `balance source`", isBlocking: false)
            expect(obstacles, "sticky keeps users at their server by the cookie SRV", isBlocking: false)
            expect(obstacles, "half has no server of green (green-*)", isBlocking: true)
            expect(obstacles, "there is no backend nowhere", isBlocking: true)
            expect(obstacles, "does not know the map /nowhere.map", isBlocking: true)
            expect(obstacles, "no stateFile", isBlocking: false)
            #expect(obstacles.allSatisfy { $0.text.hasPrefix("edge-1: ") })
            #expect(try await lab.driver().observe().backends == before.backends)
        }
    }

    @Test("name the level of the socket", arguments: ["user", "operator", "admin"])
    func level(_ level: String) async throws {
        try await withHAProxy { _ in
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
        _ = try? await driver(fake.socket).observeSessions(backend: "a", server: "b")
        let commands = fake.lines.flatMap { $0.split(separator: ";") }
        #expect(commands.count > 4)
        #expect(commands.allSatisfy { $0.hasPrefix("show ") || $0.hasPrefix("get ") })
    }

    @Test("include a state file that can't be replaced")
    func stateFile() async throws {
        try await withHAProxy { _ in
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
