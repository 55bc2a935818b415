import JSON
import Migration
import Testing

@testable import Clusters

/// A framework's API at 127.0.0.1 that redirects to its leader at `localhost`: by its name another host.
@Suite("A redirect of a framework to its leader")
struct RedirectTests {
    private static let calls: [(name: String, call: Call)] = [
        (
            "Marathon",
            { url, inventory, user in
                _ = try await MarathonCluster(
                    .init(url: url, user: user, password: user), inventory: inventory, resolver: { $0.text }
                ).observePlatform()
            }
        ),
        (
            "Metronome",
            { url, inventory, user in
                _ = try await MetronomeCluster(
                    .init(url: url, user: user, password: user), inventory: inventory, resolver: { $0.text },
                    now: { Instant(milliseconds: 0) }
                ).observePlatform()
            }
        ),
        (
            "Chronos",
            { url, inventory, user in
                _ = try await ChronosCluster(
                    .init(url: url, user: user, password: user), inventory: inventory, resolver: { $0.text },
                    now: { Instant(milliseconds: 0) }
                ).observePlatform()
            }
        ),
        (
            "The Mesos master",
            { url, inventory, user in
                _ = try await MesosAgentPool(
                    Platform(mesosMaster: url, user: user, password: user), master: url, clusters: [],
                    inventory: inventory, resolver: { $0.text }
                ).observeAgents()
            }
        ),
    ]

    private typealias Call =
        @Sendable (_ url: Setting, _ inventory: Inventory, _ user: Setting?) async throws -> Void

    @Test(
        "is not followed with credentials where no one says that the host is one of its own", arguments: calls.indices)
    func foreign(_ index: Int) async throws {
        let (name, call) = Self.calls[index]
        try await redirected { follower, leader in
            let failure = try await #require(throws: Failure.self) {
                try await call(Setting(follower.url), Inventory(), "canary")
            }
            #expect(failure.kind == .refused)
            #expect(
                failure.summary == "\(name) redirects from \(follower.url) to http://localhost:\(leader.port), which "
                    + "is neither its configured host nor a server of this color")
            #expect(failure.advice?.contains("`leaders: [localhost]`") == true)
            #expect(try await leader.recorded().isEmpty)
        }
    }

    @Test("is followed with credentials to a server of the color's inventory", arguments: calls.indices)
    func listed(_ index: Int) async throws {
        try await redirected { follower, leader in
            let inventory = Inventory(groups: ["control": [Host(name: "green-1", address: "localhost")]])
            try await Self.calls[index].call(Setting(follower.url), inventory, "canary")
            let asked = try await leader.recorded()
            #expect(!asked.isEmpty)
            #expect(Set(asked.map(\.authorization)) == ["Basic Y2FuYXJ5OmNhbmFyeQ=="])
        }
    }

    @Test("is followed anywhere by a request that holds no credentials and no body", arguments: calls.indices)
    func withoutCredentials(_ index: Int) async throws {
        try await redirected { follower, leader in
            try await Self.calls[index].call(Setting(follower.url), Inventory(), nil)
            #expect(try await !leader.recorded().isEmpty)
        }
    }

    @Test("takes no user and password along that stand in the URL itself")
    func userInformation() async throws {
        try await redirected { follower, leader in
            let url = Setting(follower.url.replacing("http://", with: "http://canary:canary@"))
            let failure = try await #require(throws: Failure.self) {
                try await Self.calls[0].call(url, Inventory(), nil)
            }
            #expect(failure.kind == .refused)
            #expect(!"\(failure)".contains("canary"))
            #expect(try await leader.recorded().isEmpty)
        }
    }

    private func redirected(_ body: (_ follower: StubMarathon, _ leader: StubMarathon) async throws -> Void)
        async throws
    {
        try await StubMarathon.with { leader in
            for path in ["/v2/info", "/info", "/leader", "/v1/scheduler/leader"] {
                try await leader.answers("GET", path, 200, ["leader": "a", "frameworkId": "f"])
            }
            try await leader.answers("GET", "/slaves", 200, ["slaves": []])
            try await StubMarathon.with { follower in
                for path in ["/v2/info", "/info", "/leader", "/v1/scheduler/leader", "/slaves"] {
                    let target = JSON.string("http://localhost:\(leader.port)\(path)")
                    try await follower.answers("GET", path, 307, headers: ["Location": target])
                }
                try await body(follower, leader)
            }
        }
    }
}

/// What stands in no color, called through the proxy of the environment.
@Suite("The proxy of an environment")
struct FrameworkProxyTests {
    @Test("is asked by every client for what is no server of the color, and for nothing that is one")
    func everyClient() async throws {
        try await StubMarathon.with { proxy in
            let rules = ProxyRules(url: Setting(proxy.url))
            let resolver: Resolver = { setting throws(Failure) in setting.text }
            let now: @Sendable () -> Instant = { Instant(milliseconds: 0) }
            let (url, inventory): (Setting, Inventory) = ("http://out.invalid", Inventory())
            let marathon = try MarathonCluster(
                .init(url: url, user: "u", password: "p", login: "http://login.invalid/in"), inventory: inventory,
                resolver: resolver, proxy: rules)
            let metronome = try MetronomeCluster(
                .init(url: url), inventory: inventory, resolver: resolver, proxy: rules, now: now)
            let chronos = try ChronosCluster(
                .init(url: url), inventory: inventory, resolver: resolver, proxy: rules, now: now)
            let pool = try MesosAgentPool(
                Platform(mesosMaster: url), master: url, clusters: [], inventory: inventory, resolver: resolver,
                proxy: rules)
            try await proxy.answers("POST", "http://login.invalid/in", 200, ["token": "t"])
            let calls: [@Sendable () async throws -> Void] = [
                { _ = try await marathon.observePlatform() }, { _ = try await metronome.observePlatform() },
                { _ = try await chronos.observePlatform() }, { _ = try await pool.observeAgents() },
            ]
            // The proxy knows of none of them; what counts is that it was asked.
            for call in calls { try? await call() }
            #expect(
                try await proxy.recorded().map(\.path) == [
                    "http://login.invalid/in", "http://out.invalid/v2/info", "http://out.invalid/info",
                    "http://out.invalid/v1/scheduler/leader", "http://out.invalid/slaves",
                ])
            let own = Inventory(groups: ["a": [Host(name: "out.invalid", address: "127.0.0.1")]])
            let direct = try MarathonCluster(.init(url: url), inventory: own, resolver: resolver, proxy: rules)
            let failure = try await #require(throws: Failure.self) { _ = try await direct.observePlatform() }
            #expect(failure.summary.contains("does not answer"), "\(failure)")
            #expect(try await proxy.recorded().count == 5)
        }
    }
}
