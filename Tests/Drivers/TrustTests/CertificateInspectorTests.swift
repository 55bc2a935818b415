import Foundation
import FreePorts
import Migration
import TLSTesting
import Testing

@testable import Trust

@Suite("A look at the certificates of an environment's servers", .serialized)
struct CertificateInspectorTests {
    @Test("reports for each place when its certificate ends, or why it is not taken, and sends nothing")
    func sightings() async throws {
        let authority = try TestAuthority()
        let unreachable = "127.0.0.1:\(try FreePorts.claim())"
        try await TLSServer.with(try authority.issue(["IP:127.0.0.1"], days: 20)) { good in
            try await TLSServer.with(try TestCertificate.selfSigned(["DNS:other"])) { bad in
                var environment = Environment(name: "shop")
                let trusted = TLSRules(authorities: Setting(authority.file))
                environment.platform = Platform(mesosMaster: "https://{{ m[0].address }}", tls: trusted)
                environment.services.sources = [
                    .chronos(.init(url: Setting(bad.url), tls: trusted)),
                    .metronome(.init(url: Setting("https://" + unreachable), tls: trusted)),
                    .marathon(.init(url: Setting(bad.url), tls: TLSRules(insecure: "a test"))),
                    .marathon(.init(url: Setting("http://" + good.address), group: "/b")),
                ]
                environment.gates.service.probes = [Probe(.tcp(address: Setting(good.address)), tls: TLSRules())]
                let inventory = Inventory(groups: ["m": [Host(name: "m", address: good.address)]])
                let inspector = CertificateInspector(environment, resolver: files)

                let now = Date().instant
                let found = await inspector.observe(inventory, probes: true)
                #expect(
                    found.map(\.place) == [
                        "platform.mesos", "services.sources[].chronos", "services.sources[].marathon",
                        "gates.service.probes[].tcp",
                    ])
                #expect(found.map(\.server) == [good.address, bad.address, bad.address, good.address])
                let inThreeWeeks = now + Period(milliseconds: 21 * 86_400_000)
                #expect(found.first?.ends.map { $0 > now && $0 < inThreeWeeks } == true)
                #expect(found.first?.warning(at: now)?.contains("expires on") == true)
                let problems = found.map { $0.problem?.prefix(while: { $0 != "." }) ?? "none" }
                #expect(problems[0] == "none")
                #expect(found[1].problem?.contains("is self-signed, and rz does not trust it here") == true)
                #expect(problems[2] == "none")
                #expect(found[3].problem?.contains("was issued by an authority that rz does not trust here") == true)
                #expect(found[2].warning(at: now) == nil)

                #expect(await inspector.observe(inventory, probes: false).count == 3)
                #expect(good.requests.isEmpty && bad.requests.isEmpty)
            }
        }
    }

    @Test("says which file is not there")
    func missingFile() async throws {
        var environment = Environment(name: "shop")
        environment.platform = Platform(mesosMaster: "https://127.0.0.1:1", tls: TLSRules(authorities: "/none/ca.pem"))
        let found = await CertificateInspector(environment, resolver: files).observe(Inventory(), probes: true)
        #expect(found.map(\.problem) == ["/none/ca.pem is not there"])
    }
}
