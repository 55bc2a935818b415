import Migration
import Testing

@testable import Planning

@Suite("The services that move")
struct ServiceObservationTests {
    @Test("are those that no rule and no mode leaves where they are, each with its reason")
    func moving() async throws {
        let rules = ServiceRules(ignore: ["/infra/*", "/alone"])
        let observation = try await ServiceObservation(
            of: StillCluster(), rules: rules, in: PlacementContext(old: Inventory()))
        #expect(observation.moving.map(\.id) == ["/web", "/worker"])
        #expect(observation.rewritten.map(\.mode) == [.parallel, .exclusive])
        #expect(
            observation.ignored == [
                IgnoredService(id: "/alone", reason: "ignored by rule"),
                IgnoredService(id: "/data", reason: "mode manual, because", isLeftToPeople: true),
                IgnoredService(id: "/infra/lb", reason: "ignored by rule /infra/*"),
                IgnoredService(id: "/old", reason: "mode skip"),
            ])
        // What stays needs no judgement.
        #expect(observation.findings == ["/web": [Finding(.hostPath, at: "a", "b", .accepted(reason: "yes"))]])
    }
}

/// A framework whose services have their modes already.
private struct StillCluster: Cluster {
    private static let modes: [(ServiceID, ServiceMode)] = [
        ("/alone", .parallel), ("/data", .manual), ("/infra/lb", .exclusive), ("/old", .skip), ("/web", .parallel),
        ("/worker", .exclusive),
    ]

    func observePlatform() async throws(Failure) -> PlatformState { PlatformState(description: "", isReady: true) }

    func observeServices() async throws(Failure) -> [Service] {
        Self.modes.map { Service(id: $0.0, definition: "{}", instances: 1, fingerprint: "f") }
    }

    func rewrite(_ service: Service, overrides: [Override], inventory: Inventory?) throws(Failure) -> Service {
        var rewritten = service
        rewritten.mode = Self.modes.first { $0.0 == service.id }?.1 ?? .parallel
        rewritten.modeReason = rewritten.mode == .manual ? "mode manual, because" : nil
        rewritten.accepted = [.hostPath: "yes"]
        return rewritten
    }

    func judge(_ service: Service, rewritten: Service, in placement: PlacementContext) throws(Failure) -> [Finding] {
        service.id == "/web" || !rewritten.mode.isMoved ? [Finding(.hostPath, at: "a", "b", .blocking)] : []
    }

    func launch(_ service: Service, suspended: Bool) async throws(Failure) {}
    func observeHealth(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceHealth] { [:] }
    func stop(_ service: ServiceID) async throws(Failure) {}
    func observeActivity(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceActivity] { [:] }
    func suspend(_ service: ServiceID) async throws(Failure) {}
    func activate(_ service: ServiceID, instances: Int) async throws(Failure) {}
    func runOnce(_ job: ServiceID) async throws(Failure) {}
}
