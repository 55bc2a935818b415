import HAProxyPrograms
import LoadBalancing
import Migration
import Testing

private func backends(_ lab: Lab) -> String {
    """
    backend shop
        server blue-1 127.0.0.1:\(lab.webPorts[0]) weight 100
    backend fixed
        balance source
        server blue-1 127.0.0.1:\(lab.webPorts[0]) weight 100
    backend rotating
        balance static-rr
        server blue-1 127.0.0.1:\(lab.webPorts[0]) weight 100
    """
}

@Suite("What HAProxy refuses", .serialized)
struct RefusalTests {
    @Test(
        "is reported with its own words, where it was, and what to do",
        arguments: HAProxyProgram.all,
        [
            (ServerChange.weight("blue-1", 1, in: "nowhere"), "No such backend.", "names"),
            (.weight("nobody", 1), "No such server.", "names"),
            (.state("nobody", .drain), "No such server.", "names"),
            (
                .weight("blue-1", 50, in: "fixed"),
                "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.", "`balance source`"
            ),
            (
                .weight("blue-1", 50, in: "rotating"),
                "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.",
                "`balance static-rr`"
            ),
            (ServerChange(backend: "shop", server: "nobody", change: .shutdownSessions), "No such server.", "names"),
        ])
    func refusal(on haproxy: HAProxyProgram, _ example: (change: ServerChange, reply: String, advice: String))
        async throws
    {
        let (change, reply, advice) = example
        try await withHAProxy(haproxy, backends) { lab in
            let failure = try await #require(throws: Failure.self) {
                try await lab.driver().apply([change], epoch: 1)
            }
            #expect(failure.kind == .permanent)
            #expect(failure.summary.hasPrefix("edge-1 refused "))
            #expect(failure.summary.contains(reply))
            #expect(failure.place == lab.admin)
            #expect(failure.details.first?.contains("backend \(change.backend), server \(change.server)") == true)
            #expect(failure.advice?.contains(advice) == true)
        }
    }

    @Test(
        "does not keep it from making the other changes of a batch, and each refusal is reported",
        arguments: HAProxyProgram.all)
    func batch(on haproxy: HAProxyProgram) async throws {
        try await withHAProxy(haproxy, backends) { lab in
            let failure = try await #require(throws: Failure.self) {
                try await lab.driver().apply(
                    [.weight("blue-1", 5), .weight("a", 1), .weight("blue-1", 6), .weight("b", 1)], epoch: 1)
            }
            #expect(failure.details.first == "backend shop, server a, wanted 1")
            #expect(failure.details.contains { $0.contains("shop/b") && $0.contains("No such server.") })
            #expect(try await lab.driver().observe().backends["shop"]?.servers[0].weight == 6)
        }
    }

    @Test("names the level that the socket needs", arguments: HAProxyProgram.all, ["user", "operator"])
    func level(on haproxy: HAProxyProgram, _ level: String) async throws {
        try await withHAProxy(haproxy, backends) { lab in
            let socket = level == "user" ? lab.user : lab.operator
            let failure = try await #require(throws: Failure.self) {
                try await lab.driver(socket).apply([.weight("blue-1", 1)], epoch: 1)
            }
            #expect(failure.kind == .permanent)
            #expect(failure.summary.contains("Permission denied"))
            #expect(failure.advice?.contains("level admin") == true)
            #expect(try await lab.driver().observe().backends["shop"]?.servers[0].weight == 100)
        }
    }

    @Test(
        "is never sent when a name would mean something else",
        arguments: [
            "a b", "a;b", "a\nb", "a\\b", "", "a/b", "a\u{0}b", "grün", "#1", String(repeating: "x", count: 16_000),
        ])
    func names(_ name: String) async throws {
        let fake = try await FakeHAProxy([.text("\n\n")])
        defer { fake.stop() }
        for change in [ServerChange.weight(name, 1), .weight("blue-1", 1, in: name)] {
            let failure = try await #require(throws: Failure.self) {
                try await driver(fake.socket).apply([change], epoch: 1)
            }
            #expect(failure.kind == .refused)
            #expect(failure.summary.hasPrefix("edge-1"))
        }
        #expect(fake.lines.isEmpty)
    }

    @Test("is never sent when a weight is out of bounds", arguments: [-1, 257])
    func weights(_ weight: Int) async throws {
        let failure = try await #require(throws: Failure.self) {
            try await driver("unix:/nowhere").apply([.weight("blue-1", weight)], epoch: 1)
        }
        #expect(failure.kind == .refused)
    }

    @Test("covers paths of maps that would be several commands")
    func mapPath() async throws {
        let runtime = HAProxyRuntime(
            "edge-1", .init(socket: "unix:/nowhere", epochMap: "/a;disable server shop/blue-1"),
            owner: testOwner, resolver: literal)
        let failure = try await #require(throws: Failure.self) { try await runtime.observe() }
        #expect(failure.kind == .refused)
    }
}

func driver(_ socket: String, deadline: Duration = .seconds(3)) -> HAProxyRuntime {
    HAProxyRuntime(
        "edge-1", .init(socket: Setting(socket)), owner: testOwner, resolver: literal,
        deadline: deadline)
}
