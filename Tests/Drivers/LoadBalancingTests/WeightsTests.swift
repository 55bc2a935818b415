import HAProxyPrograms
import LoadBalancing
import Migration
import Testing
import Transport
import Waiting

private func pair(_ lab: Lab) -> String {
    """
    backend shop
        server blue-1 127.0.0.1:\(lab.webPorts[0]) weight 100
        server green-1 127.0.0.1:\(lab.webPorts[1]) weight 0
    """
}

@Suite("Weights on a real HAProxy", .serialized)
struct WeightsTests {
    @Test("are set and read back over a UNIX and a TCP socket", arguments: HAProxyProgram.all, [false, true])
    func setAndReadBack(on haproxy: HAProxyProgram, overTCP: Bool) async throws {
        try await withHAProxy(haproxy, pair) { lab in
            let driver = lab.driver(overTCP ? lab.tcp : lab.admin)
            let before = try await driver.observe()
            #expect(before.version.hasPrefix("2.") || before.version.hasPrefix("3."))
            #expect(before.backends["shop"]?.algorithm == "roundrobin")
            #expect(before.backends["shop"]?.servers.map(\.weight) == [100, 0])
            #expect(before.backends["shop"]?.servers[0].address == "127.0.0.1:\(lab.webPorts[0])")
            try await driver.apply([.weight("green-1", 256), .weight("blue-1", 0)], epoch: 1)
            let after = try await driver.observe()
            #expect(after.backends["shop"]?.servers.map(\.weight) == [0, 256])
            #expect(after.backends["shop"]?.servers.map(\.name) == ["blue-1", "green-1"])
            #expect(after.oldWorkers?.isEmpty != false)
        }
    }

    @Test("move the traffic", arguments: HAProxyProgram.all)
    func moveTraffic(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, pair) { lab in
            let driver = lab.driver()
            try await driver.apply([.weight("green-1", 100), .weight("blue-1", 0)], epoch: 1)
            for _ in 0..<5 { #expect(try await lab.get("shop") == 200) }
            let servers = try #require(try await driver.observe().backends["shop"]?.servers)
            #expect(servers.map(\.counters.requests) == [0, 5])
        }
    }

    @Test(
        "are changed in the order given, so that a server is ready before it is weighed", arguments: HAProxyProgram.all)
    func order(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, pair) { lab in
            let driver = lab.driver()
            try await driver.apply([.state("green-1", .maint)], epoch: 1)
            #expect(try await driver.observe().backends["shop"]?.servers[1].operation == .down)
            try await driver.apply(
                [.state("green-1", .drain), .weight("green-1", 7), .state("green-1", .ready)], epoch: 1)
            let server = try #require(try await driver.observe().backends["shop"]?.servers[1])
            #expect(server.weight == 7)
            #expect(server.isUp)
        }
    }

    @Test(
        "stay as they are while a server drains or rests", arguments: HAProxyProgram.all,
        [ServerState.Administration.drain, .maint])
    func administration(on haproxy: HAProxyProgram, state: ServerState.Administration) async throws {
        try await withHAProxy(haproxy, pair) { lab in
            let driver = lab.driver()
            for _ in 0..<2 {
                try await driver.apply([.state("blue-1", state)], epoch: 1)
                let server = try #require(try await driver.observe().backends["shop"]?.servers[0])
                #expect(server.administration == state)
                #expect(server.weight == 100)
                #expect(!server.takesTraffic)
            }
            try await driver.apply([.state("blue-1", .ready)], epoch: 1)
            #expect(try await driver.observe().backends["shop"]?.servers[0].administration == .ready)
        }
    }

    @Test("let a raised server take the requests that wait already", arguments: HAProxyProgram.all)
    func queue(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) { lab in
            """
            backend shop
                timeout queue 30s
                server blue-1 127.0.0.1:\(lab.webPorts[0]) weight 100 maxconn 1
                server green-1 127.0.0.1:\(lab.webPorts[1]) weight 0
            """
        } _: { lab in
            let driver = lab.driver()
            let session = try await lab.holdSession("shop", at: "blue-1")
            defer { session.close() }
            async let first = lab.get("shop")
            async let second = lab.get("shop")
            try await eventually("the queue") { try await driver.observe().backends["shop"]?.own.queued == 2 }
            try await driver.apply([.weight("green-1", 100), .weight("blue-1", 0)], epoch: 1)
            let take = ServerChange(backend: "shop", server: "green-1", change: .takeQueue)
            try await driver.apply([take], epoch: 1)
            #expect(try await [first, second] == [200, 200])
            let shop = try #require(try await driver.observe().backends["shop"])
            #expect(shop.servers[1].counters.requests == 2)
            #expect(shop.own.queued == 0)
        }
    }

    @Test("of 2,000 servers change in one call", arguments: HAProxyProgram.all)
    func many(on haproxy: HAProxyProgram) async throws {
        let names = (0..<2000).map { "server-with-a-name-of-usual-length-\($0)" }
        let list = names.map { "    server \($0) 127.0.0.1:9 weight 1" }.joined(separator: "\n")
        try await withHAProxy(haproxy) { _ in
            "backend shop\n" + list
        } _: { lab in
            let driver = lab.driver(stateFile: lab.stateFile, epochMap: lab.epochMap)
            try await driver.apply(names.enumerated().map { .weight($1, $0 % 257) }, epoch: 3)
            let servers = try #require(try await driver.observe().backends["shop"]?.servers)
            #expect(servers.map(\.weight) == names.indices.map { $0 % 257 })
        }
    }

    @Test("of servers that the configuration disabled can be set once they are ready", arguments: HAProxyProgram.all)
    func disabledByConfiguration(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) {
            "backend shop\n    server green-1 127.0.0.1:\($0.webPorts[0]) weight 5 disabled"
        } _: { lab in
            let driver = lab.driver()
            #expect(try await driver.observe().backends["shop"]?.servers[0].administration == .maint)
            try await driver.apply([.state("green-1", .ready), .weight("green-1", 9)], epoch: 1)
            let server = try #require(try await driver.observe().backends["shop"]?.servers[0])
            #expect(server.isUp)
            #expect(server.weight == 9)
        }
    }

    @Test(
        "hold against an agent that sets its own, because the agent is turned off first", arguments: HAProxyProgram.all)
    func agent(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy) { lab in
            """
            backend shop
                server blue-1 127.0.0.1:\(lab.webPorts[0]) weight 100 agent-check agent-port \(lab.webPorts[1])
            """
        } _: { lab in
            let rule = TrafficRule(backend: "shop", servers: [.blue: "blue-*", .green: "blue-*-none"])
            #expect(try await lab.driver().observeObstacles([rule]).contains { $0.text.contains("agent checks") })
            try await lab.driver().apply([.weight("blue-1", 3)], epoch: 1)
            #expect(try await !lab.driver().observeObstacles([rule]).contains { $0.text.contains("agent checks") })
        }
    }
}

@Suite("A reload", .serialized)
struct ReloadTests {
    @Test("keeps weights and states through the server state file", arguments: HAProxyProgram.all)
    func keepsWeights(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, masterWorker: true, pair) { lab in
            let driver = lab.driver(stateFile: lab.stateFile, epochMap: lab.epochMap)
            try await driver.apply(
                [.weight("green-1", 77), .weight("blue-1", 12), .state("blue-1", .drain)], epoch: 5)
            try await lab.reload()
            try await eventually("the new worker") { try await driver.observe().epoch == 5 }
            let state = try await driver.observe()
            #expect(state.backends["shop"]?.servers.map(\.weight) == [12, 77])
            #expect(state.backends["shop"]?.servers.map(\.administration) == [.drain, .ready])
            #expect(state.epoch == 5)
        }
    }

    @Test("forgets weights that were not written to the state file", arguments: HAProxyProgram.all)
    func forgetsWithout(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, masterWorker: true, pair) { lab in
            try await lab.driver().apply([.weight("green-1", 77)], epoch: 5)
            try await lab.reload()
            try await eventually("the new worker") {
                try await lab.driver().observe().backends["shop"]?.servers.map(\.weight) == [100, 0]
            }
        }
    }
}

extension ServerChange {
    static func weight(_ server: String, _ weight: Int, in backend: String = "shop") -> ServerChange {
        ServerChange(backend: backend, server: server, change: .weight(weight))
    }

    static func state(
        _ server: String, _ state: ServerState.Administration, in backend: String = "shop"
    ) -> ServerChange {
        ServerChange(backend: backend, server: server, change: .administration(state))
    }
}
