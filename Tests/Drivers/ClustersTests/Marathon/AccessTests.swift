import JSON
import Migration
import Testing

@testable import Clusters

@Suite("A Marathon that requires authentication")
struct AccessTests {
    @Test("gets the token of DC/OS that is set for it")
    func token() async throws {
        try await StubMarathon.with { stub in
            let marathon = try MarathonCluster(
                .init(url: Setting(stub.url), token: "${env:TOKEN}"), inventory: Inventory(),
                resolver: resolver(["TOKEN": "t0ken"]))
            _ = try await marathon.observePlatform()
            #expect(try await stub.recorded().map(\.authorization) == ["token=t0ken"])
        }
    }

    @Test("gets the token that DC/OS gives for user and password, asked for once, and again when it is refused")
    func login() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("POST", "/acs/api/v1/auth/login", 200, ["token": "first"])
            func marathon() throws -> MarathonCluster {
                try MarathonCluster(
                    .init(
                        url: Setting(stub.url), user: "ada", password: "${env:PW}",
                        login: Setting("http://{{ control[0].address }}:\(stub.port)/acs/api/v1/auth/login")),
                    inventory: Inventory(groups: ["control": [Host(name: "c", address: "127.0.0.1")]]),
                    resolver: resolver(["PW": "hun\"ter2"]))
            }
            _ = try await marathon().observePlatform()
            _ = try await marathon().observePlatform()
            var recorded = try await stub.recorded()
            #expect(recorded.map(\.method) == ["POST", "GET", "GET"])
            #expect(recorded[0].body == #"{"uid":"ada","password":"hun\"ter2"}"#)
            #expect(recorded[0].authorization.isEmpty)
            #expect(recorded.suffix(2).map(\.authorization) == ["token=first", "token=first"])

            try await stub.answers("GET", "/v2/info", 401, text: "<html>")
            try await stub.answers("POST", "/acs/api/v1/auth/login", 200, ["token": "second"])
            let refused = await #expect(throws: Failure.self) { try await marathon().observePlatform() }
            #expect(refused?.summary == "Marathon requires authentication (HTTP 401)")
            recorded = try await stub.recorded().suffix(3)
            #expect(recorded.map(\.authorization) == ["token=first", "", "token=second"])
        }
    }

    @Test(
        "says that the login gave no token, and reports no password", arguments: [(401, "{}"), (200, "[]"), (500, "x")])
    func noToken(status: Int, body: String) async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("POST", "/login", status, text: body)
            let marathon = try MarathonCluster(
                .init(url: Setting(stub.url), user: "ada", password: "hunter2", login: Setting(stub.url + "/login")),
                inventory: Inventory(), resolver: resolver())
            await #expect {
                _ = try await marathon.observePlatform()
            } throws: { error in
                let failure = error as? Failure
                return failure?.summary == "DC/OS gives no token" && !"\(error)".contains("hunter2")
                    && failure?.kind == (status == 500 ? .transient : .permanent)
            }
            #expect(try await stub.recorded().map(\.path) == ["/login"])
        }
    }
}
