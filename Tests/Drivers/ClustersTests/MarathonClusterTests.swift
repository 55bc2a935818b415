import JSON
import Migration
import Testing
import Transport
import Waiting

@testable import Clusters

@Suite("A Marathon")
struct MarathonClusterTests {
    private static let exists: JSON = ["message": "An app with id [/a] already exists."]
    private static let locked: JSON = [
        "message": "App is locked by one or more deployments. Override with the option '?force=true'.",
        "deployments": [["id": "d-1"], ["id": "d-2"]],
    ]

    @Test("that takes a new app is asked once")
    func created() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("POST", "/v2/apps", 201, ["id": "/a"])
            try await cluster(stub).launch(service())
            let recorded = try await stub.recorded()
            #expect(recorded.map(\.method) == ["POST"])
            #expect(recorded.map(\.path) == ["/v2/apps"])
            #expect(recorded.map(\.body) == [service().definition.text])
        }
    }

    @Test("that has the app already gets its definition as a replacement")
    func exists() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("POST", "/v2/apps", 409, Self.exists)
            try await stub.answers("PUT", "/v2/apps/a?partialUpdate=false", 200, ["deploymentId": "d"])
            try await cluster(stub).launch(service())
            #expect(try await stub.recorded().map(\.method) == ["POST", "PUT"])
        }
    }

    @Test("that is busy with the app may be asked again, and says with which deployments")
    func locked() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("POST", "/v2/apps", 409, Self.exists)
            try await stub.answers("PUT", "/v2/apps/a", 409, Self.locked)
            let failure = try await failure { try await cluster(stub).launch(service()) }
            #expect(failure.kind == .transient)
            #expect(failure.details == ["deployment d-1", "deployment d-2"])
            // Never with force: that would leave the other deployment half done.
            #expect(try await !stub.recorded().contains { $0.path.contains("force") })
        }
    }

    @Test("that refuses a definition says which field and why")
    func refused() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers(
                "POST", "/v2/apps", 422,
                [
                    "message": "Object is not valid",
                    "details": [
                        ["path": "/upgradeStrategy", "errors": ["is greater than 1", "and odd"]], ["errors": ["x"]],
                    ],
                ])
            let failure = try await failure { try await cluster(stub).launch(service()) }
            #expect(failure.kind == .permanent)
            #expect(failure.details == ["Object is not valid", "/upgradeStrategy: is greater than 1; and odd", "/: x"])
            #expect(failure.place == "POST \(stub.url)/v2/apps")
        }
    }

    @Test(
        "that fails is asked again where that is safe",
        arguments: [
            (403, "Max number (100) of running deployments is achieved.", Failure.Kind.transient),
            (403, "Not Authorized to perform this action!", .permanent),
            (401, "Invalid username or password.", .permanent),
            (503, "queue full", .unknownEffect),
            (500, "All ports in the range [10000-20000) are already in use", .unknownEffect),
            (502, "Could not determine the current leader", .transient), (429, "slow down", .transient),
            (415, "Unsupported Media Type", .permanent), (400, "Invalid JSON", .permanent),
        ])
    func statuses(status: Int, message: String, kind: Failure.Kind) async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("POST", "/v2/apps", status, ["message": .string(message)])
            let failure = try await failure { try await cluster(stub).launch(service()) }
            #expect(failure.kind == kind)
            #expect(failure.details.contains(message))
        }
    }

    @Test("that only reads may be asked again after any failure of its own")
    func safe() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/v2/apps", 503, text: "<html>no leader</html>")
            let failure = try await failure { _ = try await cluster(stub).observeServices() }
            #expect(failure.kind == .transient)
            #expect(failure.details == ["status 503"])
        }
    }

    @Test("that does not answer in time leaves a launch in doubt, and a look to be repeated")
    func slow() async throws {
        try await StubMarathon.with { stub in
            try await stub.saysNothing("POST", "/v2/apps")
            try await stub.saysNothing("GET", "/v2/info")
            let impatient = try cluster(stub, deadline: .milliseconds(300))
            #expect(try await failure { try await impatient.launch(service()) }.kind == .unknownEffect)
            #expect(try await failure { _ = try await impatient.observePlatform() }.kind == .transient)
        }
    }

    @Test("that is not there is a passing failure that names it")
    func absent() async throws {
        var url = ""
        try await StubMarathon.with { url = $0.url }
        let gone = try MarathonCluster(
            .init(url: Setting(url + "/")), inventory: Inventory(), resolver: resolver(), deadline: .seconds(5))
        // The stub ends when it sees that its input has ended; until then it may still answer.
        try await eventually {
            do throws(Failure) {
                _ = try await gone.observePlatform()
                return false
            } catch {
                return error.kind == .transient && error.place == url
            }
        }
    }

    @Test("that answers something else than JSON, or other JSON, is a failure in words")
    func otherAnswers() async throws {
        try await StubMarathon.with { stub in
            let marathon = try cluster(stub)
            try await stub.answers("GET", "/v2/apps", 200, text: "<html>hello</html>")
            #expect(try await failure { _ = try await marathon.observeServices() }.summary.contains("not JSON"))
            for body in ["[]", "null", "{}", #"{"apps":{}}"#] {
                try await stub.answers("GET", "/v2/apps", 200, text: body)
                #expect(
                    try await failure { _ = try await marathon.observeServices() }.summary.contains("no list of apps"))
            }
            try await stub.answers("GET", "/v2/apps", 200, text: #"{"apps":[{"cmd":"x"}]}"#)
            #expect(try await failure { _ = try await marathon.observeServices() }.summary.contains("without an id"))
        }
    }

    @Test("gets the user and password that are set for it, also where it redirects to, and reports neither")
    func credentials() async throws {
        try await StubMarathon.with { leader in
            try await StubMarathon.with { stub in
                try await leader.answers("GET", "/v2/info", 401, text: "<html>hunter2</html>")
                try await stub.answers(
                    "GET", "/v2/info", 307, headers: ["Location": .string("//127.0.0.1:\(leader.port)/v2/info")])
                let marathon = try MarathonCluster(
                    .init(
                        url: "http://ada:hunter3@127.0.0.1:{{ control[0].port }}", user: "ada",
                        password: "${env:PASSWORD}"),
                    inventory: Inventory(groups: [
                        "control": [Host(name: "c", address: "x", variables: ["port": "\(stub.port)"])]
                    ]), resolver: resolver(["PASSWORD": "hunter2"]))
                let failure = try await failure { _ = try await marathon.observePlatform() }
                #expect(failure.kind == .permanent)
                #expect(failure.advice?.contains("`user` and `password`, or `token`") == true)
                #expect(!"\(failure)".contains("hunter"))
                #expect(try await leader.recorded().map(\.authorization) == ["Basic YWRhOmh1bnRlcjI="])
            }
        }
    }

    @Test("is ready once it leads and is registered")
    func platform() async throws {
        try await StubMarathon.with { stub in
            let marathon = try cluster(stub)
            try await stub.answers("GET", "/v2/info", 200, ["version": "1.11.24", "leader": nil, "frameworkId": nil])
            let waiting = try await marathon.observePlatform()
            #expect(!waiting.isReady)
            #expect(waiting.missing.count == 2)
            try await stub.answers(
                "GET", "/v2/info", 200, ["version": "1.11.24", "leader": "h:8080", "frameworkId": "f-0000"])
            let ready = try await marathon.observePlatform()
            #expect(ready.isReady)
            #expect(ready.description == "Marathon 1.11.24 at \(stub.url)")
        }
    }

    @Test(
        "moves the services of its group only",
        arguments: [
            ("/", ["/shop", "/shop/api/v1", "/shop/web", "/shopping"]), ("/shop", ["/shop/api/v1", "/shop/web"]),
            ("shop/", ["/shop/api/v1", "/shop/web"]), ("/shop/api", ["/shop/api/v1"]), ("/none", []),
        ])
    func group(group: String, ids: [String]) async throws {
        try await StubMarathon.with { stub in
            try await stub.answers(
                "GET", "/v2/apps", 200,
                ["apps": .array(["/shopping", "/shop/web", "/shop/api/v1", "/shop"].map { ["id": .string($0)] })])
            let services = try await cluster(stub, group: group).observeServices()
            #expect(services.map(\.id.text) == ids)
        }
    }

    @Test("reports how services do, by its own counts, and why those that aren't ready are not")
    func health() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers(
                "GET", "/v2/apps", 200,
                [
                    "apps": [
                        ["id": "/ready", "instances": 1, "tasksRunning": 1, "tasksHealthy": 0, "deployments": []],
                        [
                            "id": "/stuck", "instances": 3, "tasksRunning": 1, "tasksHealthy": 1, "tasksStaged": 1,
                            "healthChecks": [["path": "/"]], "deployments": [["id": "d"]],
                            "lastTaskFailure": [
                                "state": "TASK_FAILED", "message": "exited with 1", "host": "10.2.0.13",
                            ],
                        ],
                        ["id": "/other", "instances": 1],
                    ]
                ])
            try await stub.answers(
                "GET", "/v2/queue", 200,
                [
                    "queue": [
                        [
                            "app": ["id": "/stuck"], "delay": ["timeLeftSeconds": 12, "overdue": false],
                            "processedOffersSummary": [
                                "processedOffersCount": 3,
                                "rejectSummaryLastOffers": [
                                    ["reason": "InsufficientMemory", "declined": 2, "processed": 3],
                                    ["reason": "UnfulfilledRole", "declined": 1, "processed": 3],
                                    ["reason": "InsufficientCpus", "declined": 0, "processed": 3],
                                ],
                            ],
                        ],
                        ["pod": ["id": "/pod"]],
                    ]
                ])
            let health = try await cluster(stub).observeHealth(["/ready", "/stuck", "/absent", "/gone"])
            #expect(health.keys.sorted() == ["/ready", "/stuck"])
            #expect(health["/ready"]?.isReady == true)
            #expect(health["/stuck"]?.isReady == false)
            #expect(
                health["/stuck"]?.description
                    == "1 of 3 healthy; last task TASK_FAILED: exited with 1 on 10.2.0.13; "
                    + "2 offers declined: InsufficientMemory; 1 offer declined: UnfulfilledRole; "
                    + "next launch in 12s after failures")
        }
    }

    @Test("is not asked for reasons while everything is ready")
    func noReasons() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/v2/apps/a", 200, ["app": ["id": "/a", "instances": 1, "tasksRunning": 1]])
            let health = try await cluster(stub).observeHealth(["/a"])
            #expect(health["/a"]?.isReady == true)
            #expect(try await stub.recorded().map(\.method) == ["GET"])
        }
    }

    @Test("stops a service whatever is under way, and needs none to be there")
    func stop() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("DELETE", "/v2/apps/shop/cart", 200)
            try await cluster(stub).stop("/shop/cart")
            try await cluster(stub).stop("/gone")
            #expect(
                try await stub.recorded().map(\.path) == [
                    "/v2/apps/shop/cart?force=true", "/v2/apps/gone?force=true", "/v2/pods/gone?force=true",
                ])
        }
    }

    @Test("whose address has no value is named before anything is asked")
    func noAddress() {
        #expect {
            try MarathonCluster(
                .init(url: "http://{{ control[0].address }}"), inventory: Inventory(), resolver: resolver())
        } throws: { "\($0)".contains("control[0].address") }
    }

    // MARK: - Support

    private func cluster(
        _ stub: StubMarathon, group: String = "/", deadline: Duration = .seconds(20)
    ) throws -> MarathonCluster {
        try MarathonCluster(
            .init(url: Setting(stub.url), group: group), inventory: Inventory(), resolver: resolver(),
            deadline: deadline, patience: .zero)
    }

    private func service() -> Service {
        Service(id: "/a", definition: #"{"id":"/a","cmd":"x"}"#, instances: 1, fingerprint: "f")
    }

    private func failure(_ body: () async throws -> Void) async throws -> Failure {
        do {
            try await body()
        } catch {
            return try #require(error as? Failure)
        }
        throw Failure("it did not fail")
    }
}
