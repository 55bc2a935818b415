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

    @Test("is said before a move, as the move keeps it; what the other color has is not")
    func remarks() {
        func remarks(_ servers: ServerState...) -> [String] {
            TrafficDrift(rules: rules, lastRun: nil, minHealthy: 1).remarks(
                in: ["edge-1": LoadBalancerState(version: "2.6", backends: ["be_web": BackendState(servers: servers)])],
                live: .blue, of: "shop")
        }
        func server(_ name: String, _ weight: Int, _ administration: ServerState.Administration = .ready) -> ServerState
        {
            ServerState(
                name: name, address: "10.0.0.1:80", weight: weight, configuredWeight: 100,
                administration: administration)
        }
        #expect(remarks(server("blue-1", 100), server("green-1", 1, .maint)) == [])
        #expect(
            remarks(server("blue-1", 20, .maint), server("blue-2", 20), server("blue-3", 0), server("blue-4", 100))
                == [
                    "edge-1/be_web/blue-1 is in maint and gets no new users: a move and its rollback leave it so",
                    "edge-1/be_web/blue-2 has weight 20 in place of 100: a move and its rollback keep its part of the "
                        + "users so",
                    "edge-1/be_web/blue-3 has weight 0 in place of 100: a move and its rollback keep it without users",
                ])
        let many = (1...9).map { server("blue-\($0)", 1) }
        let folded = TrafficDrift(rules: rules, lastRun: nil, minHealthy: 1).remarks(
            in: ["edge-1": LoadBalancerState(version: "2.6", backends: ["be_web": BackendState(servers: many)])],
            live: .blue, of: "shop")
        #expect(folded.count == 5)
        #expect(folded.last?.hasPrefix("5 more servers of blue") == true)
    }
}
