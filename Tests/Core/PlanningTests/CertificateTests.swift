import Migration
import Operations
import Testing

@testable import Planning

@Suite("A plan reports certificates")
struct CertificateTests {
    @Test("that end within thirty days, have ended, or are not taken, by color, and of no other")
    func ends() throws {
        var world = SmallWorld()
        func sighting(_ server: String, days: Int64, problem: String? = nil) -> CertificateSighting {
            CertificateSighting(
                place: "platform.mesos", server: server,
                ends: world.time + Period(milliseconds: days * 86_400_000), problem: problem)
        }
        world.certificates = [
            .blue: [sighting("a:1", days: 29), sighting("b:1", days: 31), sighting("c:1", days: -1)],
            .green: [sighting("d:1", days: 400, problem: "the certificate of d:1 is self-signed")],
        ]
        let day = { (days: Int64) in (world.time + Period(milliseconds: days * 86_400_000)).description.prefix(10) }
        #expect(
            try world.plan().warnings == [
                "blue: platform.mesos: the certificate of a:1 expires on \(day(29)); renew it before, or rz can't call it any more",
                "blue: platform.mesos: the certificate of c:1 expired on \(day(-1))",
                "green: platform.mesos: the certificate of d:1 is self-signed",
            ])
    }

    @Test("that are not verified, wherever that is, with the reason")
    func insecure() throws {
        var world = SmallWorld()
        let rules = TLSRules(insecure: "no authority yet")
        world.environment.platform = Platform(mesosMaster: "https://m:5050", tls: rules)
        world.environment.services.sources = [
            .marathon(.init(url: "https://a:8443", tls: rules)), .chronos(.init(url: "http://c:4400", tls: rules)),
            .compose(
                .init(
                    access: .init(url: "https://d:10000"), files: [], mesos: .init(url: "https://m:5050", tls: rules),
                    redis: .init(address: "r:6379", tls: rules))),
        ]
        world.environment.gates.service.probes = [
            Probe(.http(url: nil, path: "/", expect: 200), tls: rules), Probe(.tcp(address: "p:1")),
        ]
        world.phases[.serviceGate]?.steps.append(
            RunbookStep(
                id: "hook", work: .http(HTTPWork(url: "https://h/", tls: rules)), timeout: .minutes(1)))
        let words = "certificates are not verified, as environment.yaml says: no authority yet"
        #expect(
            try world.plan().warnings == [
                "platform.mesos (https://m:5050): \(words)", "services.sources[].marathon (https://a:8443): \(words)",
                "services.sources[].compose.mesos (https://m:5050): \(words)",
                "services.sources[].compose.redis (r:6379): \(words)", "gates.service.probes[].http: \(words)",
                "the step hook (https://h/): certificates are not verified, as the runbook says: no authority yet",
            ])
    }

    @Test("and where what proves who asks crosses a network in clear")
    func clear() throws {
        var world = SmallWorld()
        world.environment.services.sources = [.chronos(.init(url: "http://c:4400", user: "u", password: "p"))]
        world.phases[.serviceGate]?.steps.append(
            RunbookStep(
                id: "hook", work: .http(HTTPWork(url: "http://h:1/${env:TOKEN}")), timeout: .minutes(1)))
        let words = "would cross the network unencrypted; use https://, or a tunnel"
        #expect(
            try world.plan().warnings == [
                "services.sources[].chronos: the credentials for c:4400 \(words)",
                "the step hook: the credentials for h:1 \(words)",
            ])
    }
}
