import JSON
import Migration
import Testing
import Transport
import Waiting

@testable import Clusters

/// Real definitions of many hands and years, copied as a run copies them.
@Suite("The collected Marathon definitions", .disabled(if: Fixtures.isAbsent, "../shared/fixtures is absent"))
struct FixtureTests {
    @Test("are each classified by what they hold, and nothing is dropped in silence")
    func classified() throws {
        let all = try Fixtures.all()
        #expect(all.count > 100)
        #expect(all.filter { $0.kind == nil }.map(\.name) == [])
        #expect(all.filter { $0.kind == .noJSON }.map(\.name) == ["marathon__api-examples__events.txt"])
        #expect(all.filter { $0.kind == .answer }.map(\.name) == Fixtures.answers.sorted())
        // Every file that defines a service gives one, but for groups that are empty.
        let known = Set(try Fixtures.services().map(\.name))
        let silent = all.filter { ![.answer, .noJSON].contains($0.kind) && !known.contains($0.name) }
        #expect(silent.allSatisfy { $0.kind == .group }, "\(silent.map(\.name))")
    }

    @Test("hold services that are their own copies, apps, pods, those in groups and those in lists")
    func copies() throws {
        let services = try Fixtures.services()
        #expect(services.count { $0.isPod } > 8)
        #expect(services.count > 100)
        for (name, json, isPod) in services {
            let definition = try MarathonDefinition(json, defaultRole: "*")
            #expect((definition.kind == .pod) == isPod, "\(name)")
            let copy = try MarathonDefinition(JSON(parsing: definition.text), defaultRole: "*")
            #expect(copy == definition, "\(name): the copy of a copy differs")
            #expect(Differences.between(copy.normalForm, definition.normalForm) == [], "\(name)")
        }
    }

    /// Launched without instances, so that nothing of it runs; then copied from there once more, as a run would.
    @Test("are given back as the same by a scheduler, and refused with the place of what is wrong")
    func launched() async throws {
        try await TestScheduler.with { scheduler in
            let marathon = try MarathonCluster(
                .init(url: Setting(scheduler.url)), inventory: Inventory(), resolver: resolver())
            try await eventually { try await marathon.observePlatform().isReady }
            let hasPods = try await marathon.client.find("/v2/pods") != nil
            var copied = 0
            for (name, json, isPod) in try Fixtures.services() where hasPods || !isPod {
                let definition = try MarathonDefinition(json, defaultRole: "*")
                let service = Service(
                    id: definition.id, definition: ServiceDefinition(definition.json), instances: definition.instances,
                    fingerprint: definition.fingerprint)
                do throws(Failure) {
                    try await marathon.launch(service, suspended: true)
                } catch {
                    let expected = Fixtures.refused.first { name.contains($0.file) }
                    #expect(error.details.contains { $0.contains(expected?.place ?? "accepted") }, "\(name): \(error)")
                    continue
                }
                #expect(!Fixtures.refused.contains { name.contains($0.file) && $0.isWhole }, "\(name) was accepted")
                try await copyAgain(definition.id, name, marathon)
                copied += 1
            }
            #expect(copied > 90)
        }
    }

    private func copyAgain(_ id: ServiceID, _ name: String, _ marathon: MarathonCluster) async throws {
        let first = try #require(try await marathon.observeServices().first { $0.id == id }, "\(name): \(id)")
        try await stop(id, marathon)
        let wanted = try marathon.rewrite(first, overrides: [], inventory: nil)
        try await marathon.launch(wanted, suspended: true)
        let second = try #require(try await marathon.observeServices().first { $0.id == id }, "\(name): \(id)")
        #expect(try marathon.differences(wanted, second) == [], "\(name): \(id)")
        #expect(wanted.fingerprint == second.fingerprint, "\(name): \(id)")
        try await stop(id, marathon)
    }

    private func stop(_ id: ServiceID, _ marathon: MarathonCluster) async throws {
        try await marathon.stop(id)
        try await eventually { try await marathon.observeHealth([id]).isEmpty }
    }
}
