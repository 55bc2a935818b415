import Migration
import Runbooks
import Testing

@Suite("The key `tls`")
struct TLSRulesTests {
    private func environment(_ source: String, top: String = "") throws -> Environment {
        try Project().environment(changed(source, top))
    }

    private func changed(_ source: String, _ top: String = "") -> String {
        Sample.environment.replacing(
            "    - marathon: { url: \"http://{{ control[0].address }}:8080\" }\n", with: "    - \(source)\n") + top
    }

    @Test("says whom to trust, who calls, and by which name")
    func whole() throws {
        let environment = try environment(
            """
            marathon:
                    url: "https://{{ control[0].address }}:8443"
                    tls:
                      authorities: tls/ca.pem
                      clientCertificate: { certificate: tls/rz.pem, key: "${file:/etc/rz/client.key}" }
                      serverName: "{{ control[0].name }}"
            """)
        let rules = TLSRules(
            authorities: "tls/ca.pem",
            clientCertificate: .init(certificate: "tls/rz.pem", key: "${file:/etc/rz/client.key}"),
            serverName: "{{ control[0].name }}")
        #expect(
            environment.services.sources == [
                .marathon(.init(url: "https://{{ control[0].address }}:8443", tls: rules))
            ])
        #expect(environment.tls == nil)
    }

    @Test("at the top holds for every place, key by key, unless the place says otherwise")
    func standard() throws {
        let top = "tls: { authorities: ca.pem, serverName: all.test }\n"
        func rules(_ tls: String) throws -> TLSRules? {
            let environment = try environment("metronome: { url: \"https://m:9000\"\(tls) }", top: top)
            guard case .metronome(let access) = environment.services.sources.first else { return nil }
            return access.tls
        }
        #expect(try rules("") == TLSRules(authorities: "ca.pem", serverName: "all.test"))
        #expect(try rules(", tls: {}") == TLSRules(authorities: "ca.pem", serverName: "all.test"))
        #expect(
            try rules(", tls: { serverName: m.test }") == TLSRules(authorities: "ca.pem", serverName: "m.test"))
        #expect(
            try rules(", tls: { insecure: a test }") == TLSRules(serverName: "all.test", insecure: "a test"))
    }

    @Test("at the top lets a Redis, and probes without a URL, speak in clear until they say otherwise")
    func plain() throws {
        let gates =
            "gates: { service: { probes: [ { http: { path: / } }, { tcp: { address: \"a:1\", tls: {} } } ] } }\n"
        let environment = try environment(
            "compose: { url: \"https://c:10000\", files: \"*.yaml\", redis: { address: \"r:6379\" } }",
            top: "tls: { authorities: ca.pem }\nplatform: { mesos: { master: \"https://m:5050\" } }\n" + gates)
        guard case .compose(let compose) = environment.services.sources.first else { throw Failure("no source") }
        #expect(compose.access.tls == TLSRules(authorities: "ca.pem"))
        #expect(compose.redis == .init(address: "r:6379"))
        #expect(environment.gates.service.probes.map(\.tls) == [nil, TLSRules(authorities: "ca.pem")])
    }

    @Test(
        "is refused where it contradicts itself or would show a secret",
        arguments: [
            ("http://m", "{ authorities: a }", "`tls` is for https:// URLs, and this place has http://m"),
            ("https://m", "{ authorities: a, insecure: b }", "`authorities` are of no use where `insecure` says"),
            ("https://m", "{ insecure: \"\" }", "it is empty"),
            (
                "https://m", "{ clientCertificate: { certificate: a, key: b } }",
                "a secret is named by a reference, \"${file:/etc/rz/secret}\" or \"${env:VAR}\", and is not written here"
            ),
            (
                "https://m", "{ clientCertificate: { certificate: a, key: \"${file:b}\" } }",
                "a key does not belong in the project: name it by an absolute path"
            ),
            ("https://m", "{ clientCertificate: { certificate: a } }", "\"key\" is missing"),
            ("https://m", "{ verify: false }", "unknown key \"verify\""),
        ])
    func mistakes(url: String, tls: String, message: String) throws {
        let problems = try Project.problems(environment: changed("chronos: { url: \"\(url)\", tls: \(tls) }"))
        #expect(problems.count == 1 && problems[0].contains(message), "\(problems)")
    }

    @Test("of an older plan is missing, and that is no mistake")
    func older() throws {
        let environment = try environment("chronos: { url: \"http://c\" }")
        #expect(environment.tlsPlaces.isEmpty)
        #expect(environment.insecurePlaces.isEmpty)
    }
}
