import Glibc
import JSON
import Testing

@testable import Sandbox

@Suite("A pod in the sandbox's scheduler")
struct PodTests {
    private static let pair = """
        {"id":"/shop/pair","environment":{"SHARED":"s"},"scaling":{"kind":"fixed","instances":2},
         "containers":[
          {"name":"web","resources":{"cpus":0.1,"mem":16},"environment":{"OWN":"o"},
           "endpoints":[{"name":"http","hostPort":0,"protocol":["tcp"]}],
           "healthCheck":{"http":{"endpoint":"http","path":"/"},"intervalSeconds":1},
           "exec":{"command":{"shell":"exec python3 -m http.server $EP_HOST_HTTP --bind $HOST"}}},
          {"name":"side","resources":{"cpus":0.1,"mem":16},
           "exec":{"command":{"shell":"echo $SHARED $OWN; exec sleep 300"}}}]}
        """

    @Test("runs a real process for each of its containers, is stable when they are healthy, and leaves none behind")
    func life() async throws {
        try await TestCluster.with { cluster in
            let created = try await cluster.client.send("POST", "/v2/pods", Self.pair)
            #expect(created.status == 201)
            #expect(created.headers["marathon-deployment-id"] != nil && created.headers["location"] == "/shop/pair")
            let status = try await cluster.waitUntilStable("/shop/pair")
            let instances = status["instances"]?.array ?? []
            #expect(instances.count == 2)
            #expect(instances[0]["containers"]?.array?.compactMap { $0["name"]?.string } == ["web", "side"])
            let web = instances[0]["containers"]?[0]
            #expect(web?["conditions"]?[0]?["value"]?.string == "true")
            #expect((web?["endpoints"]?[0]?["allocatedHostPort"]?.int ?? 0) > 0)
            #expect(cluster.pids().count == 4)
            #expect(try await cluster.client.send("GET", "/v2/apps").json?["apps"]?.array?.isEmpty == true)
            let group = try await cluster.client.send("GET", "/v2/groups/shop").json
            #expect(group?["pods"]?[0]?["id"]?.string == "/shop/pair")
            let removed = try await cluster.client.send("DELETE", "/v2/pods/shop/pair")
            #expect(removed.status == 202 && removed.text.isEmpty)
            try await eventually("all four processes are gone") { cluster.pids().isEmpty }
            try await eventually("the deployment is gone") { try await cluster.deployments() == 0 }
        }
    }

    @Test("loses the other containers of an instance with one, and gets a whole new instance")
    func siblings() async throws {
        try await TestCluster.with { cluster in
            _ = try await cluster.client.send(
                "POST", "/v2/pods", Self.pair.replacing("\"instances\":2", with: "\"instances\":1"))
            let before = try await cluster.waitUntilStable("/shop/pair")["instances"]?[0]?["id"]?.string
            let victim = try #require(cluster.pids().first)
            kill(victim, SIGKILL)
            try await eventually("another instance is stable") {
                let status = try await cluster.client.send("GET", "/v2/pods/shop/pair::status").json
                return status?["status"]?.string == "STABLE" && status?["instances"]?[0]?["id"]?.string != before
            }
            #expect(try cluster.count("launched", app: "/shop/pair") == 4)
            #expect(try cluster.count("failed", app: "/shop/pair") == 1)
            #expect(try cluster.count("killed", app: "/shop/pair") == 1)
            let status = try await cluster.client.send("GET", "/v2/pods/::status").json
            #expect(status?[0]?["terminationHistory"]?[0]?["message"]?.string == "Command terminated with signal 9")
        }
    }

    @Test("is adopted by the next scheduler, container by container")
    func adoption() async throws {
        try await TestCluster.with { cluster in
            _ = try await cluster.client.send("POST", "/v2/pods", Self.pair)
            _ = try await cluster.waitUntilStable("/shop/pair")
            let pids = Set(cluster.pids())
            await cluster.stop()
            try await cluster.start()
            _ = try await cluster.waitUntilStable("/shop/pair")
            #expect(Set(cluster.pids()) == pids)
            #expect(try cluster.count("launched", app: "/shop/pair") == 4)
        }
    }

    @Test("is updated by PUT, keeps its versions, and gives an ended instance back")
    func updates() async throws {
        try await TestCluster.with { cluster in
            let pod =
                #"{"id":"/p","containers":[{"name":"c","resources":{"cpus":0.1,"mem":16},"exec":{"command":{"argv":["sleep","300"]}}}]}"#
            let first = try await cluster.client.send("POST", "/v2/pods", pod)
            let status = try await cluster.waitUntilStable("/p")
            let scaled = pod.replacing("{\"id\"", with: "{\"scaling\":{\"kind\":\"fixed\",\"instances\":2},\"id\"")
            #expect(try await cluster.client.send("PUT", "/v2/pods/p", scaled).status == 200)
            let now = try await cluster.waitUntilStable("/p")
            #expect(now["instances"]?[0]?["id"] == status["instances"]?[0]?["id"])
            #expect(now["instances"]?.array?.count == 2)
            let versions = try await cluster.client.send("GET", "/v2/pods/p::versions").json
            let oldest = try #require(versions?.array?.last?.string)
            #expect(oldest == first.json?["version"]?.string)
            let old = try await cluster.client.send("GET", "/v2/pods/p::versions/\(oldest)").json
            #expect(old?["scaling"]?["instances"]?.int == 1)
            let instance = try #require(now["instances"]?[0]?["id"]?.string)
            let ended = try await cluster.client.send("DELETE", "/v2/pods/p::instances/\(instance)")
            #expect(ended.json?["instanceId"]?.string == instance)
            try await eventually("there was a third launch") { try cluster.count("launched", app: "/p") == 3 }
            #expect(try await cluster.client.send("PUT", "/v2/pods/q", pod).status == 400)
        }
    }

    @Test("shares its id with no app")
    func clash() throws {
        var state = SchedulerState.empty
        let pod = #"{"id":"/p","containers":[{"name":"c","resources":{"cpus":1,"mem":16}}]}"#
        #expect(try respond("POST", ["v2", "pods"], pod, &state).status == 201)
        #expect(try respond("POST", ["v2", "apps"], #"{"id":"/p","cmd":"c"}"#, &state).status == 409)
        let put = try respond("PUT", ["v2", "apps", "p"], #"{"cmd":"c"}"#, &state, query: [("force", "true")])
        #expect(put.status == 422 && put.text.contains("may not have the same identifier"))
        #expect(try respond("GET", ["v2", "apps", "p"], nil, &state).status == 404)
        #expect(state.pod(PathID("/p")) != nil)
    }

    @Test("waits in the queue under its own name")
    func queue() async throws {
        try await TestCluster.with { cluster in
            let pod = #"{"id":"/p","containers":[{"name":"c","resources":{"cpus":100,"mem":16}}]}"#
            _ = try await cluster.client.send("POST", "/v2/pods", pod)
            let deployments = try await cluster.client.send("GET", "/v2/deployments").json
            #expect(deployments?[0]?["affectedPods"] == ["/p"])
            #expect(deployments?[0]?["affectedApps"]?.array?.isEmpty == true)
            try await eventually("the reason is named") {
                let entry = try await cluster.client.send("GET", "/v2/queue").json?["queue"]?[0]
                let reasons = entry?["processedOffersSummary"]?["rejectSummaryLastOffers"]?.array ?? []
                return entry?["pod"]?["id"]?.string == "/p" && entry?["app"] == nil
                    && reasons.contains { $0["reason"]?.string == "InsufficientCpus" && $0["declined"]?.int == 2 }
            }
        }
    }

    @Test(
        "is refused with the place of what is wrong",
        arguments: [
            (#"{"id":"/p","containers":[]}"#, 422, "/containers"),
            (#"{"id":"/p"}"#, 400, "/containers"),
            (#"{"id":"/p","containers":[{"name":"Web","resources":{"cpus":1,"mem":1}}]}"#, 422, "/containers(0)/name"),
            (#"{"id":"/p","containers":[{"name":"a","resources":{"cpus":1}}]}"#, 400, "/containers(0)/resources/mem"),
            (
                #"{"id":"/p","containers":[{"name":"a","resources":{"cpus":1,"mem":1}},{"name":"a","resources":{"cpus":1,"mem":1}}]}"#,
                422, "container names are unique within a pod"
            ),
            (
                #"{"id":"/p","containers":[{"name":"a","resources":{"cpus":1,"mem":1},"endpoints":[{"name":"e"}]}]}"#,
                422,
                "/containers(0)/endpoints(0)"
            ),
            (
                #"{"id":"/p","containers":[{"name":"a","resources":{"cpus":1,"mem":1},"volumeMounts":[{"name":"v","mountPath":"p"}]}]}"#,
                422, "/containers(0)/volumeMounts(0)/name"
            ),
            (
                #"{"id":"/p","secrets":{"s":{"source":"x"}},"containers":[{"name":"a","resources":{"cpus":1,"mem":1}}]}"#,
                422,
                "Feature secrets is not enabled"
            ),
        ])
    func refusals(body: String, status: Int, message: String) throws {
        var state = SchedulerState.empty
        let reply = try respond("POST", ["v2", "pods"], body, &state)
        #expect(reply.status == status)
        #expect(reply.text.contains(message), "\(reply.text)")
        #expect(state.apps.isEmpty)
    }
}

extension TestCluster {
    /// Waits until a pod is stable and nothing is deployed any more; returns its status.
    func waitUntilStable(_ pod: String) async throws -> JSON {
        var status: JSON = .null
        try await eventually("\(pod) is stable") {
            guard try await deployments() == 0 else { return false }
            status = try await client.send("GET", "/v2/pods\(pod)::status").json ?? .null
            return status["status"]?.string == "STABLE"
        }
        return status
    }
}
