import Glibc
import JSON
import Testing

@testable import Sandbox

@Suite("An app in the sandbox's scheduler")
struct AppLifecycleTests {
    @Test("is created with Marathon's 201, runs, and its deployment vanishes")
    func creation() async throws {
        try await TestCluster.with { cluster in
            let reply = try await cluster.client.send(
                "POST", "/v2/apps", #"{"id":"shop/web","cmd":"exec sleep 300","instances":2}"#)
            #expect(reply.status == 201)
            #expect(reply.headers["location"] == "/shop/web")
            let deployment = try #require(reply.headers["marathon-deployment-id"])
            let app = try #require(reply.json)
            #expect(app["deployments"]?[0]?["id"]?.string == deployment)
            #expect(app["tasksRunning"]?.int == 0)
            #expect(app["versionInfo"] == nil)
            #expect(app["portDefinitions"]?[0]?["port"]?.int == 10000)
            #expect(app["networks"]?[0]?["mode"]?.string == "host")
            try await cluster.waitUntilDeployed("/shop/web", instances: 2)
            let shown = try await cluster.client.send("GET", "/v2/apps/shop/web").json?["app"]
            #expect(shown?["versionInfo"]?["lastConfigChangeAt"]?.string == shown?["version"]?.string)
            let hosts = Set((shown?["tasks"]?.array ?? []).compactMap { $0["host"]?.string })
            #expect(hosts == ["127.0.0.1", "127.0.0.2"])
        }
    }

    @Test("is refused with 409 when its id is taken")
    func conflict() async throws {
        try await TestCluster.with { cluster in
            let body = #"{"id":"/web","cmd":"exec sleep 300"}"#
            #expect(try await cluster.client.send("POST", "/v2/apps", body).status == 201)
            let second = try await cluster.client.send("POST", "/v2/apps", body)
            #expect(second.status == 409)
            #expect(second.message == "An app with id [/web] already exists.")
        }
    }

    @Test("is locked by its deployment until that ends or is forced away")
    func locks() async throws {
        try await TestCluster.with { cluster in
            let created = try await cluster.client.send(
                "POST", "/v2/apps", #"{"id":"/big","cmd":"exec sleep 300","cpus":100}"#)
            let deployment = try #require(created.headers["marathon-deployment-id"])
            let locked = try await cluster.client.send("PUT", "/v2/apps/big", #"{"instances":2}"#)
            #expect(locked.status == 409)
            #expect(locked.json?["deployments"]?[0]?["id"]?.string == deployment)
            #expect(locked.message?.hasSuffix("View details at '/v2/deployments/<DEPLOYMENT_ID>'.") == true)
            let forced = try await cluster.client.send("PUT", "/v2/apps/big?force=True", #"{"cpus":0.1}"#)
            #expect(forced.status == 200)
            try await cluster.waitUntilDeployed("/big", instances: 1)
        }
    }

    @Test("starts after the apps it depends on are healthy")
    func dependencies() async throws {
        try await TestCluster.with { cluster in
            let apps = """
                [{"id":"/shop/web","cmd":"exec sleep 300","dependencies":["../db"]},
                 {"id":"/shop/db","cmd":"exec python3 -m http.server $PORT --bind $HOST",
                  "healthChecks":[{"path":"/","intervalSeconds":1}]}]
                """
            let reply = try await cluster.client.send("PUT", "/v2/apps", apps)
            #expect(reply.status == 200)
            try await cluster.waitUntilDeployed("/shop/web", instances: 1)
            let db = try await cluster.client.send("GET", "/v2/apps/shop/db").json?["app"]
            #expect(db?["tasksHealthy"]?.int == 1)
            let firstSuccess = db?["tasks"]?[0]?["healthCheckResults"]?[0]?["firstSuccess"]?.string ?? ""
            let launched = try cluster.log().first { $0["app"]?.string == "/shop/web" }?["time"]?.string ?? ""
            #expect(!firstSuccess.isEmpty && firstSuccess <= launched)
        }
    }

    @Test("is launched again after its process was killed")
    func relaunch() async throws {
        try await TestCluster.with { cluster in
            _ = try await cluster.client.send("POST", "/v2/apps", #"{"id":"/web","cmd":"exec sleep 300"}"#)
            try await cluster.waitUntilDeployed("/web", instances: 1)
            let victim = try #require(cluster.pids().first)
            kill(victim, SIGKILL)
            try await eventually("another process runs") {
                cluster.pids().count == 1 && cluster.pids() != [victim]
            }
            // The log tells of a launch after the process is there.
            try await eventually("the log tells of both launches") {
                (try? cluster.count("launched", app: "/web")) == 2
            }
            #expect(try cluster.count("failed", app: "/web") == 1)
            let app = try await cluster.client.send("GET", "/v2/apps/web").json?["app"]
            #expect(app?["lastTaskFailure"]?["message"]?.string == "Command terminated with signal 9")
        }
    }

    @Test("leaves no process behind when it is deleted, also none that ignores SIGTERM")
    func deletion() async throws {
        try await TestCluster.with { cluster in
            let body = #"{"id":"/deaf","cmd":"trap '' TERM; while :; do sleep 1; done","taskKillGracePeriodSeconds":1}"#
            _ = try await cluster.client.send("POST", "/v2/apps", body)
            try await cluster.waitUntilDeployed("/deaf", instances: 1)
            let process = try #require(cluster.pids().first)
            #expect(try await cluster.client.send("DELETE", "/v2/apps/deaf").status == 200)
            #expect(try await cluster.client.send("GET", "/v2/apps/deaf").status == 404)
            try await eventually("the process is gone") { kill(process, 0) != 0 && errno == ESRCH }
            try await eventually("the deployment is gone") { try await cluster.deployments() == 0 }
            #expect(cluster.pids().isEmpty)
            #expect(try cluster.count("killed", app: "/deaf") == 1)
        }
    }

    @Test("is replaced, scaled and rolled back by PUT")
    func updates() async throws {
        try await TestCluster.with { cluster in
            let created = try await cluster.client.send(
                "POST", "/v2/apps", #"{"id":"/web","cmd":"exec sleep 300","env":{"A":"1"}}"#)
            let first = try #require(created.json?["version"]?.string)
            try await cluster.waitUntilDeployed("/web", instances: 1)
            _ = try await cluster.client.send("PUT", "/v2/apps///web", #"{"instances":3}"#)
            try await cluster.waitUntilDeployed("/web", instances: 3)
            #expect(try cluster.count("launched", app: "/web") == 3)
            _ = try await cluster.client.send("PUT", "/v2/apps/web", #"{"env":{"A":"2"}}"#)
            try await cluster.waitUntilDeployed("/web", instances: 3)
            #expect(try cluster.count("launched", app: "/web") == 6)
            #expect(try await cluster.client.send("GET", "/v2/apps/web/versions").json?["versions"]?.array?.count == 3)
            _ = try await cluster.client.send("PUT", "/v2/apps/web", "{\"version\":\"\(first)\"}")
            try await cluster.waitUntilDeployed("/web", instances: 1)
            let app = try await cluster.client.send("GET", "/v2/apps/web").json?["app"]
            #expect(app?["env"]?["A"]?.string == "1")
        }
    }

    @Test("is refused by PUT when it is the output of GET, whole")
    func outputOfGetIsNoUpdate() async throws {
        try await TestCluster.with { cluster in
            _ = try await cluster.client.send("POST", "/v2/apps", #"{"id":"/web","cmd":"exec sleep 300"}"#)
            try await cluster.waitUntilDeployed("/web", instances: 1)
            let app = try #require(try await cluster.client.send("GET", "/v2/apps/web").json?["app"])
            let reply = try await cluster.client.send("PUT", "/v2/apps/web", app.compact)
            #expect(reply.status == 422)
            #expect(reply.text.contains("The 'version' field may only be combined with the 'id' field."))
            let copy = try await cluster.client.send(
                "POST", "/v2/apps", app.compact.replacing("\"id\":\"/web\"", with: "\"id\":\"/copy\""))
            #expect(copy.status == 201)
        }
    }

    @Test("gives a killed task back only without scale")
    func killingTasks() async throws {
        try await TestCluster.with { cluster in
            _ = try await cluster.client.send(
                "POST", "/v2/apps", #"{"id":"/web","cmd":"exec sleep 300","instances":2,"backoffSeconds":0}"#)
            try await cluster.waitUntilDeployed("/web", instances: 2)
            _ = try await cluster.client.send("DELETE", "/v2/apps/web/tasks?host=127.0.0.1")
            try await eventually("there were three launches") { try cluster.count("launched", app: "/web") == 3 }
            try await cluster.waitUntilDeployed("/web", instances: 2)
            let tasks = try await cluster.client.send("GET", "/v2/apps/web/tasks").json?["tasks"]?.array ?? []
            let id = try #require(tasks.first?["id"]?.string)
            let reply = try await cluster.client.send("DELETE", "/v2/apps/web/tasks/\(id)?scale=True&wipe=False")
            #expect(reply.json?["deploymentId"] != nil)
            try await cluster.waitUntilDeployed("/web", instances: 1)
            #expect(try cluster.count("launched", app: "/web") == 3)
        }
    }
}

extension TestCluster {
    func deployments() async throws -> Int {
        try await client.send("GET", "/v2/deployments").json?.array?.count ?? -1
    }

    func waitUntilDeployed(_ app: String, instances: Int) async throws {
        try await eventually("\(app) runs \(instances) times and no deployment is left") {
            let shown = try await client.send("GET", "/v2/apps\(app)").json?["app"]
            return shown?["tasksRunning"]?.int == instances && shown?["tasks"]?.array?.count == instances
                && shown?["deployments"]?.array?.isEmpty == true
        }
    }
}
