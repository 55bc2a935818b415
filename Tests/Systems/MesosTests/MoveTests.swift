import Clusters
import Foundation
import JSON
import SandboxTesting
import TLSTesting
import Testing
import Transport

@Suite(
    "A full run between two real Mesos clusters",
    // Each has two masters and four agents: more at a time would starve each other on a small machine.
    .serialized,
    .enabled(if: !RealMesos.isAbsent, "RZ_TEST_MESOS names no folder with a real Mesos"))
struct MoveTests {
    @Test("moves services that run as real tasks, and no request fails")
    func move() async throws {
        try await TwoClusters.with { clusters in
            let users = clusters.users()
            let ended = try await clusters.rz("update", "real", "--yes")
            #expect(ended.status == 0, "\(ended.all)")
            #expect(ended.all.contains("Mesos 1.11.0 at \(clusters.green.url) with 2 agents"), "\(ended.all)")
            #expect(ended.all.contains("services ask for 0.2 of 8 cpus"), "\(ended.all)")
            #expect(ended.all.contains("tasks of 2 services as in blue"), "\(ended.all)")
            let asked = try await users.end()
            #expect(asked.failed.isEmpty, "\(asked.failed)")
            #expect(asked.answered["green", default: 0] > 0)
            let left = try await clusters.blue.master.state().tasks
            #expect(left.isEmpty, "blue still runs \(left.map(\.id))")
            #expect(try await Set(clusters.green.master.state().tasks.map(\.name)) == ["one.web", "two.web"])
        }
    }

    @Test("moves services where Mesos and Marathon are reached by TLS and ask who comes, and no request fails")
    func guarded() async throws {
        try await TwoClusters.with(isGuarded: true) { clusters in
            await #expect(throws: (any Error).self, "Mesos answers someone who does not say who they are") {
                try await MesosMaster(url: clusters.green.url, deadline: .seconds(10)).state()
            }
            let users = clusters.users()
            let ended = try await clusters.rz("update", "real", "--yes")
            #expect(ended.status == 0, "\(ended.all)")
            #expect(ended.all.contains("Mesos 1.11.0 at https://127.0.0.1:"), "\(ended.all)")
            let asked = try await users.end()
            #expect(asked.failed.isEmpty, "\(asked.failed)")
            #expect(asked.answered["green", default: 0] > 0)
            #expect(try await clusters.blue.master.state().tasks.isEmpty)
            #expect(try await Set(clusters.green.master.state().tasks.map(\.name)) == ["one.web", "two.web"])
        }
    }

    @Test("changes nothing, and says where, if a certificate is someone else's or a secret is wrong")
    func mistaken() async throws {
        try await TwoClusters.with(isGuarded: true) { clusters in
            clusters.secret = "of last year"
            let unknown = try await clusters.rz("update", "real", "--yes")
            #expect(unknown.status != 0)
            #expect(unknown.all.contains("401"), "\(unknown.all)")
            clusters.secret = TwoClusters.secret
            try clusters.trust(TestAuthority("Someone else"), for: "green")
            let untrusted = try await clusters.rz("update", "real", "--yes")
            #expect(untrusted.status != 0)
            #expect(untrusted.all.contains("certificate"), "\(untrusted.all)")
            #expect(try await clusters.green.master.state().tasks.isEmpty)
            #expect(!(unknown.all + untrusted.all).contains(TwoClusters.secret))
        }
    }

    @Test("refuses before the first launch when the new cluster is too small, and says what is short")
    func tooSmall() async throws {
        try await TwoClusters.with(greenResources: "cpus:0.1;mem:20;disk:100") { clusters in
            let ended = try await clusters.rz("update", "real", "--yes")
            #expect(ended.status == 5)
            #expect(ended.all.contains("blocking: green: /web/two"), "\(ended.all)")
            #expect(ended.all.contains("capacity: green: services ask for 0.2 of 0.2 cpus"), "\(ended.all)")
            #expect(try await clusters.greenMarathon.get("/v2/apps")["apps"]?.array == [])
        }
    }

    @Test("plans nothing while something runs that no source reports")
    func incomplete() async throws {
        try await TwoClusters.with { clusters in
            let stray = try TaskScript(
                master: clusters.blue.port, name: "jenkins", taskID: "build-7", label: "x", role: "*")
            try await eventually("the stray task runs") {
                try await clusters.blue.master.state().tasks.contains { $0.id == "build-7" }
            }
            let plan = try await clusters.rz("plan", "real")
            #expect(plan.status != 0)
            #expect(plan.all.contains("blocking: framework jenkins ("), "\(plan.all)")
            #expect(plan.all.contains("build-7"), "\(plan.all)")
            try clusters.edit(replacing: "  overrides:", with: "  ignore: [\"jenkins/*\"]\n  overrides:")
            let second = try await clusters.rz("plan", "real")
            #expect(!second.all.contains("build-7"), "\(second.all)")
            withExtendedLifetime(stray) {}
        }
    }

    @Test("waits while a new task is unreachable, says for which, and goes on when its agent is back")
    func unreachable() async throws {
        try await TwoClusters.with { clusters in
            try clusters.edit(replacing: "healthy: { for: 1s }", with: "healthy: { for: 15s }")
            let users = clusters.users()
            let run = try clusters.start("update", "real", "--yes", "--json")
            try await eventually("both services run in green") {
                try await clusters.green.master.state().tasks.count { $0.state == .running } == 2
            }
            clusters.green.pauseAgent(0)
            try await eventually("the gate waits for the service whose task is unreachable") {
                run.events.contains {
                    $0["type"]?.string == "step.waiting" && $0["step"]?.string == "serviceGate/health"
                        && $0["reason"]?.string?.hasPrefix("/web/one: ") == true
                }
            }
            clusters.green.continueAgent(0)
            let ended = try await run.end()
            #expect(ended.status == 0, "\(ended.all.suffix(3000))")
            let asked = try await users.end()
            #expect(asked.failed.isEmpty, "\(asked.failed)")
        }
    }

    @Test("goes on when an agent is lost and the master fails over while services are launched")
    func troubled() async throws {
        try await TwoClusters.with { clusters in
            let users = clusters.users()
            let run = try clusters.start("update", "real", "--yes", "--json")
            try await eventually("services are launched") { run.output.contains("\"phase\":\"replicate\"") }
            clusters.green.killAgent(0)
            clusters.green.killMaster()
            try await clusters.green.startMaster()
            try await clusters.green.startAgent(0)
            let ended = try await run.end()
            #expect(ended.status == 0, "\(ended.all.suffix(3000))")
            let asked = try await users.end()
            #expect(asked.failed.isEmpty, "\(asked.failed)")
            #expect(try await clusters.blue.master.state().tasks.isEmpty)
        }
    }
}
