import Migration
import Testing

@testable import Planning

@Suite("Drift on load balancers")
struct TrafficDriftTests {
    private let rules = [TrafficRule(backend: "be_web", servers: [.blue: "blue-*", .green: "green-*"])]

    private func drifts(_ servers: ServerState..., live: Color, lastRun: LastRun? = nil) -> [Drift] {
        TrafficDrift(rules: rules, lastRun: lastRun, minHealthy: 1).drifts(
            in: ["edge-1": LoadBalancerState(version: "2.6", backends: ["be_web": BackendState(servers: servers)])],
            live: live)
    }

    @Test("is none where the live color has the weights of its configuration, and the other none")
    func none() {
        #expect(
            drifts(
                ServerState(name: "blue-1", address: "10.0.0.1:80", weight: 100, configuredWeight: 100),
                ServerState(name: "green-1", address: "10.0.0.2:80", weight: 0, configuredWeight: 100), live: .blue)
                == [])
    }

    @Test("is each server with another weight, and each of the other color that gets users")
    func weights() {
        let found = drifts(
            ServerState(name: "blue-1", address: "10.0.0.1:80", weight: 30, configuredWeight: 100),
            ServerState(name: "green-1", address: "10.0.0.2:80", weight: 1, configuredWeight: 100), live: .blue)
        #expect(found.map(\.subject) == ["edge-1/be_web/blue-1", "edge-1/be_web/green-1"])
        #expect(found.map(\.diff) == [["weight: 100 → 30"], ["weight: 0 → 1"]])
    }

    @Test("is a server of the live color that is drained or in maintenance")
    func administration() {
        let found = drifts(
            ServerState(
                name: "blue-1", address: "10.0.0.1:80", weight: 100, configuredWeight: 100, administration: .drain),
            ServerState(name: "green-1", address: "10.0.0.2:80", weight: 0, administration: .maint), live: .blue)
        let change = ServerChange(backend: "be_web", server: "blue-1", change: .administration(.ready))
        #expect(
            found == [
                Drift(
                    .loadBalancers, "edge-1/be_web/blue-1", "gets no new users",
                    diff: ["administration: ready → drain"], remedy: .set("edge-1", change))
            ])
    }
}
