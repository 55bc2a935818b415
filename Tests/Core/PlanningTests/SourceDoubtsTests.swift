import Migration
import Testing

@testable import Planning

@Suite("A plan made from sources that may have forgotten")
struct SourceDoubtsTests {
    private static let marathon = ServiceSource.marathon(.init(url: "http://m"))
    private static let metronome = ServiceSource.metronome(.init(url: "http://j"))

    @Test("is blocked where it moves nothing and one color carries the traffic")
    func movesNothing() async throws {
        let obstacles = try await obstacles([], sources: [Self.marathon])
        #expect(obstacles.filter(\.isBlocking).count == 1)
        let text = try #require(obstacles.first(where: \.isBlocking)?.text)
        #expect(text.contains("blue carries the traffic, and no service of marathon would move"))
        #expect(text.contains("services.ignore: [ \"*\" ]"))
    }

    @Test("is blocked where rules leave everything behind, unless they say so of everything")
    func declared() async throws {
        #expect(try await obstacles(["/web"], sources: [Self.marathon], ignore: ["/*"]).contains(where: \.isBlocking))
        #expect(try await !obstacles(["/web"], sources: [Self.marathon], ignore: ["*"]).contains(where: \.isBlocking))
        #expect(try await !obstacles([], sources: [Self.marathon], ignore: ["*"]).contains(where: \.isBlocking))
    }

    @Test("is not blocked where no source is named: servers only")
    func serversOnly() async throws {
        #expect(try await obstacles([], sources: []).isEmpty)
    }

    @Test("warns of a source that reports nothing beside one that does not")
    func emptySource() async throws {
        let obstacles = try await obstacles(["/web"], sources: [Self.marathon, Self.metronome])
        #expect(obstacles == [Obstacle("blue: metronome reports no service", isBlocking: false)])
    }

    @Test("names what files declare and nothing runs of, which proves of no source that it reports anything")
    func absent() async throws {
        let compose = ServiceSource.compose(ServiceSource.Compose(access: .init(url: "http://c"), files: ["*.yaml"]))
        let obstacles = try await obstacles(["/web"], sources: [Self.marathon, compose], inFiles: ["shop/db", "/web"])
        #expect(
            obstacles == [
                Obstacle("blue: compose reports no service", isBlocking: false),
                Obstacle("blue: nothing runs of shop/db, which files declare: it does not move", isBlocking: false),
            ])
    }

    @Test("is blocked by what a source says against itself: a group that does not exist")
    func doubts() async throws {
        let obstacles = try await obstacles(["/web"], sources: [Self.marathon], doubts: ["no group /shp"])
        #expect(obstacles == [Obstacle("blue: no group /shp", isBlocking: true)])
    }

    @Test("is blocked where the last run left much more there, and reports what is a little less")
    func lastRun() async throws {
        let before = Set((1...20).map { ServiceID("/s\($0)") })
        let few = try await obstacles(["/s1"], sources: [Self.marathon], lastRun: lastRun(before))
        #expect(few.count(where: \.isBlocking) == 1)
        #expect(few.contains { $0.text.contains("reports 1 of 20 services that were there") })
        #expect(few.contains { $0.text.contains("says r-1") && $0.text.contains("`services.ignore`") })
        let most = try await obstacles(before.sorted().dropLast(2), sources: [Self.marathon], lastRun: lastRun(before))
        #expect(most.map(\.isBlocking) == [false])
        let declared = try await obstacles(
            ["/s1"], sources: [Self.marathon], ignore: before.subtracting(["/s1"]).map(\.text),
            lastRun: lastRun(before))
        #expect(declared.isEmpty)
    }

    @Test("is not held against a run that left the traffic on the other color")
    func otherColor() async throws {
        var run = try lastRun(["/a", "/b", "/c"])
        run.live = .green
        #expect(try await obstacles(["/web"], sources: [Self.marathon], lastRun: run).isEmpty)
    }

    @Test("rests on a run that has ended, and on the color that it left live")
    func ended() throws {
        let plan = try SmallWorld().plan()
        var state = RunState(run: "r-1")
        #expect(LastRun(plan, state) == nil)
        state.status = .rolledBack
        #expect(LastRun(plan, state)?.live == .blue)
        state.status = .done
        #expect(LastRun(plan, state)?.live == .green)
        #expect(LastRun(plan, state)?.services == ["/db", "/web"])
    }

    private func lastRun(_ services: Set<ServiceID>) throws -> LastRun {
        var state = RunState(run: "r-1")
        state.status = .rolledBack
        var run = try #require(LastRun(try SmallWorld().plan(), state))
        run.services = services
        return run
    }

    private func obstacles(
        _ ids: [ServiceID], sources: [ServiceSource], ignore: [String] = [], doubts: [String] = [],
        lastRun: LastRun? = nil, inFiles: [ServiceID] = []
    ) async throws -> [Obstacle] {
        let rules = ServiceRules(sources: sources, ignore: ignore)
        let observation = try await ServiceObservation(
            of: ListedCluster(ids: ids, servicesInFiles: inFiles), rules: rules, in: PlacementContext(old: Inventory()))
        return SourceDoubts(rules: rules, live: .blue, lastRun: lastRun).obstacles(of: observation, doubts)
    }
}

/// A framework that reports these services.
private struct ListedCluster: Cluster {
    let ids: [ServiceID]
    let servicesInFiles: [ServiceID]

    func observePlatform() async throws(Failure) -> PlatformState { PlatformState(description: "", isReady: true) }
    func observeServices() async throws(Failure) -> [Service] {
        ids.map { Service(id: $0, definition: "{}", instances: 1, fingerprint: "f") }
    }
    func rewrite(_ service: Service, overrides: [Override], inventory: Inventory?) throws(Failure) -> Service {
        service
    }
    func launch(_ service: Service, suspended: Bool) async throws(Failure) {}
    func observeHealth(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceHealth] { [:] }
    func stop(_ service: ServiceID) async throws(Failure) {}
    func observeActivity(_ services: [ServiceID]) async throws(Failure) -> [ServiceID: ServiceActivity] { [:] }
    func suspend(_ service: ServiceID) async throws(Failure) {}
    func activate(_ service: ServiceID, instances: Int) async throws(Failure) {}
    func runOnce(_ job: ServiceID) async throws(Failure) {}
}
