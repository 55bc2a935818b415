import Glibc
import JSON
import Testing

@testable import Sandbox

@Suite("Launches that wait")
struct SchedulingTests {
    @Test("name the ports that are taken as their reason")
    func ports() async throws {
        try await TestCluster.with { cluster in
            let port = cluster.ports[5]
            let body = """
                {"id":"/web","cmd":"exec sleep 300","instances":3,"requirePorts":true,
                 "portDefinitions":[{"port":\(port)}]}
                """
            _ = try await cluster.client.send("POST", "/v2/apps", body)
            try await eventually("two run and one waits for a port") {
                let entry = try await cluster.client.send("GET", "/v2/queue?embed=lastUnusedOffers").json?["queue"]?[0]
                let reasons = entry?["processedOffersSummary"]?["rejectSummaryLastOffers"]?.array ?? []
                return entry?["count"]?.int == 1 && entry?["app"]?["id"]?.string == "/web"
                    && reasons.contains { $0["reason"]?.string == "InsufficientPorts" && $0["declined"]?.int == 2 }
                    && entry?["lastUnusedOffers"]?[0]?["reason"]?[0]?.string == "InsufficientPorts"
            }
            #expect(try await cluster.deployments() == 1)
            let tasks = try await cluster.client.send("GET", "/v2/tasks").json?["tasks"]?.array ?? []
            #expect(tasks.compactMap { $0["ports"]?[0]?.int } == [port, port])
            _ = try await cluster.client.send("PUT", "/v2/apps/web?force=true", #"{"instances":2}"#)
            try await cluster.waitUntilDeployed("/web", instances: 2)
            #expect(try await cluster.client.send("GET", "/v2/queue").json?["queue"]?.array?.isEmpty == true)
        }
    }

    @Test("name a constraint that no agent fulfils, and go on when one does")
    func constraints() async throws {
        try await TestCluster.with { cluster in
            let body = #"{"id":"/db","cmd":"exec sleep 300","constraints":[["storage","LIKE","db-data-0"]]}"#
            _ = try await cluster.client.send("POST", "/v2/apps", body)
            try await eventually("the constraint is named") {
                let entry = try await cluster.client.send("GET", "/v2/queue").json?["queue"]?[0]
                let reasons = entry?["processedOffersSummary"]?["rejectSummaryLastOffers"]?.array ?? []
                return reasons.contains { $0["reason"]?.string == "UnfulfilledConstraint" && $0["declined"]?.int == 2 }
            }
            let server = "\(cluster.configuration.serversDirectory)/blue-database-1"
            try File.makeDirectory("\(server)/etc")
            try File.replace("\(server)/server.json", with: Array(#"{"color":"blue"}"#.utf8))
            let agent = """
                {"hostname":"127.0.0.9","attributes":{"storage":"db-data-0"},
                 "resources":{"cpus":1,"mem":512,"disk":0,"ports":"\(cluster.ports[3])-\(cluster.ports[3])"}}
                """
            try File.replace("\(server)/etc/agent.json", with: Array(agent.utf8))
            try await cluster.waitUntilDeployed("/db", instances: 1)
        }
    }

    @Test("back off longer after every failure of a task")
    func backoff() async throws {
        try await TestCluster.with { cluster in
            let body = #"{"id":"/broken","cmd":"exit 3","backoffSeconds":60}"#
            _ = try await cluster.client.send("POST", "/v2/apps", body)
            try await eventually("the launch is delayed") {
                let entry = try await cluster.client.send("GET", "/v2/queue").json?["queue"]?[0]
                return (entry?["delay"]?["timeLeftSeconds"]?.int ?? 0) > 30
                    && entry?["delay"]?["overdue"]?.bool == false
            }
            #expect(try await cluster.client.send("DELETE", "/v2/queue/broken/delay").status == 204)
            try await eventually("it was launched again") { try cluster.count("launched", app: "/broken") == 2 }
        }
    }

    @Test("of an app that never gets healthy keep its deployment open")
    func neverHealthy() async throws {
        try await TestCluster.with { cluster in
            let body = """
                {"id":"/sick","cmd":"exec sleep 300","healthChecks":
                 [{"protocol":"TCP","gracePeriodSeconds":0,"intervalSeconds":1,"maxConsecutiveFailures":2}],
                 "backoffSeconds":0}
                """
            _ = try await cluster.client.send("POST", "/v2/apps", body)
            try await eventually("it was killed for its health twice") {
                try cluster.count("killed", app: "/sick") >= 2
            }
            #expect(try await cluster.deployments() == 1)
            let app = try await cluster.client.send("GET", "/v2/apps/sick").json?["app"]
            #expect(app?["tasksHealthy"]?.int == 0)
        }
    }

    @Test("are over when the command of a health check succeeds")
    func commandCheck() async throws {
        try await TestCluster.with { cluster in
            let flag = "\(cluster.folder)/well"
            let body = """
                {"id":"/job","cmd":"exec sleep 300","env":{"FLAG":"\(flag)"},"healthChecks":
                 [{"protocol":"COMMAND","command":{"value":"test -e $FLAG"},"intervalSeconds":1}]}
                """
            _ = try await cluster.client.send("POST", "/v2/apps", body)
            try await eventually("it runs") {
                try await cluster.client.send("GET", "/v2/apps/job").json?["app"]?["tasksRunning"]?.int == 1
            }
            #expect(try await cluster.deployments() == 1)
            try File.replace(flag, with: [])
            try await cluster.waitUntilDeployed("/job", instances: 1)
        }
    }

    @Test(
        "obey each constraint operator",
        arguments: [
            (["hostname", "UNIQUE"], ["a", "b", "c"]), (["hostname", "IS", "b"], ["b", "b", "b"]),
            (["rack", "CLUSTER", "r2"], ["c", "c", "c"]), (["rack", "LIKE", "r[13]"], ["a", "b", "a"]),
            (["rack", "UNLIKE", "r1"], ["c", "c", "c"]), (["rack", "MAX_PER", "2"], ["a", "b", "c"]),
            (["rack", "GROUP_BY"], ["a", "c", "b"]),
        ])
    func operators(constraint: [String], hosts: [String]) throws {
        let agents = [("a", "r1"), ("b", "r1"), ("c", "r2")].map { name, rack in
            Agent(
                server: name, directory: "/", hostname: name, attributes: ["rack": rack],
                resources: Resources(cpus: 8, mem: 1000), ports: [1...100], environment: [:])
        }
        var state = SchedulerState(frameworkID: "f", seed: 1, at: .now)
        state.agents = agents
        let fields = constraint.map { "\"\($0)\"" }.joined(separator: ",")
        let body = "{\"id\":\"/x\",\"cmd\":\"x\",\"instances\":3,\"constraints\":[[\(fields)]]}"
        #expect(try respond("POST", ["v2", "apps"], body, &state).status == 201)
        _ = state.settle(.now)
        let placed = state.tasks(of: PathID("/x")).map(\.hostname)
        if constraint[1] == "LIKE" {
            #expect(Set(placed).isSubset(of: ["a", "b"]) && placed.count == 3)
        } else if constraint[1] == "GROUP_BY" {
            #expect(placed.count == 3 && Set(placed.prefix(2).map { $0 == "c" }) == [true, false])
        } else {
            #expect(placed.sorted() == hosts.sorted())
        }
    }
}
