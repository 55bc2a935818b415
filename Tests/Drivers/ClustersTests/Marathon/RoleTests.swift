import JSON
import Migration
import Testing

@testable import Clusters

@Suite("The role of a service")
struct RoleTests {
    @Test(
        "that is its cluster's own is the new cluster's own there, whatever the two are called",
        arguments: [
            // What the old side tells, its own role (nil: a version before 1.9), the new side's, what that tells.
            (nil, nil, "prod", "prod"), ("*", "*", "prod", "prod"), ("a", "a", "b", "b"), (nil, nil, nil, nil),
            ("*", nil, nil, "*"),
        ] as [(String?, String?, String?, String?)])
    func ownRole(told: String?, old: String?, new: String?, found: String?) async throws {
        let wanted = try await observed(role: told, own: old)
        let copy = try await observed(role: found, own: new)
        #expect(wanted.fingerprint == copy.fingerprint)
        #expect(try await differences(wanted, copy) == [])
    }

    @Test("that an override sets is there when the new Marathon says so, or says that it is its own")
    func overridden() async throws {
        let wanted = try await observed(
            role: nil, own: nil, overrides: [Override(match: .id("*"), set: ["role": "prod"])])
        #expect(wanted.definition.text.contains(#""role":"prod""#))
        for own in ["*", "prod"] {
            #expect(try await differences(wanted, observed(role: "prod", own: own)) == [])
        }
    }

    @Test("is another one where it is neither the same nor the cluster's own")
    func different() async throws {
        let wanted = try await observed(role: nil, own: nil)
        let found = try await observed(role: "dev", own: "prod")
        #expect(try await differences(wanted, found).map(\.path) == ["role"])
    }

    private func observed(
        role: String?, own: String?, overrides: [Override] = []
    ) async throws -> Service {
        var app = JSONObject([("id", "/a"), ("cmd", "x")])
        if let role { app["role"] = .string(role) }
        var info = JSONObject()
        if let own { info["marathon_config"] = ["mesos_role": .string(own)] }
        var services: [Service] = []
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/v2/apps", 200, ["apps": [.object(app)]])
            try await stub.answers("GET", "/v2/info", 200, .object(info))
            let cluster = try MarathonCluster(
                .init(url: Setting(stub.url)), inventory: Inventory(), resolver: resolver(), deadline: .seconds(20))
            services = try await cluster.observeServices().map {
                try cluster.rewrite($0, overrides: overrides, inventory: nil)
            }
        }
        return try #require(services.first)
    }

    private func differences(_ wanted: Service, _ found: Service) async throws -> [FieldChange] {
        try MarathonCluster(
            .init(url: "http://127.0.0.1:1"), inventory: Inventory(), resolver: resolver(), deadline: .seconds(1)
        ).differences(wanted, found)
    }
}
