import Migration
import Operations
import Testing

@Suite("A world that changed")
struct WorldTests {
    private let world = World(
        live: .blue, servers: [.blue: ["b-1", "b-2"]],
        services: [
            "/a": WorldService(fingerprint: "f1", instances: 2), "/b": WorldService(fingerprint: "f2", instances: 1),
        ],
        backends: ["edge-1/be": ["blue-1", "green-1"]], configuration: "c1")

    @Test("has no difference to itself")
    func same() {
        #expect(world.differences(to: world) == [])
    }

    @Test("names each difference in one sentence")
    func differences() {
        var later = world
        later.live = .green
        later.configuration = "c2"
        later.servers = [.blue: ["b-2"], .green: ["g-1"]]
        later.services = [
            "/a": WorldService(fingerprint: "f1", instances: 3), "/b": WorldService(fingerprint: "f9", instances: 1),
            "/c": WorldService(fingerprint: "f3", instances: 1),
        ]
        later.backends = ["edge-1/be": ["blue-1", "green-1", "green-2"], "edge-2/be": ["blue-1"]]
        #expect(
            world.differences(to: later) == [
                "live color: blue → green", "environment, runbook or commit changed", "blue server b-1: gone",
                "green server g-1: new", "service /a: 2 → 3 instances", "service /b: its definition changed",
                "service /c: added", "edge-1/be server green-2: new", "edge-2/be server blue-1: new",
            ])
        #expect(later.differences(to: world).contains("service /c: removed"))
    }

    @Test("reports a changed definition and a changed number of instances of the same service")
    func both() {
        var later = world
        later.services["/a"] = WorldService(fingerprint: "f9", instances: 5)
        #expect(
            world.differences(to: later) == ["service /a: its definition changed", "service /a: 2 → 5 instances"])
    }
}
