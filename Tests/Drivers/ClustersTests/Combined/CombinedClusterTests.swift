import Migration
import Testing

@testable import Clusters

@Suite("Several sources of services as one")
struct CombinedClusterTests {
    private let sources: [ServiceSource] = [
        .marathon(.init(url: "http://a", group: "/shop")), .metronome(.init(url: "http://b")),
        .chronos(.init(url: "http://c")), .compose(.init(access: .init(url: "http://d"), files: ["*"])),
    ]

    @Test(
        "each id belongs to one of them, by its form",
        arguments: [
            ("/shop/cart", "marathon"), ("shop.report", "metronome"), ("report", "metronome"),
            ("chronos:a report", "chronos"), ("chronos:a/b", "chronos"), ("shop/cart", "compose"),
        ])
    func owner(id: String, source: String) {
        #expect(sources.filter { $0.owns(ServiceID(id)) }.map(\.name) == [source])
    }

    @Test("sends each call to the source that the id belongs to, and no other")
    func routes() async throws {
        let clusters = [RecordingCluster(["/shop/cart"]), RecordingCluster(["shop.report"])]
        let combined = CombinedCluster(zip(sources, clusters).map { CombinedCluster.Member($0, $1) })
        #expect(try await combined.observeServices().map(\.id) == ["/shop/cart", "shop.report"])
        try await combined.suspend("shop.report")
        try await combined.stop("/shop/cart")
        _ = try await combined.observeHealth(["shop.report", "/shop/cart"])
        #expect(await clusters[0].calls == ["services", "stop /shop/cart", "health /shop/cart"])
        #expect(await clusters[1].calls == ["services", "suspend shop.report", "health shop.report"])
    }

    @Test("refuses an id that two sources list, and one that belongs to none")
    func collision() async throws {
        let twice = [RecordingCluster(["report"]), RecordingCluster(["report"])]
        let combined = CombinedCluster(zip(sources, twice).map { CombinedCluster.Member($0, $1) })
        let failure = await #expect(throws: Failure.self) { try await combined.observeServices() }
        #expect(failure?.details == ["marathon", "metronome"])
        let stranger = await #expect(throws: Failure.self) { try await combined.stop("/other/cart") }
        #expect(stranger?.summary == "/other/cart belongs to none of the sources")
    }

    @Test("is ready when all of them are, and names what is missing of each")
    func platform() async throws {
        let clusters = [RecordingCluster([]), RecordingCluster([], missing: ["no leader"])]
        let combined = CombinedCluster(zip(sources, clusters).map { CombinedCluster.Member($0, $1) })
        let platform = try await combined.observePlatform()
        #expect(!platform.isReady)
        #expect(platform.missing == ["no leader"])
    }
}

/// A framework that only writes down what it is asked.
private actor RecordingCluster: Cluster {
    private let ids: [ServiceID]
    private let missing: [String]
    private(set) var calls: [String] = []

    init(_ ids: [ServiceID], missing: [String] = []) {
        self.ids = ids
        self.missing = missing
    }

    func observePlatform() -> PlatformState {
        PlatformState(description: "a framework", isReady: missing.isEmpty, missing: missing)
    }

    func observeServices() -> [Service] {
        calls.append("services")
        return ids.map { Service(id: $0, definition: "{}", instances: 1, fingerprint: "f") }
    }

    nonisolated func rewrite(_ service: Service, overrides: [Override], inventory: Inventory?) -> Service { service }
    func launch(_ service: Service, suspended: Bool) { calls.append("launch \(service.id)") }

    func observeHealth(_ services: [ServiceID]) -> [ServiceID: ServiceHealth] {
        calls.append("health \(services.map(\.text).joined(separator: " "))")
        return [:]
    }

    func stop(_ service: ServiceID) { calls.append("stop \(service)") }
    func observeActivity(_ services: [ServiceID]) -> [ServiceID: ServiceActivity] { [:] }
    func suspend(_ service: ServiceID) { calls.append("suspend \(service)") }
    func activate(_ service: ServiceID, instances: Int) { calls.append("activate \(service)") }
    func runOnce(_ job: ServiceID) { calls.append("run \(job)") }
}
