import JSON
import Migration
import Testing

@testable import Clusters

@Suite("A platform of Mesos and a framework")
struct PlatformGateTests {
    private static let marathon = PlatformGate.Framework(name: "Marathon", id: "M-0000")

    private static func state(
        agents: [MesosAgent]? = nil, frameworks: [MesosFramework] = [MesosFramework(id: "M-0000", name: "marathon")]
    ) -> MesosState {
        MesosState(
            leader: "10.0.0.1:5050", version: "1.11.0", agents: agents ?? [agent(1), agent(2)],
            frameworks: frameworks, tasks: [])
    }

    private static func agent(
        _ number: Int, isActive: Bool = true, version: String = "1.11.0", attributes: [String: String] = ["dc": "green"]
    ) -> MesosAgent {
        MesosAgent(
            id: "S\(number)", hostname: "10.0.1.\(number)", isActive: isActive, version: version,
            attributes: attributes, pools: [:])
    }

    private static let gate = PlatformGate(agentsAtLeast: 2, attributes: ["dc": "green"], version: "1.11.*")

    @Test("takes services when its agents joined and the framework is known to this very master")
    func ready() {
        let platform = Self.gate.judge(Self.state(), at: "http://m:5050", frameworks: [Self.marathon])
        #expect(platform == PlatformState(description: "Mesos 1.11.0 at http://m:5050 with 2 agents", isReady: true))
    }

    @Test("is not ready while agents are missing, and each that does not fit says why")
    func agents() {
        var state = Self.state(agents: [
            Self.agent(1), Self.agent(2, isActive: false), Self.agent(3, version: "1.9.0", attributes: [:]),
            Self.agent(4, attributes: ["dc": "blue"]),
        ])
        state.missingAgents = 1
        #expect(
            Self.gate.judge(state, at: "m", frameworks: [Self.marathon]).missing == [
                "only 1 of 2 agents joined and fit; 1 more did not come back since the leader was elected",
                "agent 10.0.1.2 (S2) is not active",
                "agent 10.0.1.3 (S3) lacks dc=green, is of version 1.9.0, and not 1.11.*",
                "agent 10.0.1.4 (S4) has dc=blue instead of dc=green",
            ])
        state.agents.append(Self.agent(5))
        #expect(Self.gate.judge(state, at: "m", frameworks: [Self.marathon]).isReady)
    }

    @Test(
        "is not ready unless the framework is registered there, connected and active",
        arguments: [
            (nil, [MesosFramework(id: "M-0000", name: "marathon")], "Marathon is not registered with Mesos"),
            (
                "M-0000", [MesosFramework(id: "N-0000", name: "marathon")],
                "Marathon is registered as M-0000, which the Mesos master at m does not know: it belongs to another one"
            ),
            (
                "M-0000", [MesosFramework(id: "M-0000", name: "marathon", isActive: false, isConnected: false)],
                "Marathon (M-0000) is disconnected from the Mesos master at m"
            ),
            (
                "M-0000", [MesosFramework(id: "M-0000", name: "marathon", isActive: false)],
                "Marathon (M-0000) is offered no resources: it is not active"
            ),
        ] as [(String?, [MesosFramework], String)])
    func framework(id: String?, known: [MesosFramework], sentence: String) {
        let state = Self.state(frameworks: known)
        let framework = PlatformGate.Framework(name: "Marathon", id: id)
        #expect(Self.gate.judge(state, at: "m", frameworks: [framework]).missing == [sentence])
        #expect(Self.gate.judge(state, at: "m", frameworks: []).isReady)
    }

    @Test("is not ready without a leader, or with one of another version")
    func leader() {
        var state = Self.state()
        state.leader = nil
        state.version = "1.9.0"
        #expect(
            Self.gate.judge(state, at: "m", frameworks: []).missing == [
                "no Mesos master is elected as leader",
                "the leading Mesos master is of version 1.9.0, and not 1.11.*",
            ])
    }

    @Test("that has no leader yet is not ready, and that is no failure; a refusal is one")
    func observing() async throws {
        try await StubMarathon.with { stub in
            let master = MesosMaster(url: stub.url)
            try await stub.answers("GET", "/", 503, text: "No leader elected")
            let platform = try await Self.gate.observe(master, frameworks: [])
            #expect(platform.missing == ["The Mesos masters have no leader at the moment"])
            #expect(!platform.isReady)
            try await stub.answers("GET", "/", 401)
            let refused = await #expect(throws: Failure.self) { try await Self.gate.observe(master, frameworks: []) }
            #expect(refused?.summary == "Mesos requires authentication (HTTP 401)")
            try await stub.answers(
                "GET", "/", 200,
                ["version": "1.11.0", "leader": "master@10.0.0.1:5050", "slaves": [], "frameworks": []])
            #expect(
                try await Self.gate.observe(master, frameworks: []).missing == ["only 0 of 2 agents joined and fit"])
        }
    }
}
