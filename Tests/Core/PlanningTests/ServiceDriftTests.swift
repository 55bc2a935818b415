import Migration
import Testing

@testable import Planning

@Suite("Drift of services")
struct ServiceDriftTests {
    private static let before: [ServiceID: WorldService] = [
        "/same": WorldService(fingerprint: "f", instances: 1, revision: "v1"),
        "/scaled": WorldService(fingerprint: "f", instances: 1, revision: "v1"),
        "/changed": WorldService(fingerprint: "f", instances: 2, revision: "v1"),
        "/forgotten": WorldService(fingerprint: "f", instances: 1, revision: "v0"),
        "/gone": WorldService(fingerprint: "f", instances: 3, revision: "v1"),
        "/kept": WorldService(fingerprint: "f", instances: 1),
        "/kept/gone": WorldService(fingerprint: "f", instances: 3),
        "/kept/single": WorldService(fingerprint: "f", instances: 1),
        "/kept/otherwise": WorldService(fingerprint: "f", instances: 1),
    ]

    private func look(
        _ found: Service..., before: [ServiceID: WorldService]? = Self.before, ignored: [IgnoredService] = [],
        rules: ServiceRules = ServiceRules()
    ) async throws -> DriftLook {
        let environment = Environment(
            name: "shop", services: rules, traffic: [], gates: Gates(service: ServiceGate(healthyFor: .zero)))
        var plan = Plan(
            id: "p", environment: environment, direction: Direction(from: .green),
            createdAt: Instant(milliseconds: 0), source: PinnedSource(commit: nil),
            world: World(live: .green, servers: [:], services: [:], backends: [:], configuration: ""), steps: [],
            services: [PlannedService(id: "/scaled", instances: 1, layer: 1)], ignored: ignored)
        plan.phases = [Phase("cutOver", [.ownsTraffic])]
        var state = RunState(run: "r-1")
        state.status = .done
        if let before { state.services[.blue] = before }
        let lastRun = try #require(LastRun(plan, state))
        return try await ServiceDrift(
            of: found, on: KeptCluster(), since: lastRun, environment
        ) { [kept] }.look()
    }

    private let kept = KeptServices(
        color: .blue, time: Instant(milliseconds: 0),
        services: [
            ("/kept", "f", .parallel), ("/kept/gone", "f", .parallel), ("/kept/single", "f", .scheduled),
            ("/kept/otherwise", "g", .parallel), ("mc/web", "f", .parallel), ("mc/gone", "f", .parallel),
        ].map { (id: ServiceID, fingerprint: String, mode: ServiceMode) in
            Service(id: id, definition: "{}", instances: 1, mode: mode, fingerprint: fingerprint)
        })

    private func service(_ id: ServiceID, _ fingerprint: String = "f", _ instances: Int = 1) -> Service {
        Service(id: id, definition: "{}", instances: instances, fingerprint: fingerprint, revision: "v2")
    }

    @Test("is what was scaled, changed, came or went since the last run, each with what takes it back")
    func kinds() async throws {
        let look = try await look(
            service("/same"), service("/scaled", "f", 4), service("/changed", "g", 2), service("/forgotten", "g"),
            service("/kept", "g"),
            service("/new"), service("/asleep"), service("/stays"),
            ignored: [IgnoredService(id: "/stays", reason: "mode manual")])
        let texts = Dictionary(uniqueKeysWithValues: look.drifts.map { ($0.subject, $0.text) })
        #expect(
            texts == [
                "/scaled": "was scaled", "/changed": "was changed", "/gone": "is gone",
                "/forgotten": "was changed, and no earlier definition is kept",
                "/kept": "was changed", "/kept/gone": "is gone", "/kept/single": "is gone",
                "/kept/otherwise": "is gone",
                "/new": "is unknown: r-1 did not move it",
            ])
        let remedies = Dictionary(uniqueKeysWithValues: look.drifts.map { ($0.subject, $0.remedy) })
        #expect(
            remedies["/scaled"]
                == .restore(
                    "/scaled", from: WorldService(fingerprint: "f", instances: 4, revision: "v2"),
                    to: WorldService(fingerprint: "f", instances: 1, revision: "v1")))
        #expect(
            remedies["/changed"]
                == .restore(
                    "/changed", from: WorldService(fingerprint: "g", instances: 2, revision: "v2"),
                    to: WorldService(fingerprint: "f", instances: 2, revision: "v1")))
        #expect(remedies["/new"] == .suspend("/new", instances: 1))
        #expect(
            remedies["/kept"]
                == .restore(
                    "/kept", from: WorldService(fingerprint: "g", instances: 1, revision: "v2"),
                    to: WorldService(fingerprint: "f", instances: 1)))
        #expect(
            remedies["/kept/gone"]
                == .restore("/kept/gone", from: nil, to: WorldService(fingerprint: "f", instances: 3)))
        #expect(remedies["/kept/single"] == .some(nil) && remedies["/kept/otherwise"] == .some(nil))
        #expect(remedies["/gone"] == .some(nil) && remedies["/forgotten"] == .some(nil))
        #expect(look.drifts.first { $0.subject == "/changed" }?.diff == ["definition  f → g"])
        #expect(look.notes == ["/asleep is unknown, and suspended: a person decides what becomes of it"])
    }

    @Test("is a person's where files declare a service: what is new in them waits for the next move")
    func declared() async throws {
        let left = WorldService(fingerprint: "f", instances: 1)
        let before: [ServiceID: WorldService] = ["mc/web": left, "mc/gone": left]
        let compose = ServiceSource.compose(.init(access: .init(url: "http://mc:10000"), files: ["*.yml"]))
        let declared = try await look(
            service("mc/web", "g"), before: before, rules: ServiceRules(sources: [compose]))
        #expect(declared.drifts.map(\.subject) == ["mc/gone", "mc/web"])
        #expect(declared.drifts.map { $0.remedy == nil } == [true, true])
        // The same of a framework that keeps the definitions itself.
        let own = try await look(service("mc/web", "g"), before: before)
        #expect(own.drifts.map { $0.remedy == nil } == [false, false])
    }

    @Test("is instances only where an older rz ran last")
    func older() async throws {
        let look = try await look(service("/scaled", "g", 4), before: nil)
        #expect(look.drifts.map(\.text) == ["was scaled"])
        #expect(look.notes == ["r-1 wrote down no definitions, so only instances are compared"])
    }
}

/// A framework that keeps the version `v1` of each service.
private struct KeptCluster: Cluster {
    func observePlatform() async throws(Failure) -> PlatformState { PlatformState(description: "", isReady: true) }
    func observeServices() async throws(Failure) -> [Service] { [] }

    func observeService(_ service: ServiceID, revision: String) async throws(Failure) -> Service? {
        revision == "v1" ? Service(id: service, definition: "{}", instances: 1, fingerprint: "f") : nil
    }

    func rewrite(_ service: Service, overrides: [Override], inventory: Inventory?) throws(Failure) -> Service {
        service
    }

    func launch(_ service: Service, suspended: Bool) async throws(Failure) {}
    func observeHealth(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceHealth] { [:] }
    func stop(_ service: ServiceID) async throws(Failure) {}

    func observeActivity(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceActivity] {
        Dictionary(
            uniqueKeysWithValues: services.map { id in
                (id, ServiceActivity(isEnabled: id != "/asleep", instances: 1, running: 1))
            })
    }

    func suspend(_ service: ServiceID) async throws(Failure) {}
    func activate(_ service: ServiceID, instances: Int) async throws(Failure) {}
    func runOnce(_ job: ServiceID) async throws(Failure) {}
}
