import FreePorts
import JSON
import Testing

@testable import Sandbox

@Suite("What a Mesos master would report the sandbox")
struct MesosEndpointsTests {
    @Test("holds its agents, frameworks and tasks, and who uses how much of what")
    func documents() async throws {
        try await withMaster { cluster, master in
            try await launch(in: cluster)
            let state = try #require(try await master.send("GET", "/master/state").json)
            #expect(state["leader"]?.string == "master@127.0.0.1:\(master.port)")
            let agents = try #require(state["slaves"]?.array)
            #expect(agents.compactMap { $0["hostname"]?.string } == ["127.0.0.1", "127.0.0.2"])
            #expect(agents.compactMap { $0["attributes"]?["rack"]?.string } == ["r1", "r2"])
            #expect(agents.compactMap { $0["resources"]?["cpus"]?.double } == [4, 4])
            let used = agents.compactMap { $0["used_resources"]?["cpus"]?.double }
            #expect(used == [0.25, 0.25])
            let marathon = try #require(state["frameworks"]?.array?.last)
            let info = try await cluster.client.send("GET", "/v2/info").json
            #expect(marathon["id"] == info?["frameworkId"])
            let tasks = try #require(marathon["tasks"]?.array)
            #expect(tasks.count == 2)
            #expect(tasks.allSatisfy { $0["name"]?.string == "web.shop" && $0["state"]?.string == "TASK_RUNNING" })
            #expect(Set(tasks.compactMap { $0["slave_id"]?.string }) == Set(agents.compactMap { $0["id"]?.string }))
            #expect(try await master.send("GET", "/slaves").json?["slaves"] == state["slaves"])
            #expect(try await master.send("GET", "/frameworks/").json?["frameworks"] == state["frameworks"])
        }
    }

    @Test("gives a hundred tasks or as many as are asked for, the newest first")
    func tasks() async throws {
        try await withMaster { cluster, master in
            try await launch(in: cluster)
            func ids(_ query: String) async throws -> [String] {
                let tasks = try await master.send("GET", "/tasks\(query)").json?["tasks"]?.array
                return try #require(tasks).compactMap { $0["id"]?.string }
            }
            let all = try await ids("?limit=-1")
            #expect(all.count == 2)
            #expect(try await ids("?limit=1") == [all[0]])
            #expect(try await ids("?limit=1&offset=1") == [all[1]])
            #expect(try await ids("?limit=1&order=asc") == [all[1]])
        }
    }

    @Test("is only looked at")
    func readOnly() async throws {
        try await withMaster { _, master in
            #expect(try await master.send("GET", "/health").status == 200)
            let redirect = try await master.send("GET", "/redirect")
            #expect(redirect.status == 307 && redirect.headers["location"] == "//127.0.0.1:\(master.port)")
            #expect(try await master.send("POST", "/master/teardown", "{}").status == 405)
            #expect(try await master.send("GET", "/other").status == 404)
        }
    }

    @Test(
        "is read by avmesos-cli",
        .enabled(
            if: IndependentClients.areThere, "there is no .venv-clients: run scripts/setup, which needs Python 3.11"))
    func commandLine() async throws {
        try await withMaster { cluster, master in
            try await launch(in: cluster)
            let settings = "\(cluster.folder)/mesos.toml"
            try File.replace(settings, with: Array("[master]\naddress = \"127.0.0.1:\(master.port)\"\n".utf8))
            func ask(_ arguments: String...) async throws -> [[Substring]] {
                let outcome = try await IndependentClients.run(
                    "mesos-cli", arguments, variables: ["MESOS_CLI_CONFIG": settings])
                try #require(outcome.status == 0, "\(outcome.text)")
                return outcome.text.split(separator: "\n").map { $0.split(separator: " ") }
            }
            let agents = try await ask("agent", "list").dropFirst()
            #expect(agents.map { $0.dropFirst() } == [["127.0.0.1", "True"], ["127.0.0.2", "True"]])
            let frameworks = try await ask("framework", "list").dropFirst()
            #expect(frameworks.map(\.last) == ["marathon"])
            let id = try #require(frameworks.first?.first)
            let inspected = try await ask("framework", "inspect", String(id)).joined().joined(separator: " ")
            #expect(inspected.contains("\"webui_url\": \"\(cluster.url)\""))
            let tasks = try await ask("task", "list").dropFirst()
            #expect(tasks.map { $0[1...2] } == [["TASK_RUNNING", id], ["TASK_RUNNING", id]])
        }
    }

    private func withMaster(_ body: (TestCluster, TestClient) async throws -> Void) async throws {
        let port = try FreePorts.claim()
        try await TestCluster.with(configure: { $0.mesosPort = port }) { cluster in
            let master = TestClient(port: port)
            try await eventually("the master answers") { try await master.send("GET", "/health").status == 200 }
            try await body(cluster, master)
        }
    }

    /// Two tasks, one on each agent.
    private func launch(in cluster: TestCluster) async throws {
        let app = #"""
            {"id":"/shop/web","cmd":"exec sleep 300","cpus":0.25,"mem":16,"instances":2,
             "constraints":[["hostname","UNIQUE"]]}
            """#
        #expect(try await cluster.client.send("POST", "/v2/apps", app).status == 201)
        try await cluster.waitUntilDeployed("/shop/web", instances: 2)
    }
}
