import Migration
import Testing

@Suite("What may be replaced or removed of a color that has users")
struct LossesTests {
    private let inventory = Inventory(groups: [
        "agent": [Host(name: "blue-1", address: "10.0.0.1"), Host(name: "blue-2", address: "10.0.0.2")]
    ])

    private func refused(
        _ changes: ProvisioningChanges, _ servers: ServerState..., more: ServerState..., agents: [Agent] = []
    ) -> [String] {
        refusedLosses(
            changes, inventory,
            [
                "edge-1": LoadBalancerState(version: "2.6", backends: ["be_web": BackendState(servers: servers)]),
                "edge-2": LoadBalancerState(version: "2.6", backends: ["be_web": BackendState(servers: more)]),
            ], agents: agents)
    }

    private func server(_ operation: ServerState.Operation, _ check: ServerState.Check = .passed) -> ServerState {
        ServerState(name: "b1", address: "10.0.0.1:80", weight: 100, operation: operation, check: check)
    }

    private let replace = ProvisioningChanges(replace: ["server.a"], servers: ["server.a": ["blue-1"]])

    @Test("is a server that every load balancer which lists it knows to be down")
    func down() {
        #expect(refused(replace, server(.down, .failed), more: server(.down, .failed)) == [])
        #expect(
            refused(replace, server(.down, .failed), more: server(.up)) == [
                "server.a would be replaced or removed, and edge-2/be_web/b1 may send users to blue-1"
            ])
        // Without a check, a load balancer calls it up whatever it is.
        #expect(refused(replace, server(.up, .none)).count == 1)
        // Drained or without weight it may still have sessions.
        let drained = ServerState(
            name: "b1", address: "10.0.0.1:80", weight: 0, administration: .drain, operation: .up)
        #expect(refused(replace, drained).count == 1)
    }

    @Test("is none with a session left, and none with an agent that takes tasks")
    func inUse() {
        var busy = server(.down, .failed)
        busy.counters.sessions = 1
        #expect(
            refused(replace, busy) == [
                "server.a would be replaced or removed, and edge-1/be_web/b1 has sessions on blue-1 still"
            ])
        #expect(
            refused(replace, server(.down, .failed), agents: [Agent(hostname: "blue-1")]) == [
                "server.a would be replaced or removed, and Mesos has an agent on blue-1 that takes tasks"
            ])
        #expect(refused(replace, server(.down, .failed), agents: [Agent(hostname: "blue-2")]) == [])
    }

    @Test("is none that no load balancer lists, and none that is not known")
    func unproven() {
        #expect(
            refused(replace) == [
                "server.a would be replaced or removed, and no load balancer reports that blue-1 is down"
            ])
        #expect(
            refused(ProvisioningChanges(remove: ["server.a"]), server(.down)) == [
                "server.a would be replaced or removed, and which server it is is not known"
            ])
        #expect(refused(ProvisioningChanges(inDoubt: ["server.b"])).count == 1)
    }

    @Test("is nothing to ask where things are only added or changed")
    func added() {
        #expect(refused(ProvisioningChanges(add: ["server.a"], change: ["server.b"], inDoubt: ["server.a"])) == [])
    }
}
