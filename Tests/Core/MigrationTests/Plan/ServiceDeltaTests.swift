import Migration
import Testing

@Suite("What changed between two observations of services")
struct ServiceDeltaTests {
    private let planned: [ServiceID: WorldService] = [
        "/a": WorldService(fingerprint: "a", instances: 1), "/b": WorldService(fingerprint: "b", instances: 2),
        "/c": WorldService(fingerprint: "c", instances: 1), "/d": WorldService(fingerprint: "d", instances: 1),
    ]

    @Test("is nothing where all is the same")
    func same() throws {
        let services = planned.map { service($0.key, $0.value.fingerprint, $0.value.instances) }
        #expect(ServiceDelta(from: planned, to: services).isEmpty)
        #expect(try ServiceDelta(from: services, to: services.reversed(), differences: fields).isEmpty)
    }

    @Test("reports another version, another number of instances, what came and what went")
    func changes() {
        let delta = ServiceDelta(
            from: planned,
            to: [service("/a", "a", 3), service("/b", "other", 5), service("/c", "c", 1), service("/e", "e", 1)])
        #expect(
            delta.entries == [
                .init("/a", [.scaled(from: 1, to: 3)]), .init("/b", [.redefined([]), .scaled(from: 2, to: 5)]),
                .init("/d", [.removed]), .init("/e", [.added]),
            ])
        #expect(
            delta.sentences == [
                "/a: 1 → 3 instances", "/b: its definition changed; 2 → 5 instances", "/d: removed", "/e: added",
            ])
    }

    @Test("names the fields where both definitions are at hand")
    func fieldsChanged() throws {
        let delta = try ServiceDelta(
            from: [service("/a", "a", 1), service("/gone", "g", 1)], to: [service("/a", "b", 2)], differences: fields)
        #expect(
            delta.sentences == ["/a: cmd changed; 1 → 2 instances", "/gone: removed"])
    }

    @Test("leaves the instances of what must run in one color only to its hand-over")
    func suspended() throws {
        var wanted = service("/a", "a", 1)
        wanted.mode = .exclusive
        #expect(try ServiceDelta(from: [wanted], to: [service("/a", "a", 0)], differences: fields).isEmpty)
    }

    private func fields(_ one: Service, _ other: Service) throws(Failure) -> [FieldChange] {
        one.fingerprint == other.fingerprint
            ? [] : [FieldChange(path: "cmd", from: one.fingerprint, to: other.fingerprint)]
    }

    private func service(_ id: ServiceID, _ fingerprint: String, _ instances: Int) -> Service {
        Service(id: id, definition: "{}", instances: instances, fingerprint: fingerprint)
    }
}
