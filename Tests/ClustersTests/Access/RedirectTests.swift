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
