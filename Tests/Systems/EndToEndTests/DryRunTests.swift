import Foundation
import JSON
import SandboxTesting
import Testing
import Transport
import Waiting

@Suite("Nothing is changed", .serialized)
struct DryRunTests {
    @Test(
        "by a plan, by a stale plan that is refused, and by a dry resume; the old color hears no change until drain is over"
    )
    func recorded() async throws {
        try await SandboxFixture.with { sandbox in
            try await launchMailer(sandbox)
            let recorders = try await Recorders(sandbox)
            let planFile = sandbox.folder + "/saved.plan"

            let planned = try await sandbox.run("plan", "sandbox", "-o", planFile, variables: recorders.variables)
            #expect(planned.status == 2, "\(planned.all)")
            #expect(planned.output.contains("/shop/cart"))
            try expectNothingChanged(recorders)
            try await expectFaultsAreTried(sandbox, planFile)

            try await scaleSearch(sandbox, to: 2)
            let stale = try await sandbox.run("update", "--plan", planFile, "--yes", variables: recorders.variables)
            #expect(stale.status == 5)
            #expect(stale.errors.contains("/shop/search: 1 → 2 instances"), "\(stale.errors)")
            try expectNothingChanged(recorders)
            try await scaleSearch(sandbox, to: 1)

            try sandbox.edit(sandbox.environmentFile, replacing: "soak: 1s", with: "soak: 2s")
            let outdated = try await sandbox.run("update", "--plan", planFile, "--yes", variables: recorders.variables)
            #expect(outdated.status == 5)
            #expect(outdated.errors.contains("environment, runbook or commit changed"), "\(outdated.errors)")
            try await sandbox.run("doctor", "sandbox", variables: recorders.variables)
            try expectNothingChanged(recorders)

            let rz = try sandbox.start(
                ["update", "sandbox", "--yes", "--json", "--until", "soak"], variables: recorders.variables)
            try await rz.waitForOutput("\"type\":\"old.sideQuiet\"")
            #expect(recorders.changes(at: "blue marathon").isEmpty)
            #expect(recorders.changes(at: "blue compose").isEmpty)
            #expect(try await rz.end().status == 3)
            #expect(recorders.changes(at: "green marathon").count >= 6)
            #expect(recorders.changes(at: "green metronome").count >= 2)
            #expect(recorders.changes(at: "green compose") == ["PUT /api/compose/v0/tools"])
            try expectRaisedFirst(recorders)

            let before = counts(recorders)
            let dry = try await sandbox.run("resume", "--dry-run", variables: recorders.variables)
            #expect(dry.output.contains("services of blue stopped"), "\(dry.all)")
            #expect(counts(recorders) == before)
        }
    }

    /// On a plan as a real provisioner makes it.
    private func expectFaultsAreTried(_ sandbox: SandboxFixture, _ plan: String) async throws {
        let file = sandbox.folder + "/faults.yaml"
        try "faults: [ { fault: loadBalancerDown, step: cutOver/shift-50%, for: 10s } ]\n"
            .write(toFile: file, atomically: true, encoding: .utf8)
        let asked = try await sandbox.run("simulate", "--plan", plan, "--faults", file)
        #expect(asked.output.contains(" 2 faults, each in a run of its own"), "\(asked.all)")
        #expect(asked.output.contains("done after rz resume") || asked.output.contains("goes on"), "\(asked.all)")

        try "faults: [ { fault: killed, step: cutOver/* }, { fault: loadBalancerDown, loadBalancer: edge-9 } ]\n"
            .write(toFile: file, atomically: true, encoding: .utf8)
        let idle = try await sandbox.run("simulate", "--plan", plan, "--faults", file)
        #expect(idle.status == 1, "\(idle.all)")
        #expect(idle.errors.contains("1 fault would happen nowhere in this plan"), "\(idle.all)")
        #expect(idle.errors.contains("loadBalancerDown of edge-9 at step *"), "\(idle.all)")
        #expect(idle.errors.contains("load balancers: edge-1, edge-2"), "\(idle.all)")
    }

    private func expectNothingChanged(_ recorders: Recorders) throws {
        // The proxies are in place, or they would prove nothing.
        for place in Recorders.apis.map({ "blue \($0)" }) + ["edge-1", "edge-2"] {
            #expect(!recorders.calls(at: place).isEmpty, "\(place)")
        }
        #expect(recorders.changes.isEmpty, "\(recorders.changes)")
        #expect(recorders.changesByTools.isEmpty)
    }

    /// Invariant I1 as a load balancer hears it: green raised before blue is lowered.
    private func expectRaisedFirst(_ recorders: Recorders) throws {
        for edge in ["edge-1", "edge-2"] {
            let commands = recorders.changes(at: edge)
            let raised = try #require(commands.lastIndex { $0.contains("be_web/green-agent-1 weight 100") })
            let lowered = try #require(commands.firstIndex { $0.contains("be_web/blue-agent-1 weight 0") })
            #expect(raised < lowered)
        }
    }

    private func counts(_ recorders: Recorders) -> [Int] {
        [recorders.changes.count, recorders.changesByTools.count]
    }

    /// A service of mesos-compose, in the environment's folder and running in blue.
    private func launchMailer(_ sandbox: SandboxFixture) async throws {
        let folder = URL(filePath: sandbox.environmentFile).deletingLastPathComponent().path + "/compose"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let file = """
            services:
              mailer: { image: mailer, command: exec sleep 1000 }
            """
        try file.write(toFile: folder + "/tools.yaml", atomically: true, encoding: .utf8)
        let source =
            #"- compose: { url: "http://{{ control[0].address }}:{{ control[0].compose }}", user: rz, "#
            + #"password: "${file:${rz:home}/sandbox/password}", files: compose/*.yaml }"#
        try sandbox.edit(
            sandbox.environmentFile, replacing: "  overrides:\n", with: "    \(source)\n  overrides:\n")
        let answer = try await HTTPClient.shared.send(
            HTTPRequest(
                .put, "http://127.0.11.10:\(try sandbox.basePort + 12)/api/compose/v0/tools", body: Array(file.utf8),
                credentials: try sandbox.credentials))
        #expect(answer.status == 200)
    }

    /// As an operator would, beside rz; waits until the deployment is over.
    private func scaleSearch(_ sandbox: SandboxFixture, to instances: Int) async throws {
        let url = try await sandbox.status()["colors"]?["blue"]?["marathon"]?.string ?? ""
        let body = Array(#"{"instances":\#(instances)}"#.utf8)
        let answer = try await HTTPClient.shared.send(
            HTTPRequest(
                .put, url + "/v2/apps/shop/search", headers: [HTTPHeader("Content-Type", "application/json")],
                body: body, credentials: try sandbox.credentials))
        #expect(answer.status == 200)
        try await eventually("search is scaled") {
            let app = try await JSON(
                parsing: HTTPClient.shared.send(
                    HTTPRequest(.get, url + "/v2/apps/shop/search", credentials: try sandbox.credentials)
                ).body)["app"]
            return app?["tasksRunning"]?.int == instances && app?["deployments"]?.array?.isEmpty == true
        }
    }
}
