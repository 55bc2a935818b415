import Clusters
import Migration
import Testing

@Suite(
    "The platform of two real Mesos clusters",
    .enabled(if: !RealMesos.isAbsent, "RZ_TEST_MESOS names no folder with a real Mesos"))
struct PlatformTests {
    @Test("a framework belongs to the master that knows its id, and to no other")
    func joined() async throws {
        try await RealMesos.with(agents: [RealMesos.AgentSpecification(attributes: "dc:blue")]) { blue in
            try await RealMesos.with(agents: [RealMesos.AgentSpecification(attributes: "dc:green")]) { green in
                let script = try TaskScript(master: blue.port, name: "marathon", taskID: "t", label: "x")
                try await eventually("the framework is there") { try await !blue.master.frameworks().isEmpty }
                let id = try #require(try await blue.master.frameworks().first?.id)
                let framework = PlatformGate.Framework(name: "Marathon", id: id)
                let gate = PlatformGate(attributes: ["dc": "blue"], version: "1.11.*")
                let ready = try await gate.observe(blue.master, frameworks: [framework])
                #expect(
                    ready
                        == PlatformState(
                            description: "Mesos 1.11.0 at \(blue.url) with 1 agent", isReady: true))
                let foreign = try await gate.observe(green.master, frameworks: [framework])
                #expect(foreign.missing.count == 3)
                #expect(foreign.missing.first == "only 0 of 1 agent joined and fit")
                #expect(foreign.missing.last?.contains("it belongs to another one") == true)
                withExtendedLifetime(script) {}
            }
        }
    }

    @Test("is not ready while an agent is gone, and ready again when it came back")
    func agentGone() async throws {
        let agents = [RealMesos.AgentSpecification(), RealMesos.AgentSpecification()]
        try await RealMesos.with(agents: agents) { mesos in
            let gate = PlatformGate(agentsAtLeast: 2)
            #expect(try await gate.observe(mesos.master, frameworks: []).isReady)
            mesos.killAgent(1)
            try await eventually("the gate closes") { try await !gate.observe(mesos.master, frameworks: []).isReady }
            try await mesos.startAgent(1)
            try await eventually("the gate opens") { try await gate.observe(mesos.master, frameworks: []).isReady }
            mesos.killMaster()
            let gone = try await gate.observe(mesos.master, frameworks: [])
            #expect(gone.missing.first?.hasPrefix("The Mesos master does not answer") == true)
            try await mesos.startMaster()
            try await eventually("the gate opens with the next leader") {
                try await gate.observe(mesos.master, frameworks: []).isReady
            }
        }
    }
}
