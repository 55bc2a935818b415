import Migration
import Runbooks
import Testing

@Suite("The sources of services")
struct SourcesTests {
    private func environment(_ sources: String, platform: String = Self.platform) throws -> Environment {
        try Project().environment(
            Sample.environment.replacing(
                "    - marathon: { url: \"http://{{ control[0].address }}:8080\" }\n", with: sources
            ).replacing("services:\n", with: platform + "services:\n"))
    }

    private static let platform = "platform: { mesos: { master: \"http://{{ control[0].address }}:5050\" } }\n"

    @Test("may be several frameworks, each with its own keys")
    func several() throws {
        let environment = try environment(
            """
                - marathon: { url: "http://a:8080", group: /shop }
                - marathon: { url: "http://b:8080", group: /infra }
                - metronome: { url: "http://c:9000", token: "${file:t}" }
                - chronos: { url: "http://d:4400", user: rz, password: "${file:p}" }
                - compose:
                    url: "http://e:10000"
                    files: services/*.yaml
                    mesos: { url: "http://f:5050" }
                    redis: { address: "g:6379", database: 2 }

            """)
        let compose = ServiceSource.Compose(
            access: .init(url: "http://e:10000"), files: ["services/*.yaml"], mesos: .init(url: "http://f:5050"),
            redis: .init(address: "g:6379", database: 2))
        #expect(
            environment.services.sources == [
                .marathon(.init(url: "http://a:8080", group: "/shop")),
                .marathon(.init(url: "http://b:8080", group: "/infra")),
                .metronome(.init(url: "http://c:9000", token: "${file:t}")),
                .chronos(.init(url: "http://d:4400", user: "rz", password: "${file:p}")), .compose(compose),
            ])
    }

    @Test("need `platform.mesos` with mesos-compose, which reports no service once its Redis is gone")
    func unwatchedCompose() throws {
        let source = "    - compose: { url: \"http://e:10000\", files: services/*.yaml }\n"
        #expect(try environment(source).services.sources.map(\.name) == ["compose"])
        let error = #expect(throws: ConfigurationError.self) { try environment(source, platform: "") }
        #expect(error?.description.contains("`compose` needs `platform.mesos`") == true)
        #expect(error?.description.contains("platform: { mesos: { master:") == true)
    }

    @Test(
        "are refused when their services could not be distinguished",
        arguments: [
            "    - metronome: { url: \"http://a\" }\n    - metronome: { url: \"http://b\" }\n",
            "    - marathon: { url: \"http://a\" }\n    - marathon: { url: \"http://b\", group: /shop }\n",
        ])
    func alike(sources: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try environment(sources) }
        #expect(error?.description.contains("can't be distinguished from those of one above") == true)
    }

    @Test(
        "that are only declared, twice, or without an address to ask, are refused",
        arguments: [
            ("declared: [ ENTRY ]", "a source that launches services is missing"),
            ("marathon: { url: \"http://a\" }\n    - declared: [ ENTRY, ENTRY ]", "kubernetes is declared twice"),
            (
                "marathon: { url: \"http://a\" }\n    - declared: [ { name: k, by: hand, how: x, probe: { tcp: {} } } ]",
                "needs a `url` or an `address` of its own: no load balancer lists it"
            ),
            (
                "marathon: { url: \"http://a\" }\n    - declared: [ { name: k, by: robot, how: x, probe: PROBE } ]",
                "must be one of playbook, hand"
            ),
        ])
    func declared(sources: String, words: String) throws {
        let probe = "{ http: { url: \"http://a\", path: /livez } }"
        let entry = "{ name: kubernetes, by: playbook, how: site.yaml, probe: \(probe) }"
        let error = #expect(throws: ConfigurationError.self) {
            try environment("    - \(sources.replacing("ENTRY", with: entry).replacing("PROBE", with: probe))\n")
        }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test("with what is declared keep their own place among the frameworks")
    func declaredBetween() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try environment(
                """
                    - marathon: { url: "http://a" }
                    - declared: [ { name: k, by: hand, how: x, probe: { command: [ "true" ] } } ]
                    - marathon: { url: "http://b" }

                """)
        }
        #expect(error?.description.contains("environment.yaml:10:") == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("can't be distinguished from those of one above") == true)
    }

    @Test("need a probe of the platform gate that has an address of its own")
    func platformProbe() throws {
        let problems = try Project.problems(
            environment: Sample.environment + "gates: { platform: { probes: [ { tcp: {} } ] } }\n")
        #expect(problems.count == 1)
        #expect(problems.first?.contains("no service runs there yet") == true, "\(problems)")
    }
}
