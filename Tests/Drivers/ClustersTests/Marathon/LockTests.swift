import JSON
import Migration
import Testing
import Waiting

@testable import Clusters

@Suite("A change that a deployment locks")
struct LockTests {
    private static let lock: JSON = [
        "message": "App is locked by one or more deployments.", "deployments": [["id": "d-1"]],
    ]

    @Test("is made as soon as the lock is gone, and never with force")
    func waits() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("POST", "/v2/apps", 409, Self.lock)
            let launch = Task {
                try await cluster(stub, patience: .seconds(60)).launch(
                    Service(id: "/a", definition: #"{"id":"/a"}"#, instances: 1, fingerprint: "f"))
            }
            try await eventually { try await stub.recorded().count > 1 }
            try await stub.answers("POST", "/v2/apps", 201, [:])
            try await launch.value
            #expect(try await stub.recorded().allSatisfy { $0.method == "POST" && !$0.path.contains("force") })
        }
    }

    @Test("reports in the end which deployment it was and what that one does")
    func tells() async throws {
        try await StubMarathon.with { stub in
            try await stub.answers("GET", "/v2/apps/a", 200, ["app": ["id": "/a"]])
            try await stub.answers("PUT", "/v2/apps/a", 409, Self.lock)
            try await stub.answers(
                "GET", "/v2/deployments", 200,
                [
                    [
                        "id": "d-1", "currentStep": 2, "totalSteps": 3,
                        "currentActions": [["action": "RestartApplication", "app": "/a"]],
                    ]
                ])
            await #expect {
                try await cluster(stub, patience: .zero).suspend("/a")
            } throws: { error in
                let failure = error as? Failure
                return failure?.kind == .transient
                    && failure?.details == ["deployment d-1: RestartApplication /a, step 2 of 3"]
            }
        }
    }

    @Test("or the number of deployments ends with a cancelled step")
    func cancelled() async throws {
        try await StubMarathon.with { stub in
            let message = "Max number (100) of running deployments is achieved."
            try await stub.answers("POST", "/v2/apps", 403, ["message": .string(message)])
            let launch = Task {
                try await cluster(stub, patience: .seconds(600)).launch(
                    Service(id: "/a", definition: #"{"id":"/a"}"#, instances: 1, fingerprint: "f"))
            }
            try await eventually { try await stub.recorded().count > 1 }
            launch.cancel()
            await #expect {
                try await launch.value
            } throws: { ($0 as? Failure)?.kind == .cancelled }
        }
    }

    private func cluster(_ stub: StubMarathon, patience: Duration) throws -> MarathonCluster {
        try MarathonCluster(
            .init(url: Setting(stub.url)), inventory: Inventory(), resolver: resolver(), deadline: .seconds(20),
            patience: patience)
    }
}
