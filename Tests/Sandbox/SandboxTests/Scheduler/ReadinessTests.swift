import JSON
import Testing

@testable import Sandbox

@Suite("A deployment")
struct ReadinessTests {
    @Test("waits for the readiness check of an app, and says what it waits for")
    func readiness() async throws {
        try await TestCluster.with { cluster in
            let page = "\(cluster.folder)/page"
            let body = """
                {"id":"/slow","cmd":"exec python3 -m http.server $PORT --bind $HOST --directory \(cluster.folder)",
                 "portDefinitions":[{"port":0,"name":"http"}],
                 "readinessChecks":[{"name":"warm","portName":"http","path":"/page","intervalSeconds":1}]}
                """
            #expect(try await cluster.client.send("POST", "/v2/apps", body).status == 201)
            try await eventually("it runs") {
                try await cluster.client.send("GET", "/v2/apps/slow").json?["app"]?["tasksRunning"]?.int == 1
            }
            let action = try await cluster.client.send("GET", "/v2/deployments").json?[0]?["currentActions"]?[0]
            #expect(action?["readinessCheckResults"]?[0]?["name"]?.string == "warm")
            #expect(action?["readinessCheckResults"]?[0]?["ready"]?.bool == false)
            try File.replace(page, with: [])
            try await cluster.waitUntilDeployed("/slow", instances: 1)
            let app = try await cluster.client.send("GET", "/v2/apps/slow?embed=app.readiness").json?["app"]
            #expect(app?["readinessCheckResults"]?[0]?["ready"]?.bool == true)
            #expect(app?["tasksHealthy"]?.int == 0)
        }
    }
}
