import Foundation
import JSON
import Migration
import SandboxTesting
import Testing
import Waiting

@Suite("A cutover in the sandbox", .serialized)
struct CutOverTests {
    @Test("gives the traffic back within a second when errors rise in the new color, and says which metric it was")
    func errorsRise() async throws {
        try await SandboxFixture.with { sandbox in
            try sandbox.edit(
                sandbox.environmentFile, replacing: "share: 10%, bake: 1s", with: "share: 10%, bake: 60s")
            let recorders = try await Recorders(sandbox)
            let users = try sandbox.start(["sandbox", "load", "--rate", "100", "--duration", "600", "--json"])
            let rz = try sandbox.start(["update", "sandbox", "--yes", "--json"], variables: recorders.variables)
            try await rz.waitForOutput("\"type\":\"traffic.verified\"")
            try sandbox.setSickness("errors", of: "/shop/web", on: "green")
            let ended = try await rz.end()
            users.signal(SIGTERM)
            _ = try await users.end()

            #expect(ended.status == 3)
            let events = ended.events
            let verdict = try #require(events.first { $0["type"]?.string == "gate.failed" })
            let back = try #require(events.first { $0["type"]?.string == "traffic.returned" })
            #expect(verdict["sample"]?["gate"]?.string == "errorRate")
            #expect(verdict["sample"]?["subject"]?.string?.hasSuffix("be_web") == true)
            let (failedAt, returnedAt) = (try #require(verdict.time), try #require(back.time))
            #expect(returnedAt - failedAt < .seconds(1))
            try expectBlueRaisedFirst(recorders.changes.filter { $0.time >= failedAt && $0.time <= returnedAt })

            for edge in ["edge-1", "edge-2"] {
                let weights = try await sandbox.weights(on: edge)
                try expectWeights(weights, green: 0, blue: 100)
            }
            let status = try await sandbox.run("status")
            #expect(status.output.contains("all traffic is on blue"))
            #expect(status.output.contains("errorRate"))

            try await sandbox.succeed("rollback")
            let left = try FileManager.default.contentsOfDirectory(atPath: sandbox.home + "/sandbox/servers")
            #expect(left.allSatisfy { $0.hasPrefix("blue-") })
        }
    }

    @Test("survives a reload that forgot the weights: they are back within two seconds, and no request fails")
    func reload() async throws {
        try await SandboxFixture.with { sandbox in
            try sandbox.edit(sandbox.environmentFile, replacing: "share: 50%, bake: 1s", with: "share: 50%, bake: 8s")
            let users = try Users(sandbox)
            let rz = try sandbox.start(["update", "sandbox", "--yes", "--json"])
            try await rz.waitForOutput("\"loadBalancers\":[\"edge-1\",\"edge-2\"],\"share\":\"50%\"")
            try "1\n".write(toFile: sandbox.home + "/sandbox/haproxy/edge-1.state", atomically: true, encoding: .utf8)
            let before = try await worker(of: "edge-1", in: sandbox)
            kill(try sandbox.master(of: "edge-1"), SIGUSR2)
            try await eventually("edge-1 has reloaded") { try await worker(of: "edge-1", in: sandbox) != before }
            try await eventually("the weights are back", within: .seconds(2)) {
                try await sandbox.weights(on: "edge-1")["be_web/green-agent-1"] == 50
            }
            try await rz.waitForOutput("\"type\":\"traffic.reasserted\"")
            let ended = try await rz.end()
            #expect(ended.status == 0, "\(ended.all.suffix(800))")
            try await users.expectNoFailure()
        }
    }

    @Test("leaves no half flip when one load balancer is down, and names it")
    func loadBalancerDown() async throws {
        try await SandboxFixture.with { sandbox in
            let before = try await sandbox.run("update", "sandbox", "--yes", "--until", "serviceGate")
            #expect(before.status == 3, "\(before.all.suffix(800))")
            let master = try sandbox.master(of: "edge-2")
            for pid in children(of: master) + [master] { kill(pid, SIGKILL) }
            let ended = try await sandbox.run("resume")
            #expect(ended.status == 3)
            #expect(ended.all.contains("edge-2"), "\(ended.all.suffix(800))")
            #expect(ended.all.contains("refused"), "\(ended.all.suffix(800))")
            let weights = try await sandbox.weights(on: "edge-1")
            try expectWeights(weights, green: 0, blue: 100)
        }
    }

    private func children(of pid: pid_t) -> [pid_t] {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)) ?? ""
        return text.split(separator: " ").compactMap { pid_t($0) }
    }

    /// Invariant I13: each server has the weight that was found.
    private func expectWeights(_ weights: [String: Int], green: Int, blue: Int) throws {
        for (color, weight) in [("green", green), ("blue", blue)] {
            let found = weights.filter { $0.key.contains("/\(color)-") }
            #expect(found.count >= 5)
            #expect(Set(found.values) == [weight], "\(found)")
        }
    }

    /// Invariant I1 on the way back, as each load balancer heard it.
    private func expectBlueRaisedFirst(_ changes: [Recorders.Call]) throws {
        for edge in ["edge-1", "edge-2"] {
            // Where servers of blue were down, its weights end with the numbers that were found.
            let commands = changes.filter { $0.at == edge && $0.text.contains(" be_web/") }
            let raised = try #require(commands.lastIndex { $0.weight(of: "blue") != nil })
            let lowered = try #require(commands.firstIndex { $0.weight(of: "green") == 0 })
            #expect(raised < lowered)
        }
    }

    /// The process of a load balancer that answers now.
    private func worker(of edge: String, in sandbox: SandboxFixture) async throws -> String? {
        let balancers = try await sandbox.status()["loadBalancers"]?.array ?? []
        let address = balancers.first { $0["name"]?.string == edge }?["socket"]?.string ?? ""
        return try await askHAProxy(address, "show info").split(separator: "\n").first { $0.hasPrefix("Pid:") }
            .map(String.init)
    }
}
