import JSON
import Migration
import Testing

@testable import Clusters

@Suite("The groups of a Marathon")
struct GroupTests {
    private static let tree: JSON = [
        "id": "/", "dependencies": [], "version": "v", "enforceRole": false,
        "groups": [
            [
                "id": "/shop", "dependencies": ["/infra"], "enforceRole": true, "version": "v", "x-own": 1,
                "groups": [["id": "/shop/front", "dependencies": ["/shop/back"]], ["id": "/shop/back"]],
            ],
            ["id": "/infra", "enforceRole": false],
        ],
    ]

    @Test("give their services what they depend on, and are known by what they say")
    func observed() async throws {
        try await StubMarathon.with { stub in
            try await answer(
                stub,
                apps: ["/shop/front/web", "/shop/back/db", "/infra/dns"].map { ["id": .string($0), "role": "shop"] })
            let services = try await cluster(stub).observeServices()
            let web = try #require(services.first { $0.id == "/shop/front/web" })
            #expect(web.dependencies == ["/infra", "/shop/back"])
            #expect(
                web.groups.map(\.definition) == [
                    #"{"id":"/shop","dependencies":["/infra"],"enforceRole":true,"x-own":1}"#,
                    #"{"id":"/shop/front","dependencies":["/shop/back"]}"#,
                ])
            // The name of a group that enforces it is no role of the service's own; elsewhere it is.
            #expect(!web.definition.text.contains("role"))
            #expect(services.first { $0.id == "/infra/dns" }?.definition.text.contains("role") == true)
            let moved = try cluster(stub).rewrite(
                web, overrides: [Override(match: .id("*"), set: ["dependencies": #"["/x"]"#])], inventory: nil)
            #expect(moved.dependencies == ["/x", "/infra", "/shop/back"])
            #expect(moved.groups == web.groups)
        }
    }

    @Test("are made before their first service is launched, after a rehearsal, and without a list of members")
    func made() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("PUT", "/v2/groups/shop", 200, ["deploymentId": "d"])
            try await stub.answers("PUT", "/v2/groups/shop?dryRun=true", 200, ["steps": []])
            try await stub.answers("GET", "/v2/groups/shop", 404, ["message": "Group '/shop' does not exist"])
            try await stub.answers("POST", "/v2/apps", 201, [:])
            try await cluster(stub).launch(Self.service)
            let recorded = try await stub.recorded().filter { $0.method != "GET" }
            #expect(
                recorded.map { "\($0.method) \($0.path)" }
                    == ["PUT /v2/groups/shop?dryRun=true", "PUT /v2/groups/shop", "POST /v2/apps"])
            #expect(Set(recorded.prefix(2).map(\.body)) == [Self.service.groups[0].definition])
        }
    }

    @Test("that say the same already are left alone", arguments: [["/b", "/infra"], ["/infra", "/b"]])
    func alike(dependencies: [String]) async throws {
        try await StubMarathon.with { stub in
            let found: JSON = [
                "id": "/shop", "version": "v", "groups": [], "enforceRole": true,
                "dependencies": .array(dependencies.map(JSON.string)),
            ]
            try await stub.answers("GET", "/v2/groups/shop", 200, found)
            try await stub.answers("POST", "/v2/apps", 201, [:])
            try await cluster(stub).launch(Self.service)
            #expect(try await stub.recorded().filter { $0.method != "GET" }.map(\.path) == ["/v2/apps"])
        }
    }

    @Test("that exist get another role by a call of its own, and other dependencies by a rehearsed one")
    func changed() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/v2/groups/shop", 200, ["id": "/shop", "enforceRole": false])
            for method in ["PUT", "PATCH"] { try await stub.answers(method, "/v2/groups/shop", 200, ["steps": []]) }
            try await stub.answers("POST", "/v2/apps", 201, [:])
            try await cluster(stub).launch(Self.service)
            let recorded = try await stub.recorded().filter { $0.method != "GET" }
            #expect(
                recorded.map { "\($0.method) \($0.path) \($0.body)" }.dropLast() == [
                    #"PATCH /v2/groups/shop {"enforceRole":true}"#,
                    #"PUT /v2/groups/shop?dryRun=true {"id":"/shop","dependencies":["/b","/infra"]}"#,
                    #"PUT /v2/groups/shop {"id":"/shop","dependencies":["/b","/infra"]}"#,
                ])
        }
    }

    @Test(
        "are not changed where that would stop something, nor where no one says what it would do",
        arguments: [
            (#"{"steps":[{"actions":[{"action":"StopApplication","app":"/shop/lb"}]}]}"#, "StopApplication /shop/lb"),
            (#"{"steps":[{"actions":[{"action":"StopPod","pod":"/shop/p"}]}]}"#, "StopPod /shop/p"),
            (#"{"deploymentId":"d"}"#, "does not report"),
        ])
    func refused(answer: String, word: String) async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("PUT", "/v2/groups/shop?dryRun=true", 200, text: answer)
            try await stub.answers("GET", "/v2/groups/shop", 404, [:])
            await #expect {
                try await cluster(stub).launch(Self.service)
            } throws: { "\($0)".contains(word) }
            #expect(
                try await !stub.recorded().contains {
                    $0.path == "/v2/groups/shop" || $0.path == "/v2/apps" && $0.method == "POST"
                })
        }
    }

    @Test("that can't be read leave no service unread in silence")
    func unread() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/v2/apps", 200, ["apps": []])
            try await stub.answers("GET", "/v2/groups", 404, [:])
            let failure = await #expect(throws: Failure.self) { try await cluster(stub).observeServices() }
            #expect(failure?.summary == "Marathon answered 404")
            #expect(failure?.place?.hasPrefix("GET \(stub.url)/v2/groups") == true)
        }
    }

    // MARK: - Support

    private static let service = Service(
        id: "/shop/web", definition: #"{"id":"/shop/web","cmd":"x"}"#, instances: 1, fingerprint: "f",
        groups: [
            ServiceGroup(id: "/shop", definition: #"{"id":"/shop","dependencies":["/b","/infra"],"enforceRole":true}"#)
        ])

    private func answer(_ stub: StubMarathon, apps: [JSON]) async throws {
        try await stub.answers("GET", "/v2/apps", 200, ["apps": .array(apps)])
        try await stub.answers("GET", "/v2/groups", 200, Self.tree)
    }

    private func cluster(_ stub: StubMarathon) throws -> MarathonCluster {
        try MarathonCluster(
            .init(url: Setting(stub.url)), inventory: Inventory(), resolver: resolver(), deadline: .seconds(20))
    }
}
