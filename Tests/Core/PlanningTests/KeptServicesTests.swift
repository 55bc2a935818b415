import Migration
import Testing

@testable import Planning

@Suite("What is kept of a color's services")
struct KeptServicesTests {
    private let kept = KeptServices(
        color: .blue, time: Instant(milliseconds: 1_795_455_000_000),
        services: [
            Service(
                id: "/shop/db", definition: #"{"env":{"PASSWORD":"hunter2"}}"#, instances: 2, mode: .exclusive,
                dependencies: ["/shop/disk"], fingerprint: "f-1", hasHealthChecks: true, kind: "app of Marathon",
                isDeploying: true, groups: [ServiceGroup(id: "/shop", definition: #"{"id":"/shop"}"#)],
                modeReason: "label rz.mode", revision: "v1"),
            SmallWorld.service("/shop/web"),
        ], suspended: ["/shop/db"], areFromFiles: true)

    @Test("comes back from its file as it was")
    func roundTrip() throws {
        #expect(try KeptServices.read(Array(try kept.fileText().utf8), at: "blue.json") == kept)
    }

    @Test("has names of its own in its file")
    func names() throws {
        let text = try kept.fileText()
        #expect(text.hasPrefix(#"{"areFromFiles":true,"color":"blue","formatVersion":1,"services":[{"definition":"#))
        #expect(text.hasSuffix(#""suspended":["/shop/db"],"time":"2026-11-23T17:30:00.000Z"}"# + "\n"), "\(text)")
    }

    @Test("is known by what it holds, whenever that was looked at")
    func digest() throws {
        var later = kept
        later.time = later.time + .hours(1)
        #expect(try later.digest() == kept.digest())
        let plan = UnreachableColor(keptAt: kept.time, digest: try kept.digest(), silent: [])
        try later.refuseUnless(plan, at: "blue.json")
        later.services[0].instances = 3
        let failure = #expect(throws: Failure.self) { try later.refuseUnless(plan, at: "blue.json") }
        #expect(failure?.kind == .refused)
    }

    @Test("is not shown where it can't be read, nor read where a newer rz wrote it")
    func unreadable() throws {
        let text = try kept.fileText()
        let broken = text.replacing(#""kind""#, with: #""sort""#)
        let failure = #expect(throws: Failure.self) { try KeptServices.read(Array(broken.utf8), at: "blue.json") }
        #expect(failure?.description.contains("hunter2") == false)
        #expect(failure?.place == "blue.json")
        let newer = text.replacing(#""formatVersion":1"#, with: #""formatVersion":2"#)
        #expect(
            #expect(throws: Failure.self) { try KeptServices.read(Array(newer.utf8), at: "blue.json") }?.summary
                == "This file of services has format 2; this rz reads up to 1")
    }

    @Test("is what files declare where no look was kept and files declare everything")
    func files() throws {
        let files = try #require(ServiceLook(ofFilesFor: .blue, Files(services: [SmallWorld.service("shop/web")])))
        let kept = files.kept(at: Instant(milliseconds: 0))
        #expect(kept.areFromFiles)
        #expect(kept.services.map(\.id) == ["shop/web"])
        #expect(ServiceLook(ofFilesFor: .blue, Files(services: nil)) == nil)
        #expect(ServiceLook(ofFilesFor: .blue, Files(services: [])) == nil)
    }
}

/// A framework whose services are described in files, or not.
private struct Files: Cluster {
    var services: [Service]?
    var servicesByFiles: [Service]? { services }

    func observePlatform() async throws(Failure) -> PlatformState { throw .cancelled }
    func observeServices() async throws(Failure) -> [Service] { throw .cancelled }
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
