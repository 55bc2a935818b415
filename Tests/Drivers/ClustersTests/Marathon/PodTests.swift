import JSON
import Migration
import Testing

@testable import Clusters

@Suite("A pod")
struct PodTests {
    static let pod = #"""
        {"id":"/shop/pair","version":"2020-01-01T00:00:00.000Z","user":null,"labels":{"team":"a"},
         "containers":[{"name":"web","resources":{"cpus":0.1,"mem":32,"disk":0,"gpus":0},"endpoints":[{"name":"http",
          "hostPort":0,"protocol":["tcp"],"x-own":1.50}],"healthCheck":{"http":{"endpoint":"http"}}}],
         "networks":[{"mode":"host"}],"scaling":{"kind":"fixed","instances":2},"x-new":{"a":[]}}
        """#

    @Test("is copied without what Marathon owns, unknown fields untouched")
    func canonical() throws {
        let pod = try definition(Self.pod)
        #expect(pod.kind == .pod)
        #expect(pod.json["version"] == nil && pod.json["user"] == nil)
        #expect(pod.text.contains(#""x-own":1.50"#) && pod.text.contains(#""x-new":{"a":[]}"#))
        #expect(try definition(pod.text) == pod)
        #expect((pod.instances, pod.hasHealthChecks) == (2, true))
    }

    @Test("is the same where only what Marathon fills in differs, and its instances")
    func same() throws {
        let terse = try definition(
            #"{"id":"/p","containers":[{"name":"c","resources":{"cpus":1,"mem":128},"image":{"kind":"docker","id":"i"}}]}"#
        )
        let full = try definition(
            #"""
            {"id":"/p","labels":{},"environment":{},"secrets":{},"volumes":[],"networks":[{"mode":"host","labels":{}}],
             "containers":[{"name":"c","resources":{"cpus":1.0,"mem":128,"disk":0,"gpus":0},"endpoints":[],"volumeMounts":[],
              "artifacts":[],"environment":{},"labels":{},"image":{"kind":"DOCKER","id":"i","forcePull":false}}],
             "scaling":{"kind":"fixed","instances":9},"role":"*","executorResources":{"cpus":0.1,"mem":32,"disk":10},
             "scheduling":{"backoff":{"backoff":1,"backoffFactor":1.15,"maxLaunchDelay":300},
              "upgrade":{"minimumHealthCapacity":1,"maximumOverCapacity":1},
              "placement":{"constraints":[],"acceptedResourceRoles":[]},"killSelection":"YOUNGEST_FIRST",
              "unreachableStrategy":{"inactiveAfterSeconds":0,"expungeAfterSeconds":0}}}
            """#)
        #expect(Differences.between(terse.normalForm, full.normalForm) == [])
        #expect(terse.fingerprint == full.fingerprint)
    }

    @Test(
        "is another one where a field of it differs, which is named",
        arguments: [
            (#""user":"nobody""#, "user"), (#""environment":{"A":"b"}"#, "environment"),
            (#""networks":[{"name":"n"}]"#, "networks.0.mode"), (#""x-own":1"#, "x-own"),
        ])
    func different(field: String, path: String) throws {
        let containers = #""containers":[{"name":"c","resources":{"cpus":1,"mem":1}}]"#
        let one = try definition("{\"id\":\"/p\",\(containers)}")
        let other = try definition("{\"id\":\"/p\",\(containers),\(field)}")
        #expect(Differences.between(one.normalForm, other.normalForm).first?.path == path)
    }

    @Test("is launched as a pod, replaced where it is there already, and suspended without instances")
    func launch() async throws {
        try await StubMarathon.with { stub in
            let marathon = try MarathonCluster(
                .init(url: Setting(stub.url)), inventory: Inventory(), resolver: resolver(), deadline: .seconds(20))
            try await stub.answers("GET", "/v2/apps", 200, ["apps": []])
            try await stub.answers("GET", "/v2/pods", 200, [try JSON(parsing: Self.pod)])
            let service = try #require(try await marathon.observeServices().first)
            #expect((service.kind, service.instances, service.id) == ("pod of Marathon", 2, "/shop/pair"))
            try await stub.answers("POST", "/v2/pods", 409, ["message": "Pod \"/shop/pair\" already exists"])
            try await stub.answers("PUT", "/v2/pods/shop/pair", 200, [:])
            try await marathon.launch(service, suspended: true)
            let sent = try await stub.recorded().filter { $0.method != "GET" }
            #expect(sent.map { "\($0.method) \($0.path)" } == ["POST /v2/pods", "PUT /v2/pods/shop/pair"])
            #expect(sent.allSatisfy { $0.body.contains(#""scaling":{"kind":"fixed","instances":0}"#) })
        }
    }

    @Test("that exists is given instances and none, all else as it is")
    func scale() async throws {
        try await StubMarathon.with { stub in
            let marathon = try MarathonCluster(
                .init(url: Setting(stub.url)), inventory: Inventory(), resolver: resolver(), deadline: .seconds(20))
            try await stub.answers("GET", "/v2/pods/shop/pair", 200, try JSON(parsing: Self.pod))
            try await stub.answers("PUT", "/v2/pods/shop/pair", 200, [:])
            try await marathon.activate("/shop/pair", instances: 3)
            try await marathon.suspend("/shop/pair")
            let bodies = try await stub.recorded().filter { $0.method == "PUT" }.map(\.body)
            #expect(bodies.map { try? definition($0).instances } == [3, 0])
            #expect(bodies.allSatisfy { $0.contains("x-own") && !$0.contains("version") })
        }
    }

    @Test("is as healthy as its instances, and reports why it is not")
    func health() async throws {
        try await StubMarathon.with { stub in
            let status: JSON = [
                "id": "/shop/pair", "spec": try JSON(parsing: Self.pod), "status": "DEGRADED",
                "instances": [
                    ["id": "i1", "status": "STABLE"],
                    [
                        "id": "i2", "status": "DEGRADED", "message": "",
                        "containers": [["name": "web", "message": "health check failed"], ["name": "side"]],
                    ],
                ],
                "terminationHistory": [
                    [
                        "instanceID": "i0", "message": "agent lost",
                        "containers": [["containerId": "web", "termination": ["exitCode": 137]]],
                    ]
                ],
            ]
            try await stub.answers("GET", "/v2/pods/shop/pair::status", 200, status)
            try await stub.answers("GET", "/v2/deployments", 200, [["id": "d", "affectedPods": ["/shop/pair"]]])
            try await stub.answers(
                "GET", "/v2/queue", 200,
                [
                    "queue": [
                        [
                            "pod": ["id": "/shop/pair"],
                            "processedOffersSummary": [
                                "processedOffersCount": 2,
                                "rejectSummaryLastOffers": [["reason": "InsufficientCpus", "declined": 2]],
                            ],
                        ]
                    ]
                ])
            let marathon = try MarathonCluster(
                .init(url: Setting(stub.url)), inventory: Inventory(), resolver: resolver(), deadline: .seconds(20))
            let health = try #require(try await marathon.observeHealth(["/shop/pair"])["/shop/pair"])
            #expect(health.isDeploying && !health.isReady)
            #expect(
                health.description == "1 of 2 healthy; container web: health check failed; last instance: agent lost; "
                    + "web: exited with 137; 2 offers declined: InsufficientCpus")
            // Several are asked for in one list.
            try await stub.answers("GET", "/v2/apps", 200, ["apps": []])
            try await stub.answers("GET", "/v2/pods/::status", 200, [status])
            let all = try await marathon.observeHealth(["/shop/pair", "/a", "/b", "/c"])
            #expect(all.keys.sorted() == ["/shop/pair"] && all["/shop/pair"] == health)
        }
    }

    @Test("is stopped where no app has its name")
    func stop() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("DELETE", "/v2/pods/shop/pair", 202, text: "")
            let marathon = try MarathonCluster(
                .init(url: Setting(stub.url)), inventory: Inventory(), resolver: resolver(), deadline: .seconds(20))
            try await marathon.stop("/shop/pair")
            #expect(try await stub.recorded().last?.path == "/v2/pods/shop/pair?force=true")
        }
    }
}
