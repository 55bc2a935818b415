import Foundation
import Migration
import TLSTesting
import Testing

@testable import Trust

@Suite("Files with certificates")
struct TLSFilesTests {
    @Test("say when each certificate ends")
    func ends() throws {
        let authority = try TestAuthority()
        let now = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let day: Int64 = 86_400_000
        let short = try authority.issue(["DNS:localhost"], days: 5)
        let long = try authority.issue(["DNS:localhost"], days: 50)
        let ends = CertificateFile.ends(try "a remark\n" + short.text + long.text)
        #expect(ends.count >= 2)
        let days = ends.compactMap { $0 }.map { ($0.milliseconds - now.milliseconds + day / 2) / day }
        #expect(days.contains(5) && days.contains(50), "\(days)")
    }

    @Test("that are cut off or something else have no end", arguments: ["", "x", "MAA=", "MIIB", "MAYwBDACMAA="])
    func unreadable(_ body: String) {
        let text = "-----BEGIN CERTIFICATE-----\n\(body)\n-----END CERTIFICATE-----\n"
        #expect(CertificateFile.ends(text) == [nil])
        #expect(CertificateFile.ends("-----BEGIN CERTIFICATE-----\n\(body)") == [nil])
    }

    @Test("are reported each with what is wrong, once for all places")
    func observe() throws {
        let authority = try TestAuthority()
        let client = try authority.issue(["DNS:rz"], days: 5)
        chmod(client.key, 0o600)
        func sightings(_ authorities: String, _ key: String) -> [CertificateSighting] {
            let rules = TLSRules(
                authorities: Setting(authorities),
                clientCertificate: .init(certificate: Setting(client.file), key: Setting("${file:\(key)}")),
                serverName: "{{ control[0].name }}")
            var environment = Environment(name: "shop")
            var marathon = ServiceSource.Marathon(url: "https://a:1")
            marathon.tls = rules
            environment.services.sources = [
                .marathon(marathon), .metronome(ServiceSource.Access(url: "https://b:1", tls: rules)),
            ]
            return TLSFiles(environment) { setting throws(Failure) in
                guard case .reference(_, let name) = setting.parts.first else { return setting.text }
                guard let text = try? String(contentsOfFile: name.text, encoding: .utf8) else {
                    throw Failure("\(name) is not there")
                }
                return text
            }.observe()
        }
        let good = sightings(authority.file, client.key)
        #expect(good.map(\.problem) == [nil, nil])
        #expect(good.map(\.server) == [authority.file, client.file])
        #expect(good[1].warning(at: Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))) != nil)

        let bad = sightings("/nowhere/ca.pem", "/nowhere/client.key")
        #expect(bad.count == 2)
        #expect(bad.allSatisfy { $0.problem?.contains("is not there") == true }, "\(bad)")
    }
}
